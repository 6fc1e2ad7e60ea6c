"""Errors the user can fix.

A message names the file, what was found, what was expected and, where there is one, how to fix it. Command lines print
the message alone, without a traceback, and exit with status 1. Everything else that is raised is a defect of the code.
"""


class ProjectError(Exception):
    """Something outside the code is wrong; the message says what and what to do about it."""


class ConfigError(ProjectError):
    """A value of config.ini or of the command line cannot be used."""


class DataError(ProjectError):
    """A file or folder is missing, broken or not what it should be."""


class LabelError(ProjectError):
    """A label, id or colour is unknown or not allowed here."""


class TrainingError(ProjectError):
    """One or more trainings did not finish."""

"""The errors a user can cause and mend.

A message names the file, what was found, what was expected and, where there is one, the way out. Command lines print
the message alone, without a traceback, and exit with status 1; everything else that is raised is a defect of the code.
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


def shorten(names, most=5):
    """Joins names for a message, the first few of many; those that could steer a terminal in quotes."""
    more = len(names) - most
    shown = (name if name.isprintable() else ascii(name) for name in names[:most])
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")

"""Where the messages of a step or tool go: to the terminal, above a progress bar that may run, and to a log file."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from pathlib import Path

from common.text import escape_controls, terminal_safe


class _TqdmHandler(logging.Handler):
    """Prints lines above a progress bar that may be running; an output that is closed or full stops nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
        with contextlib.suppress(OSError, ValueError):
            tqdm.write(terminal_safe(self.format(record)), file=stream)
            stream.flush()


class _LogFile(logging.FileHandler):
    """A log file that says once that it cannot be written, for example on a full disk; the step goes on."""

    _has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._has_failed:
            self._has_failed = True
            print(f"warning: {self.baseFilename}: cannot be written: {error.strerror}", file=sys.stderr)


class _SafeFormatter(logging.Formatter):
    """Escapes what a terminal that shows the log file could take for commands."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_controls(super().format(record))


def show_log(log: logging.Logger) -> None:
    """Shows messages on the terminal; characters that its encoding does not have are escaped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this; worker processes need one
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        if hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    terminal = _TqdmHandler()
    terminal.setLevel(logging.INFO)
    log.addHandler(terminal)


def keep_log(log: logging.Logger, path: Path) -> None:
    """Keeps messages in a file too, with date and time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _LogFile(path, encoding="utf-8", errors="backslashreplace")
    file.setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(file)

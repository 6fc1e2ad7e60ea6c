"""Checks Python and the packages and prints one sentence instead of a traceback.

Written so that an old Python can read it.
"""

import importlib
import importlib.util
import platform
import sys

_PYTHON = f"{platform.python_version()} ({sys.executable})"
_PACKAGES = ("numpy", "sklearn", "joblib", "tqdm", "filelock", "keras", "pydantic", "yaml")
_LIBRARIES = (
    "`make setup` takes an OpenCV without windows where libraries are missing; or install them, on Debian and Ubuntu: "
    "sudo apt install libgl1 libglib2.0-0; on Fedora: sudo dnf install mesa-libGL glib2"
)
_WAY_OUT = "run `make setup` and use .venv/bin/python, or install with: python -m pip install -r requirements.lock"


def check_python() -> None:
    """Ends the program with one sentence if Python is too old or too new."""
    if not (3, 11) <= sys.version_info < (3, 14):
        sys.exit(f"error: Python 3.11, 3.12 or 3.13 is needed, this is {_PYTHON}")


def check_installation() -> None:
    """Ends the program with one sentence if Python is too old or too new, or a package or library is missing."""
    check_python()
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"error: {', '.join(missing)} not installed for Python {_PYTHON}; {_WAY_OUT}")
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        sys.exit(f"error: OpenCV cannot be imported: {error}; {_LIBRARIES}; or {_WAY_OUT}")

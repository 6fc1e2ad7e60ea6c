"""Paths as users write them in config.ini and on command lines."""

import os
import platform
import re
from pathlib import Path

SHIPPED_CONFIG = Path(__file__).resolve().parents[2] / "config.ini"
_WINDOWS_PATH = re.compile(r"^([A-Za-z]):[\\/]*(.*)$", re.DOTALL)


def resolve_folder(text: str, relative_to: Path) -> Path:
    """Makes an absolute path of what a user wrote for a folder or a file.

    It may be relative, have `~`, quotes or backslashes, and a drive under Windows and WSL2.

    Raises:
        ValueError: If there is no path, or it is a Windows path and this is neither Windows nor WSL2.
        RuntimeError: If there is no such user as in `~user`.
    """
    text = text.strip("\"' ")
    drive = _WINDOWS_PATH.match(text)
    if not text or "\0" in text:
        raise ValueError("expected a folder")
    if drive and os.name != "nt":
        if "microsoft" not in platform.release().lower():
            raise ValueError(f"this is a Windows path, but the scripts run on {platform.system()}")
        text = f"/mnt/{drive[1].lower()}/" + drive[2].replace("\\", "/")
    elif os.name != "nt" and "\\" in text and "/" not in text and not Path(text).exists():
        text = text.replace("\\", "/")
    return Path(os.path.abspath(Path(relative_to) / Path(text).expanduser()))  # noqa: PTH100 - links stay as they are

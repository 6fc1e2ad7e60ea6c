"""Which names of frames can be written: those that are found again when the files are read.

Names come from strangers' files. Writers test them before they make a path of them.
"""

import unicodedata
from pathlib import PurePosixPath

from common.errors import DataError

# They end a line for Python, as control characters do, but are none.
_LINE_ENDS = "\u2028\u2029"


def check_name(frame):
    """Tests the name, the split and the city of a frame before anything is written.

    Args:
        frame: `AnnotatedFrame`.

    Raises:
        DataError: If one has a control character or a backslash, is hidden as `.name` is, or leads out of the dataset;
            names the frame.
    """
    for what, text, parts in (
        ("name", frame.name, [frame.name]),
        ("split", frame.split, [frame.split or "default"]),
        ("city", frame.city, frame.city.split("/") if frame.city else []),
    ):
        reason = _what_is_wrong(text) or next((found for part in parts if (found := _what_is_wrong_as_part(part))), "")
        if reason:
            shown = f"its {what} {text[:80]!r}" if what != "name" else "its name"
            raise DataError(f"the frame {frame.name[:80]!r} cannot be written: {shown} {reason}; rename it")


def _what_is_wrong(text):
    if "\\" in text:
        return "has a backslash, which other systems take for a folder"
    if any(unicodedata.category(char) == "Cc" or char in _LINE_ENDS for char in text):
        return "has a line break or another control character"
    return ""


def _what_is_wrong_as_part(part):
    if "/" in part or part in ("", ".", ".."):
        return "leads out of the dataset or into another folder"
    return "starts with a dot, and hidden files are not read" if part.startswith(".") else ""


LARGEST_LIST_BYTES = 32 * 1024 * 1024


def read_lines(source):
    """Reads the lines of a list, without blank ones and those that start with `#`.

    Args:
        source: Its `Source`.

    Returns:
        List of texts without spaces at their ends; bytes that are no UTF-8 are kept as Python keeps them in file names.

    Raises:
        DataError: If the file is missing or too large; names it.
    """
    data = source.read_bytes()
    if len(data) > LARGEST_LIST_BYTES:
        raise DataError(f"{source}: has {len(data):,} bytes, at most {LARGEST_LIST_BYTES:,} were expected of a list")
    lines = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n")
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def checked_name(name, where):
    """Gives back the name of a frame, if it stays inside of a dataset.

    Raises:
        DataError: If it is absolute, has a part `..` or ends in a folder; names `where`.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or name.endswith("/") or path.is_absolute() or ".." in path.parts:
        raise DataError(f"{where}: lists {name[:80]!r}, which leads out of the dataset; do not trust this file")
    return name


def name_to_write(frame):
    """Gives the name of a frame in a list and in its folders, as `AnnotatedFrame.item_id`.

    Raises:
        DataError: If a line of a text file cannot hold it, or it cannot be written at all; see `check_name`.
    """
    check_name(frame)
    name = frame.item_id
    if name != name.strip() or name.startswith("#"):
        reason = "# at its start" if name.startswith("#") else "a space at its start or end"
        raise DataError(f"the frame {name[:80]!r} cannot be listed: it has {reason}; rename it")
    return name

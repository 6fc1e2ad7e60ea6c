"""Which names of frames can be written: those that are found again when the files are read.

Names come from strangers' files. Writers test them before they make a path of them.
"""

import unicodedata

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

"""Reads single values of config.ini: what is allowed for each kind of value, said in words a user can act on."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from common.labels.map_files import builtin_names, load_label_map

_WINDOWS_PATH = re.compile(r"^([A-Za-z]):[\\/]*(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Kind:
    """One kind of value: what is allowed, in words, and the function that reads it.

    Attributes:
        allowed: Completes the sentence "expected ...".
        read: Takes the text, returns the value, raises ValueError if it is not allowed.
    """

    allowed: str
    read: object


def _refuse_comment(text):
    if re.search(r"\s[#;]", text):
        raise ValueError("a comment has to stand on a line of its own")


def integer(smallest, largest):
    """Whole numbers from `smallest` to `largest`."""

    def read(text):
        _refuse_comment(text)
        value = int(text)
        if not smallest <= value <= largest:
            raise ValueError
        return value

    return Kind(f"{smallest}" if smallest == largest else f"a whole number from {smallest} to {largest:,}", read)


def number(smallest, largest, above=False):
    """Numbers from `smallest` to `largest`; `above` leaves `smallest` itself out."""

    def read(text):
        _refuse_comment(text)
        value = float(text)
        if not smallest <= value <= largest or (above and value == smallest):
            raise ValueError
        return value

    start = f"above {smallest:g}, up" if above else f"from {smallest:g}"
    return Kind(f"a number {start} to {largest:g}", read)


def number_range(smallest, largest):
    """Two numbers with a comma between them, the smaller first."""

    def read(text):
        low, high = (float(part) for part in text.split(","))
        if not smallest <= low <= high <= largest:
            raise ValueError
        return low, high

    return Kind(f"two numbers from {smallest:g} to {largest:g} with a comma between, the smaller first", read)


def numbers(largest):
    """As many numbers as `largest` has, with commas between them, each from 0 to its own largest."""

    def read(text):
        found = tuple(float(part) for part in text.split(","))
        if len(found) != len(largest) or not all(0 <= one <= most for one, most in zip(found, largest, strict=True)):
            raise ValueError
        return found

    return Kind(
        f"{len(largest)} numbers with commas between, from 0 to {', '.join(f'{one:g}' for one in largest)}", read
    )


def name_part(*taken):
    """Nothing, or a word that can stand in names of files, between underscores, and is not `taken`."""

    def read(text):
        if not re.fullmatch(r"([a-z][a-z0-9-]{0,39})?", text) or text in taken:
            raise ValueError
        return text

    but = f", and not {' or '.join(taken)}" if taken else ""
    return Kind(f"nothing, or up to 40 small letters, digits and hyphens, a letter first{but}", read)


def flag():
    """True or False."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

    def read(text):
        if text.lower() not in words:
            raise ValueError
        return words[text.lower()]

    return Kind("True or False", read)


def choice(*words):
    """One of a few words."""

    def read(text):
        if text not in words:
            raise ValueError
        return text

    return Kind("one of " + ", ".join(words) if len(words) > 1 else words[0], read)


def several(*words):
    """Any of a few words with commas between them, or `none`."""

    def read(text):
        found = [part for part in re.split(r"[,\s]+", text) if part]
        if found == ["none"]:
            return ()
        if not found or not set(found) <= set(words):
            raise ValueError
        return tuple(word for word in words if word in found)

    return Kind(f"any of {', '.join(words)} with commas between, or none", read)


def count_or_auto():
    """A whole number of at least 1, or `auto`, which is None."""

    def read(text):
        if text == "auto":
            return None
        value = int(text)
        if not 1 <= value <= 4096:
            raise ValueError
        return value

    return Kind("auto or a whole number from 1", read)


def label_map():
    """A label map: empty for the study's, a built-in name or a file; `locate_label_map` makes the path absolute."""
    return Kind(f"nothing, {', '.join(builtin_names())}, or a CSV file", load_label_map)


def folder():
    """A folder, read as text; `resolve_folder` makes a path of it."""

    def read(text):
        if not text.strip("\"' ") or "\0" in text:
            raise ValueError
        return text.strip("\"' ")

    return Kind("a folder", read)


def locate_label_map(text, relative_to):
    """Makes an absolute path of a label map's file; what names no file stays as it is.

    Raises:
        ValueError: As `resolve_folder`.
    """
    text = text.strip("\"' ")
    return text if text in ("", *builtin_names()) else str(resolve_folder(text, relative_to))


def resolve_folder(text, relative_to):
    """Makes an absolute path of what a user wrote for a folder or a file.

    Args:
        text: `~`, relative and absolute paths, with either slash; Windows drives too where there are any.
        relative_to: The folder a relative path starts from.

    Raises:
        ValueError: If it is a Windows path and this is neither Windows nor WSL2.
    """
    drive = _WINDOWS_PATH.match(text)
    if drive and os.name != "nt":
        if "microsoft" not in platform.release().lower():
            raise ValueError(f"this is a Windows path, but the scripts run on {platform.system()}")
        text = f"/mnt/{drive[1].lower()}/" + drive[2].replace("\\", "/")
    elif os.name != "nt" and "\\" in text and "/" not in text and not Path(text).exists():
        text = text.replace("\\", "/")
    return Path(os.path.abspath(Path(relative_to) / Path(text).expanduser()))  # noqa: PTH100 - links stay as they are

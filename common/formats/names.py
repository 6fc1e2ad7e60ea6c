"""Names of frames in files, and lists of them: which can be written, and which can be trusted when they are read.

Names come from files of strangers, so they are tested before a path is made of them. A name can be written if the files
are found again when they are read. A path of another computer (absolute, with a drive, a URL, or with `..`) is never
followed; only its last parts are compared with the files of the dataset.
"""

import codecs
import re
import unicodedata
from collections.abc import Container, Iterable
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from common.dataset.original.splits import role_of
from common.errors import DataError
from common.files.listing import listed_name
from common.files.sources import Source, read_bytes_of
from common.formats.frames import NO_SPLIT, AnnotatedFrame
from common.images.pictures import IMAGE_ENDINGS

LARGEST_LIST_BYTES = 32 * 1024 * 1024
# They end a line in Python, like control characters, but belong to another category.
_LINE_ENDS = "\u2028\u2029"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")
_DRIVE = re.compile(r"[A-Za-z]:")
_LISTED_ENDINGS = (*IMAGE_ENDINGS, ".json", ".xml", ".txt")
_KIND_OF_FILE = re.compile("_(leftImg8bit|gt(Fine|Coarse)_[A-Za-z]+)$")


def check_name(frame: AnnotatedFrame) -> None:
    """Tests the name, the split and the city of a frame before anything is written.

    Raises:
        DataError: If one has a control character or a backslash, starts with a dot, or leads out of the dataset; names
            the frame.
    """
    for what, text, parts in (
        ("name", frame.name, [frame.name]),
        ("split", frame.split, [frame.split or NO_SPLIT]),
        ("city", frame.city, frame.city.split("/") if frame.city else []),
    ):
        reason = _what_is_wrong(text) or next((found for part in parts if (found := _what_is_wrong_as_part(part))), "")
        if reason:
            shown = f"its {what} {text[:80]!r}" if what != "name" else "its name"
            raise DataError(f"the frame {frame.name[:80]!r} cannot be written: {shown} {reason}; rename it")


def check_text(frame: AnnotatedFrame) -> None:
    """Does what `check_name` does for JSON, which holds text alone: names of files may be bytes that are not UTF-8."""
    check_name(frame)
    try:
        frame.place.encode()
    except UnicodeEncodeError as error:
        reason = "has bytes that are not UTF-8, which JSON cannot hold"
        raise DataError(f"the frame {frame.place[:80]!r} cannot be written: its name {reason}; rename it") from error


def _what_is_wrong(text: str) -> str:
    if "\\" in text:
        return "has a backslash, which other systems take for a folder"
    if any(unicodedata.category(char) == "Cc" or char in _LINE_ENDS for char in text):
        return "has a line break or another control character"
    return ""


def _what_is_wrong_as_part(part: str) -> str:
    if "/" in part or part in ("", ".", ".."):
        return "leads out of the dataset or into another folder"
    return "starts with a dot, and hidden files are not read" if part.startswith(".") else ""


def read_lines(source: Source) -> list[str]:
    """Reads the lines of a list, without spaces at their ends, without blank ones and those that start with `#`.

    Bytes that are not UTF-8 are kept in the way that Python keeps them in file names. UTF-16, which PowerShell writes,
    is known by its first two bytes.

    Raises:
        DataError: If the file is missing or too large; names it.
    """
    data = read_bytes_of(source, LARGEST_LIST_BYTES)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        text = data.decode("utf-8", "surrogateescape")
    lines = text.removeprefix("\ufeff").split("\n")
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def read_names(path: Path) -> tuple[str, ...]:
    """Reads a list of frames, a name on each line; raises DataError as `read_lines` does, and if it names none."""
    names = tuple(read_lines(Source(path)))
    if not names:
        raise DataError(f"{path}: names no frame; expected one on each line")
    return names


def listed_frame(text: str) -> str:
    """Reduces what a list may call a frame to what is the same in all lists.

    Other programs list files, `leftImg8bit/val/ulm/ulm_000000_000019_leftImg8bit.png`: ending and kind of the file are
    taken off, and of the folders those of split and city stay.
    """
    path = path_inside(text)[0]
    ending = next((ending for ending in _LISTED_ENDINGS if path.lower().endswith(ending)), "")
    return "/".join(_KIND_OF_FILE.sub("", path[: len(path) - len(ending)]).split("/")[-3:])


def path_inside(name: str) -> tuple[str, bool]:
    """Makes the name of a file relative to a dataset, whatever computer it comes from.

    Returns:
        The path with "/" between its parts, without a scheme and host, drive, root, and all up to the last `..`; and
        whether there was any of these, so that the path does not start in the dataset.
    """
    text, is_foreign = name.replace("\\", "/"), False
    if url := _URL.match(text):
        path = re.split("[?#]", text[url.end() :], maxsplit=1)[0]
        text, is_foreign = unquote(path.partition("/")[2]), True
    if _DRIVE.match(text):
        text, is_foreign = text[2:], True
    parts = [part for part in text.split("/") if part not in ("", ".")]
    outside = max((place + 1 for place, part in enumerate(parts) if part == ".."), default=0)
    return "/".join(parts[outside:]), is_foreign or text.startswith("/") or outside > 0


def tail_in(path: str, there: Container[str]) -> str | None:
    """Finds the longest end of a path, in whole parts, that is one of some names; None if there is none."""
    while path and path not in there:
        path = path.partition("/")[2]
    return path or None


class Pictures:
    """The photographs of a dataset, to be found by paths of another computer."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._by_last: dict[str, list[str]] = {}
        for name in sorted(self._names):
            self._by_last.setdefault(name.rpartition("/")[2], []).append(name)

    def find(self, path: str) -> str | None:
        """Finds the photograph of that name whose path ends most like this one; None if there is none, or several.

        A photograph in a split with another role is never found by its name alone. The case of the ending does not
        count. The name may begin with the eight letters and `-` that Label Studio puts before what is uploaded.
        """
        for spelt in (path, listed_name(path)):
            if (found := tail_in(spelt, self._names)) is not None:
                return found
            last = spelt.rpartition("/")[2]
            lists = (self._by_last.get(name) for name in (last, _UPLOADED.sub("", last, count=1)))
            if named := next(filter(None, lists), []):
                return _most_alike([name for name in named if _may_be(name, path)], path)
        return None


def _may_be(name: str, path: str) -> bool:
    """Tells whether a photograph may be that of a path, because they are not in splits with different roles."""
    roles, others = ({role_of(part) for part in text.split("/")[:-1]} - {""} for text in (name, path))
    return not roles or not others or roles == others


def _most_alike(names: list[str], path: str) -> str | None:
    """Gives the name with the most equal folders at its end; None if there is none, or several."""
    alike = [_equal_folders(name, path) for name in names]
    return names[alike.index(max(alike))] if alike and alike.count(max(alike)) == 1 else None


def _equal_folders(first: str, second: str) -> int:
    """Counts the folders at the end of two paths of files that are equal."""
    pairs = zip(reversed(first.split("/")[:-1]), reversed(second.split("/")[:-1]), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def checked_name(name: str, where: Source) -> str:
    """Returns the name of a frame if it stays inside the dataset.

    Raises:
        DataError: If it is absolute, has a part `..` or ends in a folder; names `where`.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or name.endswith("/") or path.is_absolute() or ".." in path.parts:
        raise DataError(f"{where}: lists {name[:80]!r}, which leads out of the dataset; do not trust this file")
    return name


def name_to_write(frame: AnnotatedFrame) -> str:
    """Returns the name of a frame in a list and in its folders, `AnnotatedFrame.item_id`.

    Raises:
        DataError: If a line of a text file cannot hold it, or if it cannot be written at all; see `check_name`.
    """
    check_name(frame)
    name = frame.item_id
    if name != name.strip() or name.startswith("#"):
        reason = "# at its start" if name.startswith("#") else "a space at its start or end"
        raise DataError(f"the frame {name[:80]!r} cannot be listed: it has {reason}; rename it")
    return name

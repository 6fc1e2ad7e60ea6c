"""Text files that list the frames of a split, one a line, as VOC and CamVid have them.

A frame without a split is in the list `default`, as Datumaro calls it. Names come from strangers: those that lead out
of the dataset are refused.
"""

from pathlib import PurePosixPath

from common.errors import DataError
from common.formats.frame_names import check_name

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

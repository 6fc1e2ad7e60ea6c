"""Files that are either complete or not there: atomic writes, text, JSON, links, digests."""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.errors import DataError
from common.files.sources import Readable, read_bytes_of

# Size in bytes and CRC-32 of a file.
FileEntry = tuple[int, int]
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}(\.\w{1,15})?")
# What file systems allow, in bytes.
_LONGEST_NAME = 255
_LONGEST_ENDING = 16
# Errors that come from the name of one file, so that others can be written.
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EINVAL, errno.EILSEQ}


class PlaceError(DataError):
    """One file cannot be written under its name, for example because that is too long; others can."""


@contextlib.contextmanager
def atomic_path(path: Path | str, durable: bool = False) -> Iterator[Path]:
    """Gives a temporary path beside `path` that takes its place when the block ends without an error.

    The folder is made if needed. After an error the temporary file is removed, and `path` itself is untouched. With
    `durable` it waits until the content is on the disk; otherwise a power cut can leave an empty file as `path`.

    Raises:
        PlaceError: If no file can have this name, or `path` is something else than a file, for example a folder or a
            device.
        DataError: If the disk is full, or the folder may not be written to.
    """
    path = Path(path)
    no_place = f"{str(path)!r}: is not a place for a file; give the name of a new file or of one to replace"
    if not path.name:
        raise PlaceError(no_place)
    temporary = path.with_name(_temporary_name(path))
    try:
        if path.exists() and not path.is_file():
            raise PlaceError(no_place)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if durable:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise cannot_be_written(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_temporaries(folder: Path, older_than_seconds: float = 0) -> None:
    """Removes what killed processes left in a folder while they wrote a file; not in folders below it.

    Args:
        folder: May be missing.
        older_than_seconds: Younger files stay, because another process may be writing them.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name) and time.time() - path.lstat().st_mtime >= older_than_seconds:
                path.unlink(missing_ok=True)


def is_there(path: Path) -> bool:
    """Tells whether a file or folder is there; False also for a name that none can have."""
    try:
        return path.exists()
    except OSError:
        return False


def _temporary_name(path: Path) -> str:
    """Makes a hidden name with the same ending, no longer than a file system allows."""
    ending = path.suffix if len(path.suffix) <= _LONGEST_ENDING else ""
    added = f".{secrets.token_hex(4)}{ending}"
    return f".{shortened(path.stem, len(os.fsencode(added)) + 1)}{added}"


def shortened(name: str, room: int) -> str:
    """Cuts a file's name so that `room` more bytes fit behind it; a name that is short enough stays as it is."""
    encoded = os.fsencode(name)
    most = _LONGEST_NAME - room
    return name if len(encoded) <= most else encoded[:most].decode("utf-8", "ignore")


def cannot_be_written(path: Path, error: OSError) -> DataError:
    """Makes the error for a place that cannot be written, with the reason and what to do about it."""
    reason = {
        errno.ENOSPC: "the disk is full; free some space and start again",
        errno.EDQUOT: "the disk quota is used up; free some space and start again",
        errno.ENOENT: "no folder can be made there; choose another place",
        errno.EACCES: "no permission to write there; choose another place, or change the permissions",
        errno.EROFS: "the disk is read-only; choose another place",
        errno.ENOTDIR: "a part of this path is a file, expected a folder",
        errno.EEXIST: "a part of this path is a file, expected a folder",
        errno.ENAMETOOLONG: f"its name is too long ({_LONGEST_NAME} bytes are allowed); shorten that of its source",
    }.get(error.errno or 0)
    kind = PlaceError if error.errno in _OF_THE_NAME else DataError
    return kind(f"{path}: cannot be written: {reason or error.strerror or error}")


def write_bytes(path: Path | str, data: bytes, durable: bool = False) -> FileEntry:
    """Writes `data` to `path` atomically, and tells what was written; raises DataError as `atomic_path` does."""
    with atomic_path(path, durable) as temporary:
        temporary.write_bytes(data)
    return len(data), zlib.crc32(data)


def write_text(path: Path | str, text: str) -> None:
    """Writes `text` to `path` atomically as UTF-8 with Unix line ends; raises DataError as `atomic_path` does.

    File names in it that are not UTF-8 keep their bytes.
    """
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: Path | str, value: object) -> None:
    """Writes `value` to `path` atomically as strict JSON (no NaN), indented, and waits until it is on the disk."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode("ascii"), durable=True)


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        DataError: If the file is missing, cannot be read or is not JSON; names the file and the place.
    """
    data = read_bytes_of(path)
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        raise DataError(f"{path}: is not valid JSON: {error}") from error


def read_text(source: Readable, largest: int) -> str:
    """Reads a text file that somebody else wrote: UTF-8, with or without a mark at its start.

    Raises:
        DataError: If it is missing, has more than `largest` bytes, or is not UTF-8; names it.
    """
    try:
        return read_bytes_of(source, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: is not UTF-8 text (byte {error.start:,}); save it as UTF-8") from error


def entry_of(path: Path) -> FileEntry:
    """Reads a file and gives its size in bytes and its CRC-32."""
    with path.open("rb") as file:
        size = value = 0
        while block := file.read(1 << 20):
            size += len(block)
            value = zlib.crc32(block, value)
    return size, value


def fingerprint(value: object) -> str:
    """Computes a short digest of a JSON-able value that does not depend on the order of keys."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def link_or_copy(source: Path, target: Path) -> bool:
    """Makes `target` a hard link to `source`, or a copy where the file system has no links; True for a link.

    Raises:
        DataError: If `source` is missing or `target` cannot be written.
    """
    if not source.is_file():
        raise DataError(f"{source}: is missing; start the step that writes it again")
    with atomic_path(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            shutil.copyfile(source, temporary)
            return False
    return True

"""Zips that stay closed files: members are read one by one, with limits, and nothing is unpacked.

A zip is opened once per process and kept open, so that each worker opens its own; one that changed on disk is opened
again. Programs write the names of members in several ways: with backslashes between the folders (PowerShell 5), with
`./` before them (tar and bsdtar). `list_members` gives all of them one form. Nothing here knows what the members hold.
"""

import functools
import lzma
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from common.errors import DataError
from common.files.archives import other_archive

# The largest official archive lists about 150,000 files in 20 MB; a larger directory would fill the memory.
LARGEST_DIRECTORY_BYTES = 32 * 1024 * 1024
# A Cityscapes frame is 2.3 MB and unpacks to 6.3 MB; a PNG member never unpacks to more than this.
LARGEST_MEMBER_BYTES = 256 * 1024 * 1024
# What damaged and encrypted members raise, and disks.
MEMBER_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_END_64, _END_64_BYTES = b"PK\x06\x06", 56
_LONGEST_COMMENT = 65535


def is_safe_member(name: str) -> bool:
    """Tells whether a zip member's name stays inside the folder it would be unpacked to."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not (path.is_absolute() or ".." in path.parts or ":" in name)


class Members(NamedTuple):
    """The files in a zip.

    Attributes:
        names: `ZipInfo` by name, which has "/" between its parts, no part "." and stays inside the archive; in the
            order of the archive.
        unsafe: Names, as they are in the archive, that lead out of it.
    """

    names: dict[str, zipfile.ZipInfo]
    unsafe: list[str]


def list_members(path: Path) -> Members:
    """Lists the files in a zip, without its folders.

    Raises:
        DataError: As `open_zip`; or if a member has no name, or two members stand for one file.
    """
    names: dict[str, zipfile.ZipInfo] = {}
    unsafe = []
    for info in open_zip(path).infolist():
        written = info.filename
        if written.endswith(("/", "\\")):
            continue
        if not is_safe_member(written):
            unsafe.append(written)
            continue
        name = PurePosixPath(written.replace("\\", "/")).as_posix()
        if name == ".":
            raise DataError(f"{path}: a member has the name {written!r}, which names no file; make the archive again")
        if name in names:
            same = f"the members {names[name].filename!r} and {written!r} stand for one file"
            raise DataError(f"{path}: {same}; make the archive again, with each file once")
        names[name] = info
    return Members(names, unsafe)


def check_directory(path: Path) -> None:
    """Refuses a zip whose directory would fill the memory, before any of it is loaded.

    Raises:
        DataError: If the directory is too large.
        zipfile.BadZipFile: If it is not a zip.
        OSError: If it cannot be read.
    """
    size = _directory_bytes(str(path), path.stat().st_size)
    if size > LARGEST_DIRECTORY_BYTES:
        raise DataError(f"{path}: its directory takes {size:,} bytes, expected at most {LARGEST_DIRECTORY_BYTES:,}")


def open_zip(path: Path) -> zipfile.ZipFile:
    """Opens a zip for reading, once per process; the caller must not close it.

    Raises:
        DataError: If the file is missing, not a zip, cut off, or has a directory that would fill the memory.
    """
    status = file_status(path)
    return _opened(str(path), status.st_size, status.st_mtime_ns, os.getpid())


def read_member(archive: zipfile.ZipFile, name: str, largest: int = LARGEST_MEMBER_BYTES) -> bytes:
    """Reads one member of an open zip into memory, never more than `largest` bytes.

    Raises:
        DataError: If the member is missing, too large, damaged or encrypted; names the archive and the member.
    """
    where = f"{archive.filename}: {name}"
    try:
        info = archive.getinfo(name)
        if info.file_size > largest:
            raise DataError(f"{where}: unpacks to {info.file_size:,} bytes, expected at most {largest:,}")
        with archive.open(info) as member:
            data = member.read(largest + 1)
    except (*MEMBER_ERRORS, KeyError) as error:
        raise DataError(f"{where}: cannot be read: {error}; download the archive again") from error
    if len(data) > largest:
        raise DataError(f"{where}: unpacks to more than {largest:,} bytes")
    return data


def file_status(path: Path) -> os.stat_result:
    """Asks for the status of an ordinary file; raises DataError if it is missing or anything else."""
    try:
        status = path.stat()
    except OSError as error:
        raise cannot_be_read(path, error) from error
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not an ordinary file"
        raise DataError(f"{path}: cannot be read: it is {kind}")
    return status


def cannot_be_read(name: object, error: Exception) -> DataError:
    """Makes the error for a file that cannot be read, with the reason in the words of the system."""
    return DataError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}")


@functools.lru_cache(maxsize=8)
def _opened(path: str, size: int, _mtime_ns: int, _process: int) -> zipfile.ZipFile:
    try:
        directory_bytes = _directory_bytes(path, size)
        if directory_bytes > LARGEST_DIRECTORY_BYTES:
            raise DataError(
                f"{path}: its directory takes {directory_bytes:,} bytes, expected at most {LARGEST_DIRECTORY_BYTES:,}"
            )
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError, ValueError, struct.error, NotImplementedError) as error:
        raise DataError(f"{path}: {_what_is_wrong(path)}") from error
    except OSError as error:
        raise cannot_be_read(path, error) from error


def _directory_bytes(path: str, size: int) -> int:
    """Reads from the end of a zip how many bytes its directory takes, before any of it is loaded."""
    tail_bytes = min(size, _END_BYTES + _LONGEST_COMMENT + _LOCATOR_BYTES + _END_64_BYTES)
    with Path(path).open("rb") as file:
        file.seek(size - tail_bytes)
        tail = file.read(tail_bytes)
    end = tail.rfind(_END)
    if end < 0:
        raise zipfile.BadZipFile("no end of central directory")
    found: int = struct.unpack_from("<I", tail, end + 12)[0]
    locator = end - _LOCATOR_BYTES
    end_64 = locator - _END_64_BYTES
    if end_64 >= 0 and tail.startswith(_LOCATOR, locator) and tail.startswith(_END_64, end_64):
        found = struct.unpack_from("<Q", tail, end_64 + 40)[0]
    return found


def _what_is_wrong(path: str) -> str:
    kind = other_archive(Path(path))
    if kind:
        return f"is {kind}, not a zip; extract it and give the folder, or make a zip of that"
    with Path(path).open("rb") as file:
        start = file.read(64).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return "is a web page, not a zip; log in at cityscapes-dataset.com, then download the archive again"
    if start.startswith(b"pk"):
        return "is cut off or damaged, perhaps because the download stopped; download it again"
    return "is not a zip archive; download it again"

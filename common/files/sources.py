"""Where a file of a dataset is: on disk, or inside a zip that is never unpacked.

A zip is opened once per process and kept open, so that workers open their own; one that changed on disk is opened
anew. Nothing here knows what the files hold.
"""

import contextlib
import functools
import lzma
import os
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common.errors import DataError

# The largest official archive lists about 150,000 files in 20 MB; a directory beyond this would fill the memory.
LARGEST_DIRECTORY_BYTES = 32 * 1024 * 1024
# Of a file that is read piece by piece; the largest annotation file in use has about 1 GB.
LARGEST_STREAM_BYTES = 16 * 1024**3
_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_END_64, _END_64_BYTES = b"PK\x06\x06", 56
_LONGEST_COMMENT = 65535


@dataclass(frozen=True)
class Source:
    """One file, as a value that can be sent to a worker.

    Attributes:
        path: The file itself, or the zip it is in.
        member: The name inside the zip; None for a file on disk.
    """

    path: Path
    member: str | None = None

    def __str__(self):
        return str(self.path) if self.member is None else f"{self.path}: {self.member}"

    def read_bytes(self):
        """Reads the whole file.

        Raises:
            DataError: If it is missing, damaged or larger than any file of the dataset can be; names the file.
        """
        if self.member is not None:
            return read_member(open_zip(self.path), self.member)
        size = _status(self.path).st_size
        if size > LARGEST_MEMBER_BYTES:
            raise DataError(f"{self.path}: has {size:,} bytes, at most {LARGEST_MEMBER_BYTES:,} were expected")
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise _read_error(self.path, error) from error

    @contextlib.contextmanager
    def open(self, largest=LARGEST_STREAM_BYTES):
        """Opens the file for reading from its beginning, piece by piece; for files too large for `read_bytes`.

        Args:
            largest: The most bytes that may be read.

        Yields:
            Something with `read(size)` that gives `bytes`, empty at the end; it raises DataError as below.

        Raises:
            DataError: If the file is missing, damaged, or larger than `largest`; names the file.
        """
        size = self.size()
        if size > largest:
            raise DataError(f"{self}: has {size:,} bytes, at most {largest:,} were expected")
        try:
            file = self.path.open("rb") if self.member is None else open_zip(self.path).open(self.member)
        except _STREAM_ERRORS as error:
            raise _stream_error(self, error) from error
        with file:
            yield _Stream(self, file, largest)

    def size(self):
        """Tells the size of the file in bytes; raises DataError if it is missing."""
        return self.signature()[0]

    def signature(self):
        """Tells the size in bytes and the time of the last change in ns, or for a zip member size and checksum.

        Two signatures of a file that differ mean that it changed.

        Raises:
            DataError: If the file is missing.
        """
        if self.member is None:
            status = _status(self.path)
            return status.st_size, status.st_mtime_ns
        try:
            info = open_zip(self.path).getinfo(self.member)
        except KeyError as error:
            raise DataError(f"{self}: is not in the archive; has it been exchanged?") from error
        return info.file_size, info.CRC


# What damaged and encrypted zip members raise, and disks.
_STREAM_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)


class _Stream:
    """An open file that names itself in errors and stops at a number of bytes."""

    def __init__(self, source, file, largest):
        self._source, self._file, self._left = source, file, largest

    def read(self, size):
        """Reads up to `size` bytes."""
        try:
            data = self._file.read(size)
        except _STREAM_ERRORS as error:
            raise _stream_error(self._source, error) from error
        self._left -= len(data)
        if self._left < 0:
            raise DataError(f"{self._source}: holds more bytes than it says; do not trust this file")
        return data


def _stream_error(source, error):
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return DataError(f"{source}: cannot be read: {reason}")


def open_zip(path):
    """Opens a zip for reading, once per process; the caller must not close it.

    Args:
        path: The zip.

    Returns:
        An open `zipfile.ZipFile`.

    Raises:
        DataError: If the file is missing, no zip, cut off, or has a table of contents that would fill the memory.
    """
    status = _status(path)
    return _opened(str(path), status.st_size, status.st_mtime_ns, os.getpid())


@functools.lru_cache(maxsize=8)
def _opened(path, size, _mtime_ns, _process):
    try:
        directory_bytes = _directory_bytes(path, size)
        if directory_bytes > LARGEST_DIRECTORY_BYTES:
            raise DataError(
                f"{path}: its table of contents takes {directory_bytes:,} bytes, "
                f"at most {LARGEST_DIRECTORY_BYTES:,} were expected"
            )
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError, ValueError, struct.error, NotImplementedError) as error:
        raise DataError(f"{path}: {_what_is_wrong(path)}") from error
    except OSError as error:
        raise _read_error(path, error) from error


def _directory_bytes(path, size):
    """Reads from the end of a zip how many bytes its table of contents takes, before any of it is loaded."""
    tail_bytes = min(size, _END_BYTES + _LONGEST_COMMENT + _LOCATOR_BYTES + _END_64_BYTES)
    with Path(path).open("rb") as file:
        file.seek(size - tail_bytes)
        tail = file.read(tail_bytes)
    end = tail.rfind(_END)
    if end < 0:
        raise zipfile.BadZipFile("no end of central directory")
    (found,) = struct.unpack_from("<I", tail, end + 12)
    locator = end - _LOCATOR_BYTES
    end_64 = locator - _END_64_BYTES
    if end_64 >= 0 and tail.startswith(_LOCATOR, locator) and tail.startswith(_END_64, end_64):
        (found,) = struct.unpack_from("<Q", tail, end_64 + 40)
    return found


def _what_is_wrong(path):
    with Path(path).open("rb") as file:
        start = file.read(64).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return "is a web page, not a zip; log in at cityscapes-dataset.com, then download the archive again"
    if start.startswith(b"pk"):
        return "is cut off or damaged, as after a download that stopped; download it again"
    return "is no zip archive; download it again"


def _status(path):
    try:
        status = Path(path).stat()
    except OSError as error:
        raise _read_error(path, error) from error
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
        raise DataError(f"{path}: cannot be read: it is {kind}")
    return status


def _read_error(path, error):
    return DataError(f"{path}: cannot be read: {error.strerror or error}")


# A Cityscapes frame is 2.3 MB and unpacks to 6.3 MB; a PNG member never unpacks to more than this.
LARGEST_MEMBER_BYTES = 256 * 1024 * 1024
_MEMBER_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
)


def is_safe_member(name):
    """Tells whether a zip member's name stays inside the folder it would be unpacked to."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not (path.is_absolute() or ".." in path.parts or ":" in name)


def read_member(archive, name, largest=LARGEST_MEMBER_BYTES):
    """Reads one member of an open zip into memory, never more than `largest` bytes.

    Args:
        archive: An open `zipfile.ZipFile`.
        name: The member's name.

    Raises:
        DataError: If the member is too large, damaged or encrypted; names the archive and the member.
    """
    where = f"{archive.filename}: {name}"
    try:
        info = archive.getinfo(name)
        if info.file_size > largest:
            raise DataError(f"{where}: unpacks to {info.file_size:,} bytes, at most {largest:,} were expected")
        with archive.open(info) as member:
            data = member.read(largest + 1)
    except _MEMBER_ERRORS as error:
        raise DataError(f"{where}: cannot be read: {error}; download the archive again") from error
    if len(data) > largest:
        raise DataError(f"{where}: unpacks to more than {largest:,} bytes")
    return data


@dataclass(frozen=True)
class ReadFile:
    """The bytes of a file that was read already, with its name for error messages; stands in for a `Source`."""

    name: str
    data: bytes

    def __str__(self):
        return self.name

    def read_bytes(self):
        """Gives the bytes."""
        return self.data

"""A file of a dataset, on disk or inside a zip that is never unpacked, and bytes with a name.

Nothing here knows what the files hold.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from common.errors import DataError
from common.files.zips import LARGEST_MEMBER_BYTES, MEMBER_ERRORS, cannot_be_read, file_status, open_zip, read_member

# Of a file that is read piece by piece; the largest annotation file in use has about 1 GB.
LARGEST_STREAM_BYTES = 16 * 1024**3


class Readable(Protocol):
    """What can be read as a whole; `str` gives its name for messages. `Path` and `Source` are readable."""

    def read_bytes(self) -> bytes:
        """Reads all bytes."""


def read_bytes_of(source: Readable, largest: int | None = None) -> bytes:
    """Reads all bytes of an ordinary file.

    Raises:
        DataError: If it is missing, a pipe or a device, or has more than `largest` bytes; names it.
    """
    if isinstance(source, Path):
        size = file_status(source).st_size
        if size > (most := largest or LARGEST_MEMBER_BYTES):
            raise DataError(f"{source}: has {size:,} bytes, expected at most {most:,} of such a file")
    try:
        data = source.read_bytes()
    except OSError as error:
        raise cannot_be_read(source, error) from error
    if largest is not None and len(data) > largest:
        raise DataError(f"{source}: has {len(data):,} bytes, expected at most {largest:,} of such a file")
    return data


@dataclass(frozen=True)
class NamedBytes:
    """The bytes of a file that was read already, with its name for error messages."""

    name: str
    data: bytes

    def __str__(self) -> str:
        return self.name

    def read_bytes(self) -> bytes:
        """Gives the bytes."""
        return self.data


@dataclass(frozen=True)
class Source:
    """One file, as a value that can be sent to a worker.

    Attributes:
        path: The file itself, or the zip it is in.
        member: The name inside the zip; None for a file on disk.
    """

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}: {self.member}"

    def read_bytes(self) -> bytes:
        """Reads the whole file.

        Raises:
            DataError: If it is missing, damaged or larger than any file of the dataset can be; names the file.
        """
        if self.member is not None:
            return read_member(open_zip(self.path), self.member)
        return read_bytes_of(self.path)

    @contextlib.contextmanager
    def open(self, largest: int = LARGEST_STREAM_BYTES) -> Iterator["Stream"]:
        """Opens the file for reading from its beginning, piece by piece; for files too large for `read_bytes`.

        Raises:
            DataError: If the file is missing, damaged, or has more than `largest` bytes; names the file.
        """
        size = self.size()
        if size > largest:
            raise DataError(f"{self}: has {size:,} bytes, expected at most {largest:,}")
        try:
            file = self.path.open("rb") if self.member is None else open_zip(self.path).open(self.member)
        except MEMBER_ERRORS as error:
            raise cannot_be_read(self, error) from error
        with file:
            yield Stream(self, file, largest)

    def size(self) -> int:
        """Tells the size of the file in bytes; raises DataError if it is missing."""
        return self.signature()[0]

    def signature(self) -> tuple[int, int]:
        """Tells the size in bytes and the time of the last change in ns, or for a zip member size and checksum.

        Two signatures of a file that differ mean that it changed. Raises DataError if the file is missing.
        """
        if self.member is None:
            status = file_status(self.path)
            return status.st_size, status.st_mtime_ns
        try:
            info = open_zip(self.path).getinfo(self.member)
        except KeyError as error:
            raise DataError(f"{self}: is not in the archive; has it been exchanged?") from error
        return info.file_size, info.CRC


def signature_or_none(source: Source) -> tuple[int, int] | None:
    """Gives the signature of a file; None if it is not there or not a file, which is said when it is read."""
    try:
        return source.signature()
    except DataError:
        return None


class Stream:
    """An open file that names itself in errors and stops at a number of bytes."""

    def __init__(self, source: Source, file: IO[bytes], largest: int) -> None:
        self._source, self._file, self._left = source, file, largest

    def read(self, size: int) -> bytes:
        """Reads up to `size` bytes, none at the end; raises DataError as `Source.open` does."""
        try:
            data = self._file.read(size)
        except MEMBER_ERRORS as error:
            raise cannot_be_read(self._source, error) from error
        self._left -= len(data)
        if self._left < 0:
            raise DataError(f"{self._source}: holds more bytes than it says; do not trust this file")
        return data

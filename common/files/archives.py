"""Tells by its first bytes what kind of archive a file is that is not a zip. Nothing of it is unpacked but a header."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

# The first bytes of a file, by what it is.
_ARCHIVES = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\x28\xb5\x2f\xfd": "a file compressed with zstd",
}
_HEADER_BYTES, _TAR_MARK, _TAR_MARK_AT = 512, b"ustar", 257
# Unpacks the first bytes of a compressed file, by the bytes it begins with.
_COMPRESSED: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", lambda data: zlib.decompressobj(wbits=31).decompress(data, _HEADER_BYTES)),
    b"BZh": ("bzip2", lambda data: bz2.BZ2Decompressor().decompress(data, _HEADER_BYTES)),
    b"\xfd7zXZ\x00": ("xz", lambda data: lzma.LZMADecompressor().decompress(data, _HEADER_BYTES)),
}
# bzip2 gives nothing before it has read a block, which has at most 900 kB.
_PEEKED_BYTES = 2**20


def other_archive(path: Path) -> str:
    """Names the kind of an archive that is not a zip, for example "a tar archive (gzip)"; "" for any other file.

    Raises:
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_PEEKED_BYTES)
    if _is_tar(start):
        return "a tar archive"
    for mark, name in _ARCHIVES.items():
        if start.startswith(mark):
            return name
    for mark, (name, unpack) in _COMPRESSED.items():
        if start.startswith(mark):
            return f"a tar archive ({name})" if _is_tar(_header(start, unpack)) else f"a file compressed with {name}"
    return ""


def _is_tar(start: bytes) -> bool:
    return start[_TAR_MARK_AT:].startswith(_TAR_MARK)


def _header(start: bytes, unpack: Callable[[bytes], bytes]) -> bytes:
    try:
        return unpack(start)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):  # damaged, but its kind is known
        return b""

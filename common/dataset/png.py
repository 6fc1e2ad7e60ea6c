"""Reads and writes the PNG files of a dataset: 8-bit RGB images and 8-bit one-channel masks, nothing else.

Pixels are those `cv2.imread` gives, only in the order red, green, blue. A file that is cut off, damaged or of another
kind is refused by name, never half decoded: decoders differ in what they let pass, so the chunks and their checksums
are tested here first. Decoding is done by kornia-rs where it is installed (about twice as fast), else by OpenCV.
"""

import os
import struct
import zlib
from collections import namedtuple

import cv2
import numpy as np

from common.errors import DataError

try:
    from kornia_rs.io import decode_image_png_u8 as _decode_rust
except ImportError:  # optional, or an older edition
    _decode_rust = None

# Far above any camera of the dataset, and 200 MB when decoded.
LARGEST_PIXELS = 8192 * 8192

_END = b"IEND\xaeB`\x82"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB = 0, 2
_COLOR_TYPES = {0: "gray", 2: "RGB", 3: "palette", 4: "gray with alpha", 6: "RGB with alpha"}
_Header = namedtuple("_Header", "width height depth color_type compression filter interlace")


def read_image(source):
    """Reads an 8-bit RGB PNG.

    Args:
        source: Something with `read_bytes()` and a name as text (a `Source` or `Path`), or the bytes themselves.

    Returns:
        Red, green, blue, `uint8` of shape `(height, width, 3)`.

    Raises:
        DataError: If the file is missing, cut off, damaged, no PNG, or not 8-bit RGB; names the file.
    """
    return _read(source, _RGB)


def read_mask(source):
    """Reads an 8-bit one-channel PNG, such as `*_labelIds.png` or a prepared mask.

    Args:
        source: As for `read_image`.

    Returns:
        The values, `uint8` of shape `(height, width)`.

    Raises:
        DataError: If the file is missing, cut off, damaged, no PNG, or not 8-bit with one channel; names the file.
    """
    return _read(source, _GRAY)


def is_whole_png(path):
    """Tells whether a file that this module wrote is there to its end; a power cut can leave an empty one."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END
    except OSError:
        return False


def encode_image(image):
    """Encodes red, green, blue, `uint8` of shape `(height, width, 3)`, as the bytes of an 8-bit RGB PNG."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"an image must be uint8 (height, width, 3), not {image.dtype} {image.shape}")
    return _encode(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def encode_mask(mask):
    """Encodes values, `uint8` of shape `(height, width)`, as the bytes of an 8-bit one-channel PNG."""
    if mask.dtype != np.uint8 or mask.ndim != 2:
        raise ValueError(f"a mask must be uint8 (height, width), not {mask.dtype} {mask.shape}")
    return _encode(mask)


def _encode(pixels):
    # OpenCV's own settings: on prepared images half the time of any others, at 5 % more bytes.
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise ValueError(f"OpenCV could not encode pixels of shape {pixels.shape}")
    return data.tobytes()


def _read(source, color_type):
    if isinstance(source, bytes):
        data, where = source, "PNG data"
    else:
        data, where = _bytes_of(source), str(source)
    header = _check_chunks(data, where)
    if (header.depth, header.color_type) != (8, color_type):
        found = f"{header.depth}-bit {_COLOR_TYPES.get(header.color_type, 'of an unknown kind')}"
        raise DataError(f"{where}: is a PNG with {found}, expected was 8-bit {_COLOR_TYPES[color_type]}")
    if not 0 < header.width * header.height <= LARGEST_PIXELS:
        size = f"{header.width} x {header.height} pixels"
        raise DataError(f"{where}: has {size}, expected were 1 to {LARGEST_PIXELS:,} pixels")
    pixels = (_decode_with_rust if _decode_rust else _decode_with_opencv)(data, header)
    shape = (header.height, header.width, 3) if color_type == _RGB else (header.height, header.width)
    if pixels is None or pixels.shape != shape:
        raise DataError(f"{where}: the picture inside is damaged or incomplete; get the file again")
    return pixels


def _bytes_of(source):
    try:
        return source.read_bytes()
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error


def _check_chunks(data, where):
    """Goes through all chunks of a PNG and their checksums; returns its header."""
    if not data.startswith(_SIGNATURE):
        found = "is empty" if not data else f"is no PNG, it starts with {data[:8]!r}"
        raise DataError(f"{where}: {found}")
    view, position, header = memoryview(data), len(_SIGNATURE), None
    while True:
        if position + 12 > len(data):
            raise DataError(f"{where}: is cut off after {len(data):,} bytes; get the file again")
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            raise DataError(f"{where}: is cut off after {len(data):,} bytes; get the file again")
        kind = data[position + 4 : position + 8]
        if zlib.crc32(view[position + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise DataError(
                f"{where}: is damaged (checksum of chunk {kind!r} at byte {position:,}); get the file again"
            )
        if header is None:
            if kind != b"IHDR" or length != 13:
                raise DataError(f"{where}: is damaged (no PNG header); get the file again")
            header = _Header(*struct.unpack_from(">IIBBBBB", data, position + 8))
        if kind == b"IEND":
            return header
        position = end + 4


def _decode_with_rust(data, header):
    shape = (header.height, header.width)
    try:
        pixels = _decode_rust(data, shape, "rgb" if header.color_type == _RGB else "mono")
    except Exception:  # the library raises bare Exceptions
        return None
    return pixels if header.color_type == _RGB else pixels[:, :, 0]


def _decode_with_opencv(data, header):
    kind = cv2.IMREAD_COLOR if header.color_type == _RGB else cv2.IMREAD_GRAYSCALE
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), kind | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    if pixels is None or header.color_type != _RGB:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)

"""Reads and writes the PNG files of a dataset: images, masks, 16-bit instance masks and coloured masks, nothing else.

Pixels are those of `cv2.imread`, but in the order red, green, blue. A file that is cut off, damaged or of another kind
is refused by name and never half decoded. Decoders differ in what they accept, so the chunks and their checksums are
tested here first. kornia-rs decodes where it is installed (about twice as fast), else OpenCV.
"""

import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.sources import Readable, read_bytes_of
from common.images.decoding import check_pixels, named_damage, open_picture

try:
    from kornia_rs.io import decode_image_png_u8 as _decode_rust
    from kornia_rs.io import decode_image_png_u16 as _decode_rust_16
except ImportError:  # optional, or an older edition
    _decode_rust = _decode_rust_16 = None


PNG_START = b"\x89PNG\r\n\x1a\n"
_END = b"IEND\xaeB`\x82"
# For pixels that are often those of the row above: beside OpenCV's own settings 10 to 20 % smaller and decoded in half
# the time, as fast to encode.
_MASK_SETTINGS = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)
_GRAY, _RGB, _PALETTE, _RGBA = 0, 2, 3, 6
_COLOR_TYPES = {0: "gray", 2: "RGB", 3: "palette", 4: "gray with alpha", 6: "RGB with alpha"}
_CHANNELS = {_GRAY: "mono", _RGB: "rgb", _RGBA: "rgba"}
_PALETTES = tuple((depth, _PALETTE) for depth in (1, 2, 4, 8))


class _Header(NamedTuple):
    width: int
    height: int
    depth: int
    color_type: int
    compression: int
    filter: int
    interlace: int


def read_image(source: Readable | bytes) -> NDArray[np.uint8]:
    """Reads an 8-bit RGB PNG as red, green, blue, shape `(height, width, 3)`.

    Raises:
        DataError: If the file is missing, cut off, damaged, not a PNG, or not 8-bit RGB; names the file.
    """
    return _read(source, (8, _RGB))


def read_mask(source: Readable | bytes) -> NDArray[np.uint8]:
    """Reads the values, shape `(height, width)`, of an 8-bit one-channel PNG such as `*_labelIds.png`.

    A palette only shows values as colours: of a PNG with a palette, the values are read, as all readers of masks do.

    Raises:
        DataError: If the file is missing, cut off, damaged, not a PNG, or not 8-bit with one channel; names the file.
    """
    return _read(source, (8, _GRAY), *_PALETTES)


def read_instance_mask(source: Readable | bytes) -> NDArray[np.uint16]:
    """Reads the values, shape `(height, width)`, of a 16-bit one-channel PNG such as `*_instanceIds.png`.

    Raises:
        DataError: If the file is missing, cut off, damaged, not a PNG, or not 16-bit with one channel; names the file.
    """
    return _read(source, (16, _GRAY))


def read_two_values(source: Readable | bytes) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Reads the first two channels, shape `(height, width)` each, of a 16-bit RGB PNG that holds values.

    Raises:
        DataError: If the file is missing, cut off, damaged, not a PNG, or not 16-bit RGB; names the file.
    """
    pixels = _read(source, (16, _RGB))
    return pixels[..., 0], pixels[..., 1]


def read_color_mask(source: Readable | bytes) -> NDArray[np.uint8]:
    """Reads an 8-bit RGB or RGBA PNG, such as `*_color.png`, as red, green, blue, shape `(height, width, 3)`.

    Of a PNG with a palette, the colours are read.

    Raises:
        DataError: If the file is missing, cut off, damaged, not a PNG, or of another kind; names the file.
    """
    return _read(source, (8, _RGB), (8, _RGBA), *_PALETTES, palette_as="RGB")


def check_png(data: bytes, where: Readable | str) -> None:
    """Goes through the chunks of a PNG without decoding it.

    Raises:
        DataError: If it is not a PNG, cut off, or the checksum of a chunk is wrong; names `where`.
    """
    _check_chunks(data, where)


def is_whole_png(path: Path) -> bool:
    """Tells whether a file that this module wrote is complete; a power cut can leave an empty one."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END
    except OSError:
        return False


def encode_image(image: NDArray[np.uint8]) -> bytes:
    """Encodes red, green, blue, shape `(height, width, 3)`, as the bytes of an 8-bit RGB PNG."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"an image must be uint8 (height, width, 3), not {image.dtype} {image.shape}")
    return _encode(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def encode_mask(mask: NDArray[np.uint8]) -> bytes:
    """Encodes values, shape `(height, width)`, as the bytes of an 8-bit one-channel PNG."""
    if mask.dtype != np.uint8 or mask.ndim != 2:
        raise ValueError(f"a mask must be uint8 (height, width), not {mask.dtype} {mask.shape}")
    return _encode(mask, _MASK_SETTINGS)


def encode_instance_mask(values: NDArray[np.uint16]) -> bytes:
    """Encodes values, shape `(height, width)`, as the bytes of a 16-bit one-channel PNG."""
    if values.dtype != np.uint16 or values.ndim != 2:
        raise ValueError(f"an instance mask must be uint16 (height, width), not {values.dtype} {values.shape}")
    return _encode(values, _MASK_SETTINGS)


def encode_color_mask(rgba: NDArray[np.uint8]) -> bytes:
    """Encodes red, green, blue, alpha, shape `(height, width, 4)`, as the bytes of an 8-bit RGBA PNG."""
    if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4:
        raise ValueError(f"a coloured mask must be uint8 (height, width, 4), not {rgba.dtype} {rgba.shape}")
    return _encode(cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), _MASK_SETTINGS)


def _encode(pixels: cv2.typing.MatLike, settings: Sequence[int] = ()) -> bytes:
    # For images OpenCV's own settings: on prepared ones half the time of any others, at 5 % more bytes.
    done, data = cv2.imencode(".png", pixels, settings)
    if not done:
        raise ValueError(f"OpenCV could not encode pixels of shape {pixels.shape}")
    return data.tobytes()


def _read(source: Readable | bytes, *kinds: tuple[int, int], palette_as: str | None = None) -> NDArray[Any]:
    """Reads a PNG of one of the `kinds`, pairs of bits per channel and colour type; of a palette values or "RGB"."""
    data, where = (source, "PNG data") if isinstance(source, bytes) else (read_bytes_of(source), str(source))
    header = _check_chunks(data, where)
    if (header.depth, header.color_type) not in kinds:
        raise DataError(f"{where}: {_wrong_kind(header, kinds)}")
    check_pixels(where, (header.width, header.height))
    if header.color_type == _PALETTE:
        with open_picture(where, data) as picture:
            return np.asarray(picture if palette_as is None else picture.convert(palette_as))
    damage = "the picture inside is damaged or incomplete; get the file again"
    with named_damage(where, damage):
        pixels = (_decode_with_rust if _decode_rust else _decode_with_opencv)(data, header)
    shape = (header.height, header.width) + ((3,) if header.color_type != _GRAY else ())
    if pixels is None or pixels.shape != shape:
        raise DataError(f"{where}: {damage}")
    return pixels


def _wrong_kind(header: _Header, kinds: tuple[tuple[int, int], ...]) -> str:
    found = f"{header.depth}-bit {_COLOR_TYPES.get(header.color_type, 'of an unknown kind')}"
    wanted = [f"{depth}-bit {_COLOR_TYPES[color_type]}" for depth, color_type in kinds if color_type != _PALETTE]
    expected = " or ".join([*wanted, *(["a palette"] if _PALETTES[0] in kinds else [])])
    text = f"is a PNG with {found}, expected {expected}"
    if kinds == ((16, _GRAY),) and header.depth == 8 and header.color_type in (_GRAY, _PALETTE):
        text += "; instanceIds have 16 bits, and a file with 8 has lost all ids above 255; get the original file"
    return text


def _check_chunks(data: bytes, where: Readable | str) -> _Header:
    """Goes through all chunks of a PNG and their checksums; returns its header."""
    if not data.startswith(PNG_START):
        found = "is empty" if not data else f"is not a PNG, it starts with {data[:8]!r}"
        raise DataError(f"{where}: {found}")
    view, position, header = memoryview(data), len(PNG_START), None
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


def _decode_with_rust(data: bytes, header: _Header) -> NDArray[Any]:
    decode = _decode_rust_16 if header.depth == 16 else _decode_rust
    pixels = decode(data, (header.height, header.width), _CHANNELS[header.color_type])
    if header.color_type == _GRAY:
        return pixels[:, :, 0]
    return pixels if header.color_type == _RGB else np.ascontiguousarray(pixels[:, :, :3])


def _decode_with_opencv(data: bytes, header: _Header) -> NDArray[Any] | None:
    kind = cv2.IMREAD_GRAYSCALE if header.color_type == _GRAY else cv2.IMREAD_COLOR
    depth = cv2.IMREAD_ANYDEPTH if header.depth == 16 else 0
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), kind | depth | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or header.color_type == _GRAY:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)

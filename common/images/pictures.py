"""Photographs and palette masks of foreign datasets: sizes, pixels, and the way of a photograph into another tree.

Pillow reads and writes what OpenCV cannot: PNG files with a palette, whose values it would turn into colours. Every
picture's size is tested before it is decoded, so that a small file cannot fill the memory.
"""

import contextlib
import io
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from common.errors import DataError
from common.files.sources import NamedBytes
from common.images.png import LARGEST_PIXELS, check_png, read_image

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm")
_JPEG_END = b"\xff\xd9"
# The size stands within the first bytes, unless a JPEG has a preview picture before it.
_HEADER_BYTES = 64 * 1024


def picture_size(source):
    """Reads the size of a picture without decoding it: width and height in pixels.

    Raises:
        DataError: If the file is missing, no picture, or too large; names it.
    """
    with source.open() as file:
        start = file.read(_HEADER_BYTES)
    if len(start) == _HEADER_BYTES:
        with contextlib.suppress(DataError), _opened(source, start) as picture:
            return picture.size
        start = source.read_bytes()  # a long comment stands before the size
    with _opened(source, start) as picture:
        return picture.size


def read_values(source):
    """Reads the values of a one-channel picture: class indices, palette indices (not their colours), ids.

    Returns:
        `uint8` or, for a 16-bit PNG, `uint16`, of shape `(height, width)`; and the palette, `uint8` of shape
        `(256, 3)`, or None.

    Raises:
        DataError: If the file is missing, damaged, or has several channels; names it.
    """
    with _opened_whole(source) as picture:
        if picture.mode not in ("L", "P", "1", "I;16", "I;16B"):
            raise DataError(f"{source}: is a picture of mode {picture.mode}; one channel or a palette was expected")
        palette = None
        if picture.mode == "P":
            palette = np.zeros((256, 3), np.uint8)
            colors = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
            palette[: len(colors)] = colors
        values = np.asarray(_loaded(source, picture))
    if values.dtype == bool:
        values = values.astype(np.uint8)
    return (values if values.dtype == np.uint8 else values.astype(np.uint16)), palette


def read_colors(source):
    """Reads any picture as red, green, blue, `uint8` of shape `(height, width, 3)`; alpha is dropped.

    Raises:
        DataError: If the file is missing or damaged; names it.
    """
    with _opened_whole(source) as picture:
        return np.asarray(_loaded(source, picture, "RGB"))


def encode_palette_mask(values, palette):
    """Encodes values as a PNG with a palette.

    Args:
        values: `uint8` of shape `(height, width)`.
        palette: Red, green, blue by value, `uint8` of shape `(n, 3)`, n at most 256.

    Returns:
        The bytes of the file.
    """
    picture = Image.fromarray(values).convert("P") if values.dtype != np.uint8 else Image.fromarray(values, "P")
    picture.putpalette(np.ascontiguousarray(palette, np.uint8).tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def read_whole(source):
    """Reads the bytes of a photograph to be copied as they are.

    Of a PNG every chunk is tested against its checksum, of a JPEG whether it has an end; nothing is decoded.

    Raises:
        DataError: If the file is missing, cut off or damaged; names it.
    """
    data = source.read_bytes()
    ending = Path(source.member or source.path).suffix.lower()
    _check_whole(source, data, is_png=ending == ".png", is_jpeg=ending in (".jpg", ".jpeg"))
    return data


def _check_whole(source, data, is_png, is_jpeg):
    if is_png:
        check_png(data, source)
    elif is_jpeg and _JPEG_END not in data[-_HEADER_BYTES:]:
        raise DataError(f"{source}: is cut off after {len(data):,} bytes; get the file again")


def _opened(source, data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{source}: is no picture that can be read, or is damaged ({len(data):,} bytes)") from error
    if not 0 < picture.width * picture.height <= LARGEST_PIXELS:
        raise DataError(
            f"{source}: has {picture.width} x {picture.height} pixels, expected were 1 to {LARGEST_PIXELS:,} pixels"
        )
    return picture


def _opened_whole(source):
    """Opens a picture to be decoded; what is damaged is refused here, as Pillow lets some of it pass."""
    data = source.read_bytes()
    picture = _opened(source, data)
    _check_whole(source, data, picture.format == "PNG", picture.format == "JPEG")
    return picture


def _loaded(source, picture, mode=None):
    try:
        return picture.convert(mode) if mode else picture.copy()
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataError(f"{source}: the picture inside is cut off or damaged: {error}") from error


_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_RGB8 = b"\x08\x02"  # bit depth and colour type, at byte 24


def read_photograph(source):
    """Reads a photograph as people see it: upright, in colours, without its alpha.

    Of 16 bits a channel the upper 8 are taken, as by most viewers; of several pages the first.

    Returns:
        Red, green, blue, `uint8` of shape `(height, width, 3)`.

    Raises:
        DataError: If it is missing, damaged, too large or no picture; names it.
    """
    whole = NamedBytes(str(source), source.read_bytes())
    if whole.data.startswith(_PNG_START):
        check_png(whole.data, source)
        if whole.data[24:26] == _PNG_RGB8 and b"eXIf" not in whole.data:
            return read_image(whole)
    return _decoded(whole)


# What Pillow raises for files that are damaged, or made to do damage.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError,
    Image.DecompressionBombError, Image.DecompressionBombWarning)  # fmt: skip


def _decoded(whole):
    try:
        picture = Image.open(io.BytesIO(whole.data))
    except _DAMAGED as error:
        raise DataError(
            f"{whole}: is no picture that can be read, or is damaged ({len(whole.data):,} bytes)"
        ) from error
    with picture:
        if not 0 < picture.width * picture.height <= LARGEST_PIXELS:
            size = f"{picture.width} x {picture.height} pixels"
            raise DataError(f"{whole}: has {size}, expected were 1 to {LARGEST_PIXELS:,} pixels")
        try:
            return _upright_colors(picture)
        except _DAMAGED as error:
            raise DataError(f"{whole}: the picture inside is cut off or damaged: {error}") from error


def _upright_colors(picture):
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture)
        if picture.mode == "F" or values.min() < 0 or values.max() > 65535:
            raise ValueError(f"its values from {values.min()} to {values.max()} are no brightness of 8 or 16 bits")
        return cv2.cvtColor((values >> 8).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    return np.asarray(picture.convert("RGB"))


# Place of width and height in the header of a PNG.
_SIZE_AT = 16


def decode_unusual_png(file, mode=None):
    """Decodes a PNG with a palette, of one bit and the like.

    Args:
        file: `NamedBytes`.
        mode: What Pillow turns it into, as "RGB"; None keeps the values, those of a palette too.

    Returns:
        `uint8` of shape `(height, width)` or `(height, width, 3)`.

    Raises:
        DataError: If the file is damaged, too large or no PNG; names it.
    """
    data = file.read_bytes()
    check_png(data, str(file))
    width, height = struct.unpack_from(">II", data, _SIZE_AT)
    if width * height > LARGEST_PIXELS:
        raise DataError(f"{file}: has {width} x {height} pixels, at most {LARGEST_PIXELS:,} were expected")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            pixels = np.array(picture.convert(mode) if mode else picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: the picture inside is damaged or incomplete; get the file again") from error
    if pixels.shape[:2] != (height, width) or pixels.dtype != np.uint8:
        raise DataError(f"{file}: the picture inside is damaged or incomplete; get the file again")
    return pixels

"""Photographs and palette masks of foreign datasets: sizes, pixels, and bytes to be copied as they are.

Pillow reads and writes what OpenCV cannot: for example PNG files with a palette, whose values OpenCV would turn into
colours. The size of every picture is tested before it is decoded, so that a small file cannot fill the memory.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from common.errors import DataError
from common.files.sources import NamedBytes, Readable, Source, read_bytes_of
from common.images.png import LARGEST_PIXELS, check_png, read_image

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm")
_JPEG_END = b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_RGB8 = b"\x08\x02"  # bit depth and colour type, at byte 24
# The size stands within the first bytes, unless a JPEG has a preview picture before it.
_HEADER_BYTES = 64 * 1024
# What Pillow raises for files that are damaged, or made to do damage.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError,
    Image.DecompressionBombError, Image.DecompressionBombWarning)  # fmt: skip


def picture_size(source: Source) -> tuple[int, int]:
    """Reads the size of a picture without decoding it: width and height in pixels.

    Raises:
        DataError: If the file is missing, not a picture, or too large; names it.
    """
    with source.open() as file:
        start = file.read(_HEADER_BYTES)
    if len(start) == _HEADER_BYTES:
        with contextlib.suppress(DataError), _opened(source, start) as picture:
            return picture.size
        start = source.read_bytes()  # a long comment stands before the size
    with _opened(source, start) as picture:
        return picture.size


def read_values(source: Readable) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], NDArray[np.uint8] | None]:
    """Reads the values of a one-channel picture: class indices, palette indices (not their colours), ids.

    Returns:
        Values of shape `(height, width)`, `uint16` only for a 16-bit picture; and palette, `(256, 3)`, or None.

    Raises:
        DataError: If the file is missing, damaged, or has several channels; names it.
    """
    palette = None
    with _opened_whole(source) as picture:
        if picture.mode not in ("L", "P", "1", "I;16", "I;16B"):
            raise DataError(f"{source}: is a picture of mode {picture.mode}; expected one channel or a palette")
        colors = picture.getpalette("RGB") if picture.mode == "P" else None
        if colors is not None:
            palette = np.zeros((256, 3), np.uint8)
            palette[: len(colors) // 3] = np.array(colors, np.uint8).reshape(-1, 3)
        values = np.array(picture)
    if values.dtype.itemsize == 1:
        return values.astype(np.uint8, copy=False), palette
    return values.astype(np.uint16), palette


def read_colors(source: Readable) -> NDArray[np.uint8]:
    """Reads any picture as red, green, blue, shape `(height, width, 3)`; alpha is dropped.

    Raises:
        DataError: If the file is missing or damaged; names it.
    """
    with _opened_whole(source) as picture:
        return np.asarray(picture.convert("RGB"))


def read_brightness(source: Readable) -> NDArray[np.uint8]:
    """Reads any picture as its brightness, shape `(height, width)`; raises DataError as `read_colors` does."""
    with _opened_whole(source) as picture:
        return np.asarray(picture.convert("L"))


def read_photograph(source: Readable) -> NDArray[np.uint8]:
    """Reads a photograph as people see it: upright, red, green, blue, shape `(height, width, 3)`, without its alpha.

    Of 16 bits per channel the upper 8 are taken, like in most viewers; of several pages the first.

    Raises:
        DataError: If it is missing, damaged, too large or not a picture; names it.
    """
    whole = NamedBytes(str(source), read_bytes_of(source))
    if whole.data.startswith(_PNG_START):
        check_png(whole.data, str(source))
        if whole.data[24:26] == _PNG_RGB8 and b"eXIf" not in whole.data:
            return read_image(whole)
    with _opened(whole, whole.data) as picture:
        return _upright_colors(picture)


def read_whole(source: Source) -> bytes:
    """Reads the bytes of a photograph to be copied as they are.

    Of a PNG every chunk is tested against its checksum, of a JPEG whether it has an end; nothing is decoded.

    Raises:
        DataError: If the file is missing, cut off or damaged; names it.
    """
    data = source.read_bytes()
    ending = Path(source.member or source.path).suffix.lower()
    if ending == ".png":
        check_png(data, str(source))
    elif ending in (".jpg", ".jpeg"):
        _check_jpeg_end(source, data)
    return data


def encode_palette_mask(values: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Encodes values as the bytes of a PNG with a palette of red, green, blue by value, `(n, 3)`, n at most 256."""
    picture = Image.fromarray(values, "P")
    picture.putpalette(np.ascontiguousarray(palette, np.uint8).tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@contextlib.contextmanager
def _opened(source: Readable, data: bytes) -> Iterator[Image.Image]:
    """Opens a picture to be decoded in the block; what Pillow raises there becomes a DataError too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            picture = Image.open(io.BytesIO(data))
    except _DAMAGED as error:
        raise DataError(f"{source}: is not a picture that can be read, or is damaged ({len(data):,} bytes)") from error
    with picture:
        if not 0 < picture.width * picture.height <= LARGEST_PIXELS:
            size = f"{picture.width} x {picture.height} pixels"
            raise DataError(f"{source}: has {size}, expected 1 to {LARGEST_PIXELS:,} pixels")
        try:
            yield picture
        except _DAMAGED as error:
            raise DataError(f"{source}: the picture inside is cut off or damaged: {error}") from error


@contextlib.contextmanager
def _opened_whole(source: Readable) -> Iterator[Image.Image]:
    """Opens a picture of somebody else; damage that Pillow would not notice is found here."""
    data = read_bytes_of(source)
    if data.startswith(_PNG_START):
        check_png(data, str(source))
    with _opened(source, data) as picture:
        if picture.format == "JPEG":
            _check_jpeg_end(source, data)
        yield picture


def _check_jpeg_end(source: Readable, data: bytes) -> None:
    if _JPEG_END not in data[-_HEADER_BYTES:]:
        raise DataError(f"{source}: is cut off after {len(data):,} bytes; get the file again")


def _upright_colors(picture: Image.Image) -> NDArray[np.uint8]:
    picture = ImageOps.exif_transpose(picture)
    if not picture.mode.startswith("I") and picture.mode != "F":
        return np.asarray(picture.convert("RGB"))
    values = np.asarray(picture)
    if picture.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError(f"its values from {values.min()} to {values.max()} are not a brightness of 8 or 16 bits")
    upper: NDArray[np.uint8] = (values >> 8).astype(np.uint8)
    return np.repeat(upper[..., np.newaxis], 3, axis=2)

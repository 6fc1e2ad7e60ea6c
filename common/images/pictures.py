"""Photographs and palette masks of foreign datasets: sizes, pixels, and bytes to be copied as they are.

Photographs are seen as people see them: turned as EXIF's orientation says, their sizes too. Masks are values, and are
read as they are stored, as all readers of masks do. Pillow reads and writes what OpenCV cannot: for example PNG files
with a palette, whose values OpenCV would turn into colours.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.sources import NamedBytes, Readable, Source, read_bytes_of
from common.images.decoding import is_turned_by_decoder, open_picture, orientation_of
from common.images.in_memory import MadePicture
from common.images.orientation import UPRIGHT, turn_upright, turned_size
from common.images.png import PNG_START, check_png, read_image

if TYPE_CHECKING:
    from PIL import Image

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm")
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG_RGB8 = b"\x08\x02"  # bit depth and colour type, at byte 24
_PNG_EXIF = b"eXIf"
# The size and EXIF stand within the first bytes, unless for example a preview picture is before them.
_HEADER_BYTES = 64 * 1024


class PictureSize(NamedTuple):
    """The size of a photograph.

    Attributes:
        size_wh: Width and height of the upright picture in pixels.
        stored_wh: Those of the pixels in the file.
        orientation: EXIF's orientation, from 1 (upright) to 8.
    """

    size_wh: tuple[int, int]
    stored_wh: tuple[int, int]
    orientation: int


def picture_size(source: Source) -> tuple[int, int]:
    """Reads the size of a photograph without decoding it: width and height in pixels, upright.

    Raises:
        DataError: If the file is missing, not a picture, or too large; names it.
    """
    return measure_picture(source).size_wh


def measure_picture(source: Source) -> PictureSize:
    """Reads the size of a photograph and how it is turned; raises DataError as `picture_size` does."""
    if isinstance(source, MadePicture):
        return PictureSize(source.size_wh, source.size_wh, UPRIGHT)
    with source.open() as file:
        start = file.read(_HEADER_BYTES)
    if len(start) == _HEADER_BYTES:
        with contextlib.suppress(DataError):
            return _measure(source, start)
        start = source.read_bytes()  # a long comment stands before the size
    return _measure(source, start)


def _measure(source: Source, data: bytes) -> PictureSize:
    with open_picture(source, data) as picture:
        orientation = orientation_of(picture)
        turned = turned_size(picture.size, orientation)
        if is_turned_by_decoder(picture):
            return PictureSize(picture.size, turned, orientation)
        return PictureSize(turned, picture.size, orientation)


def turned_note(source: Source, truth_wh: tuple[int, int]) -> str:
    """Explains, as the end of a sentence on a wrong size, a ground truth that fits a photograph before it is turned.

    Returns:
        What to do about it; "" if EXIF does not turn the photograph, or the ground truth fits neither way.

    Raises:
        DataError: As `picture_size`.
    """
    found = measure_picture(source)
    if found.orientation == UPRIGHT or found.stored_wh != truth_wh or found.size_wh == truth_wh:
        return ""
    return (
        f"it fits the pixels as they are stored, and EXIF orientation {found.orientation} turns them; take the "
        "orientation out of the photograph, for example with: exiftool -Orientation= FILE"
    )


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
    """Reads the colours of a mask of any kind as red, green, blue, shape `(height, width, 3)`; alpha is dropped.

    Raises:
        DataError: If the file is missing or damaged; names it.
    """
    with _opened_whole(source) as picture:
        return np.asarray(picture.convert("RGB"))


def read_brightness(source: Readable) -> NDArray[np.uint8]:
    """Reads any mask as its brightness, shape `(height, width)`; raises DataError as `read_colors` does."""
    with _opened_whole(source) as picture:
        return np.asarray(picture.convert("L"))


def read_photograph(source: Readable) -> NDArray[np.uint8]:
    """Reads a photograph as people see it: upright, red, green, blue, shape `(height, width, 3)`, without its alpha.

    Of 16 bits per channel the upper 8 are taken, like in most viewers; of several pages the first.

    Raises:
        DataError: If it is missing, damaged, too large or not a picture; names it.
    """
    if isinstance(source, MadePicture):
        return source.pixels()
    whole = NamedBytes(str(source), read_bytes_of(source))
    if whole.data.startswith(PNG_START) and whole.data[24:26] == _PNG_RGB8 and _PNG_EXIF not in whole.data:
        return read_image(whole)
    with _opened_whole(whole) as picture:
        orientation = UPRIGHT if is_turned_by_decoder(picture) else orientation_of(picture)
        return turn_upright(_colors_of(picture), orientation)


def read_whole(source: Source) -> tuple[bytes, int]:
    """Reads the bytes of a photograph to be copied as they are, and its EXIF orientation, from 1 (upright) to 8.

    Of a PNG every chunk is tested against its checksum, of a JPEG whether it has an end; nothing is decoded.

    Raises:
        DataError: If the file is missing, cut off, damaged or not a picture; names it.
    """
    data = source.read_bytes()
    _check_end(source, data)
    with open_picture(source, data) as picture:
        return data, orientation_of(picture)


def encode_palette_mask(values: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Encodes values as the bytes of a PNG with a palette of red, green, blue by value, `(n, 3)`, n at most 256."""
    from PIL import Image

    picture = Image.fromarray(values, "P")
    picture.putpalette(np.ascontiguousarray(palette, np.uint8).tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@contextlib.contextmanager
def _opened_whole(source: Readable) -> Iterator[Image.Image]:
    """Opens a picture of somebody else; damage that Pillow would not notice is found here."""
    data = read_bytes_of(source)
    _check_end(source, data)
    with open_picture(source, data) as picture:
        yield picture


def _check_end(source: Readable, data: bytes) -> None:
    """Refuses a PNG or JPEG that is cut off, and a PNG that is damaged."""
    if data.startswith(PNG_START):
        check_png(data, str(source))
    elif data.startswith(_JPEG_START) and _JPEG_END not in data[-_HEADER_BYTES:]:
        raise DataError(f"{source}: is cut off after {len(data):,} bytes; get the file again")


def _colors_of(picture: Image.Image) -> NDArray[np.uint8]:
    if not picture.mode.startswith("I") and picture.mode != "F":
        return np.asarray(picture.convert("RGB"))
    values = np.asarray(picture)
    if picture.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError(f"its values from {values.min()} to {values.max()} are not a brightness of 8 or 16 bits")
    upper: NDArray[np.uint8] = (values >> 8).astype(np.uint8)
    return np.repeat(upper[..., np.newaxis], 3, axis=2)

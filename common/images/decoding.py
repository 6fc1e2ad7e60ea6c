"""The one place where a picture of somebody else is opened, and where all that decoders raise becomes a DataError.

The kinds of pictures are limited to those in use: Pillow knows many more, and one of them starts another program. The
size of a picture is tested before it is decoded, so that a small file cannot fill the memory. Nothing is read here but
bytes that are in memory. Pillow is loaded with the first picture that needs it, so that workers start quickly.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from common.errors import DataError, ProjectError
from common.images.heic import HEIC_KIND, can_read_heic, let_pillow_read_heic
from common.images.not_read import describe_content, is_heic
from common.images.orientation import UPRIGHT, known_orientation, read_orientation

if TYPE_CHECKING:
    from PIL import Image

# Far above any camera of the dataset, and 200 MB when decoded.
LARGEST_PIXELS = 8192 * 8192
# Of Pillow; the pictures of phones with several pages are JPEG too. The last one may be missing.
_KINDS = ("PNG", "JPEG", "BMP", "TIFF", "PPM", "GIF", "WEBP")
_TIFF, _TIFF_ORIENTATION = "TIFF", 0x0112


@contextlib.contextmanager
def named_damage(where: object, what: str) -> Iterator[None]:
    """Turns what a decoder raises in the block into a DataError that begins with the file's name and says `what`.

    For damaged files decoders raise whatever came up in them, from struct.error to AssertionError and MemoryError, and
    other things in their next edition. So everything is taken, and only decoders should be called in the block.
    """
    try:
        yield
    except ProjectError:
        raise
    except Exception as error:
        raise DataError(f"{where}: {what} ({str(error) or type(error).__name__})") from error


def check_pixels(where: object, size_wh: tuple[int, int]) -> None:
    """Refuses a picture without pixels, or with more than `LARGEST_PIXELS`; raises DataError, which names it."""
    width, height = size_wh
    if not 0 < width * height <= LARGEST_PIXELS:
        raise DataError(f"{where}: has {width} x {height} pixels, expected 1 to {LARGEST_PIXELS:,} pixels")


@contextlib.contextmanager
def open_picture(where: object, data: bytes) -> Iterator[Image.Image]:
    """Opens a picture that is decoded in the block.

    Args:
        where: The name of the file.
        data: Its bytes, or as many of them as the block needs.

    Raises:
        DataError: If it is not a picture, too large, cut off or damaged; names it.
    """
    if not data:
        raise DataError(f"{where}: is empty; get the file again")
    with warnings.catch_warnings():
        # What Pillow thinks of metadata; and our own limit of size is lower than the one it warns of.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        what = f"is not a picture that can be read, or is damaged ({len(data):,} bytes)"
        with named_damage(where, what):
            picture = _open(where, data)
        with picture, named_damage(where, "the picture inside is cut off or damaged"):
            check_pixels(where, picture.size)
            yield picture


def _open(where: object, data: bytes) -> Image.Image:
    from PIL import Image

    kinds: tuple[str, ...] = _KINDS
    if text := describe_content(data):
        if not (is_heic(data) and can_read_heic()):
            raise DataError(f"{where}: {text}")
        let_pillow_read_heic()
        kinds = (HEIC_KIND,)
    try:
        return Image.open(io.BytesIO(data), formats=kinds)
    except Image.DecompressionBombError as error:
        raise DataError(f"{where}: has too many pixels, expected 1 to {LARGEST_PIXELS:,} pixels") from error


def orientation_of(picture: Image.Image) -> int:
    """Finds EXIF's orientation of a picture that was opened and not decoded yet, from 1 to 8, 1 if it has none.

    In a PNG it counts where it stands before the pixels.
    """
    if picture.format == _TIFF:
        return known_orientation(picture.tag_v2.get(_TIFF_ORIENTATION, UPRIGHT))  # type: ignore[attr-defined]
    return read_orientation(picture.info.get("exif"))


def is_turned_by_decoder(picture: Image.Image) -> bool:
    """Tells whether size and decoded pixels of a picture are upright already, as for TIFF and HEIC."""
    return picture.format in (_TIFF, HEIC_KIND)

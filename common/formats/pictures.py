"""Photographs and palette masks of foreign datasets: sizes, pixels, and the way of a photograph into another tree.

Pillow reads and writes what OpenCV cannot: PNG files with a palette, whose values it would turn into colours. Every
picture's size is tested before it is decoded, so that a small file cannot fill the memory.
"""

import contextlib
import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from common.dataset.png import LARGEST_PIXELS, check_png
from common.errors import DataError
from common.files import atomic_path, link_or_copy, write_bytes

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm")
_JPEG_QUALITY = 95
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


def place_image(source, target, options):
    """Brings a photograph into another dataset: linked, copied, or encoded anew where another ending is asked for.

    Args:
        source: `Source` of the photograph.
        target: Where it goes, its ending left out (a "." in the name is part of it).
        options: `WriteOptions`; with images "none" nothing is done.

    Returns:
        Name of the file with its ending; also with "none", as it would be.

    Raises:
        DataError: If it cannot be read or written; names the file.
    """
    found = Path(source.member or source.path).suffix.lower()
    ending = f".{options.image_ext.lower().lstrip('.')}" if options.image_ext else found
    path = Path(f"{target}{ending}")
    if options.images == "none":
        return path.name
    if ending != found and {ending, found} != {".jpg", ".jpeg"}:
        _encode_anew(source, path)
    else:
        data = read_whole(source)
        if options.images == "link" and source.member is None:
            link_or_copy(source.path.resolve(), path)
        else:
            write_bytes(path, data)
    return path.name


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


def _encode_anew(source, path):
    if path.suffix not in IMAGE_ENDINGS:
        raise DataError(f"{path}: images cannot be written as {path.suffix}; one of {', '.join(IMAGE_ENDINGS)}")
    pixels = cv2.cvtColor(read_colors(source), cv2.COLOR_RGB2BGR)
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix in (".jpg", ".jpeg") else []
    done, data = cv2.imencode(path.suffix, pixels, settings)
    if not done:
        raise DataError(f"{path}: OpenCV could not encode {source} as {path.suffix}")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


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

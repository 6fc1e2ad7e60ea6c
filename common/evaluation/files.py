"""Files of predictions: which there are, and PNG files of kinds that ours never are.

Hidden files and folders are left out, links are followed, and a folder that links lead to twice counts once.
"""

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image

from common.dataset.png import LARGEST_PIXELS, check_png
from common.errors import DataError
from common.files import walk_files

# Place of width and height in the header of a PNG.
_SIZE_AT = 16


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


def files_below(root, ending):
    """Lists files.

    Args:
        root: A folder.
        ending: What the names end with, in small or capital letters, as ".png".

    Returns:
        `Path`s, sorted in every folder.

    Raises:
        DataError: If a folder cannot be listed; names it.
    """
    return [path for path in walk_files(root) if path.name.lower().endswith(ending)]


def decode_unusual_png(file, mode=None):
    """Decodes a PNG with a palette, of one bit and the like.

    Args:
        file: `ReadFile`.
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

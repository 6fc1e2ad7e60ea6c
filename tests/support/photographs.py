"""Photographs as tests need them: encoded with an EXIF orientation, or damaged in a chosen place."""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.files.sources import NamedBytes

ORIENTATION, X_RESOLUTION = 0x0112, 0x011A
_PNG_START = b"\x89PNG\r\n\x1a\n"


def encoded(pixels: NDArray[np.uint8], kind: str = "JPEG", orientation: int | None = None) -> bytes:
    """Encodes stored pixels, with an EXIF orientation if one is given."""
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    buffer = io.BytesIO()
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    Image.fromarray(pixels).save(buffer, kind, **({"exif": exif} if orientation is not None else {}), **options)
    return buffer.getvalue()


def stored_for(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turns upright pixels into those a camera stores with an orientation."""
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)  # fmt: skip
    picture = Image.fromarray(upright)
    return np.asarray(picture if method is None else picture.transpose(method))


def jpeg_with_wrong_rational(upright: NDArray[np.uint8], orientation: int = 6) -> bytes:
    """Encodes a photograph whose EXIF has a resolution of -1/0, as some phones write it, beside its orientation."""
    entries = struct.pack("<HHII", ORIENTATION, 3, 1, orientation)
    entries += struct.pack("<HHII", X_RESOLUTION, 10, 1, 8 + 2 + 2 * 12 + 4)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<Iii", 0, -1, 0)
    buffer = io.BytesIO()
    Image.fromarray(stored_for(upright, orientation)).save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


class NamedPicture(NamedBytes):
    """The bytes of a picture that may be damaged."""

    def with_right_checksums(self) -> "NamedPicture":
        """Corrects the checksums of a PNG, so that damage is found by the decoder; other files stay as they are."""
        data, place = bytearray(self.data), len(_PNG_START)
        while self.data.startswith(_PNG_START) and place + 12 <= len(data):
            end = place + 8 + struct.unpack_from(">I", data, place)[0]
            if end + 4 > len(data):
                break
            struct.pack_into(">I", data, end, zlib.crc32(data[place + 4 : end]))
            place = end + 4
        return NamedPicture(self.name, bytes(data))

"""How a photograph has to be turned to be seen upright: EXIF's orientation, and nothing else of EXIF.

Orientation 1 is upright, 2 to 8 are the mirrored and turned ones. Only this one number is looked for: whatever else
stands in EXIF, also damaged, has nothing to do with the pixels.
"""

import struct
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1
_TAG = 0x0112
_PREFIX = b"Exif\0\0"
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
# Formats of struct by the type in EXIF: byte, short (what the standard asks for), long.
_TYPES = {1: "B", 3: "H", 4: "I"}
_ENTRY_BYTES = 12
# From here on width and height change places.
_FIRST_ON_ITS_SIDE = 5
Value = TypeVar("Value", bound=np.generic)


def read_orientation(exif: object) -> int:
    """Finds the orientation in the bytes of EXIF; `UPRIGHT` if there is none or it cannot be understood."""
    if not isinstance(exif, bytes):
        return UPRIGHT
    data = exif.removeprefix(_PREFIX)
    order = _BYTE_ORDERS.get(data[:4])
    try:
        return UPRIGHT if order is None else _find(data, order)
    except struct.error:  # the data ends before the value
        return UPRIGHT


def _find(data: bytes, order: str) -> int:
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, start)
    for place in range(start + 2, start + 2 + entries * _ENTRY_BYTES, _ENTRY_BYTES):
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag == _TAG and kind in _TYPES:
            (found,) = struct.unpack_from(order + _TYPES[kind], data, place + 8)
            return known_orientation(found)
    return UPRIGHT


def known_orientation(value: object) -> int:
    """Returns an orientation from 1 to 8; `UPRIGHT` for anything else, as viewers do."""
    return value if isinstance(value, int) and UPRIGHT <= value <= 8 else UPRIGHT


def turned_size(size_wh: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Gives width and height of the upright picture from those that are stored."""
    return size_wh[::-1] if orientation >= _FIRST_ON_ITS_SIDE else size_wh


def turn_upright(pixels: NDArray[Value], orientation: int) -> NDArray[Value]:
    """Turns stored pixels, of shape `(height, width)` or `(height, width, channels)`, upright."""
    if orientation >= _FIRST_ON_ITS_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)

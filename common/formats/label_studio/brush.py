"""The run lengths in which Label Studio stores a mask of a brush.

A stream of bits: 32 for the number of values, four for each pixel (red, green, blue, alpha); 5 for the bits of a value,
less one; four times 4 for the bits of a length, less one. Then blocks: 1 bit, set for a run of one value; 2 bits that
choose the bits of the length; the length, less one; and the value, or as many values as the length says. Alpha counts.
"""

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError

_CHANNELS = 4
_LENGTH_BITS = (3, 4, 8, 16)
_VALUE_BITS = 8
_SET = 255


class _Bits:
    def __init__(self, data: bytes, where: str) -> None:
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8))
        self._text = self._bits.tobytes().translate(bytes([48, 49]) + bytes(254)).decode("ascii")
        self._place, self._where = 0, where

    def _take(self, count: int) -> slice:
        start, self._place = self._place, self._place + count
        if self._place > len(self._text):
            raise DataError(f"{self._where}: its mask ends too early; export it again")
        return slice(start, self._place)

    def number(self, count: int) -> int:
        return int(self._text[self._take(count)], 2)

    def numbers(self, amount: int, count: int) -> NDArray[np.int64]:
        powers = 1 << np.arange(count - 1, -1, -1, dtype=np.int64)
        return self._bits[self._take(amount * count)].reshape(amount, count).astype(np.int64) @ powers


def decode_brush(data: bytes, size_wh: tuple[int, int], where: str) -> NDArray[np.bool_]:
    """Decodes a mask.

    Args:
        data: The list of numbers in the file, each a byte.
        size_wh: Width and height of the photograph in pixels; it was checked that a picture can have it.
        where: The region, for messages.

    Returns:
        Which pixels belong to it, shape `(height, width)`.

    Raises:
        DataError: If it ends too early or belongs to a photograph of another size; names `where`.
    """
    bits = _Bits(data, where)
    total, (width, height) = bits.number(32), size_wh
    if total != width * height * _CHANNELS:
        raise DataError(f"{where}: its mask has {total:,} values; expected {width} x {height} x {_CHANNELS}")
    value_bits = bits.number(5) + 1
    lengths = [bits.number(4) + 1 for _ in range(4)]
    values = np.zeros(total, bool)
    place = 0
    while place < total:
        is_run = bits.number(1)
        stop = place + 1 + bits.number(lengths[bits.number(2)])
        if stop > total:
            raise DataError(f"{where}: its mask has more than the {total:,} values it says")
        values[place:stop] = bits.number(value_bits) > 0 if is_run else bits.numbers(stop - place, value_bits) > 0
        place = stop
    return values.reshape(height, width, _CHANNELS)[:, :, -1]


def encode_brush(mask: NDArray[np.bool_]) -> list[int]:
    """Encodes a mask, shape `(height, width)`; all four channels get the value 255 where it is true."""
    flat = mask.ravel()
    starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    ends = np.append(starts[1:], flat.size)
    parts = [f"{flat.size * _CHANNELS:032b}{_VALUE_BITS - 1:05b}", *(f"{bits - 1:04b}" for bits in _LENGTH_BITS)]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        left, value = (end - start) * _CHANNELS, _SET if flat[start] else 0
        while left:
            length = min(left, 1 << _LENGTH_BITS[-1])
            choice = next(place for place, bits in enumerate(_LENGTH_BITS) if length <= 1 << bits)
            parts.append(f"1{choice:02b}{length - 1:0{_LENGTH_BITS[choice]}b}{value:0{_VALUE_BITS}b}")
            left -= length
    bits = np.frombuffer("".join(parts).encode(), np.uint8) - ord("0")
    packed: list[int] = np.packbits(bits).tolist()
    return packed

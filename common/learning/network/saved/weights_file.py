"""Reads the arrays of a weights file, HDF5, without the HDF5 library.

That library has faults that a damaged file can reach; a file may come from a stranger. Keras writes plain files: groups
with a table of names, and arrays of numbers that lie in one piece, not packed. Nothing else is read here: no links, no
packed or scattered arrays, no arrays in other files, no types but numbers, no newer kinds of groups. An array is a view
of the bytes of the file, so that all of them together are not larger than the file.

The layout of the bytes is that of "HDF5 File Format Specification", version 3.0, superblock 0.
"""

import math
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Kinds of superblock, free space, root group and shared messages; then 8 bytes for an address and 8 for a length.
_KINDS = bytes((0, 0, 0, 0, 0, 8, 8))
_ROOT = 64
_MOST_OBJECTS = 10_000
_MOST_LEVELS = 8
_MOST_MESSAGES = 100
# Kinds of messages of an object.
_NOTHING, _SHAPE, _TYPE, _LAYOUT, _CONTINUED, _TABLE = 0, 1, 3, 8, 16, 17
# Those that say nothing about the values: old and new fill value, attribute, times of change.
_PASSED_OVER = (_NOTHING, 4, 5, 12, 14, 18)
_FLOATS = {
    # Bits: precision, place and size of exponent, place and size of mantissa; bias of the exponent.
    2: (16, 10, 5, 0, 10, 15),
    4: (32, 23, 8, 0, 23, 127),
    8: (64, 52, 11, 0, 52, 1023),
}


def read_arrays(data: bytes) -> dict[str, NDArray[np.generic]]:
    """Reads all arrays of a file.

    Returns:
        The arrays by their place in the file, for example `layers/conv2d/vars/0`; each is a view of `data`.

    Raises:
        ValueError: If the file is damaged or has anything but plain arrays of numbers; says what.
    """
    try:
        arrays = dict(_File(data).arrays())
    except (struct.error, OverflowError) as error:
        raise ValueError(f"is damaged ({error})") from error
    if sum(values.nbytes for values in arrays.values()) > len(data):
        raise ValueError("has arrays that lie on one another")
    return arrays


class _File:
    """The bytes of a file; every place in it is visited once."""

    def __init__(self, data: bytes) -> None:
        kinds = data[8:12] + data[12:15]
        if data[:8] != _SIGNATURE or kinds != _KINDS or data[24:32] != bytes(8):
            raise ValueError("is not an HDF5 file of the kind that Keras writes")
        self._data = data
        self._visited: set[int] = set()

    def arrays(self) -> Iterator[tuple[str, NDArray[np.generic]]]:
        """Yields the name and values of all arrays."""
        (header,) = self._unpack("Q", _ROOT)
        yield from self._below("", header, 0)

    def _unpack(self, form: str, place: int) -> tuple[int, ...]:
        return struct.unpack_from("<" + form, self._data, place)

    def _visit(self, place: int) -> int:
        if place in self._visited or len(self._visited) == _MOST_OBJECTS:
            raise ValueError("has objects in a circle, or too many of them")
        self._visited.add(place)
        return place

    def _below(self, name: str, header: int, level: int) -> Iterator[tuple[str, NDArray[np.generic]]]:
        """Yields the arrays of an object: itself, or those of the group it is."""
        messages = dict(self._messages(self._visit(header)))
        if messages.keys() == {_SHAPE, _TYPE, _LAYOUT}:
            yield name, self._array(name, messages)
        elif messages.keys() == {_TABLE} and level < _MOST_LEVELS:
            tree, heap = self._unpack("QQ", messages[_TABLE])
            for part, below in self._entries(tree, self._heap(heap), 0):
                yield from self._below(f"{name}/{part}".lstrip("/"), below, level + 1)
        else:
            raise ValueError(f"{name[:60]!r} is neither a group nor an array of the kinds that Keras writes")

    def _messages(self, place: int) -> Iterator[tuple[int, int]]:
        """Yields kind and place of the messages of an object."""
        version, _, _, _, size = self._unpack("BBHII", place)
        if version != 1:
            raise ValueError("has objects of a kind that Keras does not write")
        blocks = [(place + 16, size)]
        seen, count = set(), 0
        for start, length in blocks:
            end = start + length
            while start + 8 <= end:
                kind, size, flags = self._unpack("HHB", start)
                count += 1
                if count > _MOST_MESSAGES:
                    raise ValueError("has an object with too many messages")
                if kind == _CONTINUED:
                    first, length = self._unpack("QQ", start + 8)
                    blocks.append((self._visit(first), length))
                elif kind not in _PASSED_OVER:
                    if kind in seen or flags & 2 or start + 8 + size > len(self._data):
                        raise ValueError("has an object with a message that is shared, there twice or cut off")
                    seen.add(kind)
                    yield kind, start + 8
                start += 8 + size

    def _heap(self, place: int) -> int:
        """Gives where the names of a group begin."""
        if self._data[place : place + 5] != b"HEAP\0":
            raise ValueError("has a group without the names that Keras writes")
        return self._unpack("Q", place + 24)[0]

    def _entries(self, place: int, names: int, level: int) -> Iterator[tuple[str, int]]:
        """Yields name and place of the objects of a group, whose table is a tree."""
        signature = self._data[self._visit(place) : place + 4]
        if signature == b"SNOD":
            _, _, count = self._unpack("BBH", place + 4)
            for entry in range(place + 8, place + 8 + 40 * count, 40):
                offset, header, kind = self._unpack("QQI", entry)
                if kind not in (0, 1):
                    raise ValueError("has links, which no network needs")
                yield self._text(names + offset), header
        elif signature == b"TREE" and level < _MOST_LEVELS:
            kind, _, count = self._unpack("BBH", place + 4)
            if kind != 0:
                raise ValueError("has a group without the table that Keras writes")
            for number in range(count):
                (below,) = self._unpack("Q", place + 32 + 16 * number)
                yield from self._entries(below, names, level + 1)
        else:
            raise ValueError("has a group of a kind that Keras does not write")

    def _text(self, place: int) -> str:
        end = self._data.find(b"\0", place, place + 200)
        text = self._data[place:end].decode("ascii") if 0 <= place < end else ""
        if not text.isprintable() or not text or "/" in text:
            raise ValueError("has an object with a name that Keras does not write")
        return text

    def _array(self, name: str, messages: dict[int, int]) -> NDArray[np.generic]:
        shape, dtype = self._shape(messages[_SHAPE]), self._dtype(name, messages[_TYPE])
        version, kind, place, size = self._unpack("BBQQ", messages[_LAYOUT])
        if (version, kind) != (3, 1):
            raise ValueError(f"the array {name!r} is packed or scattered; expected it in one piece")
        needed = math.prod(shape) * dtype.itemsize
        if size != needed or place + size > len(self._data):
            raise ValueError(f"the array {name!r} has {size:,} bytes, expected {needed:,} inside the file")
        return np.frombuffer(self._data, dtype, math.prod(shape), place).reshape(shape)

    def _shape(self, place: int) -> tuple[int, ...]:
        version, rank, _, kind = self._unpack("BBBB", place)
        if version not in (1, 2) or rank > _MOST_LEVELS or (version == 2 and kind == 2):
            raise ValueError("has an array whose shape is not written as Keras writes it")
        return self._unpack(f"{rank}Q", place + (8 if version == 1 else 4))

    def _dtype(self, name: str, place: int) -> np.dtype[np.generic]:
        """Gives the type of an array: an integer or a float of the usual bits, lowest byte first."""
        kind, flags, sign, _, size, offset, *bits = self._unpack("BBBBIHHBBBBI", place)
        if kind == 0x10 and size in (1, 2, 4, 8) and (flags & ~8, offset, bits[0]) == (0, 0, 8 * size):
            return np.dtype(f"<{'i' if flags & 8 else 'u'}{size}")
        if kind == 0x11 and (flags, sign, offset, tuple(bits)) == (0x20, 8 * size - 1, 0, _FLOATS.get(size)):
            return np.dtype(f"<f{size}")
        raise ValueError(f"the array {name!r} has no plain numbers; save the network in float32")

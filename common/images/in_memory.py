"""Pictures that a program holds or makes as arrays: what is accepted, and photographs that are used like files.

An array says nothing about the order of its colours; red, green, blue is assumed. Whatever numpy can make an array of
is taken, for example a picture of Pillow or a tensor on the CPU.
"""

import contextlib
import io
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.errors import DataError
from common.files.sources import LARGEST_STREAM_BYTES, Source, Stream
from common.images.decoding import check_pixels
from common.images.encoding import encode_photograph

_SHOWN_AS_TRUE = 255
Value = TypeVar("Value", np.uint8, np.uint16)


def as_image(image: ArrayLike, where: str) -> NDArray[np.uint8]:
    """Checks a photograph: `uint8` of shape `(height, width, 3)`, red, green, blue.

    Raises:
        DataError: If it is anything else; begins with `where`, tells what was found, and how to change it.
    """
    array = _as_array(image, where)
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3:
        check_pixels(where, (array.shape[1], array.shape[0]))
        return np.ascontiguousarray(array)
    raise DataError(
        f"{where}: is {_describe(array)}; expected an image of type uint8 and shape (height, width, 3), red, green, "
        f"blue{_way_to_image(array)}"
    )


def as_values(values: ArrayLike, where: str, dtype: type[Value]) -> NDArray[Value]:
    """Checks a mask of ids or class indices: whole numbers of shape `(height, width)` that fit in `dtype`.

    Returns:
        The same numbers as `dtype`, `np.uint8` or `np.uint16`.

    Raises:
        DataError: If it is anything else; begins with `where`, tells what was found, and how to change it.
    """
    array, largest = _as_array(values, where), np.iinfo(dtype).max
    if array.ndim != 2 or array.dtype.kind not in "iu":
        way = "; take the largest class with .argmax(-1)" if array.ndim == 3 and array.dtype.kind == "f" else ""
        raise DataError(f"{where}: is {_describe(array)}; expected whole numbers of shape (height, width){way}")
    check_pixels(where, (array.shape[1], array.shape[0]))
    if outside := [int(end) for end in (array.min(), array.max()) if not 0 <= end <= largest]:
        raise DataError(f"{where}: holds the value {outside[0]}; expected 0 to {largest}")
    return array.astype(dtype, copy=False)


def as_area(mask: ArrayLike, where: str) -> NDArray[np.bool_]:
    """Checks the mask of one area, of shape `(height, width)`: bool, or 0 and 1, or 0 and 255; makes it bool.

    Raises:
        DataError: If it is anything else; begins with `where`, tells what was found, and how to change it.
    """
    array = _as_array(mask, where)
    if array.ndim != 2 or array.dtype.kind not in "biu":
        raise DataError(f"{where}: is {_describe(array)}; expected True and False of shape (height, width)")
    check_pixels(where, (array.shape[1], array.shape[0]))
    if array.dtype.kind != "b":
        found = np.unique(array).tolist()
        if not (set(found) <= {0, 1} or set(found) <= {0, _SHOWN_AS_TRUE}):
            odd = next(value for value in reversed(found) if value not in (0, 1))
            raise DataError(
                f"{where}: holds the value {odd}; expected one area, as True and False, for example mask == {odd}"
            )
    return array.astype(bool, copy=False)


class MadePicture(Source):
    """A photograph whose pixels are made when they are asked for; where a file of it is asked for, they are encoded.

    It can be sent to a worker, which makes it there. The ending of its `member` tells how it is encoded.

    Attributes:
        size_wh: Width and height in pixels.
    """

    size_wh: tuple[int, int]

    @abstractmethod
    def pixels(self) -> NDArray[np.uint8]:
        """Makes red, green, blue, shape `(height, width, 3)`; raises DataError if that is not possible."""

    def unchanged(self) -> Source | None:
        """Gives the file that has exactly these pixels, if there is one; raises DataError if it cannot be read."""
        return None

    def read_bytes(self) -> bytes:
        """Encodes the pixels; raises DataError if they cannot be made."""
        return encode_photograph(self.pixels(), Path(self.member or self.path).suffix.lower(), str(self))

    @contextlib.contextmanager
    def open(self, largest: int = LARGEST_STREAM_BYTES) -> Iterator[Stream]:
        """Opens the bytes that `read_bytes` gives."""
        yield Stream(self, io.BytesIO(self.read_bytes()), largest)

    def signature(self) -> tuple[int, int]:
        """Gives size and checksum of the bytes that `read_bytes` gives."""
        data = self.read_bytes()
        return len(data), zlib.crc32(data)


class ImageInMemory(MadePicture):
    """A photograph that is an array; its `member` is the name it would have, with `.png`."""

    def __init__(self, name: str, image: NDArray[np.uint8]) -> None:
        """Takes an image that `as_image` has checked; it must not change afterwards."""
        super().__init__(Path("memory"), f"{name}.png")
        object.__setattr__(self, "_image", image)
        object.__setattr__(self, "size_wh", (image.shape[1], image.shape[0]))

    def __str__(self) -> str:
        return f"{self.member}, an image in memory"

    __repr__ = __str__
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        return ImageInMemory, (str(self.member).removesuffix(".png"), self.pixels())

    def pixels(self) -> NDArray[np.uint8]:
        """Gives the array itself."""
        image: NDArray[np.uint8] = self._image  # type: ignore[attr-defined]
        return image


def _as_array(value: ArrayLike, where: str) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except Exception as error:  # a tensor on a GPU raises what its library likes
        raise DataError(f"{where}: cannot be made an array: {error}") from error


def _describe(array: NDArray[Any]) -> str:
    return f"an array of type {array.dtype} and shape {array.shape}"


def _way_to_image(array: NDArray[Any]) -> str:
    """Says how to make an image of an array, as the end of a sentence; "" if that is not known."""
    match array.shape:
        case (_, _):
            return "; a grey one becomes one with np.stack([image] * 3, -1)"
        case (3, _, width) if width != 3:
            return "; move the channels to the end with image.transpose(1, 2, 0)"
        case (_, _, 4):
            return "; leave alpha out with image[..., :3]"
        case (_, _, 3) if array.dtype.kind == "f":
            return "; values from 0 to 1 become bytes with (image * 255).round().astype(np.uint8)"
    return ""

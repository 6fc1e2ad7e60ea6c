"""The most probable class of every pixel of an image, from probabilities at the smaller size of the network.

Probabilities are interpolated bilinearly between pixel centres, as OpenCV's INTER_LINEAR does; the largest wins, the
smaller class index among equal ones. That is done tile by tile and only for the classes that can win somewhere in a
tile, so that the probabilities of all classes are never in memory at full size.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Side of a tile of the result in pixels; smaller tiles leave out more classes, larger ones are fewer calls.
_TILE = 64


def largest_class(grids: Sequence[NDArray[np.float32]], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Finds the class with the largest sum of interpolated probabilities.

    Each grid has the shape `(height, width, classes)`; heights and widths may differ. Returns class indices
    `(height, width)` of the wanted size.
    """
    width, height = size_wh
    result = np.empty((height, width), np.uint8)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            parts = []
            for grid in grids:
                down, across = _places(grid.shape[0], height, top), _places(grid.shape[1], width, left)
                parts.append((grid[down.needed, across.needed], down, across))
            _fill(result[top : top + _TILE, left : left + _TILE], parts)
    return result


def _fill(target: NDArray[np.uint8], parts: "list[tuple[NDArray[np.float32], _Places, _Places]]") -> None:
    """Decides one tile; each part is probabilities `(rows, columns, classes)` and the places of rows and columns."""
    # An interpolated value is never outside the values it comes from, up to rounding.
    smallest = sum(values.min((0, 1)) for values, _, _ in parts)
    largest = sum(values.max((0, 1)) for values, _, _ in parts)
    (classes,) = np.nonzero(~(largest < smallest.max() - 1e-5))  # keeps NaN
    target[:] = classes[0]
    if len(classes) == 1:
        return
    best, *others = np.asarray(sum(_widen(values[:, :, classes], down, across) for values, down, across in parts))
    for class_index, value in zip(classes[1:], others, strict=True):
        target[value > best] = class_index
        np.maximum(best, value, out=best)


def _widen(values: NDArray[np.float32], down: "_Places", across: "_Places") -> NDArray[np.float32]:
    """Interpolates columns first, because there are fewer rows then; not as a product of matrices.

    NumPy's BLAS starts threads even for products as small as these, and several callers then wait for one another.
    `(rows, columns, classes)` become `(classes, height, width)` of the tile.
    """
    values = np.ascontiguousarray(values.transpose(2, 0, 1))
    return _between(_between(values, across, 2, across.share), down, 1, down.share[:, None])


def _between(
    values: NDArray[np.float32], places: "_Places", axis: int, share: NDArray[np.float32]
) -> NDArray[np.float32]:
    result, second = values.take(places.first, axis), values.take(places.second, axis)
    second -= result
    second *= share
    result += second
    return result


class _Places(NamedTuple):
    """Where the pixels of a tile are between values, along one axis.

    `needed` are the values the tile needs; each pixel is between those with the indices `first` and `second` of these,
    and `share` is the weight of the second one.
    """

    needed: slice
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: NDArray[np.float32]


@lru_cache(maxsize=1024)
def _places(size: int, wide: int, start: int) -> _Places:
    """Finds the places of the pixels from `start` on, where `size` values become `wide` pixels."""
    pixels = np.arange(start, min(start + _TILE, wide))
    place = np.clip((pixels + 0.5) * (size / wide) - 0.5, 0, size - 1)
    first = place.astype(int)
    second = np.minimum(first + 1, size - 1)
    low = first[0]
    return _Places(slice(low, second[-1] + 1), first - low, second - low, (place - first).astype(np.float32))

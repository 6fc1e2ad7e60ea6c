"""The most probable class of every pixel of an image, from probabilities at the smaller size of the network.

Probabilities are interpolated bilinearly, pixel centres on pixel centres as OpenCV's INTER_LINEAR does, and the largest
wins, the smaller class index among equals. That is done tile by tile and only for the classes that can win somewhere in
a tile, so that the probabilities of all classes never stand in memory at full size.
"""

from collections import namedtuple
from functools import lru_cache

import numpy as np

# Of the result; smaller tiles leave out more classes, larger ones are fewer calls.
_TILE = 64


def largest_class(grids, size_wh):
    """Finds the class with the largest sum of interpolated probabilities.

    Args:
        grids: One or more arrays, float32 of shape `(height, width, classes)`; heights and widths may differ.
        size_wh: Width and height of the result in pixels.

    Returns:
        Class indices, `uint8` of shape `(height, width)`.
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


def _fill(target, parts):
    """Decides one tile; each part is probabilities `(rows, columns, classes)` and the `_Places` they are widened to."""
    # An interpolated value is never outside the values it comes from, up to rounding.
    smallest = sum(values.min((0, 1)) for values, _, _ in parts)
    largest = sum(values.max((0, 1)) for values, _, _ in parts)
    (classes,) = np.nonzero(~(largest < smallest.max() - 1e-5))  # what is not a number stays in
    target[:] = classes[0]
    if len(classes) == 1:
        return
    best, *others = sum(_widen(values[:, :, classes], down, across) for values, down, across in parts)
    for class_index, value in zip(classes[1:], others, strict=True):
        target[value > best] = class_index
        np.maximum(best, value, out=best)


def _widen(values, down, across):
    """Interpolates, columns first, as there are fewer rows then; not as a product of matrices.

    NumPy's BLAS starts threads for products as small as these, and several callers then wait for one another.

    Args:
        values: Shape `(rows, columns, classes)`.
        down: `_Places` of the rows.
        across: `_Places` of the columns.

    Returns:
        Shape `(classes, height, width)` of the tile.
    """
    values = np.ascontiguousarray(values.transpose(2, 0, 1))
    return _between(_between(values, across, 2, across.share), down, 1, down.share[:, None])


def _between(values, places, axis, share):
    result, second = values.take(places.first, axis), values.take(places.second, axis)
    second -= result
    second *= share
    result += second
    return result


_Places = namedtuple("_Places", "needed first second share")


@lru_cache(maxsize=1024)
def _places(size, wide, start):
    """Says between which values the pixels of a tile lie, along one axis.

    Args:
        size: Number of values along the axis.
        wide: Number of pixels it becomes.
        start: First pixel of the tile.

    Returns:
        `needed`, the values the tile needs, as a slice; for each pixel `first` and `second`, indices of two of those,
        and `share`, the weight of the second, float32.
    """
    pixels = np.arange(start, min(start + _TILE, wide))
    place = np.clip((pixels + 0.5) * (size / wide) - 0.5, 0, size - 1)
    first = place.astype(int)
    second = np.minimum(first + 1, size - 1)
    low = first[0]
    return _Places(slice(low, second[-1] + 1), first - low, second - low, (place - first).astype(np.float32))

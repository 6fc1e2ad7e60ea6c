"""Pixel runs, areas and boxes of the regions in a picture of keys, found in one pass over its pixels.

A key is any integer that stands for a region; equal pixels have equal keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Value = TypeVar("_Value", bound=np.generic)
# Keys below it are counted with a table, which is faster than sorting.
_LARGEST_TABLE = 2**20


@dataclass(frozen=True)
class Runs:
    """A picture of keys cut into horizontal runs of equal keys, row by row; `stops` are columns behind the last."""

    keys: NDArray[np.integer]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]

    def of(self, keys: NDArray[np.integer] | Sequence[int]) -> "Runs":
        """Chooses the runs of some keys, in the same order."""
        chosen = np.isin(self.keys, keys)
        return Runs(self.keys[chosen], self.rows[chosen], self.starts[chosen], self.stops[chosen])

    def paint(self, values: NDArray[_Value]) -> NDArray[_Value]:
        """Makes a picture, shape `(height, width)`, of one value per run; the runs must be all of a picture."""
        width = int(self.stops.max(initial=0))
        return np.repeat(values, self.stops - self.starts).reshape(-1, width)


@dataclass(frozen=True)
class Region:
    """All pixels of one key: their number, and the box `(x, y, width, height)` around them, in pixels."""

    area: int
    box: tuple[int, int, int, int]


def find_runs(pixels: NDArray[np.integer]) -> Runs:
    """Cuts a picture of keys, shape `(height, width)`, into runs."""
    height, width = pixels.shape
    is_start = np.empty((height, width), bool)
    is_start[:, 0] = True
    np.not_equal(pixels[:, 1:], pixels[:, :-1], out=is_start[:, 1:])
    first = np.flatnonzero(is_start)
    rows, starts = np.divmod(first, width)
    stops = np.append(first[1:], height * width) - rows * width
    return Runs(pixels.ravel()[first], rows, starts, stops)


def count_keys(pixels: NDArray[np.integer]) -> dict[int, int]:
    """Counts the pixels of each key, sorted by key."""
    if pixels.min(initial=0) >= 0 and pixels.max(initial=0) < _LARGEST_TABLE:
        counts = np.bincount(pixels.ravel())
        keys = np.flatnonzero(counts)
        return dict(zip(keys.tolist(), counts[keys].tolist(), strict=True))
    keys, counts = np.unique(pixels, return_counts=True)
    return dict(zip(keys.tolist(), counts.tolist(), strict=True))


def find_regions(runs: Runs) -> dict[int, Region]:
    """Measures all regions, by key and sorted by key."""
    order = np.argsort(runs.keys, kind="stable")
    keys = runs.keys[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    rows, starts, stops = runs.rows[order], runs.starts[order], runs.stops[order]
    left, right = np.minimum.reduceat(starts, first), np.maximum.reduceat(stops, first)
    top, bottom = np.minimum.reduceat(rows, first), np.maximum.reduceat(rows, first) + 1
    areas = np.add.reduceat(stops - starts, first)
    return {
        int(key): Region(int(area), (int(x0), int(y0), int(x1 - x0), int(y1 - y0)))
        for key, area, x0, x1, y0, y1 in zip(keys[first], areas, left, right, top, bottom, strict=True)
    }

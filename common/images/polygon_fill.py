"""Which pixels polygons cover: the exact rule of the PNG files that Cityscapes ships.

Horizontal edges are dropped; each pixel row `y` is sampled at `y + 0.5`; the crossings with the edges are sorted and
taken in pairs `(a, b)`; columns `ceil(a - 0.5)` to `floor(b + 0.5)` are painted. So the lowest row of a polygon is
never painted, and a crossing exactly between two pixels paints both. Coordinates may be real numbers: then a sample can
meet a vertex, and the edge that starts there counts, not the one that ends. No fill function of a common library does
that. Knows nothing of labels and files.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError

# A frame of Cityscapes crosses its pixel rows some 30,000 times; this many take a second and 300 MB.
MOST_CROSSINGS = 2**22

Points = Sequence[Sequence[tuple[float, float]]]
_Ints = NDArray[np.int64]


def fill_polygons(points: Points, size_wh: tuple[int, int]) -> tuple[NDArray[np.uint32], _Ints]:
    """Finds the polygon that is painted last, for every pixel.

    Args:
        points: For each polygon its `(x, y)`, integers or real numbers, in pixels, possibly outside the frame.
        size_wh: Width and height of the frame, in pixels.

    Returns:
        The frame cut into runs of pixels, row by row. For each run: one plus the number of the polygon on top, 0 for
        none; and its length in pixels. Neighbouring runs differ.

    Raises:
        DataError: If the polygons are so large and so many that painting them would take very long.
    """
    area = size_wh[0] * size_wh[1]
    tops, starts = _visible_runs(*_spans(points, size_wh), area)
    is_new = np.append(True, tops[1:] != tops[:-1])
    return tops[is_new], np.diff(starts[is_new], append=area)


def _spans(points: Points, size_wh: tuple[int, int]) -> tuple[_Ints, _Ints, _Ints]:
    """Finds the runs of pixels that polygons cover.

    Returns:
        For each run, in the order of the polygons: the polygon's number, and the run's first flat pixel index and the
        one behind its last.
    """
    width, height = size_wh
    owners, (y0, y1, x0, x1) = _edges(points)
    # The first row whose centre is not above an edge, and the first one whose centre is not above its lower end.
    first = np.maximum(np.ceil(np.minimum(y0, y1) - 0.5), 0)
    counts = np.minimum(np.ceil(np.maximum(y0, y1) - 0.5), height) - first
    crosses = counts > 0
    owners = owners[crosses]
    y0, y1, x0, x1 = (values[crosses] for values in (y0, y1, x0, x1))
    first, counts = first[crosses].astype(np.int64), counts[crosses].astype(np.int64)
    if counts.sum() > MOST_CROSSINGS:
        raise DataError(f"the polygons cross {counts.sum():,} pixel rows, expected at most {MOST_CROSSINGS:,}")
    # Row by row of every edge: the edge's values repeated, and the rows counted up from its first.
    rows = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
    x = rows + 0.5
    x -= np.repeat(y0, counts)
    x *= np.repeat(x1 - x0, counts)
    x /= np.repeat(y1 - y0, counts)
    x += np.repeat(x0, counts)
    rows += np.repeat(owners << height.bit_length(), counts)
    return _pair(rows, x, size_wh)


def _edges(points: Points) -> tuple[_Ints, tuple[NDArray[np.float64], ...]]:
    """Lists all edges: the number of the polygon of each, and its ends as arrays `y0, y1, x0, x1`."""
    counts = np.array([len(polygon) for polygon in points], np.int64)
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(points)), np.float64, 2 * int(counts.sum()))
    x, y = flat[::2], flat[1::2]
    following = np.arange(1, len(x) + 1)
    filled = counts > 0
    following[(np.cumsum(counts) - 1)[filled]] = (np.cumsum(counts) - counts)[filled]
    return np.repeat(np.arange(len(points)), counts), (y, y[following], x, x[following])


def _pair(lines: _Ints, x: NDArray[np.float64], size_wh: tuple[int, int]) -> tuple[_Ints, _Ints, _Ints]:
    """Sorts the crossings `x`, in pixels, of each line and makes a run of every two; returns them like `_spans`.

    A line is polygon number and row, in the bits above and below `height.bit_length()`.
    """
    width, height = size_wh
    # A crossing is sorted as one integer: line, and the sum of left and right end, which are equal or one column apart.
    # Both never decrease with x, and more than two columns outside the frame nothing changes.
    np.clip(x, -2, width, out=x)
    ends = np.ceil(x - 0.5)
    x += 0.5
    ends += np.floor(x, out=x)
    bits = (2 * (width + 3)).bit_length()
    keys = lines << bits
    keys += (ends + 4).astype(np.int64)
    keys.sort()
    place = keys & ((1 << bits) - 1)
    starts = np.maximum((place[::2] >> 1) - 2, 0)
    ends = np.minimum((place[1::2] >> 1) - 2 + (place[1::2] & 1), width - 1)
    visible = starts <= ends
    lines = keys[::2][visible] >> bits
    first = (lines & ((1 << height.bit_length()) - 1)) * width
    return lines >> height.bit_length(), first + starts[visible], first + ends[visible] + 1


def _visible_runs(owners: _Ints, starts: _Ints, stops: _Ints, area: int) -> tuple[NDArray[np.uint32], _Ints]:
    """Finds which run lies on top, pixel by pixel, without touching every pixel for every polygon.

    Runs are those of `_spans`. The frame is cut at all starts and stops into pieces. A run covers neighbouring pieces,
    so it is the union of two overlapping stretches of 2**level pieces; from the highest level down, each stretch gives
    its owner to its two halves.

    Returns for each piece, in order, one plus the number of the polygon on top, 0 for none, and its first pixel.
    """
    cuts, first, last = _cut(starts, stops, area)
    levels = (np.frexp((last - first).astype(np.float64))[1] - 1).astype(np.int8)
    by_level = np.argsort(levels, kind="stable")
    first, last, numbers = first[by_level], last[by_level], owners[by_level].astype(np.uint32) + 1
    ends = np.cumsum(np.bincount(levels))
    tops = np.zeros(len(cuts), np.uint32)
    for level in range(len(ends) - 1, -1, -1):
        step = 1 << level
        halves = tops.copy()
        np.maximum(tops[step:], tops[:-step], out=halves[step:])
        here = slice(ends[level - 1] if level else 0, ends[level])
        for places in (first[here], last[here] - step):
            # Of several runs in one place the last one stays, which is the one painted last.
            halves[places] = np.maximum(halves[places], numbers[here])
        tops = halves
    return tops[:-1], cuts[:-1]


def _cut(starts: _Ints, stops: _Ints, area: int) -> tuple[_Ints, NDArray[np.int32], NDArray[np.int32]]:
    """Cuts the frame where runs start and stop.

    Returns the places, sorted, each once, 0 and `area` among them; and the index in them of each start and each stop.
    """
    count = len(starts)
    # Each place is sorted together with where it came from, as one integer.
    keys = np.concatenate([starts, stops, [0, area]])
    bits = len(keys).bit_length()
    keys <<= bits
    keys |= np.arange(len(keys))
    keys.sort()
    places = keys >> bits
    is_first = np.append(True, places[1:] != places[:-1])
    index = np.empty(len(keys), np.int32)
    index[keys & ((1 << bits) - 1)] = np.cumsum(is_first, dtype=np.int32) - 1
    return places[is_first], index[:count], index[count:-2]

"""Which pixels polygons cover: the exact rule of the PNG files that Cityscapes ships.

Horizontal edges are dropped; each pixel row `y` is sampled at `y + 0.5`; the crossings with the edges are sorted and
taken in pairs `(a, b)`; columns `ceil(a - 0.5)` to `floor(b + 0.5)` are painted. So the lowest row of a polygon is
never painted, and a crossing that lies just between two pixels paints both. No fill function of a common library does
that. Knows nothing of labels and files.
"""

from itertools import chain

import numpy as np

from common.errors import DataError

# A frame of Cityscapes crosses its pixel rows some 30,000 times; this many take a second and 300 MB.
MOST_CROSSINGS = 2**22


def fill_polygons(points, size_wh):
    """Finds the polygon that is painted last, for every pixel.

    Args:
        points: For each polygon its `(x, y)`, integers, in pixels, possibly outside of the frame.
        size_wh: Width and height of the frame, in pixels.

    Returns:
        The frame cut into runs of pixels, row by row. For each run: one plus the number of the polygon on top, 0 for
        none, `uint32`; and its length in pixels.

    Raises:
        DataError: If the polygons are so large and so many that painting them would take very long.
    """
    return _visible_runs(*_spans(points, size_wh), size_wh[0] * size_wh[1])


def _spans(points, size_wh):
    """Finds the runs of pixels that polygons cover.

    Args:
        points: The `(x, y)` of each polygon.
        size_wh: Width and height of the frame.

    Returns:
        For each run, in the order of the polygons: the polygon's number, and the run's first flat pixel index and the
        one behind its last.
    """
    width, height = size_wh
    owners, edges = _edges(points, height)
    first = np.maximum(edges[:, :2].min(axis=1), 0)
    counts = np.minimum(edges[:, :2].max(axis=1), height) - first
    if counts.sum() > MOST_CROSSINGS:
        raise DataError(f"the polygons cross {counts.sum():,} pixel rows, at most {MOST_CROSSINGS:,} were expected")
    # Row by row of every edge: the edge's number repeated, and the rows counted up from its first.
    of_edge = np.repeat(np.arange(len(edges)), counts)
    rows = np.arange(len(of_edge)) + (first - np.cumsum(counts) + counts)[of_edge]
    y0, x0, x1 = edges[:, 0], edges[:, 2], edges[:, 3]
    x = (rows + 0.5 - y0[of_edge]) * (x1 - x0)[of_edge] / (edges[:, 1] - y0)[of_edge] + x0[of_edge]
    return _pair(owners[of_edge] * height + rows, x, size_wh)


def _edges(points, height):
    """Lists the edges that cross a row of the frame.

    Returns:
        The number of the polygon of each edge, and `(y0, y1, x0, x1)`, `int64` of shape `(edges, 4)`.
    """
    counts = np.array([len(polygon) for polygon in points], np.int64)
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(points)), np.int64, 2 * int(counts.sum()))
    x, y = flat[::2], flat[1::2]
    following = np.arange(1, len(x) + 1)
    filled = counts > 0
    following[(np.cumsum(counts) - 1)[filled]] = (np.cumsum(counts) - counts)[filled]
    edges = np.stack([y, y[following], x, x[following]], axis=1)
    low, high = np.minimum(y, y[following]), np.maximum(y, y[following])
    used = (low < high) & (high > 0) & (low < height)
    return np.repeat(np.arange(len(points)), counts)[used], edges[used]


def _pair(lines, x, size_wh):
    """Sorts the crossings of each line and makes runs of each two.

    Args:
        lines: Polygon number times height plus row, for each crossing.
        x: Where it crosses, in pixels.
        size_wh: Width and height of the frame.

    Returns:
        As `_spans`.
    """
    width, height = size_wh
    # A crossing is sorted as one integer: line, left end, and whether the right end lies one column further. Both ends
    # never decrease with x, and beyond two columns outside of the frame nothing changes any more.
    left = np.clip(np.ceil(x - 0.5), -2, width)
    right = np.clip(np.floor(x + 0.5), -2, width)
    bits = (2 * (width + 3)).bit_length()
    keys = (lines << bits) + (2 * left + 4 + (right > left)).astype(np.int64)
    keys.sort()
    place = keys & ((1 << bits) - 1)
    starts = np.maximum((place[::2] >> 1) - 2, 0)
    ends = np.minimum((place[1::2] >> 1) - 2 + (place[1::2] & 1), width - 1)
    visible = starts <= ends
    owner, row = np.divmod(keys[::2][visible] >> bits, height)
    return owner, row * width + starts[visible], row * width + ends[visible] + 1


def _visible_runs(owners, starts, stops, area):
    """Finds which run lies on top, pixel by pixel, without touching every pixel for every polygon.

    The frame is cut at all starts and stops into pieces. A run covers neighbouring pieces, so it is the union of two
    overlapping stretches of 2**level pieces; from the highest level down, each stretch hands its owner on to its
    halves.

    Args:
        owners: Polygon number of each run, never decreasing; `starts` and `stops` as `_spans` returns them.
        starts: Flat index of the first pixel.
        stops: Flat index behind the last pixel.
        area: Number of pixels of the frame.

    Returns:
        For each piece of the frame, in order: one plus the number of the polygon on top, 0 for none; its length.
    """
    is_cut = np.zeros(area + 1, bool)
    is_cut[[0, area]] = True
    is_cut[starts] = True
    is_cut[stops] = True
    cuts = np.flatnonzero(is_cut)
    piece_of_pixel = np.empty(area + 1, np.int32)
    piece_of_pixel[cuts] = np.arange(len(cuts), dtype=np.int32)
    first, last = piece_of_pixel[starts], piece_of_pixel[stops]
    levels = np.frexp((last - first).astype(np.float64))[1] - 1
    tops = np.zeros(len(cuts), np.uint32)
    for level in range(levels.max(initial=0), -1, -1):
        step = 1 << level
        halves = tops.copy()
        np.maximum(tops[step:], tops[:-step], out=halves[step:])
        here = levels == level
        for places in (first[here], last[here] - step):
            # Of several owners of a place the last one stays, which is the one painted last.
            owner = np.zeros(len(cuts), np.uint32)
            owner[places] = owners[here] + 1
            np.maximum(halves, owner, out=halves)
        tops = halves
    return tops[:-1], np.diff(cuts)

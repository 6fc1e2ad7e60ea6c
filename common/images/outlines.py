"""Outlines of regions along the corners of their pixels, and COCO's run lengths of the same regions.

Coordinates are those of pixel corners: the pixel in column x and row y is the square from (x, y) to (x + 1, y + 1).
Pixels that touch only at a corner are not joined, so a region may have several outer outlines; each hole has its own.
Filled by the even-odd rule, the outlines of a key give exactly its pixels. Who walks along an outline has the inside on
the right: outer outlines run clockwise on the screen, those of holes the other way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.images.runs import Runs


@dataclass(frozen=True)
class Outline:
    """A closed walk around a part or a hole of a region.

    Attributes:
        points: `(x, y)` of the corners where it turns, shape `(n, 2)`, n even and at least 4; edges are vertical and
            horizontal in turn, the first is vertical, the last leads back to the first point.
        is_hole: Whether it goes around a hole.
    """

    points: NDArray[np.int32]
    is_hole: bool


def trace_outlines(runs: Runs) -> dict[int, list[Outline]]:
    """Traces the outlines of all keys of a picture, or of some (`Runs.of`), at once.

    Returns:
        The outlines by key, sorted by key; those of a key from left to right.
    """
    if len(runs.keys) == 0:
        return {}
    keys, owners = np.unique(runs.keys, return_inverse=True)
    edges = _vertical_edges(runs, owners)
    order, first = _loops(_next_edges(edges))
    begins = np.where(edges.is_start, edges.bottom, edges.top)[order]
    ends = np.where(edges.is_start, edges.top, edges.bottom)[order]
    x = edges.x[order]
    points = np.stack((x, begins, x, ends), axis=1).astype(np.int32).reshape(-1, 2)
    is_hole = np.add.reduceat(x * (ends - begins), first) < 0
    result: dict[int, list[Outline]] = {int(key): [] for key in keys}
    names = keys[edges.owner[order[first]]].tolist()
    bounds = [*(2 * first).tolist(), len(points)]
    for number, (key, hole) in enumerate(zip(names, is_hole.tolist(), strict=True)):
        result[key].append(Outline(points[bounds[number] : bounds[number + 1]], hole))
    return result


def outlines_to_counts(outlines: list[Outline], size_wh: tuple[int, int]) -> NDArray[np.int64]:
    """Computes the uncompressed COCO run lengths of the region inside all outlines of a key.

    Returns:
        Run lengths of outside and inside in turn, column by column, outside first.
    """
    width, height = size_wh
    # From the end of each vertical edge a horizontal one leads to the beginning of the next; every column that it
    # crosses changes sides there.
    ends = np.concatenate([outline.points[1::2] for outline in outlines]).astype(np.int64)
    begins = np.concatenate([np.roll(outline.points[::2, 0], -1) for outline in outlines])
    left = np.minimum(ends[:, 0], begins)
    lengths = np.abs(ends[:, 0] - begins)
    columns = np.repeat(left - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    changes = np.sort(columns * height + np.repeat(ends[:, 1], lengths))
    # A region that continues from the end of a column to the start of the next changes sides twice at one place.
    is_double = changes[1:] == changes[:-1]
    kept = ~(np.append(is_double, False) | np.append(False, is_double))
    counts = np.diff(changes[kept], prepend=0, append=width * height)
    return counts if counts[-1] else counts[:-1]


@dataclass(frozen=True)
class _Edges:
    """Vertical edges between a region and what is beside it, sorted by owner, x and top.

    Attributes:
        owner: Index of the key.
        is_start: Whether the region is to its right.
    """

    owner: NDArray[np.int64]
    x: NDArray[np.int64]
    top: NDArray[np.int64]
    bottom: NDArray[np.int64]
    is_start: NDArray[np.bool_]


def _vertical_edges(runs: Runs, owners: NDArray[np.intp]) -> _Edges:
    """Joins the left and right sides of runs that continue each other from row to row."""
    rows = runs.rows.astype(np.int64)
    wide, high = int(runs.stops.max()) + 1, int(rows.max()) + 2
    places = (owners.astype(np.int64) * wide + runs.starts) * high + rows
    other = (owners.astype(np.int64) * wide + runs.stops) * high + rows
    sides = np.sort(np.concatenate((places * 2, other * 2 + 1)))
    # A side continues where the next row has one of the same kind at the same x; rows never reach `high - 1`.
    is_first = np.append(True, sides[1:] != sides[:-1] + 2)
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], len(sides)) - 1
    column, top = np.divmod(sides[first] >> 1, high)
    owner, x = np.divmod(column, wide)
    return _Edges(owner, x, top, top + last - first + 1, (sides[first] & 1) == 0)


def _next_edges(edges: _Edges) -> NDArray[np.int64]:
    """Finds for each vertical edge the one that follows it along the outline.

    The corners of a key on one horizontal line belong together in pairs, from left to right. Two corners at one place
    are those of pixels that touch there: the one whose region is to its left is the end of the edge from the left.
    """
    high = int(edges.bottom.max()) + 1
    wide = int(edges.x.max()) + 1
    place = edges.owner * high
    corners = np.empty(2 * len(edges.x), np.int64)
    corners[0::2] = (((place + edges.top) * wide + edges.x) << 1) + edges.is_start
    corners[1::2] = (((place + edges.bottom) * wide + edges.x) << 1) + edges.is_start
    order = np.argsort(corners)
    partner = np.empty_like(order)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    last_corner = 2 * np.arange(len(edges.x)) + np.where(edges.is_start, 0, 1)
    return partner[last_corner] >> 1


def _loops(permutation: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Walks through a permutation: its cycles one after the other, and where each begins."""
    following: list[int] = permutation.tolist()
    seen = bytearray(len(following))
    order: list[int] = []
    first: list[int] = []
    for start in range(len(following)):
        if seen[start]:
            continue
        first.append(len(order))
        edge = start
        while not seen[edge]:
            seen[edge] = 1
            order.append(edge)
            edge = following[edge]
    return np.array(order), np.array(first)

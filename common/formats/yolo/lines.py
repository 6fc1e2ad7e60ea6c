"""A line of a YOLO label, `class x1 y1 x2 y2 ...`, and the pixels it stands for.

Coordinates are those of pixel corners, divided by the width and height of the image, with six decimals: up to 8,192
pixels that is exact to a hundredth of a pixel. A pixel belongs to a polygon if its centre lies inside by the even-odd
rule, so that outlines along pixel corners come back as the same pixels.

A line has one polygon. Several parts, and holes, are joined to one by bridges: lines that are walked there and back and
enclose nothing, so that neither the even-odd rule nor the non-zero rule sees them. A program that draws the border of a
polygon, for example Ultralytics with OpenCV, draws a line of one pixel where a bridge is.

A line of five numbers is a box: class, centre x and y, width, height. In a data set of key points every line is a box
with the key points behind it. An oriented box is its four corners, and so a polygon.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.sources import Source, read_bytes_of
from common.images.outlines import Outline
from common.text import first_few

LARGEST_BYTES = 32 * 1024 * 1024
# Pairs of points that are compared at once to find the shortest bridge, and bridges that are sought in this way.
_MOST_PAIRS = 2**18
_MOST_SHORT_BRIDGES = 256
# Crossings of rows and edges that are held at once.
_MOST_CROSSINGS = 2**21
# How far a point may lie outside of the image, as a part of its size; Ultralytics allows as much.
_TOLERANCE = 0.01
Points = NDArray[np.int32] | NDArray[np.float64]
_BOX = 5


@dataclass(frozen=True)
class Line:
    """A line of a label file.

    Attributes:
        points: Of a polygon, `(x, y)` from 0 to 1, of shape `(n, 2)`; of a box, its upper left and lower right corner.
    """

    class_index: int
    points: NDArray[np.float64]
    is_box: bool


def join_outlines(outlines: Sequence[Outline]) -> tuple[NDArray[np.int32], int]:
    """Joins all outlines of an object to one polygon.

    Returns its points `(x, y)`, shape `(n, 2)`, in which the first is not repeated, and the number of bridges.
    """
    path = outlines[0].points
    if len(outlines) > _MOST_SHORT_BRIDGES:
        firsts = np.stack([outline.points[0] for outline in outlines])
        loops = [part for outline in outlines for part in (outline.points, outline.points[:1])]
        return np.concatenate((*loops, firsts[-2:0:-1])), len(outlines) - 1
    for outline in outlines[1:]:
        start, end = _nearest(path, outline.points)
        loop = np.roll(outline.points, -end, axis=0)
        path = np.concatenate((path[: start + 1], loop, loop[:1], path[start:]))
    return path, len(outlines) - 1


def _nearest(path: NDArray[np.int32], points: NDArray[np.int32]) -> tuple[int, int]:
    """Finds the places of two points, one of each, that are near each other: the nearest two if that is fast enough."""
    if len(path) * len(points) > _MOST_PAIRS:
        points = points[:1]
    distances = ((path[:, None] - points[None]).astype(np.int64) ** 2).sum(axis=2)
    return divmod(int(distances.argmin()), len(points))


def polygon_to_line(class_index: int, points: Points, size_wh: tuple[int, int]) -> str:
    """Writes a polygon as a line, without a line break; points are `(x, y)` in pixels, of shape `(n, 2)`."""
    values = (points / np.array(size_wh)).ravel().tolist()
    return f"{class_index} " + " ".join(["%.6f"] * len(values)) % tuple(values)


def box_to_line(class_index: int, box: tuple[float, float, float, float], size_wh: tuple[int, int]) -> str:
    """Writes a box, `(x, y, width, height)` in pixels, as a line of class, centre, width and height.

    What lies outside of the image is cut off.
    """
    corners = np.array([[box[0], box[1]], [box[0] + box[2], box[1] + box[3]]])
    first, last = np.clip(corners, 0, size_wh) / np.array(size_wh)
    values = ((first + last) / 2).tolist() + (last - first).tolist()
    return f"{class_index} " + " ".join(f"{value:.6f}" for value in values)


def read_label_file(source: Source, classes: Collection[int], key_point_numbers: int = 0) -> list[Line]:
    """Reads a label file.

    Args:
        source: The file.
        classes: The class indices that may occur.
        key_point_numbers: How many numbers follow the box in each line; 0 if lines are polygons or boxes alone.

    Raises:
        DataError: If a line is not a polygon or box of one of the `classes`; names file and line.
    """
    lines = read_bytes_of(source, LARGEST_BYTES).decode("utf-8", "replace").splitlines()
    return [
        _read_line(f"{source}: line {number}", line, classes, key_point_numbers)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _read_line(where: str, line: str, classes: Collection[int], key_point_numbers: int) -> Line:
    words = line.split()
    try:
        values = np.array(words, np.float64)
    except ValueError as error:
        raise DataError(f"{where}: found {line[:60]!r}; expected numbers: class x1 y1 x2 y2 ...") from error
    is_box = len(values) == _BOX or key_point_numbers > 0
    _check_length(where, len(values), key_point_numbers)
    if is_box:
        values = values[:_BOX]
    if not np.isfinite(values).all():
        raise DataError(f"{where}: holds a value that is not a finite number")
    if values[0] not in classes:
        known = first_few(map(str, sorted(classes)), 20)
        raise DataError(f"{where}: is of class {words[0][:20]}; the index of the dataset names the classes {known}")
    points = values[1:].reshape(-1, 2)
    if is_box:
        points = np.stack((points[0] - points[1] / 2, points[0] + points[1] / 2))
    if points.min() < -_TOLERANCE or points.max() > 1 + _TOLERANCE:
        wrong = float(points.min() if points.min() < -_TOLERANCE else points.max())
        raise DataError(f"{where}: holds the coordinate {wrong:g}; coordinates are parts of the image, from 0 to 1")
    return Line(int(values[0]), points, is_box)


def _check_length(where: str, length: int, key_point_numbers: int) -> None:
    if key_point_numbers:
        if length not in (_BOX, _BOX + key_point_numbers):
            raise DataError(
                f"{where}: has {length} numbers; with the kpt_shape of the index, expected a class, a box and "
                f"{key_point_numbers} numbers of key points"
            )
    elif length == _BOX + 1:
        raise DataError(f"{where}: has 6 numbers, a box with a confidence, as in predictions; expected ground truth")
    elif length != _BOX and (length < 7 or length % 2 == 0):
        raise DataError(
            f"{where}: has {length} numbers; expected a class, and x and y of three or more points, or a box"
        )


def fill_polygon(points: NDArray[np.float64], size_wh: tuple[int, int]) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    """Fills a polygon by the even-odd rule at the centres of pixels.

    Args:
        points: `(x, y)` in pixels, of shape `(n, 2)`; what lies outside of the image is cut off.
        size_wh: Of the image.

    Returns:
        The mask of the box around the polygon, of shape `(height, width)`, and `(x, y)` of its first pixel.
    """
    width, height = size_wh
    left, top = (int(value) for value in np.clip(np.floor(points.min(axis=0)), 0, size_wh))
    right, bottom = (int(value) for value in np.clip(np.ceil(points.max(axis=0)), (left, top), size_wh))
    sides = np.zeros((bottom - top, right - left + 1), bool)
    for rows, x in _crossings(points, top, bottom):
        columns = np.clip(np.ceil(x - 0.5).astype(np.int64), left, right) - left
        places, counts = np.unique((rows - top) * sides.shape[1] + columns, return_counts=True)
        sides.reshape(-1)[places[counts % 2 == 1]] ^= True
    return np.logical_xor.accumulate(sides, axis=1)[:, :-1], (left, top)


def _crossings(
    points: NDArray[np.float64], top: int, bottom: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yields rows, and where in them an edge crosses the line of the pixels' centres."""
    # Each edge from its upper to its lower end, so that a bridge crosses at the very same place both times.
    following = np.roll(points, -1, axis=0)
    is_down = (points[:, 1] < following[:, 1])[:, None]
    upper, lower = np.where(is_down, points, following), np.where(is_down, following, points)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), top, bottom).astype(np.int64)
    counts = np.clip(np.ceil(lower[:, 1] - 0.5), top, bottom).astype(np.int64) - first
    slope = np.zeros(len(points))
    np.divide(lower[:, 0] - upper[:, 0], lower[:, 1] - upper[:, 1], out=slope, where=counts > 0)
    so_far = np.cumsum(counts)
    cuts = np.searchsorted(so_far, np.arange(_MOST_CROSSINGS, so_far[-1], _MOST_CROSSINGS))
    for part in np.split(np.arange(len(points)), cuts):
        edges = np.repeat(part, counts[part])
        offsets = np.arange(len(edges)) - np.repeat(np.cumsum(counts[part]) - counts[part], counts[part])
        rows = first[edges] + offsets
        yield rows, upper[edges, 0] + (rows + 0.5 - upper[edges, 1]) * slope[edges]

"""Pixels back to polygons that paint exactly these pixels by the rule of `images.polygon_fill`.

For ground truth that comes from a format without Cityscapes' outlines. A run of pixels from column s to column e is
painted by vertical edges at s and at e, so the outlines go along pixel corners with right sides one column further
left. Labels that are not counted become one polygon for each connected part, holes filled, large before small: whatever
lies in a hole is smaller and painted later. Counted objects come last, each as one polygon however many parts and holes
it has: the loops are joined by edges outside of the frame, which paint nothing. An object without a pixel, or a number
that is not used, becomes a polygon outside of the frame, so that later objects keep their numbers.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import GROUP_ENDING, AnnotatedImage, Polygon
from common.formats.frames import Annotation
from common.images.outlines import Outline, trace_outlines
from common.images.runs import find_runs
from common.labels.tables import LabelTable

Points = tuple[tuple[int, int], ...]
# A column outside of the frame, where edges go up and down without painting anything.
_OUTSIDE = -2
_HIDDEN: Points = ((-3, -3), (-2, -3), (-2, -2), (-3, -2))


def pixels_to_polygons(annotation: Annotation, table: LabelTable, name: str) -> AnnotatedImage:
    """Draws polygons that give the annotation back when they are painted, numbers of objects included.

    Args:
        annotation: Counted labels must have less than 1,000 objects each.
        table: The labels of the dataset; it must have a background.
        name: What messages call the frame.
    """
    outlines = trace_outlines(find_runs(annotation.pixels))
    counted = {key for key, _ in annotation.objects}
    areas = _areas_to_polygons(outlines, annotation, counted, table.background)
    return AnnotatedImage(name, annotation.size_wh, (*areas, *_objects_to_polygons(outlines, annotation)))


def _areas_to_polygons(
    outlines: Mapping[int, list[Outline]], annotation: Annotation, counted: set[int], background: str | None
) -> list[Polygon]:
    """Makes one polygon for each connected part of a label that is not counted, larger ones first."""
    parts = []
    for key, loops in outlines.items():
        if key in counted:
            continue
        segment = annotation.segments.get(key)
        label = background if segment is None else segment.label + (GROUP_ENDING if segment.is_crowd else "")
        parts += [(_area(loop.points), label, loop.points) for loop in loops if not loop.is_hole]
    parts.sort(key=lambda part: -part[0])
    boxes = np.array([[*points.min(axis=0), *points.max(axis=0)] for _, _, points in parts], np.int32).reshape(-1, 4)
    polygons = []
    for number, (_, label, points) in enumerate(parts):
        # Background has to be drawn only where it lies in a hole of something; then that one's box is around its own.
        if label == background:
            (x0, y0, x1, y1), larger = boxes[number], boxes[:number].T
            is_around = (larger[0] <= x0) & (larger[1] <= y0) & (larger[2] >= x1) & (larger[3] >= y1)
            if not is_around.any():
                continue
        polygons.append(Polygon(label or "", _shifted(points)))
    return polygons


def _objects_to_polygons(outlines: Mapping[int, list[Outline]], annotation: Annotation) -> Iterable[Polygon]:
    keys_of: dict[str, dict[int, int]] = {}
    for key, segment in annotation.objects:
        keys_of.setdefault(segment.label, {})[segment.number or 0] = key
    for label in dict.fromkeys(segment.label for segment in annotation.segments.values()):
        keys = keys_of.get(label, {})
        for number in range(max(keys, default=-1) + 1):
            loops = outlines.get(keys.get(number, -1), ())
            yield Polygon(label, _join([_shifted(loop.points) for loop in loops]) if loops else _HIDDEN)


def _area(points: NDArray[np.int32]) -> int:
    """Counts the pixels in an outline, with its holes; its edges are vertical and horizontal in turn."""
    x, heights = points[::2, 0].astype(np.int64), points[1::2, 1] - points[::2, 1]
    return abs(int((x * heights).sum()))


def _shifted(points: NDArray[np.int32]) -> Points:
    """Moves the edges of an `Outline` that go down, which are right sides, one column to the left."""
    shifted = points.reshape(-1, 2, 2).copy()
    shifted[shifted[:, 1, 1] > shifted[:, 0, 1], :, 0] -= 1
    return tuple((x, y) for x, y in shifted.reshape(-1, 2).tolist())


def _join(loops: list[Points]) -> Points:
    """Makes one polygon of several loops: each is entered and left along edges outside of the frame."""
    if len(loops) == 1:
        return loops[0]
    points: list[tuple[int, int]] = []
    for loop in loops:
        row = loop[0][1]
        points += [(_OUTSIDE, row), *loop, loop[0], (_OUTSIDE, row)]
    return tuple(points)

"""Shapes that a labelling tool stores in vector form, as pixels and boxes: later shapes cover earlier ones.

A pixel belongs to a polygon if its centre is inside, by the even-odd rule. Shapes of one label and one group are one
object; a shape without a group is an object of its own, or an area if objects of its label are not counted. A label
that is not in the table and ends in `group` is a crowd of the label before that, as in Cityscapes. Shapes called
`__ignore__` or background are background, whatever the table calls it.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import GROUP_ENDING, find_label
from common.errors import DataError, LabelError
from common.formats.frames import Annotation, BoxedObject, Segment
from common.formats.writing import HIDDEN, HIDDEN_REGIONS
from common.formats.yolo.lines import fill_polygon
from common.images.decoding import check_pixels
from common.images.runs import count_keys
from common.labels.tables import CITYSCAPES, FOREIGN_BACKGROUND, LabelTable, plain_name, table_of

LARGEST_COORDINATE = 2**24
Box = tuple[float, float, float, float]
_NO_LABELS = {plain_name(name) for name in ("__ignore__", FOREIGN_BACKGROUND)}


@dataclass(frozen=True, eq=False)
class Shape:
    """One shape; exactly one of `points`, `mask` and `box` is given.

    Attributes:
        label: Name of its label, perhaps with the ending `group`.
        points: Of a polygon, `(x, y)` in pixels, of shape `(n, 2)`.
        mask: Which pixels belong to it, of shape `(height, width)`, and `(x, y)` of its upper left pixel.
        box: `(x, y, width, height)` in pixels, of an object without outline.
        group: What shapes of one object have in common; None for an object of its own.
    """

    label: str
    points: NDArray[np.float64] | None = None
    mask: tuple[NDArray[np.bool_], tuple[int, int]] | None = None
    box: Box | None = None
    group: Hashable = None


def table_of_names(names: Iterable[str]) -> LabelTable:
    """Makes the table of some names of labels: Cityscapes' if it has all, else theirs, counted, and a background.

    Names that end in `group` are no labels of their own if the label before that is one.
    """
    known = {plain_name(label.name) for label in CITYSCAPES}
    unique = {plain_name(name): name for name in reversed(list(names)) if plain_name(name) not in _NO_LABELS}
    labels = known | unique.keys()
    groups = {plain for plain in unique.keys() - known if plain.removesuffix(GROUP_ENDING) in labels - {plain}}
    chosen = [name for plain, name in reversed(unique.items()) if plain not in groups]
    if all(CITYSCAPES.find(name) for name in chosen):
        return CITYSCAPES
    return table_of([(FOREIGN_BACKGROUND, (0, 0, 0)), *((name, None) for name in chosen)], others_counted=True)


def check_points(points: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """Returns points of shape `(n, 2)` if all are finite and of a size that pictures have; else raises DataError."""
    if not np.isfinite(points).all() or np.abs(points).max(initial=0) > LARGEST_COORDINATE:
        raise DataError(f"{where}: has a coordinate that is not finite or above {LARGEST_COORDINATE:,}")
    return points


def paint_shapes(
    shapes: Iterable[Shape], size_wh: tuple[int, int], table: LabelTable, where: str, dropped: Mapping[str, int]
) -> Annotation:
    """Paints the shapes of a frame in their order.

    Args:
        shapes: Far to near.
        size_wh: Width and height of the frame in pixels.
        table: The labels.
        where: The file, for messages.
        dropped: What was left out before, by reason.

    Raises:
        DataError: If the frame has more pixels than a picture may have; names the file.
        LabelError: If a label is not in the table; names the file and the label.
    """
    check_pixels(where, size_wh)
    counts = Counter(dropped)
    pixels = np.zeros(size_wh[::-1], np.int32)
    segments, boxes = dict[int, Segment](), list[BoxedObject]()
    keys, groups = dict[Hashable, int](), dict[int, Hashable]()
    for place, shape in enumerate(shapes):
        segment = _segment_of(shape.label, table, f"{where}: shape {place}")
        is_object = segment.number is not None
        if shape.box is not None:
            if segment.label and _has_area(shape.box, size_wh):
                boxes.append(BoxedObject(segment, shape.box))
            elif segment.label:
                counts[HIDDEN if is_object else HIDDEN_REGIONS] += 1
            continue
        owner = (segment.label, place if shape.group is None else ("group", shape.group)) if is_object else segment
        key = keys.setdefault(owner, len(keys) + 1)
        segments[key], groups[key] = segment, shape.group
        _paint(pixels, shape, key)
    present = count_keys(pixels)
    for key in [key for key in segments if not segments[key].label or key not in present]:
        gone = segments.pop(key)
        counts[HIDDEN if gone.number is not None else HIDDEN_REGIONS] += 1 if gone.label else 0
    segments, boxes = _numbered(segments, boxes, groups)
    return Annotation(pixels, segments, None, +counts, tuple(boxes))


def _segment_of(name: str, table: LabelTable, where: str) -> Segment:
    """Makes the segment of a shape, with number 0 if it is an object, and without a label if it is background."""
    label, is_crowd = find_label(name, table)
    if label is None and plain_name(name) not in _NO_LABELS:
        raise LabelError(f"{where}: the label {name[:60]!r} is not in the label file")
    if label is None or label.id < 0 or label.name == table.background:
        return Segment("")
    return Segment(label.name, 0 if label.has_instances and not is_crowd else None, is_crowd and label.has_instances)


def _has_area(box: Box, size_wh: tuple[int, int]) -> bool:
    """Tells whether a part of the frame lies in a box."""
    return all(min(box[i] + box[i + 2], size_wh[i]) > max(box[i], 0) for i in (0, 1))


def _paint(pixels: NDArray[np.int32], shape: Shape, key: int) -> None:
    height, width = pixels.shape
    if shape.mask is not None:
        mask, (x, y) = shape.mask
        mask = mask[max(0, -y) : max(0, height - y), max(0, -x) : max(0, width - x)]
        x, y = max(0, x), max(0, y)
    elif shape.points is not None and len(shape.points) > 2:
        mask, (x, y) = fill_polygon(shape.points, (width, height))
    else:
        return
    pixels[y : y + mask.shape[0], x : x + mask.shape[1]][mask] = key


def _numbered(
    segments: dict[int, Segment], boxes: list[BoxedObject], groups: Mapping[int, Hashable]
) -> tuple[dict[int, Segment], list[BoxedObject]]:
    """Numbers objects: by their groups, if each of a label has one that is a number, else in their order."""
    given: dict[str, list[Hashable]] = {}
    for key, segment in segments.items():
        if segment.number is not None:
            given.setdefault(segment.label, []).append(groups[key])
    is_given = {label for label, numbers in given.items() if all(isinstance(one, int) and one >= 0 for one in numbers)}
    counts: Counter[str] = Counter()
    result = {}
    for key, segment in segments.items():
        number, group = segment.number, groups[key]
        if number is not None:
            number = group if segment.label in is_given and isinstance(group, int) else counts[segment.label]
            counts[segment.label] = max(counts[segment.label], number + 1)
        result[key] = Segment(segment.label, number, segment.is_crowd)
    numbered = []
    for boxed in boxes:
        segment = boxed.segment
        if segment.number is not None:
            segment = Segment(segment.label, counts[segment.label])
            counts[segment.label] += 1
        numbered.append(BoxedObject(segment, boxed.box))
    return result, numbered

"""The objects of one COCO image as pixels, painted in the order of the file, later over earlier."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from common.files.numbers import whole_number
from common.files.sources import Source
from common.formats.coco.entries import read_crowd
from common.formats.coco.index import Head, Spool
from common.formats.coco.json_items import JsonObject, item_key
from common.formats.coco.run_lengths import LARGEST_COORDINATE, find_ranges, pack_segmentation, paint_ranges
from common.formats.frames import Annotation, BoxedObject, Segment
from common.formats.writing import HIDDEN, HIDDEN_REGIONS
from common.labels.cityscapes import Label

KEY_POINTS = "objects that have key points and no outline"


def pack_annotation(where: str, item: JsonObject) -> tuple[tuple[str], Head, bytes]:
    """Checks an item of `annotations` and gives what `CocoTruth` needs of it; see `Pack`."""
    head, data = pack_segmentation(where, item.get("segmentation"))
    category = item_key(where, item, "category_id")
    if not data and head["kind"] in ("none", "polygons"):
        head |= {"kind": "none", "box": _box(item), "has_key_points": bool(item.get("keypoints"))}
    return (category,), head | {"category": category, "crowd": read_crowd(where, item), "number": _number(item)}, data


def _box(item: JsonObject) -> list[float] | None:
    """Reads `bbox`, where it is four numbers and has an area."""
    box = item.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(type(value) in (int, float) for value in box):
        return None
    fits = all(abs(value) <= LARGEST_COORDINATE for value in box) and min(box[2:]) > 0
    return [float(value) for value in box] if fits else None


def _number(item: JsonObject) -> int | None:
    """Reads which object of its label it is, if the file tells it in the way that is written here."""
    attributes = item.get("attributes")
    number = whole_number(attributes.get("number")) if isinstance(attributes, dict) else None
    return number if number is not None and 0 <= number < 2**31 else None


@dataclass(frozen=True)
class CocoTruth:
    """The annotations of an image.

    Attributes:
        spool: Where they wait.
        owner: Key of the image in it.
        source: The file they are from, named in errors.
        labels: By key of the category.
    """

    spool: Spool
    owner: str
    source: Source
    size_wh: tuple[int, int]
    labels: dict[str, Label] = field(hash=False)

    def load(self) -> Annotation:
        """Paints the objects; see `AnnotatedFrame.annotation`."""
        width, height = self.size_wh
        flat = np.zeros(width * height, np.int32)
        segments: dict[int, Segment] = {}
        shared: dict[Segment, int] = {}
        numbers: dict[int, int] = {}
        counts: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        boxes: list[BoxedObject] = []
        for key, (number, head, data) in enumerate(self.spool.rows(self.owner), 1):
            label = self.labels[head["category"]]
            if label.id < 0:
                dropped[f"outlines of {label.name}, which is never painted"] += 1
                continue
            segment = _segment(label, head["crowd"], counts)
            if short := head.get("short"):
                dropped["polygons of less than three points"] += short
            if head.get("box"):
                boxes.append(BoxedObject(segment, tuple(head["box"])))
                continue
            if head.get("has_key_points"):
                dropped[KEY_POINTS] += 1
                continue
            if segment.number is None:
                key = shared.setdefault(segment, key)
            elif head["number"] is not None:
                numbers[key] = head["number"]
            segments[key] = segment
            where = f"{self.source}: annotations, item {number:,}"
            for ranges in find_ranges(where, head, data, self.size_wh):
                paint_ranges(flat, ranges, key)
        _take_numbers(segments, numbers)
        present = np.bincount(flat, minlength=max(segments, default=0) + 1)
        for key in [key for key in segments if not present[key]]:
            dropped[HIDDEN if segments.pop(key).number is not None else HIDDEN_REGIONS] += 1
        dtype = np.uint16 if len(present) <= 2**16 else np.int32
        pixels = np.ascontiguousarray(flat.astype(dtype).reshape(width, height).T)
        only_points = bool(dropped[KEY_POINTS]) and not segments and not boxes
        return Annotation(pixels, segments, None, +dropped, tuple(boxes), only_points, only_points)


def _take_numbers(segments: dict[int, Segment], numbers: dict[int, int]) -> None:
    """Gives objects the numbers in the file, if each object has one and none is there twice for a label."""
    objects = {key: segment for key, segment in segments.items() if segment.number is not None}
    different = {(objects[key].label, number) for key, number in numbers.items() if key in objects}
    if numbers.keys() == objects.keys() and len(different) == len(objects):
        segments.update({key: replace(segment, number=numbers[key]) for key, segment in objects.items()})


def _segment(label: Label, is_crowd: bool, counts: Counter[str]) -> Segment:
    if not label.has_instances:
        return Segment(label.name)
    if is_crowd:
        return Segment(label.name, None, True)
    counts[label.name] += 1
    return Segment(label.name, counts[label.name] - 1)

"""Objects that a source does not give as outlines: rectangles of boxes, and connected areas of a label.

Both are made when a frame is loaded, in any process, and only where they were asked for (`selection`).
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from common.formats.frames import Annotation, BoxedObject, FrameTruth, Segment, source_polygons
from common.formats.writing import HIDDEN
from common.images.runs import find_regions, find_runs


@dataclass(frozen=True)
class FilledTruth:
    """A truth whose boxes become rectangles; see `fill_boxes`."""

    truth: FrameTruth

    def load(self) -> Annotation:
        """Loads it; see `AnnotatedFrame.annotation`."""
        return fill_boxes(self.truth.load())

    def source_polygons(self, annotation: Annotation) -> tuple[bytes | None, str]:
        """Asks the truth itself; see the function `source_polygons`."""
        return source_polygons(self.truth, annotation)


@dataclass(frozen=True)
class DividedTruth:
    """A truth whose areas and groups of some labels become objects; see `divide_areas`."""

    truth: FrameTruth
    labels: frozenset[str] = field(hash=False)

    def load(self) -> Annotation:
        """Loads it; see `AnnotatedFrame.annotation`."""
        return divide_areas(self.truth.load(), self.labels)

    def source_polygons(self, annotation: Annotation) -> tuple[bytes | None, str]:
        """Gives polygons.json of the source, if there is one and no object was made."""
        if annotation.outlines is not None:
            return source_polygons(self.truth, annotation)
        data, reason = source_polygons(self.truth, annotation)
        return None, "that do not have the new objects (outlines were drawn again)" if data or reason else ""


@dataclass(frozen=True)
class BoxesTruth:
    """A truth whose objects and groups become boxes; see `take_boxes`."""

    truth: FrameTruth

    def load(self) -> Annotation:
        """Loads it; see `AnnotatedFrame.annotation`."""
        return take_boxes(self.truth.load())


def take_boxes(annotation: Annotation) -> Annotation:
    """Makes a box around the visible pixels of each object and group, and leaves their outlines out.

    Areas of labels without objects have no box; they are counted as dropped.
    """
    regions = find_regions(find_runs(annotation.pixels))
    boxes = [
        BoxedObject(segment, regions[key].box)
        for key, segment in annotation.segments.items()
        if (segment.number is not None or segment.is_crowd) and key in regions
    ]
    areas = sum(segment.number is None and not segment.is_crowd for segment in annotation.segments.values())
    hidden = len(annotation.segments) - areas - len(boxes)
    lost = Counter({"areas of labels without objects (only boxes are taken)": areas, HIDDEN: hidden})
    return replace(
        annotation,
        pixels=np.zeros_like(annotation.pixels),
        segments={},
        outlines=None,
        dropped=annotation.dropped + lost,
        boxes=(*boxes, *annotation.boxes),
        lacks_pixels=True,
    )


def fill_boxes(annotation: Annotation) -> Annotation:
    """Makes a rectangle of each box: the pixels whose centre is in it and that belong to no other segment.

    Later boxes cover earlier ones. What has an outline is more exact than a box, so it is never covered.
    """
    if not annotation.boxes:
        return replace(annotation, lacks_pixels=False)
    pixels = annotation.pixels.astype(np.int32)
    is_free = np.isin(pixels, list(annotation.segments), invert=True)
    first = max(int(pixels.max(initial=0)), *annotation.segments, 0) + 1
    segments = {}
    for key, boxed in enumerate(annotation.boxes, first):
        x, y, width, height = boxed.box
        (left, right), (top, bottom) = (_cells(x, width, pixels.shape[1]), _cells(y, height, pixels.shape[0]))
        pixels[top:bottom, left:right][is_free[top:bottom, left:right]] = key
        segments[key] = boxed.segment
    return replace(
        annotation, pixels=pixels, segments={**segments, **annotation.segments}, boxes=(), lacks_pixels=False
    )


def _cells(start: float, length: float, side: int) -> tuple[int, int]:
    """Finds the pixels of a row, first and last but one, whose centre lies between two coordinates."""
    first, stop = np.clip(np.ceil(np.array([start, start + length]) - 0.5), 0, side).astype(int).tolist()
    return first, stop


def divide_areas(annotation: Annotation, labels: Collection[str]) -> Annotation:
    """Makes an object of each connected part of the areas and groups of some labels; pixels touch at corners too.

    Objects that are there stay, with their numbers; the new ones are numbered after them, from top to bottom.
    """
    wanted = {key: one for key, one in annotation.segments.items() if one.number is None and one.label in labels}
    regions = find_regions(find_runs(annotation.pixels))
    pixels = annotation.pixels.astype(np.int32)
    segments = {key: one for key, one in annotation.segments.items() if key not in wanted}
    numbers = Counter[str]()
    for one in segments.values():
        numbers[one.label] = max(numbers[one.label], -1 if one.number is None else one.number + 1)
    next_key = max(int(pixels.max(initial=0)), *annotation.segments, 0) + 1
    for key, one in wanted.items():
        if key not in regions:
            segments[key] = one
            continue
        x, y, width, height = regions[key].box
        part = pixels[y : y + height, x : x + width]
        amount, parts = _connected_parts(part == key)
        np.copyto(part, parts + (next_key - 1), where=parts > 0)
        segments |= {next_key + place: Segment(one.label, numbers[one.label] + place) for place in range(amount)}
        numbers[one.label] += amount
        next_key += amount
    return replace(annotation, pixels=pixels, segments=segments, outlines=None) if wanted else annotation


def _connected_parts(mask: NDArray[np.bool_]) -> tuple[int, NDArray[np.int32]]:
    """Counts the connected parts of a mask and numbers their pixels from 1; 0 outside of it."""
    amount, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return amount - 1, np.asarray(parts, np.int32)

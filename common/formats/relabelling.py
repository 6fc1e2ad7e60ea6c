"""Gives an annotation other labels when it is loaded: names, numbers of objects, background, no small objects."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from common.formats.frames import BOXES, AnnotatedFrame, Annotation, FrameTruth, Segment, source_polygons
from common.formats.streams import change_each
from common.labels.tables import LabelTable
from common.text import count

# The new name of every label, by its name in the source; None is background.
NewNames = Mapping[str, str | None]


@dataclass(frozen=True)
class LabelChange:
    """What is changed when an annotation is loaded.

    Attributes:
        table: The new labels.
        new_names: New name of each label of the source; None makes it background.
        new_background: Name of the label that the background of the source becomes; None if it stays background.
        min_area: Objects with fewer visible pixels become background.
    """

    table: LabelTable
    new_names: NewNames = field(hash=False)
    new_background: str | None
    min_area: int


@dataclass(frozen=True)
class RelabelledTruth:
    """A truth whose annotation is changed when it is loaded."""

    truth: FrameTruth
    change: LabelChange

    def load(self) -> Annotation:
        """Loads and changes it; see `AnnotatedFrame.annotation`."""
        annotation = self.truth.load()
        dropped = Counter(annotation.dropped)
        kept = {
            key: replace(segment, label=name)
            for key, segment in annotation.segments.items()
            if (name := self.change.new_names.get(segment.label)) is not None
        }
        dropped["segments that became background"] += len(annotation.segments) - len(kept)
        boxes = [
            replace(boxed, segment=replace(boxed.segment, label=name))
            for boxed in annotation.boxes
            if (name := self.change.new_names.get(boxed.segment.label)) is not None
        ]
        dropped[f"{BOXES}, of other labels"] += len(annotation.boxes) - len(boxes)
        _drop_small(kept, annotation.pixels, self.change.min_area, dropped)
        pixels, segments = annotation.pixels, _numbered(kept, annotation.segments, self.change.table, dropped)
        if self.change.new_background is not None:
            pixels, segments = _fill_background(pixels, annotation.segments, segments, self.change.new_background)
        pixels, segments = _merge(segments, pixels)
        lacks = annotation.lacks_pixels, annotation.lacks_objects
        return Annotation(pixels, segments, None, +dropped, tuple(boxes), *lacks)

    def source_polygons(self, annotation: Annotation) -> tuple[bytes | None, str]:
        """Tells that polygons.json of the source, if there is one, does not fit the new labels."""
        data, reason = source_polygons(self.truth, annotation)
        return None, "that did not fit the new labels (outlines were drawn again)" if data or reason else ""


def change_truths(
    frames: Iterable[AnnotatedFrame], wrap: Callable[[FrameTruth], FrameTruth]
) -> Iterable[AnnotatedFrame]:
    """Gives frames another truth, made of theirs; a sequence stays a sequence."""
    return change_each(frames, lambda frame: frame if frame.truth is None else replace(frame, truth=wrap(frame.truth)))


def _drop_small(
    segments: dict[int, Segment], pixels: NDArray[np.integer], min_area: int, dropped: Counter[str]
) -> None:
    if not min_area:
        return
    areas = np.bincount(pixels.ravel(), minlength=max(segments, default=0) + 1)
    for key in [key for key, segment in segments.items() if segment.number is not None and areas[key] < min_area]:
        del segments[key]
        dropped[f"objects smaller than {count(min_area, 'pixel')}"] += 1


def _numbered(
    segments: Mapping[int, Segment], before: Mapping[int, Segment], table: LabelTable, dropped: Counter[str]
) -> dict[int, Segment]:
    """Numbers objects again where several labels became one; objects of labels that are not counted become stuff."""
    sources: dict[str, set[str]] = {}
    for key, segment in segments.items():
        sources.setdefault(segment.label, set()).add(before[key].label)
    counts: Counter[str] = Counter()
    result = {}
    for key, segment in segments.items():
        label = table.find(segment.label)
        if label is None or not label.has_instances:
            if segment.number is not None:
                dropped[f"single objects, because {segment.label} is not counted"] += 1
            result[key] = Segment(segment.label)
        elif segment.number is not None and len(sources[segment.label]) > 1:
            result[key] = replace(segment, number=counts[segment.label])
            counts[segment.label] += 1
        else:
            result[key] = segment if segment.number is not None else replace(segment, is_crowd=True)
    return result


def _fill_background(
    pixels: NDArray[np.integer], before: Mapping[int, Segment], segments: Mapping[int, Segment], name: str
) -> tuple[NDArray[np.integer], dict[int, Segment]]:
    """Makes the background of the source an area of a label."""
    largest = int(pixels.max(initial=0))
    key = max(largest, *before, 0) + 1
    dtype = pixels.dtype if key <= np.iinfo(pixels.dtype).max else np.dtype(np.int32)
    table = np.full(largest + 1, key, dtype)
    known = [old for old in before if old <= largest]
    table[known] = known
    return table[pixels], {**segments, key: Segment(name)}


def _merge(segments: dict[int, Segment], pixels: NDArray[np.integer]) -> tuple[NDArray[np.integer], dict[int, Segment]]:
    """Gives all areas of a label one key."""
    first: dict[Segment, int] = {}
    other = {}
    for key, segment in segments.items():
        if segment.number is None and first.setdefault(segment, key) != key:
            other[key] = first[segment]
    if not other:
        return pixels, segments
    table = np.arange(int(pixels.max(initial=0)) + 1, dtype=pixels.dtype)
    for key, kept in other.items():
        if key < len(table):
            table[key] = kept
    return table[pixels], {key: segment for key, segment in segments.items() if key not in other}

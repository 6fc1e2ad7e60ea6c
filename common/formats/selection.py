"""Chooses frames of a dataset and changes its labels: splits, cities, classes, small objects, other label tables.

Nothing is loaded here: frames get a truth that makes the change when it is loaded, in any process.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError, LabelError
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, FrameTruth, Segment, source_polygons
from common.labels.cityscapes import IGNORE, LABEL_OF_ID
from common.labels.map_files import load_label_map
from common.labels.maps import LabelMap
from common.labels.tables import CITYSCAPES, LabelTable, make_label

IGNORED = "ignored"
# The new name of every label, by its name in the source; None is background.
NewNames = Mapping[str, str | None]


@dataclass(frozen=True)
class Selection:
    """Which part of a dataset is wanted, and with which labels.

    Attributes:
        splits: Names of splits; () takes all.
        cities: Names of cities; () takes all.
        classes: Names of labels; pixels of all others become background. () takes all.
        min_area: Counted objects with fewer visible pixels become background.
        label_map: "cityscapes" for the official labels, "source" for those of the source, or a label map (built-in name
            or file) whose classes replace the official labels. "" is "cityscapes" if all labels are Cityscapes', else
            "source".
    """

    splits: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    min_area: int = 0
    label_map: str = ""


def filter(dataset: FrameDataset, selection: Selection | None = None, **choices: Any) -> FrameDataset:
    """Chooses frames and labels of a dataset; `choices` are attributes of `Selection`, to be given instead of one.

    Raises:
        ConfigError: If a split, city or class is not in the dataset; names those that are.
        LabelError: If the label map is wrong; names file and line.
    """
    selection = selection or Selection(**choices)
    frames = _choose(dataset.frames, selection)
    if selection.min_area < 0:
        raise ConfigError(f"min_area = {selection.min_area}: expected a number of pixels, 0 or more")
    table, new_names, new_background = _target_labels(dataset.labels, selection.label_map)
    painted = (label.name for label in dataset.labels if label.id >= 0 and label.name != dataset.labels.background)
    outside = [name for name in painted if new_names[name] is None]
    notes = dataset.notes
    if outside:
        background = table.background or "background"
        notes += (f"labels that the label map does not have become {background}: {', '.join(outside)}",)
    new_names = _only(selection.classes, table, new_names)
    classes = selection.classes or dataset.classes
    is_same = table.labels == dataset.labels.labels and all(old == new for old, new in new_names.items())
    if is_same and not selection.min_area:
        return replace(dataset, frames=frames, classes=classes)
    change = _Change(table, new_names, new_background, selection.min_area)
    changed = (
        frame if frame.truth is None else replace(frame, truth=_ChangedTruth(frame.truth, change)) for frame in frames
    )
    frames = tuple(changed) if isinstance(frames, Sequence) else changed
    return replace(dataset, labels=table, frames=frames, classes=classes, notes=notes)


def _choose(frames: Iterable[AnnotatedFrame], selection: Selection) -> Iterable[AnnotatedFrame]:
    if not selection.splits and not selection.cities:
        return frames

    def is_wanted(frame: AnnotatedFrame) -> bool:
        return (not selection.splits or frame.split in selection.splits) and (
            not selection.cities or frame.city in selection.cities
        )

    if not isinstance(frames, Sequence):
        return (frame for frame in frames if is_wanted(frame))
    for what, wanted, there in (
        ("split", selection.splits, {frame.split for frame in frames}),
        ("city", selection.cities, {frame.city for frame in frames}),
    ):
        if unknown := sorted(set(wanted) - there):
            raise ConfigError(f"there is no {what} {unknown[0]!r} in the data; there are {', '.join(sorted(there))}")
    return tuple(frame for frame in frames if is_wanted(frame))


def _target_labels(source: LabelTable, label_map: str) -> tuple[LabelTable, NewNames, str | None]:
    """Builds the table that is wanted, the new names, and the label of background, None if that stays background."""
    if not label_map:
        known = all(CITYSCAPES.find(label.name) or label.name == source.background for label in source)
        label_map = "cityscapes" if known else "source"
    if label_map == "source":
        return source, {label.name: label.name for label in source}, None
    names = {label.name: CITYSCAPES.find(label.name) for label in source}
    if label_map == "cityscapes":
        return CITYSCAPES, {name: label.name if label else None for name, label in names.items()}, None
    classes = load_label_map(label_map)
    table = table_of_classes(classes)
    class_of = {name: _class_of(classes, label.id) if label else None for name, label in names.items()}
    return table, class_of, _class_of(classes, 0)


def _class_of(classes: LabelMap, id_: int) -> str | None:
    if not 0 <= id_ < len(classes.class_of_id) or classes.class_of_id[id_] == IGNORE:
        return None
    return classes.names[classes.class_of_id[id_]]


def table_of_classes(classes: LabelMap) -> LabelTable:
    """Makes the label table of a label map, whose ids are class indices. A class is counted if every label in it is.

    Ignored pixels are the background, id 255; a map that ignores nothing has no background.
    """
    labels = []
    for index, (name, color) in enumerate(zip(classes.names, classes.colors, strict=True)):
        members = [LABEL_OF_ID[id_] for id_, class_index in enumerate(classes.class_of_id) if class_index == index]
        counted = bool(members) and all(label.has_instances for label in members)
        labels.append(replace(make_label(name, index, color), has_instances=counted))
    if not classes.ignores:
        return LabelTable(tuple(labels))
    return LabelTable((*labels, make_label(IGNORED, IGNORE, (0, 0, 0))), IGNORED)


def _only(classes: Sequence[str], table: LabelTable, new_names: NewNames) -> NewNames:
    if not classes:
        return new_names
    chosen = set()
    for name in classes:
        label = table.find(name)
        if label is None:
            raise LabelError(f"there is no class {name!r}; the classes are {', '.join(label.name for label in table)}")
        chosen.add(label.name)
    return {old: new if new in chosen else None for old, new in new_names.items()}


@dataclass(frozen=True)
class _Change:
    """What is changed when an annotation is loaded; see `_target_labels` and `Selection`."""

    table: LabelTable
    new_names: NewNames = field(hash=False)
    new_background: str | None
    min_area: int


@dataclass(frozen=True)
class _ChangedTruth:
    """A truth whose annotation is changed when it is loaded."""

    truth: FrameTruth
    change: _Change

    def load(self) -> Annotation:
        annotation = self.truth.load()
        dropped = Counter(annotation.dropped)
        kept = {
            key: replace(segment, label=name)
            for key, segment in annotation.segments.items()
            if (name := self.change.new_names.get(segment.label)) is not None
        }
        dropped["segments that became background"] += len(annotation.segments) - len(kept)
        _drop_small(kept, annotation.pixels, self.change.min_area, dropped)
        pixels, segments = annotation.pixels, _numbered(kept, annotation.segments, self.change.table, dropped)
        if self.change.new_background is not None:
            pixels, segments = _fill_background(pixels, annotation.segments, segments, self.change.new_background)
        pixels, segments = _merge(segments, pixels)
        return Annotation(pixels, segments, None, +dropped)

    def source_polygons(self, annotation: Annotation) -> tuple[bytes | None, str]:
        """Tells that polygons.json of the source, if there is one, does not fit the new labels."""
        data, reason = source_polygons(self.truth, annotation)
        return None, "that did not fit the new labels (outlines were drawn again)" if data or reason else ""


def _drop_small(
    segments: dict[int, Segment], pixels: NDArray[np.integer], min_area: int, dropped: Counter[str]
) -> None:
    if not min_area:
        return
    areas = np.bincount(pixels.ravel(), minlength=max(segments, default=0) + 1)
    for key in [key for key, segment in segments.items() if segment.number is not None and areas[key] < min_area]:
        del segments[key]
        dropped[f"objects smaller than {min_area} pixels"] += 1


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

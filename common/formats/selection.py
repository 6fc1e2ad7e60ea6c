"""Chooses frames of a dataset and changes its labels: splits, cities, classes, small objects, other label tables.

Objects are made of boxes and of connected areas where that is asked for (`new_objects`).

Nothing is loaded here: frames get a truth that makes the change when it is loaded, in any process.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from common.errors import ConfigError, LabelError
from common.formats.frames import AnnotatedFrame, FrameDataset, FrameTruth
from common.formats.new_objects import BoxesTruth, DividedTruth, FilledTruth
from common.formats.relabelling import LabelChange, NewNames, RelabelledTruth
from common.labels.cityscapes import IGNORE, LABEL_OF_ID
from common.labels.map_files import load_label_map
from common.labels.maps import LabelMap
from common.labels.tables import CITYSCAPES, LabelTable, make_label

IGNORED = "ignored"
FILL, ONLY = "fill", "only"


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
        boxes: "fill" makes rectangles of the boxes of objects that have no outline; "only" makes boxes of all objects
            and leaves their outlines out; "" keeps both as they are.
        regions: Whether each connected part of a group, or of an area of a label in `classes`, becomes an object.
        rename_splits: Pairs of an old and a new name.
    """

    splits: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    min_area: int = 0
    label_map: str = ""
    boxes: str = ""
    regions: bool = False
    rename_splits: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.min_area < 0:
            raise ConfigError(f"min_area = {self.min_area}: expected a number of pixels, 0 or more")
        if self.boxes not in ("", FILL, ONLY):
            raise ConfigError(f"boxes = {self.boxes!r}: expected {FILL}, {ONLY}, or nothing")


def filter(dataset: FrameDataset, selection: Selection | None = None, **choices: Any) -> FrameDataset:
    """Chooses frames and labels of a dataset; `choices` are attributes of `Selection`, to be given instead of one.

    Raises:
        ConfigError: If a split, city or class is not in the dataset; names those that are.
        LabelError: If the label map is wrong; names file and line.
    """
    selection = selection or Selection(**choices)
    frames = _rename_splits(_choose(dataset.frames, selection), selection.rename_splits)
    table, new_names, new_background = _target_labels(dataset.labels, selection.label_map)
    painted = (label.name for label in dataset.labels if label.id >= 0 and label.name != dataset.labels.background)
    outside = [name for name in painted if new_names[name] is None]
    notes = dataset.notes
    if outside:
        background = table.background or "background"
        notes += (f"labels that the label map does not have become {background}: {', '.join(outside)}",)
    new_names = _only(selection.classes, table, new_names)
    classes = selection.classes or dataset.classes
    if selection.boxes == FILL:
        frames = _with_truths(frames, FilledTruth)
    if selection.regions:
        table = _with_counted(table, selection.classes)
        labels = (old for old, new in new_names.items() if new and (label := table.find(new)) and label.has_instances)
        frames = _with_truths(frames, partial(DividedTruth, labels=frozenset(labels)))
    is_same = table.labels == dataset.labels.labels and all(old == new for old, new in new_names.items())
    if is_same and not selection.min_area:
        table, notes = dataset.labels, dataset.notes
    else:
        change = LabelChange(table, new_names, new_background, selection.min_area)
        frames = _with_truths(frames, partial(RelabelledTruth, change=change))
    if selection.boxes == ONLY:
        frames = _with_truths(frames, BoxesTruth)
    return replace(dataset, labels=table, frames=frames, classes=classes, notes=notes)


def _with_truths(
    frames: Iterable[AnnotatedFrame], wrap: Callable[[FrameTruth], FrameTruth]
) -> Iterable[AnnotatedFrame]:
    """Gives frames another truth, made of theirs; a sequence stays a sequence."""
    changed = (frame if frame.truth is None else replace(frame, truth=wrap(frame.truth)) for frame in frames)
    return tuple(changed) if isinstance(frames, Sequence) else changed


def _with_counted(table: LabelTable, classes: Sequence[str]) -> LabelTable:
    """Counts the objects of some labels too."""
    chosen = {label.name for name in classes if (label := table.find(name)) is not None}
    labels = (replace(label, has_instances=True) if label.name in chosen else label for label in table)
    return LabelTable(tuple(labels), table.background)


def _rename_splits(frames: Iterable[AnnotatedFrame], pairs: Sequence[tuple[str, str]]) -> Iterable[AnnotatedFrame]:
    names = dict(pairs)
    if not names:
        return frames
    if isinstance(frames, Sequence):
        there = {frame.split for frame in frames}
        if unknown := sorted(names.keys() - there):
            raise ConfigError(f"there is no split {unknown[0]!r} to rename; there are {', '.join(sorted(there))}")
    renamed = (replace(frame, split=names.get(frame.split, frame.split)) for frame in frames)
    return tuple(renamed) if isinstance(frames, Sequence) else renamed


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

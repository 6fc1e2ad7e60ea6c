"""Chooses frames of a dataset and changes its labels: splits, cities, classes, small objects, other label tables.

Objects are made of boxes and of connected areas where that is asked for (`new_objects`).

Nothing is loaded here: frames get a truth that makes the change when it is loaded, in any process.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from common.errors import ConfigError, LabelError
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.formats.names import listed_frame
from common.formats.new_objects import BoxesTruth, DividedTruth, FilledTruth
from common.formats.relabelling import LabelChange, NewNames, RelabelledTruth, change_truths
from common.formats.streams import change_each
from common.labels.cityscapes import IGNORE, LABEL_OF_ID
from common.labels.map_files import load_label_map
from common.labels.maps import LabelMap
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from common.text import first_few

IGNORED = "ignored"
FILL, ONLY = "fill", "only"
# Of what is there, where something was asked for that is not.
_NAMES_SHOWN = 20


@dataclass(frozen=True)
class Selection:
    """Which part of a dataset is wanted, and with which labels.

    Attributes:
        splits: Names of splits; () takes all.
        cities: Names of cities; () takes all.
        frames: Names of frames (`AnnotatedFrame.name`, `item_id` or `place`) or of their files; () takes all.
        classes: Names of labels; pixels of all others become background. () takes all.
        drop: Names of labels whose pixels become background.
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
    frames: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
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
        ConfigError: If a split, city or frame is not in the dataset; names those that are.
        LabelError: If a class is not in the dataset, or the label map is wrong; names file and line.
    """
    selection = selection or Selection(**choices)
    return change_labels(choose_frames(dataset, selection), selection)


def choose_frames(dataset: FrameDataset, selection: Selection) -> FrameDataset:
    """Does the part of `filter` that chooses frames and renames splits; raises ConfigError as it does."""
    frames = rename_splits(_choose(dataset.frames, selection), names_by_old(selection.rename_splits))
    return replace(dataset, frames=frames)


def change_labels(dataset: FrameDataset, selection: Selection) -> FrameDataset:
    """Does the part of `filter` that changes labels and ground truth; raises LabelError as it does."""
    frames = dataset.frames
    table, new_names, new_background = _target_labels(dataset.labels, selection.label_map)
    painted = (label.name for label in dataset.labels if label.id >= 0 and label.name != dataset.labels.background)
    outside = [name for name in painted if new_names[name] is None]
    notes = dataset.notes
    if outside:
        background = table.background or "background"
        notes += (f"labels that the label map does not have become {background}: {', '.join(outside)}",)
    new_names = _only(selection, table, new_names)
    classes = selection.classes or dataset.classes
    if selection.boxes == FILL:
        frames = change_truths(frames, FilledTruth)
    if selection.regions:
        table = _with_counted(table, selection.classes)
        labels = (old for old, new in new_names.items() if new and (label := table.find(new)) and label.has_instances)
        frames = change_truths(frames, partial(DividedTruth, labels=frozenset(labels)))
    is_same = table.labels == dataset.labels.labels and all(old == new for old, new in new_names.items())
    if is_same and not selection.min_area:
        table, notes = dataset.labels, dataset.notes
    else:
        change = LabelChange(table, new_names, new_background, selection.min_area)
        frames = change_truths(frames, partial(RelabelledTruth, change=change))
    if selection.boxes == ONLY:
        frames = change_truths(frames, BoxesTruth)
    return replace(dataset, labels=table, frames=frames, classes=classes, notes=notes)


def names_by_old(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Makes new names by old ones of pairs; raises ConfigError if one has two new names."""
    names: dict[str, str] = {}
    for old, new in pairs:
        if names.setdefault(old, new) != new:
            raise ConfigError(f"{old!r} has two new names, {names[old]!r} and {new!r}; give one")
    return names


def _with_counted(table: LabelTable, classes: Sequence[str]) -> LabelTable:
    """Counts the objects of some labels too."""
    chosen = {label.name for name in classes if (label := table.find(name)) is not None}
    labels = (replace(label, has_instances=True) if label.name in chosen else label for label in table)
    return LabelTable(tuple(labels), table.background)


def rename_splits(frames: Iterable[AnnotatedFrame], names: Mapping[str, str]) -> Iterable[AnnotatedFrame]:
    """Gives splits new names by old ones; raises ConfigError if a sequence has no frame in one of them."""
    if not names:
        return frames
    if isinstance(frames, Sequence):
        there = {frame.split for frame in frames}
        if unknown := sorted(names.keys() - there):
            raise ConfigError(f"there is no split {unknown[0]!r} to rename; there are {', '.join(sorted(there))}")
    return change_each(frames, lambda frame: replace(frame, split=names.get(frame.split, frame.split)))


def _choose(frames: Iterable[AnnotatedFrame], selection: Selection) -> Iterable[AnnotatedFrame]:
    """Chooses by every attribute of which something is named; of a sequence, each name must be there."""
    by_name = {"splits": selection.splits, "cities": selection.cities, "frames": map(listed_frame, selection.frames)}
    wishes = [(what, names) for what, wanted in by_name.items() if (names := frozenset(wanted))]
    if not wishes:
        return frames
    chosen = (frame for frame in frames if not any(names.isdisjoint(_NAMES_OF[what](frame)) for what, names in wishes))
    if not isinstance(frames, Sequence):
        return chosen
    for what, names in wishes:
        there = [_NAMES_OF[what](frame) for frame in frames]
        if absent := sorted(names.difference(*there)):
            others = f", nor {len(absent) - 1:,} more of the names" if len(absent) > 1 else ""
            shown = first_few(sorted({found[0] for found in there}), _NAMES_SHOWN)
            raise ConfigError(f"{what}: there is no {absent[0]!r} in the data{others}; there are {shown}")
    return tuple(chosen)


# What a frame may be called, by the attribute of `Selection` that chooses it.
_NAMES_OF: dict[str, Callable[[AnnotatedFrame], tuple[str, ...]]] = {
    "splits": lambda frame: (frame.split,),
    "cities": lambda frame: (frame.city,),
    "frames": lambda frame: tuple(map(listed_frame, (frame.name, frame.item_id, frame.place))),
}


def _target_labels(source: LabelTable, label_map: str) -> tuple[LabelTable, NewNames, str | None]:
    """Builds the table that is wanted, the new names, and the label of background, None if that stays background."""
    label_map = label_map or _usual_label_map(source)
    if label_map == "source":
        return source, {label.name: label.name for label in source}, None
    names = {label.name: CITYSCAPES.find(label.name) for label in source}
    if label_map == "cityscapes":
        return CITYSCAPES, {name: label.name if label else None for name, label in names.items()}, None
    classes = load_label_map(label_map)
    table = table_of_classes(classes)
    class_of = {name: _class_of(classes, label.id) if label else None for name, label in names.items()}
    return table, class_of, _class_of(classes, 0)


def _usual_label_map(source: LabelTable) -> str:
    known = all(CITYSCAPES.find(label.name) or label.name == source.background for label in source)
    return "cityscapes" if known else "source"


def shared_label_map(datasets: Iterable[FrameDataset]) -> str:
    """Chooses a `Selection.label_map` for datasets that are compared: "source" if one of them needs it."""
    found = {_usual_label_map(dataset.labels) for dataset in datasets}
    return "source" if "source" in found else "cityscapes"


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


def _only(selection: Selection, table: LabelTable, new_names: NewNames) -> NewNames:
    """Makes background of the labels that are not wanted."""
    chosen = _named(selection.classes, table) if selection.classes else {label.name for label in table}
    chosen -= _named(selection.drop, table)
    return {old: new if new in chosen else None for old, new in new_names.items()}


def _named(names: Sequence[str], table: LabelTable) -> set[str]:
    found = set()
    for name in names:
        label = table.find(name)
        if label is None:
            raise LabelError(f"there is no class {name!r}; the classes are {', '.join(label.name for label in table)}")
        found.add(label.name)
    return found

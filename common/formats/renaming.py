"""Gives labels, splits and frames of a dataset other names. Labels that get one name become one label."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from common.errors import ConfigError, LabelError
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.formats.relabelling import LabelChange, NewNames, RelabelledTruth, change_truths
from common.formats.selection import rename_splits
from common.formats.streams import change_each
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable, plain_name
from common.text import first_few


def rename(
    dataset: FrameDataset,
    labels: Mapping[str, str] | None = None,
    splits: Mapping[str, str] | None = None,
    frames: Mapping[str, str] | None = None,
) -> FrameDataset:
    """Renames; each argument gives new names by old ones, and what is in none keeps its name.

    A label with a new name keeps its id and colour. Labels that get one name become one: with the id and colour of the
    label that has the name, else of the first; it is counted if one of them is, and areas of the others become groups.
    The name of the background makes background of a label. Renaming back undoes it, unless names became one.

    Raises:
        ConfigError: If a split or frame is not in the dataset.
        LabelError: If a label is not in the dataset or has two new names, or the background would become something
            else.
    """
    changed = replace(dataset, frames=rename_splits(dataset.frames, splits or {}))
    changed = replace(changed, frames=_rename_frames(changed.frames, frames or {}))
    return _rename_labels(changed, labels) if labels else changed


def _rename_frames(frames: Iterable[AnnotatedFrame], names: Mapping[str, str]) -> Iterable[AnnotatedFrame]:
    if not names:
        return frames
    if isinstance(frames, Sequence) and (absent := sorted(names.keys() - {frame.name for frame in frames})):
        raise ConfigError(f"there is no frame {absent[0]!r} to rename")
    return change_each(frames, lambda frame: replace(frame, name=names.get(frame.name, frame.name)))


def _rename_labels(dataset: FrameDataset, wishes: Mapping[str, str]) -> FrameDataset:
    table = dataset.labels
    new_of: dict[str, str] = {}
    for old, new in wishes.items():
        if new_of.setdefault(_find(table, old), new) != new:
            raise LabelError(f"the label {old!r} has two new names, {new_of[_find(table, old)]!r} and {new!r}")
    if table.background in new_of:
        raise LabelError(f"the background, {table.background!r}, keeps its name; rename the other labels")
    targets = {label.name: new_of.get(label.name, label.name) for label in table}
    new_table = _renamed_table(table, targets)
    new_names: NewNames = {
        old: label.name if (label := new_table.find(new)) and label.name != table.background else None
        for old, new in targets.items()
    }
    change = LabelChange(new_table, new_names, None, 0)
    frames = change_truths(dataset.frames, partial(RelabelledTruth, change=change))
    chosen = (label.name if (label := table.find(name)) else name for name in dataset.classes)
    classes = tuple(dict.fromkeys(found for name in chosen if (found := new_names.get(name, name)) is not None))
    return replace(dataset, labels=new_table, frames=frames, classes=classes)


def _find(table: LabelTable, name: str) -> str:
    label = table.find(name)
    if label is None:
        there = first_few((label.name for label in table), 40)
        raise LabelError(f"there is no label {name!r} to rename; the labels are {there}")
    return label.name


def _renamed_table(table: LabelTable, targets: Mapping[str, str]) -> LabelTable:
    """Makes a table in which labels of one new name are one."""
    members: dict[str, list[Label]] = {}
    for label in table:
        members.setdefault(plain_name(targets[label.name]), []).append(label)
    labels = []
    for found in members.values():
        own = next((label for label in found if targets[label.name] == label.name), found[0])
        is_counted = any(label.has_instances for label in found) and own.name != table.background
        labels.append(replace(own, name=targets[own.name], has_instances=is_counted))
    return LabelTable(tuple(labels), table.background)

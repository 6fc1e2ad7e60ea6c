"""One table for the labels of several datasets.

A label is its name (`labels.tables.plain_name`): labels of one name are one label, whatever their ids and colours are,
and the backgrounds of all tables are one. The first table that has a label decides on its spelling, id and colour; it
is counted if one table counts it.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from common.errors import LabelError
from common.formats.frames import AnnotatedFrame
from common.formats.relabelling import LabelChange, NewNames, RelabelledTruth, change_truths
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable
from common.text import count, first_few


def merge_labels(
    tables: Sequence[LabelTable], names: Sequence[str], is_strict: bool = False
) -> tuple[LabelTable, list[str]]:
    """Makes one table of several.

    Args:
        tables: At least one.
        names: What messages call their sources.
        is_strict: Whether a label that would get another id is refused.

    Returns:
        The table, and notes that count what is different in the tables.

    Raises:
        LabelError: If `is_strict` and ids clash; names the labels.
    """
    merged, notes = tables[0], list[str]()
    for table, name in zip(tables[1:], names[1:], strict=True):
        before, merged = merged, _merge_two(merged, table)
        notes += _difference_notes(before, table, merged, name, is_strict)
    background = merged.find(merged.background) if merged.background else None
    for table, name in zip(tables, names, strict=True):
        if background and background.name != table.background and (painted := table.find(background.name)):
            notes.append(f"{name}: {painted.name} is not the background there, and became it")
        absent = [one.name for one in merged if one.name != merged.background and not table.find(one.name)]
        if absent:
            lacks = f"{name}: does not have {count(len(absent), 'label')} of the other sources ({first_few(absent)})"
            notes.append(f"{lacks}; pixels that show them have another label there, or are background")
    return merged, notes


def with_labels(frames: Iterable[AnnotatedFrame], old: LabelTable, new: LabelTable) -> Iterable[AnnotatedFrame]:
    """Gives frames the labels of a merged table, that has all of theirs; where these are the same, nothing changes."""
    new_names: NewNames = {
        label.name: None if (found := new.find(label.name)) is None or found.name == new.background else found.name
        for label in old
    }
    new_background = None if old.background is None else new_names[old.background]
    others = [label for label in old if label.name != old.background]
    if new_background is None and all(_is_same(label, new) for label in others):
        return frames
    change = LabelChange(new, new_names, new_background, 0)
    return change_truths(frames, partial(RelabelledTruth, change=change))


def _is_same(label: Label, table: LabelTable) -> bool:
    found = table.find(label.name)
    return found is not None and found.name != table.background and _said_of(found) == _said_of(label)


def _said_of(label: Label) -> tuple[str, bool]:
    """What an annotation says of a label: nothing in it depends on the id and the colour."""
    return label.name, label.has_instances


def _merge_two(first: LabelTable, second: LabelTable) -> LabelTable:
    if first == second:
        return first
    labels = {label.name: label for label in first}
    background = first.background or second.background
    for label in second:
        known = first.find(label.name)
        if known is not None:
            is_counted = known.has_instances or (label.has_instances and known.name != background)
            labels[known.name] = replace(known, has_instances=is_counted)
        elif label.name != second.background or background == second.background:
            labels[label.name] = replace(label, id=_free_id(label.id, labels.values(), second))
    return LabelTable(tuple(labels.values()), background)


def _free_id(wanted: int, taken: Iterable[Label], also_taken: Iterable[Label]) -> int:
    """Gives a label the id it has, else the first free one from 0 on; for a label that is never painted, below 0."""
    ids = {label.id for label in taken}
    if wanted not in ids:
        return wanted
    ids |= {label.id for label in also_taken}
    return next(id_ for id_ in (itertools.count() if wanted >= 0 else itertools.count(-1, -1)) if id_ not in ids)


def _difference_notes(
    before: LabelTable, table: LabelTable, merged: LabelTable, name: str, is_strict: bool
) -> Iterator[str]:
    """Counts what became of the labels of a table that was merged; raises LabelError as `merge_labels` does."""
    pairs = [
        (label, found)
        for label in table
        if label.id >= 0 and (found := merged.find(label.name)) and found.name != merged.background
    ]
    new = [found.name for _, found in pairs if before.find(found.name) is None]
    ids = [f"{label.name} {label.id} -> {found.id}" for label, found in pairs if label.id != found.id]
    if ids and is_strict:
        raise LabelError(
            f"{name}: {count(len(ids), 'label has an id that is', 'labels have ids that are')} taken or different in "
            f"an earlier source: {first_few(ids)}; --on-conflict rename and first give them these new ids"
        )
    for labels, what in (
        (new, "that no earlier source has"),
        (ids, "with another id than before"),
        ([label.name for label, found in pairs if label.color != found.color], "with another colour than before"),
        (
            [label.name for label, found in pairs if _counts_differ(label, before)],
            "whose objects are not counted in every source; areas of them become groups",
        ),
    ):
        if labels:
            yield f"{name}: {count(len(labels), 'label')} {what}: {first_few(labels)}"


def _counts_differ(label: Label, table: LabelTable) -> bool:
    found = table.find(label.name)
    return found is not None and found.has_instances != label.has_instances

"""Several datasets become one: their frames in a row, their labels in one table (`merged_labels`).

Two things can clash: the names of two frames, and the ids of two labels. Nothing is loaded here.
"""

import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from common.errors import ConfigError, DataError
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.formats.merged_labels import merge_labels, with_labels
from common.labels.tables import LabelTable
from common.text import count, first_few

log = logging.getLogger(__name__)
REFUSE, RENAME, FIRST = "refuse", "rename", "first"
RULES = (REFUSE, RENAME, FIRST)


def merge(datasets: Sequence[FrameDataset], on_conflict: str = REFUSE, names: Sequence[str] = ()) -> FrameDataset:
    """Puts the frames of several datasets one after the other.

    Frames whose labels do not change keep their files and outlines. The `notes` of the result count what was changed;
    where frames come one by one, the notes on their names are logged when they end.

    Args:
        datasets: At least one.
        on_conflict: "refuse" raises an error. "rename" gives a frame whose name an earlier dataset has, in any split
            and in any case of letters, a new one: `<name>-2` in the second dataset. "first" leaves it out. With both, a
            label gets another id if its own is taken, or if its name has another one in an earlier dataset.
        names: What messages call the datasets; () takes numbers.

    Raises:
        ConfigError: If there is no dataset, or no such rule.
        DataError: If two frames have one name, and the rule is "refuse".
        LabelError: If ids of labels clash, and the rule is "refuse".
    """
    if on_conflict not in RULES:
        raise ConfigError(f"on_conflict = {on_conflict!r}: expected one of {', '.join(RULES)}")
    if not datasets:
        raise ConfigError("there is nothing to merge; give one dataset or more")
    names = names or [f"dataset {number}" for number in range(1, len(datasets) + 1)]
    notes = [f"{name}: {note}" for dataset, name in zip(datasets, names, strict=True) for note in dataset.notes]
    tables = [dataset.labels for dataset in datasets]
    table, label_notes = merge_labels(tables, names, is_strict=on_conflict == REFUSE)
    parts = [replace(one, frames=with_labels(one.frames, one.labels, table)) for one in datasets]
    frames: Iterable[AnnotatedFrame] = _Frames(tuple(parts), tuple(names), on_conflict)
    if all(isinstance(dataset.frames, Sequence) for dataset in datasets):
        unique = _UniqueNames(on_conflict)
        frames = tuple(unique.apply(parts, names))
        notes += unique.notes
    formats = dict.fromkeys(dataset.format for dataset in datasets if dataset.format)
    truths = sorted({dataset.truth for dataset in datasets if dataset.truth})
    if len(truths) > 1:
        notes.append(f"annotations of {' and '.join(truths)} stand together in the merged dataset")
    truth = truths[0] if len(truths) == 1 else ""
    return FrameDataset(table, frames, " and ".join(formats), (*notes, *label_notes), truth, _chosen(datasets, table))


def _chosen(datasets: Sequence[FrameDataset], table: LabelTable) -> tuple[str, ...]:
    """Joins the labels that were chosen, each spelled as in the table; () if all labels of a dataset were taken."""
    if not all(dataset.classes for dataset in datasets):
        return ()
    names = itertools.chain(*(dataset.classes for dataset in datasets))
    return tuple(dict.fromkeys(label.name if (label := table.find(name)) else name for name in names))


@dataclass(frozen=True)
class _Frames:
    """The frames of datasets of which some come one by one."""

    datasets: tuple[FrameDataset, ...]
    names: tuple[str, ...]
    on_conflict: str

    def __iter__(self) -> Iterator[AnnotatedFrame]:
        unique = _UniqueNames(self.on_conflict)
        yield from unique.apply(self.datasets, self.names)
        for note in unique.notes:
            log.warning("note: %s", note)


class _UniqueNames:
    """Sees to it that no two datasets have a frame of one name; within a dataset, the writer looks for that."""

    def __init__(self, on_conflict: str) -> None:
        self.notes: list[str] = []
        self._rule = on_conflict
        self._taken: set[str] = set()

    def apply(self, datasets: Sequence[FrameDataset], names: Sequence[str]) -> Iterator[AnnotatedFrame]:
        """Gives the frames of all datasets; raises DataError, as `merge` does, at a name that is taken."""
        for number, (dataset, name) in enumerate(zip(datasets, names, strict=True), 1):
            known = dataset.frames if isinstance(dataset.frames, Sequence) else ()
            if self._rule == REFUSE:
                self._refuse(name, [frame.name for frame in known if _key(frame.name) in self._taken])
            own = {_key(frame.name) for frame in known}
            changed: list[str] = []
            for frame in dataset:
                own.add(_key(frame.name))
                if _key(frame.name) not in self._taken:
                    yield frame
                elif self._rule == RENAME:
                    new_name = self._free_name(frame.name, number, own)
                    own.add(_key(new_name))
                    changed.append(f"{frame.name} -> {new_name}")
                    yield replace(frame, name=new_name)
                elif self._rule == FIRST:
                    changed.append(frame.name)
                else:
                    self._refuse(name, [frame.name])
            self._taken |= own
            self._count(name, changed)

    def _free_name(self, name: str, number: int, own: set[str]) -> str:
        names = (f"{name}-{suffix}" for suffix in itertools.count(number))
        return next(name for name in names if _key(name) not in self._taken and _key(name) not in own)

    def _count(self, name: str, changed: Sequence[str]) -> None:
        if changed:
            done = f"{count(len(changed), 'frame')} {'renamed' if self._rule == RENAME else 'left out'}"
            self.notes.append(f"{name}: {done}, because an earlier source has the name: {first_few(changed, 3)}")

    def _refuse(self, name: str, taken: Sequence[str]) -> None:
        if taken:
            raise DataError(
                f"{name}: {count(len(taken), 'frame has', 'frames have')} a name that an earlier source has: "
                f"{first_few(taken, 3)}; --on-conflict rename gives them new names, first leaves them out; if one "
                "source has the photographs and another the ground truth, put both into one folder and give that"
            )


def _key(name: str) -> str:
    """Reduces a name so that two names that are one file on some systems become equal."""
    return name.casefold()

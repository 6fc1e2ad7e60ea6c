"""Frames in a sequence, or one by one from a generator, which gives them once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from common.errors import DataError
from common.text import count, first_few

Item = TypeVar("Item")
Changed = TypeVar("Changed")


class TakenOnce(Generic[Item]):
    """The items of an iterator. To take them again is an error: otherwise a second dataset would be empty."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items: Iterator[Item] | None = items

    def __iter__(self) -> Iterator[Item]:
        if self._items is None:
            raise DataError(
                "the frames of this dataset come from a generator, and were taken already; make the dataset again, or "
                "make it of a list"
            )
        items, self._items = self._items, None
        return items


def taken_once(items: Iterable[Item]) -> Iterable[Item]:
    """Guards an iterator, which can be taken once; gives all others back as they are."""
    return TakenOnce(items) if isinstance(items, Iterator) else items


def change_each(items: Iterable[Item], change: Callable[[Item], Changed]) -> Iterable[Changed]:
    """Changes items one by one when they are taken; those of a sequence at once, and they stay a sequence."""
    changed = map(change, items)
    return tuple(changed) if isinstance(items, Sequence) else changed


class _InSplit(Protocol):
    @property
    def split(self) -> str: ...


def number_of(items: Iterable[object]) -> int:
    """Counts the items of a sequence; raises TypeError, as `len` does, if they come one by one."""
    if not isinstance(items, Sequence):
        raise TypeError("the frames come one by one, so that their number is not known; list(dataset) takes them")
    return len(items)


def describe_frames(frames: Iterable[_InSplit]) -> str:
    """Tells number and splits of frames without taking them: "28 frames (train 20, val 8)"."""
    if not isinstance(frames, Sequence):
        return "frames that come one by one"
    splits = Counter(frame.split for frame in frames)
    named = first_few(f"{split or 'no split'} {amount:,}" for split, amount in splits.items())
    return count(len(frames), "frame") + (f" ({named})" if any(splits) else "")

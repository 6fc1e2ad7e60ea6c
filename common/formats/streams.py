"""Frames that can be taken once, as a generator gives them."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from common.errors import DataError

Item = TypeVar("Item")


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

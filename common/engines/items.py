"""Items that the workers of a cluster work on: their order, and machines that are lost. Knows no particular cluster."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Generator, Hashable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from common.engines.engine import Item, Result
from common.engines.remote import Lost
from common.errors import ProjectError
from common.text import count

log = logging.getLogger(__name__)
# An item that was lost more often than this is taken for what ends its workers.
_MOST_LOSSES = 5
# Items that a worker has at a time, so that it never waits for the next one.
_ITEMS_PER_WORKER = 2
# How often is looked for machines without network while nothing ends.
_LOOK_SECONDS = 5.0
_START_SECONDS = 0.1
_END_SECONDS = 3.0
Worker = TypeVar("Worker", bound=Hashable)
Reference = TypeVar("Reference", bound=Hashable)


class Workers(Protocol[Worker, Reference]):
    """What starts workers elsewhere and gives them items."""

    def hire(self) -> Worker:
        """Starts a worker where there is room."""

    def is_ready(self, worker: Worker) -> bool:
        """Tells whether a worker has started; until there is room it has not."""

    def give(self, worker: Worker, item: Any) -> Reference:
        """Gives an item to a worker, which does one after the other."""

    def ended(self, references: Sequence[Reference], seconds: float) -> Sequence[Reference]:
        """Waits until at least one item has ended, at most some seconds; returns those that have."""

    def result(self, reference: Reference) -> Any:
        """Returns the result of an item, or raises what it raised; `Lost` if its worker is gone."""

    def is_lost(self, worker: Worker) -> bool:
        """Tells whether the machine of a worker is gone."""

    def dismiss(self, worker: Worker) -> None:
        """Ends a worker, whatever it does."""


class Shift(Generic[Worker, Reference, Item, Result]):
    """Some workers that do all items."""

    def __init__(self, workers: Workers[Worker, Reference], items: Sequence[Item], number: int) -> None:
        self._workers, self._items = workers, items
        self._hired = [workers.hire() for _ in range(number)]
        self._ahead = 2 * _ITEMS_PER_WORKER * number
        self._to_do = deque(range(len(items)))
        self._given: dict[Reference, tuple[int, Worker]] = {}
        self._results: dict[int, Result] = {}
        self._losses: Counter[int] = Counter()

    def results(self) -> Generator[Result]:
        """Yields the results in the order of the items; only a few of them wait."""
        try:
            for place in range(len(self._items)):
                while place not in self._results:
                    self._give(place + self._ahead)
                    self._take()
                yield self._results.pop(place)
        finally:
            for worker in self._hired:
                self._workers.dismiss(worker)
            self._wait_for_ends()
            if self._losses:
                lost = count(self._losses.total(), "item was", "items were")
                log.warning("%s started again elsewhere, because a machine was lost", lost)

    def _wait_for_ends(self) -> None:
        """Waits until dismissed workers have ended, so that nothing is written any more; not for ever."""
        end = time.monotonic() + _END_SECONDS
        while self._given and (left := end - time.monotonic()) > 0:
            for reference in self._workers.ended(list(self._given), left):
                del self._given[reference]

    def _give(self, end: int) -> None:
        """Gives items below a place to the workers that have the fewest."""
        busy = Counter(worker for _, worker in self._given.values())
        ready = list(filter(self._workers.is_ready, self._hired))
        for _ in range(_ITEMS_PER_WORKER):
            for worker in ready:
                if self._to_do and self._to_do[0] < end and busy[worker] < _ITEMS_PER_WORKER:
                    place = self._to_do.popleft()
                    self._given[self._workers.give(worker, self._items[place])] = place, worker
                    busy[worker] += 1

    def _take(self) -> None:
        """Takes the results that are there; replaces workers that are lost."""
        if not self._given:
            time.sleep(_START_SECONDS)
        ended = self._workers.ended(list(self._given), _LOOK_SECONDS) if self._given else ()
        for reference in ended:
            place, worker = self._given[reference]
            try:
                self._results[place] = self._workers.result(reference)
            except Lost:
                self._replace(worker)
                return
            del self._given[reference]
        if not ended:
            for worker in filter(self._workers.is_lost, list(self._hired)):
                self._replace(worker)

    def _replace(self, worker: Worker) -> None:
        """Hires another worker; the items of the lost one come first."""
        lost = [(reference, place) for reference, (place, by) in self._given.items() if by == worker]
        for reference, place in lost:
            del self._given[reference]
            self._losses[place] += 1
            if self._losses[place] > _MOST_LOSSES:
                raise ProjectError(
                    f"worker processes ended {_MOST_LOSSES + 1} times at the same items, which often means that memory "
                    "ran out; finished work is kept, start Ray with a smaller --num-cpus and start again"
                )
        self._to_do = deque(sorted([*self._to_do, *(place for _, place in lost)]))
        # It is not dismissed, because its machine may not answer; nobody holds it any more, which ends it if it lives.
        self._hired[self._hired.index(worker)] = self._workers.hire()

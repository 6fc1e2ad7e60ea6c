"""Items that a cluster works on: their order, and what happens when a machine is lost. Knows no particular cluster."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol

from common.engines.engine import Item, Result
from common.engines.remote import MOST_RESTARTS, Lost
from common.errors import ProjectError
from common.text import count

log = logging.getLogger(__name__)
# How often is looked for lost machines while an item takes long.
_LOOK_SECONDS = 5


class Cluster(Protocol):
    """What works on items elsewhere; a task is named by a reference."""

    def is_ready(self, reference: Any, seconds: float) -> bool:
        """Tells whether a task has ended, at the latest after some seconds."""

    def result(self, reference: Any) -> Any:
        """Returns the result of a task that has ended, or raises what it raised; `Lost` if its machine was lost."""

    def cancel(self, references: Sequence[Any], seconds: float = ...) -> None:
        """Ends tasks, and waits some seconds for their ends."""

    def lost_machines(self) -> int:
        """Counts the machines that were lost so far."""


class Tasks(Generic[Item, Result]):
    """Items that the cluster works on, in their order."""

    def __init__(self, cluster: Cluster, submit: Callable[[Item], Any]) -> None:
        self._cluster, self._submit = cluster, submit
        self.waiting: deque[_Task[Item]] = deque()
        self._lost = 0

    def add(self, item: Item) -> None:
        """Gives an item to the cluster."""
        self.waiting.append(_Task(item, self._submit(item), self._cluster.lost_machines()))

    def first_result(self) -> Result:
        """Waits for the result of the first item; starts items again whose machine was lost."""
        task = self.waiting[0]
        for _ in range(MOST_RESTARTS + 1):
            try:
                while not self._cluster.is_ready(task.reference, _LOOK_SECONDS):
                    # A task on a machine without network fails only after many minutes.
                    if self._cluster.lost_machines() > task.lost_machines:
                        raise Lost
                result: Result = self._cluster.result(task.reference)
            except Lost:
                self._start_again(task)
            else:
                self.waiting.popleft()
                return result
        raise ProjectError(
            f"worker processes ended {MOST_RESTARTS + 1} times at the same item, which often means that memory ran "
            "out; finished work is kept, start Ray with a smaller --num-cpus and start again"
        )

    def _start_again(self, task: _Task[Item]) -> None:
        self._lost += 1
        self._cluster.cancel([task.reference], seconds=0)
        task.reference, task.lost_machines = self._submit(task.item), self._cluster.lost_machines()

    def end(self) -> None:
        """Ends what is under way, and tells what was lost."""
        self._cluster.cancel([task.reference for task in self.waiting])
        if self._lost:
            log.warning("%s started again, because a machine was lost", count(self._lost, "item was", "items were"))


@dataclass
class _Task(Generic[Item]):
    item: Item
    reference: Any
    lost_machines: int

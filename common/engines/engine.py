"""What an engine is: it runs many calls of a function, and commands that run for long. Knows nothing about the work."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Command(Protocol):
    """A command that an engine has started."""

    @property
    def restarts(self) -> int:
        """How often it was started again because its machine was lost; `exit_status` looks for that."""

    def exit_status(self) -> int | None:
        """Returns the exit status, the negative number of a signal that ended it, or None while it runs."""

    def end(self) -> None:
        """Ends the command if it still runs, and closes its standard input and its log."""


class Engine(Protocol):
    """Where work runs."""

    @property
    def slots(self) -> int:
        """How many commands run side by side."""

    def processes(self, workers: int) -> int:
        """Tells in how many processes `map` works where `workers` are asked for."""

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Generator[Result]:
        """Calls a picklable function for picklable items, in at most `workers` processes.

        Yields results in the order of the items; only a few of them wait, so that memory stays bounded. What the
        function raises is raised here. Closing the iterator ends the work, and so does the end of this process.
        """

    def start(self, command: Sequence[str], folder: Path, log: Path) -> Command:
        """Starts a command in a folder; what it prints is added to the file `log`.

        Its standard input stays open until this process ends, however it ends: the command has to end then. If its
        machine is lost, it is started again elsewhere: the command has to continue from what it has saved.
        """

    def close(self) -> None:
        """Lets go of what the engine holds; it is not used any more."""

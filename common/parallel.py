"""The one place that runs work in other processes: one call for many items, and commands that run for long.

An engine decides where the work runs. There is one here, `LocalEngine`, which starts processes on this machine; who
gives work does not know which engine it is. Knows nothing about the work itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from common.errors import ConfigError, ProjectError

if TYPE_CHECKING:
    from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")
# Parameters of mallopt, from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_LARGEST_INT = (1 << 31) - 1


class Command(Protocol):
    """A command that an engine has started."""

    def exit_status(self) -> int | None:
        """Returns the exit status, the negative number of a signal that ended it, or None while it runs."""

    def end(self) -> None:
        """Ends the command if it still runs, and closes its standard input and its log."""


class Engine(Protocol):
    """Where work runs."""

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Generator[Result]:
        """Calls a picklable function for picklable items, in at most `workers` processes.

        Yields results in the order of the items; only a few of them wait, so that memory stays bounded. What the
        function raises is raised here. Closing the iterator ends the work, and so does the end of this process.
        """

    def start(self, command: Sequence[str], folder: Path, log: Path) -> Command:
        """Starts a command in a folder; what it prints is added to the file `log`.

        Its standard input stays open until this process ends, however it ends: the command has to end then.
        """


class LocalEngine:
    """Starts processes on this machine."""

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Generator[Result]:
        """See `Engine`."""
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        function = _InWorker(function)
        with _without_ctrl_c():
            results = Parallel(n_jobs=workers, return_as="generator")(delayed(function)(item) for item in items)
        try:
            # "yield from" would close joblib's iterator first, outside of the block below.
            for result in results:  # noqa: UP028
                yield result
        except BrokenProcessPool as error:
            raise ProjectError(
                "a worker process ended unexpectedly, which often means that memory ran out; finished work is kept, "
                "start again with a smaller NUM_WORKERS"
            ) from error
        finally:
            with warnings.catch_warnings():  # joblib warns when not all results were wanted, for example after an error
                warnings.simplefilter("ignore", UserWarning)
                results.close()

    def start(self, command: Sequence[str], folder: Path, log: Path) -> _LocalCommand:
        """See `Engine`."""
        return _LocalCommand(command, folder, log)


class _LocalCommand:
    def __init__(self, command: Sequence[str], folder: Path, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # on Unix Ctrl-C reaches the script alone, which then ends its commands
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    def exit_status(self) -> int | None:
        return self._process.poll()

    def end(self) -> None:
        with self._process, self._log:  # closes standard input and waits
            self._process.kill()


LOCAL = LocalEngine()


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Lets processes that are started here ignore Ctrl-C, which reaches all of a terminal; this process ends them.

    This process ignores it too for the moment, because only that is handed down to a process of another program.
    """
    if threading.current_thread() is not threading.main_thread():  # others cannot say what signals do
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def check_workers(workers: int) -> None:
    """Refuses a number of processes below 1 with a ConfigError; worth asking before long work."""
    if workers < 1:
        raise ConfigError(f"workers = {workers}: expected 1 or more")


def usable_cores() -> int:
    """Counts the cores this process may use, which on a shared machine can be fewer than it has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def progress(
    items: Iterable[Item] | None, description: str, total: int | None = None, unit: str = "frame"
) -> tqdm[Item]:
    """Wraps an iterable in a progress bar with counts and rate; prints lines now and then without a terminal."""
    from tqdm import tqdm

    interval = 0.1 if sys.stderr.isatty() else 30
    options = {"mininterval": interval, "maxinterval": max(10, interval), "dynamic_ncols": True, "file": sys.stderr}
    return tqdm(items, desc=description, total=total, unit=unit, **options)


def run_all(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int = 1,
    description: str = "",
    unit: str = "frame",
    engine: Engine = LOCAL,
) -> Iterator[Result]:
    """Calls `function` for every item, shows the progress and yields the results in the order of the items.

    At most a few results per worker wait at any time, so memory stays bounded.

    Args:
        function: A picklable function of one item; what it raises is raised here.
        items: Picklable items.
        workers: Number of processes; 1 runs everything in this one.
        unit: What one item is called in the progress bar.

    Raises:
        ProjectError: If a worker process ended unexpectedly.
    """
    items = list(items)
    workers = min(workers, len(items))
    if workers <= 1:
        yield from progress(map(function, items), description, len(items), unit)
        return
    results = engine.map(function, items, workers)
    with contextlib.closing(results):
        yield from progress(results, description, len(items), unit)


class _InWorker(Generic[Item, Result]):
    """A function for worker processes: the worker ends when the process that started it is gone, even killed.

    Otherwise the worker would go on writing where the next run writes. OpenCV uses one thread in it, because the
    workers together already use all cores.
    """

    _is_prepared = False

    def __init__(self, function: Callable[[Item], Result]) -> None:
        self._function = function
        self._parent = platform.node(), os.getpid()

    def __call__(self, item: Item) -> Result:
        if not _InWorker._is_prepared:
            _InWorker._is_prepared = True
            self._prepare()
        return self._function(item)

    def _prepare(self) -> None:
        import cv2  # takes a while, and only workers need it

        cv2.setNumThreads(1)
        if os.name == "posix":
            self._watch()
            keep_freed_memory()

    def _watch(self) -> None:
        """Watches the parent, unless this is another machine of a cluster, or a thread of the same process."""
        host, parent = self._parent
        if os.getppid() == parent:
            threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        elif host == platform.node() and not is_running(parent):
            os._exit(1)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def keep_freed_memory(of_any_size: bool = False) -> None:
    """Makes this process keep the memory of freed arrays for the next ones, where the C library is glibc.

    Otherwise the memory goes back to the system and is filled with zeros when it is needed again: a fifth of the time
    of scoring a frame, a tenth of a whole training.

    Args:
        of_any_size: Keeps up to 2 GB in arrays of any size, for a process that does one thing until it ends; otherwise
            up to 256 MB, in arrays of at most 32 MB.
    """
    if os.name != "posix":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, _LARGEST_INT if of_any_size else 256 << 20)
        if of_any_size:
            library.mallopt(_MMAP_MAX, 0)


def is_running(process: int) -> bool:
    """Tells whether a process of this machine is there, by its number; True where that cannot be known."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

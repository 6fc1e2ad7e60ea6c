"""Runs work in processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from common.engines.engine import Item, Result
from common.engines.processes import InWorker
from common.engines.sharing import Sharing
from common.errors import ProjectError

_SIGKILL = 9
# How long a launcher may take to end what it has started.
_LAUNCHER_SECONDS = 2


class LocalEngine:
    """Starts processes on this machine; `sharing` says how commands share it."""

    def __init__(self, sharing: Sharing | None = None) -> None:
        self._sharing = sharing or Sharing()
        self._started: list[_LocalCommand] = []

    @property
    def slots(self) -> int:
        """See `Engine`."""
        return self._sharing.local_slots

    def processes(self, workers: int) -> int:
        """See `Engine`."""
        return workers

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Generator[Result]:
        """See `Engine`."""
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        function = InWorker(function)
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
        """See `Engine`; a command gets the GPU that the fewest others have."""
        self._started = [one for one in self._started if one.exit_status() is None]
        taken = Counter(one.gpu for one in self._started)
        gpu = min(self._sharing.local_gpus, key=taken.__getitem__, default=None)
        self._started.append(_LocalCommand(self._sharing, gpu, command, folder, log))
        return self._started[-1]

    def close(self) -> None:
        """See `Engine`; whoever starts commands ends them."""


class _LocalCommand:
    restarts = 0

    def __init__(self, sharing: Sharing, gpu: str | None, command: Sequence[str], folder: Path, log: Path) -> None:
        self.gpu = gpu
        self._has_launcher = bool(sharing.launcher) and os.name == "posix"  # elsewhere there are no process groups
        self._log = log.open("ab")
        try:
            self._process = subprocess.Popen(
                [*sharing.launcher, *command],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,  # on Unix Ctrl-C reaches the script alone, which then ends its commands
                env=sharing.environment(os.environ, gpu),
            )
        except OSError:
            self._log.close()
            raise

    def exit_status(self) -> int | None:
        return self._process.poll()

    def end(self) -> None:
        with self._process, self._log:  # closes standard input and waits
            if self._has_launcher:
                self._end_launcher()
            self._process.kill()

    def _end_launcher(self) -> None:
        """Asks a launcher to end what it has started, perhaps on another machine; then ends it and its children."""
        for number in (signal.SIGTERM, _SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LAUNCHER_SECONDS)


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

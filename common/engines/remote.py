"""Commands on other machines: the side of the script, and what the other machine runs. Knows no cluster."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from common.engines.sharing import Sharing
from common.errors import ProjectError

_POLL_SECONDS = 0.2
_KILLED = -9
# Work that was lost more often than this is taken for what ends its machines.
MOST_RESTARTS = 10
# The first pause before a restart. Each is twice as long as the one before: until the cluster notices that a machine is
# gone, about 20 seconds, it may start work there again.
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
# Set by clusters for their own workers; a training has its cores for itself.
_OF_WORKERS = "OMP_NUM_THREADS"
# Stands for the Python of the machine that runs a command.
_PYTHON = "{python}"


class Lost(Exception):
    """The machine, or the process, that worked on something is gone."""


@dataclass(frozen=True)
class RemoteCommand:
    """What another machine is told to run.

    Attributes:
        words: The command.
        folder: Where it runs.
        log: File that what it prints is added to.
        claim: File that holds the name of the start that counts.
        name: Of this start.
    """

    words: tuple[str, ...]
    folder: str
    log: str
    claim: str
    name: str


class Cluster(Protocol):
    """What runs commands elsewhere."""

    def submit(self, command: RemoteCommand) -> Any:
        """Gives a command to the cluster; returns what stands for it there."""

    def status(self, submitted: Any) -> int | None:
        """Returns the exit status of a command, None while it runs; raises `Lost` if its machine was lost."""

    def release(self, submitted: Any) -> None:
        """Ends a command if it still runs, and frees what it holds."""


class ClaimedCommand:
    """A command on a machine of a cluster; started again on another one if that is lost.

    The file "claim" beside the log holds the name of the start that counts. A command on a machine that is only cut off
    from the network of the cluster sees there that it does not count any more, and ends.
    """

    def __init__(self, cluster: Cluster, command: Sequence[str], folder: Path, log: Path) -> None:
        self._cluster, self._log, self._claim = cluster, log, log.with_name("claim")
        self._words = tuple(_PYTHON if word == sys.executable else word for word in command)
        self._folder = str(folder)
        self._status: int | None = None
        self._start_again_at: float | None = None
        self.restarts = 0
        self._submit()

    def _submit(self) -> None:
        name = secrets.token_hex(8)
        self._claim.write_text(name, encoding="ascii")
        self._submitted = self._cluster.submit(
            RemoteCommand(self._words, self._folder, str(self._log), str(self._claim), name)
        )

    def exit_status(self) -> int | None:
        """See `Command`."""
        if self._status is None:
            try:
                self._status = self._look()
            except Lost:
                self._start_again_later()
            except (ProjectError, OSError) as error:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(f"error: {error}\n")
                self._status = 1
        return self._status

    def _look(self) -> int | None:
        if self._start_again_at is None:
            return self._cluster.status(self._submitted)
        if time.monotonic() >= self._start_again_at:
            self._start_again_at = None
            self._submit()
        return None

    def _start_again_later(self) -> None:
        if self.restarts < MOST_RESTARTS:
            pause = min(_PAUSE_SECONDS * 2**self.restarts, _LONGEST_PAUSE_SECONDS)
            self._start_again_at = time.monotonic() + pause
            self.restarts += 1
            with contextlib.suppress(OSError):
                self._claim.unlink()  # a start that is only cut off ends now
        else:
            self._status = _KILLED

    def end(self) -> None:
        """See `Command`."""
        self._claim.unlink(missing_ok=True)
        self._cluster.release(self._submitted)
        if self._status is None:
            self._status = _KILLED


def run_command(sharing: Sharing, changes: Mapping[str, str], command: RemoteCommand) -> int:
    """Runs a command on this machine until it ends or does not count any more; returns its exit status."""
    words = [sys.executable if word == _PYTHON else word for word in command.words]
    environment = {**sharing.environment(os.environ), **changes}
    environment.pop(_OF_WORKERS, None)
    with Path(command.log).open("ab") as file:
        process = subprocess.Popen(
            words,
            cwd=command.folder,
            stdin=subprocess.PIPE,  # it ends when this process does
            stdout=file,
            stderr=file,
            env=environment,
            start_new_session=True,
        )
    with process:
        try:
            while (status := process.poll()) is None and _counts(command):
                time.sleep(_POLL_SECONDS)
        finally:
            process.kill()
    return _KILLED if status is None else status


def _counts(command: RemoteCommand) -> bool:
    try:
        return Path(command.claim).read_text(encoding="ascii") == command.name
    except FileNotFoundError:
        return False
    except OSError:  # a file system that is away for a moment
        return True

"""Runs work on the machines of a Ray cluster (https://www.ray.io); the only module that knows Ray.

Assumes that the script runs on a machine of the cluster and that all machines see the project and the data under the
same paths; both is checked before the first work. A machine that is lost loses nothing: its items and commands start
again on others.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from common.engines.engine import Item, Result
from common.engines.items import Tasks
from common.engines.machines import PROJECT, Answer, Machine, check_machines, machine_of, question, questions
from common.engines.processes import InWorker
from common.engines.remote import ClaimedCommand, Lost, RemoteCommand, run_command
from common.engines.room import Room
from common.engines.sharing import CORES, Sharing
from common.errors import ConfigError, ProjectError

# Older ones let everybody in who reaches their ports.
_OLDEST = (2, 52)
_INSTALL = "python -m pip install 'cityscapes-study[ray]', on every machine"
# Read when Ray is imported.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # A task without GPUs sees none.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
}
_ANSWER_SECONDS = 60
_END_SECONDS = 3
# How long the list of machines is taken for current.
_CENSUS_SECONDS = 5.0
# Variables that trainings on other machines take over from this process.
_HANDED_ON = ("KERAS_", "TF_", "XLA_", "JAX_", "TORCH_", "CITYSCAPES_", "TQDM_")


class RayEngine:
    """Runs work on a Ray cluster; connects when the first work is given."""

    def __init__(self, address: str, needs_token: bool, sharing: Sharing, folders: Sequence[Path]) -> None:
        self._address, self._needs_token, self._sharing, self._folders = address, needs_token, sharing, folders
        self._ray: ModuleType | None = None
        self._census: tuple[float, list[dict[str, Any]]] = (-_CENSUS_SECONDS, [])
        self._cores = 0

    @property
    def slots(self) -> int:
        """See `Engine`; follows the machines that come and go."""
        if self._sharing.at_a_time:
            return self._sharing.at_a_time
        return self._room().slots

    def processes(self, workers: int) -> int:
        """See `Engine`: all cores of the cluster."""
        return max(1, sum(machine.cores for machine in self._machines()))

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Generator[Result]:
        """See `Engine`."""
        ray = self._connected()
        call = ray.remote(num_cpus=1, max_retries=0)(_call)
        shared = ray.put(InWorker(function))
        tasks: Tasks[Item, Result] = Tasks(self, lambda item: call.remote(shared, item))
        try:
            for item in items:
                tasks.add(item)
                if len(tasks.waiting) >= 2 * workers:
                    yield tasks.first_result()
            while tasks.waiting:
                yield tasks.first_result()
        finally:
            tasks.end()

    def start(self, command: Sequence[str], folder: Path, log: Path) -> ClaimedCommand:
        """See `Engine`."""
        self._connected()
        return ClaimedCommand(self, command, folder, log)

    def close(self) -> None:
        """See `Engine`."""
        if self._ray is not None:
            self._ray.shutdown()
            self._ray = None

    def machines(self) -> tuple[list[Machine], Answer]:
        """Asks every machine what it has; the second value is what this machine would answer."""
        ray = self._connected(check=False)
        ask = ray.remote(num_cpus=0, max_retries=0)(question())
        place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        with questions(self._folders) as arguments:
            nodes = [node for node in ray.nodes() if node["Alive"]]
            asked = [
                ask.options(scheduling_strategy=place(node["NodeID"], soft=False)).remote(*arguments) for node in nodes
            ]
            here = question()(*arguments)
            return [self._answered(*pair) for pair in zip(nodes, asked, strict=True)], here

    def _answered(self, node: Mapping[str, Any], reference: Any) -> Machine:
        machine, ray = machine_of(node), self._connected(check=False)
        try:
            return replace(machine, answer=ray.get(reference, timeout=_ANSWER_SECONDS))
        except ray.exceptions.RayError as error:
            reason = str(getattr(error, "cause", error)).strip().splitlines() or ["no reason was given"]
            return replace(machine, fault=reason[-1][:300])

    def _connected(self, check: bool = True) -> ModuleType:
        """Connects to the cluster, and checks its machines before the first work."""
        if self._ray is None:
            self._ray = _connect(self._address)
            if check:
                machines, here = self.machines()
                check_machines(machines, here, self._needs_token)
                room = Room(machines, self._sharing)
                room.check()
                self._cores = room.cores
        return self._ray

    def _nodes(self) -> list[dict[str, Any]]:
        """Lists the machines that the cluster has and had, as Ray describes them."""
        when, nodes = self._census
        if time.monotonic() - when > _CENSUS_SECONDS:
            nodes = self._connected().nodes()
            self._census = time.monotonic(), nodes
        return nodes

    def _machines(self) -> list[Machine]:
        """Lists the machines that are there now."""
        return [machine_of(node) for node in self._nodes() if node["Alive"]]

    def _room(self) -> Room:
        return Room(self._machines(), self._sharing)

    def submit(self, command: RemoteCommand) -> _Submitted:
        """See `Cluster`: an actor runs it, because the end of an actor's machine is noticed by itself."""
        ask = {
            "num_cpus": self._cores,
            "num_gpus": self._room().gpus_of_command,
            "max_restarts": 0,
            "max_task_retries": 0,
            "max_concurrency": 2,
            "scheduling_strategy": "SPREAD",
        }
        handed_on = {key: value for key, value in os.environ.items() if key.startswith(_HANDED_ON)}
        runner = self._connected().remote(**ask)(_Runner).remote()
        status = runner.run.remote(command, self._sharing, handed_on | {CORES: str(self._cores)})
        return _Submitted(runner, runner.where.remote(), status)

    def status(self, submitted: _Submitted) -> int | None:
        """See `Cluster`; the cluster itself tells of a command on a machine without network half a minute later."""
        if self.is_ready(submitted.status):
            return int(self.result(submitted.status))
        if self.is_ready(submitted.place):
            place = self.result(submitted.place)
            if any(node["NodeID"] == place and not node["Alive"] for node in self._nodes()):
                raise Lost
        return None

    def release(self, submitted: _Submitted) -> None:
        """See `Cluster`."""
        if self._ray is not None:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.kill(submitted.runner)

    def is_ready(self, reference: Any, seconds: float = 0) -> bool:
        """Tells whether a result is there, at the latest after some seconds."""
        return bool(self._connected().wait([reference], timeout=seconds)[0])

    def lost_machines(self) -> int:
        """Counts the machines that the cluster has lost since it was started."""
        return sum(not node["Alive"] for node in self._nodes())

    def result(self, reference: Any) -> Any:
        """Waits for a result; what was raised there is raised here as it was there.

        Raises:
            Lost: If the machine, or the worker process, was lost.
        """
        ray = self._connected()
        kinds = ray.exceptions
        try:
            return ray.get(reference)
        except kinds.RayTaskError as error:
            raise error.cause from None
        except kinds.OutOfMemoryError as error:
            raise ProjectError(
                "memory ran out on a machine of the cluster; lower TRAININGS_AT_A_TIME, or start Ray there with a "
                "smaller --num-cpus"
            ) from error
        except (kinds.WorkerCrashedError, kinds.NodeDiedError, kinds.ActorDiedError, kinds.ObjectLostError) as error:
            raise Lost from error
        except kinds.RayError as error:
            reason = " ".join(str(error).split())[:300]
            raise ProjectError(
                f"the Ray cluster failed: {reason}; finished work is kept, start the same command again"
            ) from error

    def cancel(self, references: Sequence[Any], seconds: float = _END_SECONDS) -> None:
        """Ends tasks and waits for their ends, so that nothing is written any more."""
        ray = self._ray
        if not references or ray is None:
            return
        for force in (False, True):
            for reference in references:
                with contextlib.suppress(ray.exceptions.RayError, ValueError):
                    ray.cancel(reference, force=force)
            ready, references = ray.wait(list(references), num_returns=len(references), timeout=seconds)
            if not references:
                return


class _Submitted(NamedTuple):
    """A command in the cluster: the actor that runs it, and the references of its machine and exit status."""

    runner: Any
    place: Any
    status: Any


class _Runner:
    """Runs one command, as an actor of its own; says meanwhile on which machine."""

    def where(self) -> str:
        """Returns the cluster's name of this machine."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def run(self, command: RemoteCommand, sharing: Sharing, changes: Mapping[str, str]) -> int:
        """Returns the exit status; ends the command when it does not count any more."""
        return run_command(command, sharing, changes)


def _connect(address: str) -> ModuleType:
    """Imports Ray and connects to a cluster that runs."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise ConfigError(f"ENGINE = ray: Ray is not installed ({error}); {_INSTALL}") from error
    if tuple(map(int, re.findall(r"\d+", ray.__version__)[:2])) < _OLDEST:
        raise ConfigError(
            f"ENGINE = ray: Ray {ray.__version__} cannot keep strangers out; 2.52 or newer is needed: {_INSTALL}"
        )
    with _signals_kept():
        try:
            ray.init(
                address=address or "auto",
                job_config=ray.job_config.JobConfig(code_search_path=[str(PROJECT)]),
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
            )
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ConfigError(
                f"ENGINE = ray: no connection to the cluster {address or 'of this machine'}: {reason}; this machine "
                "has to belong to it (`ray start`), with the same token; see docs/clusters.md"
            ) from error
    return ray


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Puts back what signals do, which Ray changes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _call(function: Callable[[Item], Result], item: Item) -> Result:
    return function(item)

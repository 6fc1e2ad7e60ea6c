"""Runs work on the machines of a Ray cluster (https://www.ray.io); the only module that knows Ray.

Assumes that the script runs on a machine of the cluster and that all machines see the project and the data under the
same paths; both is checked before the first work. A machine that is lost loses nothing: its items and commands start
again on others.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, NamedTuple

from common.engines.engine import Item, Result
from common.engines.items import Shift
from common.engines.machines import PROJECT, Answer, Machine, check_machines, machine_of, question, questions
from common.engines.processes import InWorker, signals_kept
from common.engines.remote import ClaimedCommand, Lost, RemoteCommand, run_command
from common.engines.room import Room
from common.engines.sharing import CORES, Sharing
from common.errors import ConfigError, ProjectError

log = logging.getLogger(__name__)
# Older ones let everybody in who reaches their ports.
_OLDEST = (2, 52)
_INSTALL = "python -m pip install --require-hashes -r requirements-ray.lock, on every machine"
# Read when Ray is imported.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # A task without GPUs sees none.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
}
_ANSWER_SECONDS = 60
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
        crew: _Crew[Item, Result] = _Crew(self, InWorker(function), {"num_cpus": 1})
        yield from Shift(crew, items, workers).results()

    def start(self, command: Sequence[str], folder: Path, log: Path) -> ClaimedCommand:
        """See `Engine`."""
        self.connected()
        return ClaimedCommand(self, command, folder, log)

    def close(self) -> None:
        """See `Engine`."""
        if self._ray is not None:
            self._ray.shutdown()
            self._ray = None

    def machines(self) -> tuple[list[Machine], Answer]:
        """Asks every machine what it has; the second value is what this machine would answer."""
        ray = self.connected(check=False)
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
        machine, ray = machine_of(node), self.connected(check=False)
        try:
            return replace(machine, answer=ray.get(reference, timeout=_ANSWER_SECONDS))
        except ray.exceptions.RayError as error:
            reason = str(getattr(error, "cause", error)).strip().splitlines() or ["no reason was given"]
            return replace(machine, fault=reason[-1][:300])

    def connected(self, check: bool = True) -> ModuleType:
        """Connects to the cluster, and checks its machines before the first work; returns Ray."""
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
            nodes = self.connected().nodes()
            self._census = time.monotonic(), nodes
        return nodes

    def _machines(self) -> list[Machine]:
        """Lists the machines that are there now."""
        return [machine_of(node) for node in self._nodes() if node["Alive"]]

    def _room(self) -> Room:
        return Room(self._machines(), self._sharing)

    def submit(self, command: RemoteCommand) -> _Task:
        """See `Cluster`: a worker of its own runs the command."""
        handed_on = {key: value for key, value in os.environ.items() if key.startswith(_HANDED_ON)}
        run = functools.partial(run_command, self._sharing, handed_on | {CORES: str(self._cores)})
        needs = {"num_cpus": self._cores, "num_gpus": self._room().gpus_of_command}
        crew: _Crew[RemoteCommand, int] = _Crew(self, run, needs)
        worker = crew.hire()
        return _Task(crew, worker, crew.give(worker, command))

    def status(self, submitted: _Task) -> int | None:
        """See `Cluster`."""
        if submitted.crew.ended([submitted.reference], 0):
            return submitted.crew.result(submitted.reference)
        if submitted.crew.is_lost(submitted.worker):
            raise Lost
        return None

    def release(self, submitted: _Task) -> None:
        """See `Cluster`."""
        submitted.crew.dismiss(submitted.worker)

    def has_lost(self, node: str) -> bool:
        """Tells whether a machine, by its name in the cluster, is gone."""
        return any(one["NodeID"] == node and not one["Alive"] for one in self._nodes())


class _Actor(Generic[Item, Result]):
    """A worker process on some machine."""

    def __init__(self, function: Callable[[Item], Result]) -> None:
        self._function = function

    def where(self) -> str:
        """Returns the cluster's name of this machine."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def call(self, item: Item) -> Result:
        """Does an item."""
        return self._function(item)


@dataclass(eq=False)
class _Worker:
    """An actor, the reference of where it is, and whether that is known."""

    actor: Any
    place: Any
    is_ready: bool = False


class _Crew(Generic[Item, Result]):
    """Actors that do items with one function; actors and not tasks, because these can be ended without harm.

    To cancel Ray's tasks may end this process with a failed check, and a task on a machine without network is not
    noticed for many minutes.
    """

    def __init__(self, engine: RayEngine, function: Callable[[Item], Result], needs: Mapping[str, float]) -> None:
        self._engine, self._ray = engine, engine.connected()
        never = {"max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": "SPREAD"}
        self._actor = self._ray.remote(**needs, **never)(_Actor)
        self._function = self._ray.put(function)

    def hire(self) -> _Worker:
        """See `Workers`."""
        actor = self._actor.remote(self._function)
        return _Worker(actor, actor.where.remote())

    def is_ready(self, worker: _Worker) -> bool:
        """See `Workers`."""
        worker.is_ready = worker.is_ready or bool(self.ended([worker.place], 0))
        return worker.is_ready

    def give(self, worker: _Worker, item: Item) -> Any:
        """See `Workers`."""
        return worker.actor.call.remote(item)

    def ended(self, references: Sequence[Any], seconds: float) -> Sequence[Any]:
        """See `Workers`."""
        ready: list[Any] = self._ray.wait(list(references), timeout=seconds)[0]
        return ready

    def is_lost(self, worker: _Worker) -> bool:
        """See `Workers`; the cluster itself tells of a machine without network half a minute later."""
        try:
            return self.is_ready(worker) and self._engine.has_lost(self._get(worker.place))
        except Lost:
            return True

    def dismiss(self, worker: _Worker) -> None:
        """See `Workers`."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(worker.actor)

    def result(self, reference: Any) -> Result:
        """See `Workers`; what was raised there is raised here as it was there."""
        result: Result = self._get(reference)
        return result

    def _get(self, reference: Any) -> Any:
        kinds = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except kinds.RayTaskError as error:
            raise error.cause from None
        except kinds.OutOfMemoryError as error:
            raise ProjectError(
                "memory ran out on a machine of the cluster; lower TRAININGS_AT_A_TIME, or start Ray there with a "
                "smaller --num-cpus"
            ) from error
        except (kinds.WorkerCrashedError, kinds.NodeDiedError, kinds.RayActorError, kinds.ObjectLostError) as error:
            raise Lost from error
        except kinds.RayError as error:
            reason = " ".join(str(error).split())[:300]
            raise ProjectError(
                f"the Ray cluster failed: {reason}; finished work is kept, start the same command again"
            ) from error


class _Task(NamedTuple):
    """A command in the cluster: its worker, and the reference of its exit status."""

    crew: _Crew[RemoteCommand, int]
    worker: _Worker
    reference: Any


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
    # Otherwise messages of machines are printed on standard output, where tools print results.
    ray._private.worker.print_to_stdstream = _note
    with signals_kept():
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


def _note(data: Mapping[str, Any], **_: object) -> None:
    log.debug("Ray: %s", " ".join(map(str, data.get("lines", ()))))

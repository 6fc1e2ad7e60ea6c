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
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from common.engines.engine import Item, Result
from common.engines.machines import PROJECT, Answer, Machine, check_machines, question, questions
from common.engines.processes import InWorker
from common.engines.remote import MOST_RESTARTS, ClaimedCommand, Lost, RemoteCommand, run_command
from common.engines.sharing import CORES, Sharing
from common.errors import ConfigError, ProjectError
from common.text import count

log = logging.getLogger(__name__)
# Older ones let everybody in who reaches their ports.
_OLDEST = (2, 52)
_INSTALL = "python -m pip install 'cityscapes-study[ray]', on every machine"
# Without them a machine that loses its network is noticed after five minutes or more. Read when Ray is imported.
_ENVIRONMENT = {
    "RAY_grpc_client_keepalive_time_ms": "15000",
    "RAY_grpc_client_keepalive_timeout_ms": "15000",
    "RAY_USAGE_STATS_ENABLED": "0",
    # A task without GPUs sees none.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
}
_ANSWER_SECONDS = 60
_END_SECONDS = 3
# How long the numbers of machines, cores and GPUs are taken for current.
_CENSUS_SECONDS = 10
# Variables that trainings on other machines take over from this process.
_HANDED_ON = ("KERAS_", "TF_", "XLA_", "JAX_", "TORCH_", "CITYSCAPES_", "TQDM_")


class RayEngine:
    """Runs work on a Ray cluster; connects when the first work is given."""

    def __init__(self, address: str, needs_token: bool, sharing: Sharing, folders: Sequence[Path]) -> None:
        self._address, self._needs_token, self._sharing, self._folders = address, needs_token, sharing, folders
        self._ray: ModuleType | None = None
        self._census: tuple[float, list[Machine]] = (0.0, [])
        self._cores = 0

    @property
    def slots(self) -> int:
        """See `Engine`; follows the machines that come and go."""
        if self._sharing.at_a_time:
            return self._sharing.at_a_time
        return max(1, sum(map(self._slots_of, self._fitting())))

    def processes(self, workers: int) -> int:
        """See `Engine`: all cores of the cluster."""
        return max(1, sum(machine.cores for machine in self._machines()))

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Generator[Result]:
        """See `Engine`."""
        ray = self._connected()
        call = ray.remote(num_cpus=1, max_retries=0)(_call)
        shared = ray.put(InWorker(function))
        waiting: deque[tuple[Item, Any]] = deque()
        lost = 0

        def first_result() -> Result:
            nonlocal lost
            item, reference = waiting.popleft()
            for _ in range(MOST_RESTARTS):
                try:
                    result: Result = self.result(reference)
                    return result
                except Lost:
                    lost += 1
                    reference = call.remote(shared, item)
            raise ProjectError(
                f"worker processes ended {MOST_RESTARTS} times at the same item, which often means that memory ran "
                "out; finished work is kept, start Ray with a smaller --num-cpus and start again"
            )

        try:
            for item in items:
                waiting.append((item, call.remote(shared, item)))
                if len(waiting) >= 2 * workers:
                    yield first_result()
            while waiting:
                yield first_result()
        finally:
            self.cancel([reference for _, reference in waiting])
            if lost:
                log.warning(
                    "%s started again elsewhere, because a machine was lost", count(lost, "item was", "items were")
                )

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
        machine, ray = _machine(node), self._connected(check=False)
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
                self._cores = self._sharing.cores or min(map(self._share_of, self._fitting()), default=1)
                self._check_room()
        return self._ray

    def _machines(self) -> list[Machine]:
        """Lists the machines that are there now."""
        when, machines = self._census
        if time.monotonic() - when > _CENSUS_SECONDS:
            machines = [_machine(node) for node in self._connected().nodes() if node["Alive"]]
            self._census = time.monotonic(), machines
        return machines

    def _fitting(self) -> list[Machine]:
        """Lists the machines that can train: those with GPUs if there are any and they are wanted."""
        machines = [machine for machine in self._machines() if machine.cores >= max(1, self._sharing.cores or 1)]
        with_gpus = [machine for machine in machines if machine.gpus and self._sharing.gpus is None]
        return with_gpus or machines

    def _check_room(self) -> None:
        """Refuses a number of cores that no machine has; the cluster would wait for ever."""
        if not self._fitting():
            most = max(machine.cores for machine in self._machines())
            raise ConfigError(
                f"CORES_PER_TRAINING = {self._sharing.cores}: the largest machine of the cluster has {most}; set it to "
                f"{most} or less"
            )

    def _slots_of(self, machine: Machine) -> int:
        return machine.gpus * self._sharing.per_gpu if self._uses_gpus(machine) else 1

    def _share_of(self, machine: Machine) -> int:
        """Cores of a machine for each training on it."""
        return max(1, machine.cores // self._slots_of(machine))

    def _uses_gpus(self, machine: Machine) -> bool:
        return bool(machine.gpus) and self._sharing.gpus is None

    def submit(self, command: RemoteCommand) -> Any:
        """Gives a command to the cluster; returns the reference of its exit status."""
        with_gpu = any(map(self._uses_gpus, self._fitting()))
        ask = {
            "num_cpus": self._cores,
            "num_gpus": 1 / self._sharing.per_gpu if with_gpu else 0,
            "max_retries": 0,
            "scheduling_strategy": "SPREAD",
        }
        handed_on = {key: value for key, value in os.environ.items() if key.startswith(_HANDED_ON)}
        environment = handed_on | {CORES: str(self._cores)}
        return self._connected().remote(**ask)(run_command).remote(command, self._sharing, environment)

    def status(self, reference: Any) -> int | None:
        """Returns the exit status of a command, None while it runs.

        Raises:
            Lost: If its machine was lost.
        """
        ray = self._connected()
        ready, _ = ray.wait([reference], timeout=0)
        return int(self.result(reference)) if ready else None

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
        except (kinds.WorkerCrashedError, kinds.NodeDiedError, kinds.ObjectLostError) as error:
            raise Lost from error
        except kinds.RayError as error:
            reason = " ".join(str(error).split())[:300]
            raise ProjectError(
                f"the Ray cluster failed: {reason}; finished work is kept, start the same command again"
            ) from error

    def cancel(self, references: Sequence[Any]) -> None:
        """Ends tasks and waits for their ends, so that nothing is written any more."""
        ray = self._ray
        if not references or ray is None:
            return
        for force in (False, True):
            for reference in references:
                with contextlib.suppress(ray.exceptions.RayError, ValueError):
                    ray.cancel(reference, force=force)
            ready, references = ray.wait(list(references), num_returns=len(references), timeout=_END_SECONDS)
            if not references:
                return


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


def _machine(node: Mapping[str, Any]) -> Machine:
    resources = node["Resources"]
    ports = {key: node[key] for key in ("NodeManagerPort", "ObjectManagerPort", "MetricsExportPort") if node.get(key)}
    return Machine(
        f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})",
        int(resources.get("CPU", 0)),
        int(resources.get("GPU", 0)),
        ports,
    )


def _call(function: Callable[[Item], Result], item: Item) -> Result:
    return function(item)

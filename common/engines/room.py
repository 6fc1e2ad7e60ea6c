"""How much a cluster has room for. Knows machines by their cores and GPUs, and nothing else of the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.engines.machines import Machine
from common.engines.sharing import Sharing
from common.errors import ConfigError


@dataclass(frozen=True)
class Room:
    """The machines of a cluster, and how trainings share them."""

    machines: Sequence[Machine]
    sharing: Sharing

    @property
    def fitting(self) -> list[Machine]:
        """The machines that can train: those with GPUs, if there are any and they are wanted."""
        large = [machine for machine in self.machines if machine.cores >= (self.sharing.cores or 1)]
        with_gpus = [machine for machine in large if machine.gpus and self.sharing.gpus is None]
        return with_gpus or large

    @property
    def uses_gpus(self) -> bool:
        """Whether trainings get GPUs."""
        return self.sharing.gpus is None and any(machine.gpus for machine in self.fitting)

    @property
    def slots(self) -> int:
        """How many trainings run side by side: on each GPU as many as share it, otherwise one on each machine."""
        return self.sharing.at_a_time or max(1, sum(map(self._slots_of, self.fitting)))

    @property
    def cores(self) -> int:
        """Cores of each training: what is set, or the smallest share that a machine has for it.

        The same on all machines, because a checkpoint continues only with as many threads as before.
        """
        shares = (machine.cores // self._slots_of(machine) for machine in self.fitting)
        return self.sharing.cores or max(1, min(shares, default=1))

    @property
    def gpus_of_command(self) -> float:
        """The share of a GPU that each training gets."""
        return 1 / self.sharing.per_gpu if self.uses_gpus else 0

    def _slots_of(self, machine: Machine) -> int:
        return machine.gpus * self.sharing.per_gpu if self.uses_gpus else 1

    def check(self) -> None:
        """Refuses a number of cores that no machine has; the cluster would wait for ever."""
        if not self.fitting:
            most = max((machine.cores for machine in self.machines), default=0)
            raise ConfigError(
                f"CORES_PER_TRAINING = {self.sharing.cores}: the largest machine of the cluster has {most}; set it to "
                f"{most} or less"
            )

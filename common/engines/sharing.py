"""How trainings share a machine: its GPUs, its processor cores, and what stands before their commands."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

# What a command reads: the number of trainings on its GPU, and the cores that it may use.
PER_GPU = "CITYSCAPES_TRAININGS_PER_GPU"
CORES = "CITYSCAPES_CORES"
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_SECONDS = 20


@dataclass(frozen=True)
class Sharing:
    """How trainings share the machines they run on.

    Attributes:
        gpus: Names of the GPUs as in CUDA_VISIBLE_DEVICES; () for none, None for those that are found.
        per_gpu: How many trainings share a GPU.
        cores: Of each training; None: an equal share of the machine.
        at_a_time: How many trainings run side by side; None: as many as the GPUs have room for, or one.
        launcher: Words of a command that is put before that of each training.
    """

    gpus: tuple[str, ...] | None = None
    per_gpu: int = 1
    cores: int | None = None
    at_a_time: int | None = None
    launcher: tuple[str, ...] = ()

    @property
    def local_gpus(self) -> tuple[str, ...]:
        """The GPUs of this machine that trainings are given one by one."""
        if self.gpus is None:  # a launcher gives its commands their GPUs
            return () if self.launcher else found_gpus()
        return self.gpus

    @property
    def local_slots(self) -> int:
        """How many trainings run side by side on this machine."""
        return self.at_a_time or len(self.local_gpus) * self.per_gpu or 1

    def environment(self, base: Mapping[str, str], gpu: str | None = None) -> dict[str, str]:
        """Makes the environment of a command from that of this process; `gpu` is the one that it is given."""
        made = {**base, "PYTHONUTF8": "1"}
        if gpu is not None:
            made[_VISIBLE] = gpu
        elif self.gpus == ():
            made[_VISIBLE] = "-1"
        if self.per_gpu > 1:
            made[PER_GPU] = str(self.per_gpu)
        return made


def visible_gpus() -> tuple[str, ...] | None:
    """Lists the GPUs that CUDA_VISIBLE_DEVICES lets programs see; None if it is not set."""
    text = os.environ.get(_VISIBLE)
    if text is None:
        return None
    names = [part.strip() for part in text.split(",")]
    # CUDA ignores what stands behind the first name that is none.
    end = next((place for place, name in enumerate(names) if name in ("", "-1", "none", "void")), len(names))
    return tuple(names[:end])


@functools.cache
def found_gpus() -> tuple[str, ...]:
    """Lists the GPUs of this machine that programs may use, without loading a library: NVIDIA's tool is asked.

    Not /proc/driver/nvidia, which a container shows too if it may not use the GPUs.
    """
    if (named := visible_gpus()) is not None:
        return named
    count = len(re.findall(r"^GPU \d+", _nvidia_smi("--list-gpus"), re.MULTILINE))
    return tuple(map(str, range(count)))


def gpu_memory_mb(gpu: str) -> int | None:
    """Returns the memory of a GPU in MB; None if the driver does not tell."""
    text = _nvidia_smi(f"--id={gpu}", "--query-gpu=memory.total", "--format=csv,noheader,nounits").strip()
    return int(text) if text.isdecimal() else None


def _nvidia_smi(*arguments: str) -> str:
    """Gives what NVIDIA's tool prints; nothing where it is missing or fails."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    try:
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=_SECONDS).stdout
    except (OSError, subprocess.SubprocessError):
        return ""

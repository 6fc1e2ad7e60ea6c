"""The values of config.ini that say what the machines may be used for; they change no score and no identity."""

import shlex
from typing import Annotated, Literal, Self

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from common.config.fields import STRICT, auto_or_count, auto_or_names, command_words, key
from common.config.settings import Precision
from common.engines.choice import EngineChoice
from common.engines.sharing import Sharing
from common.parallel import usable_cores


@dataclass(frozen=True, config=STRICT)
class MachineConfig:
    """What machines may be used for; changes no result except the last bits."""

    precision: Precision = key(
        "PRECISION", "auto", "Number format of the training. auto: mixed_float16 on a GPU; on a CPU mixed_bfloat16 if "
        "the processor computes in it (AVX512-BF16 or AMX), else float32.", scores=False,
    )  # fmt: skip
    workers: Annotated[int | None, auto_or_count(4096)] = key(
        "NUM_WORKERS", None, "Processes that prepare data; auto: one per core. Changes no result. 1 stays on this "
        "machine; with ENGINE = ray more than 1 means all cores of the cluster.", scores=False,
    )  # fmt: skip
    trainings_at_a_time: Annotated[int | None, auto_or_count(4096)] = key(
        "TRAININGS_AT_A_TIME", None, "Trainings that run side by side. auto: TRAININGS_PER_GPU on each GPU; without a "
        "GPU one on this machine, with ENGINE = ray one on each. On a CPU each takes 5 to 8 GB of memory.",
        scores=False,
    )  # fmt: skip
    gpus: Annotated[tuple[str, ...] | None, auto_or_names("0,1")] = key(
        "GPUS", None, "GPUs that trainings are given one by one, named as in CUDA_VISIBLE_DEVICES. auto: all. none: "
        "trainings use processors only.", scores=False,
    )  # fmt: skip
    trainings_per_gpu: int = key(
        "TRAININGS_PER_GPU", 1, "Trainings that share a GPU; each may take its share of the memory.", ge=1, le=64,
        scores=False,
    )  # fmt: skip
    cores_per_training: Annotated[int | None, auto_or_count(4096)] = key(
        "CORES_PER_TRAINING", None, "Processor threads of a training; auto: an equal share of the machine. Another "
        "number may round the last bits differently.", scores=False,
    )  # fmt: skip
    launcher: Annotated[str, command_words()] = key(
        "TRAINING_LAUNCHER", "", "A command that is put before that of each training, for example srun --quiet -n1 "
        "-c2 --gres=gpu:1; see docs/clusters.md.", scores=False,
    )  # fmt: skip
    engine: Literal["local", "ray"] = key(
        "ENGINE", "local", "Where work runs: on this machine, or on all machines of a Ray cluster; see "
        "docs/clusters.md.", scores=False,
    )  # fmt: skip
    engine_address: str = key(
        "ENGINE_ADDRESS", "", "Address of the cluster, for example 10.0.0.1:6379; empty: the one that this machine "
        "belongs to.", scores=False, allowed="nothing, or HOST:PORT",
    )  # fmt: skip
    engine_token: Literal["required", "none"] = key(
        "ENGINE_TOKEN", "required", "none: also use a cluster that lets everybody in who reaches its ports; see "
        "docs/clusters.md.", scores=False,
    )  # fmt: skip
    report: Literal["each step", "at the end"] = key(
        "REPORT", "each step", "When the report is written: after each step, or after step 14 only; "
        "python -m common.tools.report writes it at any time.", scores=False,
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.engine == "ray" and self.launcher:
            raise ValueError(
                f"TRAINING_LAUNCHER = {self.launcher}: ENGINE = ray starts trainings itself; leave the key empty or "
                "set ENGINE = local"
            )
        if self.engine == "ray" and self.gpus:
            raise ValueError(
                f"GPUS = {','.join(self.gpus)}: ENGINE = ray gives trainings the GPUs of all machines; set GPUS = auto "
                "or none, and CUDA_VISIBLE_DEVICES before `ray start` on a machine that is to keep some"
            )
        return self

    @property
    def sharing(self) -> Sharing:
        """How trainings share the machines."""
        return Sharing(
            self.gpus,
            self.trainings_per_gpu,
            self.cores_per_training,
            self.trainings_at_a_time,
            tuple(shlex.split(self.launcher)),
        )

    @property
    def engine_choice(self) -> EngineChoice:
        """The engine."""
        return EngineChoice(self.engine, self.engine_address, self.engine_token == "required", self.sharing)

    @property
    def threads(self) -> int:
        """Processor threads of a training; 0 if the machine that trains has to say, because it is another one."""
        if self.cores_per_training:
            return self.cores_per_training
        if self.engine == "ray" or self.launcher:
            return 0
        return max(1, usable_cores() // self.sharing.local_slots)

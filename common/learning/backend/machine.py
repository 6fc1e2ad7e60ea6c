"""What depends on the machine and on the Keras back end: precision, determinism, memory, threads, versions.

TensorFlow, JAX and PyTorch are imported by the function that needs them, and only if Keras runs on them. Call
`quiet_start` before Keras is imported for the first time.
"""

import contextlib
import importlib
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

from common.config.settings import PRECISIONS
from common.engines.sharing import PER_GPU, gpu_memory_mb, visible_gpus
from common.errors import ConfigError

# Share of a GPU's memory that trainings take together; the driver and each process need some for themselves.
_USABLE = 0.92
# Where the processor multiplies bfloat16 itself; without it bfloat16 is emulated and slower than float32.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def quiet_start() -> None:
    """Imports Keras and its back end without TensorFlow's start-up messages; later messages are shown.

    Where the environment sets TF_CPP_MIN_LOG_LEVEL, that decides what is shown.
    """
    if "keras" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    with native_messages_dropped():
        importlib.import_module("keras")
        if backend_name() == "tensorflow":
            has_gpu()  # it also logs when it looks for devices


@contextlib.contextmanager
def native_messages_dropped() -> Iterator[None]:
    """Drops what is written to file descriptor 2: TensorFlow logs there before its log level takes effect."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error stream
        yield
        return
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def backend_name() -> str:
    """Returns the name of the back end Keras runs on: `tensorflow`, `jax` or `torch`."""
    import keras

    name: str = keras.backend.backend()
    return name


def has_gpu() -> bool:
    """Tells whether the back end sees a GPU."""
    name = backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    if name == "jax":
        import jax

        return str(jax.default_backend()) in ("gpu", "cuda", "rocm")
    import torch

    return bool(torch.cuda.is_available())


def has_bfloat16_processor(cpuinfo: str | Path = "/proc/cpuinfo") -> bool:
    """Tells whether the processor multiplies bfloat16 itself, as far as the system tells (Linux does)."""
    try:
        text = Path(cpuinfo).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())


def choose_precision(precision: str = "auto") -> str:
    """Chooses the Keras policy to train with.

    Args:
        precision: One of `PRECISIONS`. "auto": mixed_float16 on a GPU; on a processor mixed_bfloat16 where TensorFlow
            is the back end and the processor has instructions for it, otherwise float32.

    Returns:
        The name of a Keras dtype policy.

    Raises:
        ConfigError: If the name is unknown, or float16 is asked for without a GPU.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision = {precision}: unknown, expected one of {', '.join(PRECISIONS)}")
    gpu = has_gpu()
    if precision == "mixed_float16" and not gpu:
        raise ConfigError(
            "precision = mixed_float16: no GPU was found, and on a processor float16 is about 180 times slower than "
            "float32; use precision = auto"
        )
    if precision != "auto":
        return precision
    if gpu:
        return "mixed_float16"
    return "mixed_bfloat16" if backend_name() == "tensorflow" and has_bfloat16_processor() else "float32"


def prepare_devices(threads: int | None = None) -> None:
    """Lets several trainings share a GPU's memory in equal parts, and limits the processor threads of one training.

    Call it before the first model is built: a back end cannot change either afterwards.

    Args:
        threads: Threads for one operation; None leaves the choice to the back end, as JAX always does.
    """
    name = backend_name()
    trainings = int(os.environ.get(PER_GPU) or 1)
    if name == "tensorflow":
        import tensorflow as tf

        for place, gpu in enumerate(tf.config.list_physical_devices("GPU")):
            limit = _memory_limit_mb(place, trainings)
            if limit is None:
                tf.config.experimental.set_memory_growth(gpu, True)
            else:
                share = tf.config.LogicalDeviceConfiguration(memory_limit=limit)
                tf.config.set_logical_device_configuration(gpu, [share])
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
    elif name == "jax":
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        if trainings > 1:
            os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", f"{_USABLE / trainings:.3f}")
    else:
        import torch

        if trainings > 1 and torch.cuda.is_available():
            torch.cuda.set_per_process_memory_fraction(_USABLE / trainings)
        if threads:
            torch.set_num_threads(threads)


def _memory_limit_mb(place: int, trainings: int) -> int | None:
    """Returns the memory that one of several trainings may take on the GPU at a place; None for no limit."""
    if trainings == 1:
        return None
    visible = visible_gpus()
    name = str(place) if visible is None else visible[place]
    memory = gpu_memory_mb(name)
    return None if memory is None else int(memory * _USABLE / trainings)


def make_deterministic() -> None:
    """Makes equal inputs give equal bits, in this process and in the next one on the same machine.

    On a processor it changes nothing: with the same number of threads, trainings repeat bit by bit without it, in
    float32 and bfloat16. On a GPU it is needed, and some operations get slower. JAX reads it from the environment
    only, before it starts: XLA_FLAGS=--xla_gpu_deterministic_ops=true.
    """
    name = backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif name == "torch":
        import torch

        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


def without_gradients() -> AbstractContextManager[None]:
    """Makes a context in which nothing is kept for gradients; PyTorch would keep it outside of a training too."""
    if backend_name() != "torch":
        return contextlib.nullcontext()
    import torch

    context: AbstractContextManager[None] = torch.no_grad()
    return context


def describe() -> dict[str, str]:
    """Describes what a training ran on, for its result file: Keras, back end, Python, system, device."""
    import keras

    name = backend_name()
    version = importlib.import_module(name).__version__
    return {
        "keras": keras.__version__,
        "backend": f"{name} {version}",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": "gpu" if has_gpu() else "cpu",
    }


def describe_machine() -> dict[str, str]:
    """Describes where a training runs, for its result file: the machine, its processor or GPU, and the GPUs it sees."""
    visible = visible_gpus()
    return {
        "host": platform.node(),
        "device": _gpu_name() if has_gpu() else platform.processor() or platform.machine(),
        "visible_gpus": "all" if visible is None else ", ".join(visible) or "none",
    }


def _gpu_name() -> str:
    """Returns the name of the first GPU that the back end sees."""
    name = backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[0]
        return str(tf.config.experimental.get_device_details(gpu).get("device_name", "gpu"))
    if name == "jax":
        import jax

        return str(jax.devices()[0].device_kind)
    import torch

    return str(torch.cuda.get_device_name(0))


def jit_compile() -> Literal[False, "auto"]:
    """Returns the argument for `compile`: XLA is slower than TensorFlow's own kernels on a processor."""
    return False if backend_name() == "tensorflow" and not has_gpu() else "auto"

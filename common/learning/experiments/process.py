"""How a process of this project starts and ends: `python -m MODULE JOB.json`, where MODULE calls `run_process`.

The numbered scripts start one process for each training and for each folder of pseudo-labels, because every network
leaves tens of megabytes behind. A process ends with the script: the script holds the other end of its standard input.
"""

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol

from filelock import FileLock, Timeout

from common.dataset.prepared.folders import PreparedDataset, Split
from common.engines.processes import keep_freed_memory
from common.engines.sharing import CORES
from common.errors import DataError, ProjectError
from common.files.models import Model, read_model
from common.labels.maps import LabelMap
from common.learning.backend import machine as backend
from common.parallel import usable_cores
from common.results.job import SplitKey

# How long a process waits for an earlier one with the same job to notice that its script is gone.
_ORPHAN_SECONDS = 60
_INPUT_CLOSED = b"standard input was closed: the step is gone, or TRAINING_LAUNCHER does not hand it on\n"


class DataJob(Protocol):
    """The part of a job that says which prepared folders it reads."""

    @property
    def base_dir(self) -> str:
        """BASE_DIR."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the images, in pixels."""

    @property
    def seed_of_split(self) -> int:
        """SEED of config.ini."""

    @property
    def classes(self) -> LabelMap:
        """The classes of the masks."""

    @property
    def preparation(self) -> str:
        """PREPARATION of config.ini."""


def read_job(path: Path, kind: type[Model]) -> Model:
    """Reads a job file; where it leaves the number of threads to the machine that trains, that number is put in."""
    job = read_model(path, kind)
    if vars(job)["threads"]:
        return job
    return job.model_copy(update={"threads": int(os.environ.get(CORES) or usable_cores())})


def find_split(job: DataJob, key: SplitKey) -> Split:
    """Finds a prepared split and makes sure that it is the one the script saw."""
    dataset = PreparedDataset(Path(job.base_dir), job.size_wh, job.seed_of_split, job.classes, job.preparation)
    split = dataset.split(key.name)
    if split.fingerprint != key.fingerprint:
        raise DataError(f"{split.root}: was changed while the script was running; start the script again")
    return split


def alone(path: Path, run: Callable[[], None]) -> None:
    """Calls `run`, unless another process works on the same job file."""
    lock = FileLock(path.with_name("lock"))
    try:
        with lock.acquire(timeout=_ORPHAN_SECONDS):
            run()
    except Timeout:
        raise DataError(f"{path.parent}: another process works on it; wait for it or stop it") from None


def run_process(main: Callable[[Path], None]) -> NoReturn:
    """Runs the main function of a process with its job file; exits with 1 after an error, whose last line says why."""
    keep_freed_memory(of_any_size=True)  # every step makes and frees arrays of tens of megabytes
    try:
        if os.name == "posix":
            _end_with_the_script()
        backend.quiet_start()
        if os.name != "posix":  # not before: on Windows a library may wait for whoever reads standard input
            _end_with_the_script()
        main(Path(sys.argv[1]))
    except Exception as problem:
        if not isinstance(problem, ProjectError):
            traceback.print_exc()
        print(f"error: {_explain(problem)}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def _end_with_the_script() -> None:
    """Ends this process when the script that started it is gone, and says so in the log."""
    log = 2 if sys.stderr is None else os.dup(2)  # 2 itself leads nowhere while libraries are imported

    def wait() -> None:
        os.read(0, 1)
        with contextlib.suppress(OSError):
            os.write(log, _INPUT_CLOSED)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _explain(error: Exception) -> str:
    """Makes one line of an error: the script shows the last line of the log."""
    if isinstance(error, ProjectError):
        return str(error)
    text = " ".join(str(error).split())
    words = ("out of memory", "resource_exhausted", "resourceexhausted", "oom when", "bad_alloc")
    if isinstance(error, MemoryError) or any(word in f"{type(error).__name__} {text}".lower() for word in words):
        return "memory ran out; lower TRAININGS_AT_A_TIME or BATCH_SIZE, or close other programs"
    return f"{type(error).__name__}: {text[:300]}"

"""How long trainings will take: by the last one that was measured, or by ten steps that are measured now.

Knows no Keras: `python -m common.learning.experiments.ten_steps` measures, in a process of its own.
"""

import logging
import sys
import tempfile
import time
from pathlib import Path

from common.engines.local import LocalEngine
from common.engines.sharing import Sharing
from common.files.disk import write_json
from common.files.models import FileModel, read_model
from common.results.cost import Rate, measured_rate
from common.results.job import Job
from common.results.reading import read_results

log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[3]
_POLL_SECONDS = 0.2


class TenSteps(FileModel):
    """What the measuring process writes.

    Attributes:
        seconds: Of one image in one step.
    """

    seconds: float


def find_rate(job: Job, measure: bool, gpus: tuple[str, ...] | None = None) -> Rate | None:
    """Finds how fast a training like this one is on this machine.

    Args:
        job: The training.
        measure: Whether to run ten steps of it where no training with images of this size is finished yet. They are
            run on noise in memory, and leave nothing behind.
        gpus: What trainings may use, see `Sharing`.

    Returns:
        None if it is not known.
    """
    rate = measured_rate(read_results(Path(job.base_dir)).all, job)
    if rate is None and measure:
        return _measure(job, gpus)
    return rate


def _measure(job: Job, gpus: tuple[str, ...] | None) -> Rate | None:
    """Runs ten steps in another process; None if it fails, and then its last line is logged."""
    log.info("no training was measured here yet; measuring ten steps ...")
    with tempfile.TemporaryDirectory(prefix="cityscapes_ten_steps_") as name:
        folder = Path(name)
        write_json(folder / "job.json", job.model_dump(mode="json"))
        module = "common.learning.experiments.ten_steps"
        words = [sys.executable, "-m", module, str(folder / "job.json")]
        command = LocalEngine(Sharing(gpus)).start(words, _PROJECT, folder / "log.txt")
        try:
            while (status := command.exit_status()) is None:
                time.sleep(_POLL_SECONDS)
        finally:
            command.end()
        if status:
            lines = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            log.warning("ten steps could not be measured: %s", lines[-1] if lines else f"exit status {status}")
            return None
        return Rate("ten steps, measured now", read_model(folder / "rate.json", TenSteps).seconds)

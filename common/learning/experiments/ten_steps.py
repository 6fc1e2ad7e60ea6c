"""Measures ten steps of a training on noise: `python -m common.learning.experiments.ten_steps JOB.json`.

Writes `rate.json` beside the job file. Reads no images, so a dry run can ask before they are prepared.
"""

import itertools
import time
from pathlib import Path

import numpy as np

from common.files.disk import write_json
from common.learning.backend import machine as backend
from common.learning.experiments.measuring import TenSteps
from common.learning.experiments.process import read_job, run_process
from common.results.job import Job

_STEPS = 10


def measure(job: Job, steps: int = _STEPS) -> float:
    """Returns the seconds that one image takes in one step, for a network of width 1.

    The first step, which compiles the network, is not counted.
    """
    import keras

    from common.learning.training.batches import LoadedSplit, training_batches
    from common.learning.training.loop import TrainingData, compile_training

    backend.prepare_devices(job.threads)
    keras.config.set_dtype_policy(backend.choose_precision(job.precision))
    backend.make_deterministic()
    (width, height), images = job.network.size_wh, job.training.batch_size
    rng = np.random.default_rng(0)
    noise = LoadedSplit(
        tuple(map(str, range(images))),
        rng.integers(0, 256, (images, height, width, 3), np.uint8),
        rng.integers(0, job.network.num_classes, (images, height, width), np.uint8),
    )
    model = compile_training(job.network, job.training, TrainingData(noise, noise, job.classes))
    batches = training_batches(noise, job.training, itertools.count(), job.threads)
    model.fit(batches, steps_per_epoch=1, shuffle=False, verbose=0)
    start = time.perf_counter()
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
    return (time.perf_counter() - start) / steps / images / job.network.alpha**2


def main(path: Path) -> None:
    """Measures the training of a job file."""
    seconds = measure(read_job(path, Job))
    write_json(path.with_name("rate.json"), TenSteps(seconds=seconds).model_dump(mode="json"))


if __name__ == "__main__":
    run_process(main)

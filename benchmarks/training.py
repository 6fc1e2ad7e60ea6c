"""What a training waits for besides its network, and whether memory stays behind after trainings.

python -m benchmarks.training [--quick] [--json FILE]
"""

import logging
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row
from common.config.config import RecipeName
from common.config.documentation import write_config
from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.dataset.prepared.folders import PreparedDataset
from common.dataset.prepared.split import SplitRule
from common.dataset.prepared.steps import divide, prepare_originals
from common.engines.processes import keep_freed_memory
from common.files.disk import read_json
from common.labels.maps import study_label_map
from common.learning.experiments import processes
from common.learning.experiments.experiment import Experiment, run_experiment
from common.learning.training.batches import LoadedSplit, training_batches

_HEIGHT, _WIDTH = 208, 416
_BATCHES_TIMED = 12


def measure(quick=False):
    """Measures waiting and memory; returns rows of `timing.row`."""
    return [*measure_memory(3 if quick else 10), *measure_waiting(2 if quick else 6)]  # before Keras is loaded


def measure_waiting(steps):
    """Times how long the training loop waits for its batches, in a thread's shadow or not, as a share of all time."""
    from common.learning.backend import machine as backend

    keep_freed_memory(of_any_size=True)  # as every training process does
    backend.quiet_start()
    import keras

    keras.config.set_dtype_policy(backend.choose_precision("auto"))
    rng = np.random.default_rng(0)
    shape = (96, _HEIGHT, _WIDTH)
    images, masks = rng.integers(0, 256, (*shape, 3), np.uint8), rng.integers(0, 35, shape, np.uint8)
    split = LoadedSplit(tuple(map(str, range(len(images)))), images, masks)
    return [line for recipe in get_args(RecipeName) for line in _measure_recipe(recipe, split, steps, keras)]


def _measure_recipe(recipe, split, steps, keras):
    """Times a step of a recipe, and what its batches cost when nothing else runs."""
    from common.config.settings import NetworkSettings, TrainingSettings
    from common.learning.training.loop import TrainingData, compile_training

    choices = load_config("CITYSCAPES", SHIPPED_CONFIG, [f"RECIPE={recipe}"]).training
    settings = TrainingSettings(**vars(choices))
    model = compile_training(NetworkSettings(_HEIGHT, _WIDTH), settings, TrainingData(split, split, study_label_map()))
    making = []

    def timed():
        # One thread: what a batch costs, and not how long the loop waits for one that others made meanwhile.
        batches = training_batches(split, settings, range(choices.num_epochs), threads=1)
        while True:
            start = time.perf_counter()
            batch = next(batches)
            making.append(time.perf_counter() - start)
            yield batch

    for _, _ in zip(range(_BATCHES_TIMED), timed(), strict=False):
        pass
    cost = statistics.median(making)
    clock = _StepClock()
    model.fit(timed(), steps_per_epoch=steps + 1, epochs=1, verbose=0, shuffle=False, callbacks=[clock.callback(keras)])
    step = statistics.median(clock.seconds[1:])
    # Even if no batch were made while the one before is trained on, the loop would wait no longer than this.
    return [
        row(f"training, recipe {recipe}, ms a step of {choices.batch_size} images", [1000 * step]),
        row(f"training, recipe {recipe}, making a batch, % of a step", [100 * cost / step], None, 2),
    ]


class _StepClock:
    """Notes how long each step took."""

    def __init__(self):
        self.seconds = []

    def callback(self, keras):
        """Makes the Keras callback."""
        start = [0.0]

        def begin(step, logs=None):
            start[0] = time.perf_counter()

        def end(step, logs=None):
            self.seconds.append(time.perf_counter() - start[0])

        callback = keras.callbacks.Callback()
        callback.on_train_batch_begin, callback.on_train_batch_end = begin, end
        return callback


def measure_memory(trainings):
    """Compares the memory of the script, and of its training processes, after the first and after the last training."""
    script, finish = [], processes._finish

    def note(one, status):
        script.append(_resident_mb())
        return finish(one, status)

    processes._finish = note
    logging.getLogger("common").setLevel(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _train_small(Path(folder), trainings)
            models = Path(folder) / "models"
            peaks = [read_json(models / f"CITYSCAPES_subset_1_{i}.json")["peak_memory_mb"] for i in range(trainings)]
    finally:
        processes._finish = finish
    if None in script + peaks:  # the system does not tell
        return []
    return [
        row(f"memory of the script, MB, training {trainings} (against: training 1)", script[-1:], script[:1]),
        row(f"memory of the process, MB, training {trainings} (against: training 1)", peaks[-1:], peaks[:1]),
    ]


def _train_small(folder, count):
    original = folder / "original_data"
    shutil.copytree(drawn_frames(12), original)
    changes = {"BASE_DIR": folder, "NUM_RUNS": 1, "MODELS_PER_RUN": count, "TOP_Ks": 1, "NUM_EPOCHS": 1,
               "RESIZE_FACTOR": 0.05, "IMAGE_WIDTH": 112, "IMAGE_HEIGHT": 64, "SAVE_PREDICTIONS": "none"}  # fmt: skip
    write_config(folder / "config.ini", changes)
    config = load_config("CITYSCAPES", folder / "config.ini")
    prepare_originals(config.dataset, {"train": "train_full"}, 1)
    dataset = PreparedDataset(folder, config.dataset.size_wh, config.seed)
    divide(dataset, {"train_full": SplitRule("train_labeled", "train_unlabeled", 0.5)})
    rest, labeled = dataset.split("train_unlabeled"), dataset.split("train_labeled")
    for name in ("val", "test"):
        shutil.copytree(rest.root, folder / name)
    splits = tuple(dataset.split(name) for name in ("val", "test", "train_unlabeled"))
    run_experiment(Experiment("subset", (labeled,), splits[0], splits), config)


def _resident_mb():
    """The memory this process holds now, in MB; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main(__doc__, measure)

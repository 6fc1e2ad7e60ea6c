import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from common.config.settings import NetworkSettings, TrainingSettings
from common.labels.maps import study_label_map
from common.learning.training.batches import LoadedSplit
from common.learning.training.checkpoint import values_of
from common.learning.training.event_file import MORE_SCALARS, SCALARS, EventFile
from common.learning.training.loop import TrainingData, TrainingFiles, compile_training, train

EPOCHS = 3


def entry(epoch, loss=0.5):
    return {
        "epoch": epoch,
        "loss": loss,
        "mIoU_val": epoch / 10,
        "mPA_val": 0.75,
        "seconds": 3.0,
        "seconds_validation": 1.0,
    }


def curves(folder):
    """Reads `{tag: [(step, value), ...]}` as TensorBoard does."""
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return {tag: [(e.step, e.value) for e in accumulator.Scalars(tag)] for tag in accumulator.Tags()["scalars"]}


def expected(history):
    # An event holds 32 bits of a number.
    tags = [*SCALARS, *(tag for tag in MORE_SCALARS if tag in history[0])]
    return {tag: [(one["epoch"], np.float32(one[tag])) for one in history] for tag in tags}


def split(count, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 16, 32, 3)).astype(np.uint8)
    return LoadedSplit(tuple(map(str, range(count))), images, rng.integers(0, 35, (count, 16, 32)).astype(np.uint8))


def run(folder, events=True, stop_after=None):
    """Trains, and ends like a killed process between the checkpoint of an epoch and its event."""
    settings = TrainingSettings(EPOCHS, 2, 0.003, 1e-4, seed=5)
    files = TrainingFiles(folder / "checkpoint.npz", "identity", folder / "events" if events else None)

    def report(one):
        if stop_after is not None and one["epoch"] + 1 == stop_after:
            raise KeyboardInterrupt

    data = TrainingData(split(4, 0), split(2, 1), study_label_map())
    model = compile_training(NetworkSettings(height=16, width=32, alpha=0.25), settings, data)
    try:
        state = train(model, data, settings, files, report)
    except KeyboardInterrupt:
        return None
    return values_of(model.variables), state.history


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, *run(folder)


def test_tensorboard_shows_the_history_of_the_training(undisturbed):
    folder, _, history = undisturbed
    assert [one["epoch"] for one in history] == [0, 1, 2]
    assert curves(folder / "events") == expected(history)


def test_the_events_change_no_bit_of_the_weights(undisturbed, tmp_path):
    weights, _ = run(tmp_path, events=False)
    assert all((a == b).all() for a, b in zip(weights, undisturbed[1], strict=True))
    assert not (tmp_path / "events").exists()


@pytest.mark.parametrize("stop", [1, EPOCHS], ids=["in the middle", "after the last epoch"])
def test_a_training_that_was_killed_and_goes_on_has_every_step_once(undisturbed, tmp_path, stop):
    assert run(tmp_path, stop_after=stop) is None
    weights, history = run(tmp_path)
    assert all((a == b).all() for a, b in zip(weights, undisturbed[1], strict=True))
    assert curves(tmp_path / "events") == expected(history)
    assert len(list((tmp_path / "events").iterdir())) == 1


def test_a_training_that_starts_over_leaves_nothing_of_the_earlier_one(tmp_path):
    for history in ([entry(0), entry(1), entry(2)], [entry(0, loss=0.25)]):
        EventFile(tmp_path, history).begin()
    assert curves(tmp_path) == {"loss": [(0, 0.25)], "mIoU_val": [(0, 0.0)], "mPA_val": [(0, 0.75)]}


def test_a_tensorboard_that_is_open_meanwhile_forgets_what_is_repeated(tmp_path):
    history = [entry(0), entry(1)]
    EventFile(tmp_path, history).begin()
    watching = EventAccumulator(str(tmp_path))
    watching.Reload()
    history[1] = entry(1, loss=0.25)
    events = EventFile(tmp_path, history)
    events.begin()
    watching.Reload()
    history.append(entry(2))
    events.on_epoch_end(2)
    watching.Reload()
    assert [(e.step, e.value) for e in watching.Scalars("loss")] == [(0, 0.5), (1, 0.25), (2, 0.5)]


def test_the_axis_of_time_is_the_time_of_training_without_pauses(tmp_path):
    EventFile(tmp_path, [entry(0), entry(1), entry(2)]).begin()
    accumulator = EventAccumulator(str(tmp_path))
    accumulator.Reload()
    times = [event.wall_time for event in accumulator.Scalars("loss")]
    assert np.diff(times) == pytest.approx([4, 4], abs=1e-3)  # 3 s of training and 1 s of validation each


def test_events_need_no_tensorflow_under_another_back_end():
    pytest.importorskip("jax")
    code = "import sys, common.learning.training.event_file; print('tensorflow' in sys.modules)"
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    project = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"

import pytest

from common.learning.experiments.processes import Work, _describe, _Running
from common.learning.training import step_progress
from common.learning.training.step_progress import StepProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by what is put into it."""
    times = [0.0]
    monkeypatch.setattr(step_progress.time, "monotonic", lambda: times[0])
    return times


def test_the_first_step_is_not_timed_and_reports_come_now_and_then(clock):
    entries = []
    progress = StepProgress(entries.append, steps=10, images_per_step=8)
    for batch, now in enumerate((0.0, 60.0, 61.0, 62.0, 63.0, 64.0)):
        clock[0] = now
        progress.on_train_batch_begin(batch)
    # A step a second from the second one on: 8 images a second; after step 3 of 10 there are 7 seconds left.
    assert entries == [
        {"step": 3, "steps": 10, "images_per_second": 8.0, "seconds_left": 7.0},
        {"step": 5, "steps": 10, "images_per_second": 8.0, "seconds_left": 5.0},
    ]
    progress.on_train_batch_begin(0)  # of the next epoch
    assert len(entries) == 2


def test_the_progress_bar_shows_the_step_until_the_epoch_ends(tmp_path):
    running = _Running(Work("model", tmp_path, "module", None, 5), None)
    running.last = {"epoch": 1, "loss": 2.0, "mIoU_val": 0.25}
    assert _describe(running) == "model epoch 2/5 loss 2.000 mIoU_val 0.250"
    running.last |= {"step": 3, "steps": 10, "images_per_second": 8.0, "seconds_left": 7.0}
    assert _describe(running).endswith("mIoU_val 0.250, step 3/10 of epoch 3 (8 images/s, 7 s left)")

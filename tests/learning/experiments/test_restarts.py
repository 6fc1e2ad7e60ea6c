"""A machine is lost: its training is started again elsewhere, and is no failure."""

import io
import logging

import pytest
from tqdm import tqdm

from common.files.models import FileModel
from common.learning.experiments import processes
from common.learning.experiments.jobs import append_progress
from common.learning.experiments.processes import Work, _advance, _read_progress, _Running, run_all_work


class Nothing(FileModel):
    """A job that says nothing."""


class LosesItsMachine:
    """A command that trains 2 of 3 epochs, is started again elsewhere and goes on from its checkpoint."""

    def __init__(self, progress):
        self._progress, self.restarts, self._turn = progress, 0, 0

    def exit_status(self):
        self._turn += 1
        if self._turn == 1:
            for epoch in range(2):
                append_progress(self._progress, {"epoch": epoch})
        elif self._turn == 2:
            self.restarts = 1
        elif self._turn == 3:
            append_progress(self._progress, {"epoch": 0, "done_before": True})
            append_progress(self._progress, {"epoch": 1, "done_before": True})
            append_progress(self._progress, {"epoch": 2})
            return 0
        return None

    def end(self):
        pass


class Cluster:
    slots = 1

    def start(self, command, folder, log):
        return LosesItsMachine(log.with_name("progress.jsonl"))


def test_a_training_of_a_lost_machine_is_started_again_and_counted_apart(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(processes, "_POLL_SECONDS", 0)
    bars = []
    monkeypatch.setattr(processes, "progress_bar", lambda *_: bars.append(tqdm(total=3, file=io.StringIO())) or bars[0])
    caplog.set_level(logging.INFO)
    assert run_all_work([Work("one", tmp_path / "one", "module", Nothing(), 3)], "", Cluster()) == []
    assert "one: its machine was lost; it is started again elsewhere" in caplog.text
    assert "1 process was started again elsewhere" in caplog.text
    assert (bars[0].n, bars[0].initial) == (3, 2)


def test_a_progress_file_that_has_become_shorter_is_read_again(tmp_path):
    path = tmp_path / "progress.jsonl"
    one = _Running(Work("one", tmp_path, "module", Nothing(), 3), None)
    with tqdm(total=3, file=io.StringIO()) as bar:
        for epoch in range(2):
            append_progress(path, {"epoch": epoch})
        _advance(bar, _read_progress(one, bar))
        path.unlink()
        append_progress(path, {"epoch": 0, "done_before": True})
        assert _read_progress(one, bar) == [{"epoch": 0, "done_before": True}]
        assert bar.n == 0


@pytest.mark.parametrize(
    ("status", "reason"), [(-9, "killed (signal 9)"), (137, "killed (signal 9)"), (143, "signal 15: x")]
)
def test_the_signal_that_ended_a_process_is_named_also_behind_a_launcher(tmp_path, status, reason):
    class Ended:
        def end(self):
            pass

    (tmp_path / "log.txt").write_text("x\n")
    assert reason in processes._finish(_Running(Work("one", tmp_path, "module", Nothing()), Ended()), status).reason


@pytest.mark.parametrize("status", [1, 128, 255, 0xC0000005])
def test_other_exit_statuses_are_no_signals(tmp_path, status):
    class Ended:
        def end(self):
            pass

    (tmp_path / "log.txt").write_text("x\n")
    assert processes._finish(_Running(Work("one", tmp_path, "module", Nothing()), Ended()), status).reason == "x"


def test_the_reason_is_that_of_the_process_and_not_what_its_launcher_adds(tmp_path):
    class Ended:
        def end(self):
            pass

    (tmp_path / "log.txt").write_text("x\nerror: memory ran out\nsrun: error: desk: task 0: Exited with exit code 1\n")
    running = _Running(Work("one", tmp_path, "module", Nothing()), Ended())
    assert processes._finish(running, 1).reason == "error: memory ran out"

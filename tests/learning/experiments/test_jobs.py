import io
import subprocess
import sys
from dataclasses import replace

import pytest
from tqdm import tqdm

from common.config.settings import NetworkSettings, TrainingSettings
from common.engines.local import LocalEngine
from common.engines.sharing import Sharing
from common.errors import DataError
from common.files.disk import write_json
from common.files.models import read_model
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from common.learning.experiments.experiment import training_work
from common.learning.experiments.jobs import append_progress, missing_predictions, read_result
from common.learning.experiments.processes import _advance, run_all_work
from common.results.job import Job
from common.results.paths import ModelName
from common.results.reading import find_result
from common.results.result import Result
from tests.support.made_up_results import split_scores


def result_of(job, predictions=()):
    """A result of a job with a model of 5 bytes and one image."""
    return Result(
        model=job.model,
        approach=job.name.approach,
        identity=job.identity,
        scores={"val": split_scores({"a": 1.0})},
        best_epoch=0,
        history=[],
        seconds={},
        precision="float32",
        model_bytes=5,
        peak_memory_mb=None,
        job=job,
        versions={},
        predictions=list(predictions),
    )


@pytest.fixture
def job(tmp_path):
    return Job(
        base_dir=str(tmp_path),
        name=ModelName(dataset="CITYSCAPES", approach="subset", run=1, index=0),
        network=NetworkSettings(height=16, width=32),
        training=TrainingSettings(num_epochs=3, batch_size=2, learning_rate=0.1, weight_decay=0.01, seed=1),
        precision="auto",
        seed_of_split=42,
        train=(("train_labeled", "a"),),
        validate=("val", "b"),
        report_on=(("val", "b"), ("test", "c")),
        save_predictions=("val",),
        threads=1,
        label_map=None,
        preparation="study",
        recipe="paper",
        variant="",
    )


def test_a_job_survives_its_file(job, tmp_path):
    job.write(tmp_path / "job.json")
    assert read_model(tmp_path / "job.json", Job) == job


def test_a_file_that_is_not_a_job_is_refused(tmp_path):
    write_json(tmp_path / "job.json", {"train": ["a"]})
    with pytest.raises(DataError, match="job.json: .*is missing"):
        read_model(tmp_path / "job.json", Job)


def test_what_changes_the_scores_changes_the_identity_and_nothing_else_does(job):
    def identity(**changes):
        return job.model_copy(update=changes).identity

    assert identity(training=replace(job.training, num_epochs=4)) != job.identity
    assert identity(train=(("train_labeled", "new"),)) != job.identity
    assert identity(precision="float32") != job.identity
    assert identity(threads=8, save_predictions=(), base_dir="elsewhere") == job.identity


def test_a_training_of_the_study_keeps_its_identity(job):
    """A number, not a formula: with another one, every finished training of a user would be done again."""
    assert job.identity == "223d94afe2016475"
    assert job.classes == study_label_map()


def test_a_job_carries_its_label_map_and_is_another_one_with_it(job, tmp_path):
    label_map = load_label_map("cityscapes19")
    other = job.model_copy(update={"label_map": label_map})
    other.write(tmp_path / "job.json")
    assert read_model(tmp_path / "job.json", Job) == other
    assert read_model(tmp_path / "job.json", Job).classes == label_map
    assert len({job.identity, other.identity, read_model(tmp_path / "job.json", Job).identity}) == 2


def test_a_result_counts_only_for_its_own_job_and_with_its_whole_model(job):
    result_of(job).write(job.paths.result)
    assert read_result(job) is None
    job.paths.keras.write_bytes(b"12345")
    assert read_result(job).predictions == []
    assert read_result(job.model_copy(update={"precision": "float32"})) is None
    job.paths.keras.write_bytes(b"123")
    assert read_result(job) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"identity": "x"}'])
def test_a_damaged_result_is_none_at_all(job, content):
    job.paths.result.parent.mkdir(parents=True)
    job.paths.result.write_text(content)
    assert find_result(job.paths.result) is None


def test_predictions_that_are_gone_are_missing(job):
    done = result_of(job, ["val"])
    folder = job.paths.predictions("val")
    assert missing_predictions(job, result_of(job)) == ["val"]
    assert missing_predictions(job, done) == ["val"]
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"")
    assert missing_predictions(job, done) == ["val"]
    (folder / "a_color.png").write_bytes(b"")
    assert missing_predictions(job, done) == []


class Instead(LocalEngine):
    """Runs `code` in place of a training; sys.argv[1] is the job file."""

    def __init__(self, code, at_a_time):
        super().__init__(Sharing(at_a_time=at_a_time))
        self._code = code

    def start(self, command, folder, log):
        return super().start([sys.executable, "-c", self._code, command[-1]], folder, log)


def run_instead(jobs, code, at_a_time=1):
    return run_all_work(training_work(jobs), "subset", Instead(code, at_a_time))


def numbered(job, count):
    return [job.model_copy(update={"name": job.name.model_copy(update={"index": number})}) for number in range(count)]


def test_a_failure_is_reported_with_its_last_line_and_log(job):
    code = "import sys; sys.exit('_0/' in sys.argv[1] and 'the reason')"
    (failure,) = run_instead(numbered(job, 3), code, at_a_time=2)
    assert (failure.name, failure.reason) == ("CITYSCAPES_subset_1_0", "the reason")
    assert failure.log.read_text() == "the reason\n"


def test_a_killed_training_is_reported_as_such(job):
    (failure,) = run_instead([job], "import os; os.kill(os.getpid(), 9)")
    assert "killed (signal 9)" in failure.reason


def test_when_all_fail_it_stops_early(job):
    assert len(run_instead(numbered(job, 10), "import sys; sys.exit('no memory')")) == 3


def test_the_work_folder_of_a_finished_training_is_removed(job):
    assert run_instead([job], "") == []
    assert not job.paths.work.exists()


def test_a_training_ends_when_its_script_is_gone(job, tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "from common.learning.experiments.process import _end_with_the_script\n"
        "_end_with_the_script()\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([sys.executable, "-c", code], **pipes)
    with process.stdout, process.stdin, process.stderr:
        assert process.stdout.readline() == b"ready\n"
        process.stdin.close()
        assert process.wait(timeout=30) == 1
        assert process.stderr.read().startswith(b"standard input was closed")


def test_progress_is_read_line_by_line(job):
    job.paths.work.mkdir(parents=True)
    append_progress(job.paths.work / "progress.jsonl", {"epoch": 0})
    append_progress(job.paths.work / "progress.jsonl", {"epoch": 1})
    assert (job.paths.work / "progress.jsonl").read_text() == '{"epoch": 0}\n{"epoch": 1}\n'


def test_a_progress_bar_that_is_switched_off_stops_nothing():
    with tqdm(total=5, disable=True) as bar:
        _advance(bar, [{"epoch": 0, "done_before": True}, {"epoch": 1}])
    with tqdm(total=5, file=io.StringIO()) as bar:
        _advance(bar, [{"epoch": 0, "done_before": True}, {"epoch": 1}])
        assert (bar.n, bar.initial) == (2, 1)

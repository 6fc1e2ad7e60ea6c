import dataclasses
import subprocess
import sys

import pytest

from common.config.settings import NetworkSettings, TrainingSettings
from common.errors import DataError
from common.files.disk import write_json
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from common.learning.experiments.jobs import Job, append_progress, missing_predictions, read_result
from common.learning.experiments.processes import run_jobs
from common.parallel import LocalEngine
from common.results.paths import read_result_file

RESULT = {
    "scores": {"val": {"images": {"a": [1, 1]}}},
    "history": [],
    "predictions": [],
    "model_bytes": 5,
}


@pytest.fixture
def job(tmp_path):
    return Job(
        base_dir=str(tmp_path),
        approach="subset",
        model="CITYSCAPES_subset_1_0",
        network=NetworkSettings(height=16, width=32),
        training=TrainingSettings(num_epochs=3, batch_size=2, learning_rate=0.1, weight_decay=0.01, seed=1),
        precision="auto",
        seed_of_split=42,
        train=("train_labeled", "a"),
        validate=("val", "b"),
        report_on=(("val", "b"), ("test", "c")),
        save_predictions=("val",),
        threads=1,
    )


def test_a_job_survives_its_file(job, tmp_path):
    job.write(tmp_path / "job.json")
    assert Job.read(tmp_path / "job.json") == job


def test_a_file_that_is_no_job_is_refused(tmp_path):
    write_json(tmp_path / "job.json", {"train": ["a"]})
    with pytest.raises(DataError, match="no job of a training"):
        Job.read(tmp_path / "job.json")


def test_what_changes_the_scores_changes_the_identity_and_nothing_else_does(job):
    def identity(**changes):
        return dataclasses.replace(job, **changes).identity

    assert identity(training=dataclasses.replace(job.training, num_epochs=4)) != job.identity
    assert identity(train=("train_labeled", "new")) != job.identity
    assert identity(precision="float32") != job.identity
    assert identity(threads=8, save_predictions=(), base_dir="elsewhere") == job.identity


def test_a_training_of_the_study_keeps_its_identity(job):
    """A number, not a formula: with another one, every finished training of a user would be done again."""
    assert job.identity == "223d94afe2016475"
    assert job.classes == study_label_map()


def test_a_job_carries_its_label_map_and_is_another_one_with_it(job, tmp_path):
    label_map = load_label_map("cityscapes19")
    other = dataclasses.replace(job, label_map=label_map.as_json())
    other.write(tmp_path / "job.json")
    assert Job.read(tmp_path / "job.json") == other
    assert Job.read(tmp_path / "job.json").classes == label_map
    assert len({job.identity, other.identity, Job.read(tmp_path / "job.json").identity}) == 2


def test_a_job_written_before_there_were_label_maps_is_read(job, tmp_path):
    content = dataclasses.asdict(job)
    del content["label_map"]
    write_json(tmp_path / "job.json", content)
    assert Job.read(tmp_path / "job.json") == job


def test_a_result_counts_only_for_its_own_job_and_with_its_whole_model(job):
    write_json(job.paths.result, RESULT | {"identity": job.identity})
    assert read_result(job) is None
    job.paths.keras.write_bytes(b"12345")
    assert read_result(job)["predictions"] == []
    assert read_result(dataclasses.replace(job, precision="float32")) is None
    job.paths.keras.write_bytes(b"123")
    assert read_result(job) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"identity": "x"}'])
def test_a_damaged_result_is_none_at_all(job, content):
    job.paths.result.parent.mkdir(parents=True)
    job.paths.result.write_text(content)
    assert read_result_file(job.paths.result) is None


def test_predictions_that_are_gone_are_missing(job):
    done = RESULT | {"predictions": ["val"]}
    folder = job.paths.predictions("val")
    assert missing_predictions(job, RESULT) == ["val"]
    assert missing_predictions(job, done) == ["val"]
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"")
    assert missing_predictions(job, done) == ["val"]
    (folder / "a_color.png").write_bytes(b"")
    assert missing_predictions(job, done) == []


class Instead(LocalEngine):
    """Runs `code` in place of a training; sys.argv[1] is the job file."""

    def __init__(self, code):
        self._code = code

    def start(self, command, folder, log):
        return super().start([sys.executable, "-c", self._code, command[-1]], folder, log)


def numbered(job, count):
    return [dataclasses.replace(job, model=f"CITYSCAPES_subset_1_{number}") for number in range(count)]


def test_a_failure_is_reported_with_its_last_line_and_log(job):
    code = "import sys; sys.exit('_0/' in sys.argv[1] and 'the reason')"
    (failure,) = run_jobs(numbered(job, 3), 2, "subset", Instead(code))
    assert (failure.model, failure.reason) == ("CITYSCAPES_subset_1_0", "the reason")
    assert failure.log.read_text() == "the reason\n"


def test_a_killed_training_is_reported_as_such(job):
    (failure,) = run_jobs([job], 1, "subset", Instead("import os; os.kill(os.getpid(), 9)"))
    assert "killed (signal 9)" in failure.reason


def test_when_all_fail_it_stops_early(job):
    assert len(run_jobs(numbered(job, 10), 1, "subset", Instead("import sys; sys.exit('no memory')"))) == 3


def test_the_work_folder_of_a_finished_training_is_removed(job):
    assert run_jobs([job], 1, "subset", Instead("")) == []
    assert not job.paths.work.exists()


def test_a_training_ends_when_its_script_is_gone(job, tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "from common.learning.experiments.worker import _end_with_the_script\n"
        "_end_with_the_script()\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process.stdout, process.stdin:
        assert process.stdout.readline() == b"ready\n"
        process.stdin.close()
        assert process.wait(timeout=30) == 1


def test_progress_is_read_line_by_line(job):
    job.paths.work.mkdir(parents=True)
    append_progress(job.paths.work / "progress.jsonl", {"epoch": 0})
    append_progress(job.paths.work / "progress.jsonl", {"epoch": 1})
    assert (job.paths.work / "progress.jsonl").read_text() == '{"epoch": 0}\n{"epoch": 1}\n'

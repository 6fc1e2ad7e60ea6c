"""What a process of this project finds out for itself."""

import pytest

from common.engines.sharing import CORES
from common.learning.experiments.process import read_job
from common.methods.jobs import LabelJob
from common.parallel import usable_cores
from common.results.job import SplitKey


@pytest.fixture
def job():
    return LabelJob(
        base_dir="data",
        name="name",
        step="step 06",
        folder="labels",
        source=SplitKey("train_unlabeled", "a"),
        measured_on=(),
        size_wh=(64, 32),
        seed_of_split=42,
        label_map=None,
        preparation="study",
        teachers=(),
        kind="agreement",
    )


@pytest.mark.parametrize(("asked", "variable", "threads"), [(3, "7", 3), (0, "7", 7), (0, "", usable_cores())])
def test_threads_are_those_of_the_job_or_of_the_machine(job, tmp_path, monkeypatch, asked, variable, threads):
    (tmp_path / "job.json").write_text(job.model_copy(update={"threads": asked}).model_dump_json())
    monkeypatch.setenv(CORES, variable)
    assert read_job(tmp_path / "job.json", LabelJob).threads == threads

"""The training steps with toy networks: repeated, with other settings, with models that are lost or fail."""

import json
import os
import platform
import shutil

import pytest

from common.files.disk import read_json
from common.learning.experiments import ten_steps, worker
from tests.support.in_process import run_step_here
from tests.support.running import scores_of


@pytest.fixture(scope="session")
def subset(tmp_path_factory, prepared):
    """A BASE_DIR after steps 00, 01 and 03, with two models; copy it before you change it."""
    folder = tmp_path_factory.mktemp("subset") / "trained"
    shutil.copytree(prepared, folder)
    run_step_here("03", folder)
    return folder


@pytest.fixture
def trained(tmp_path, subset):
    """A BASE_DIR of one's own after steps 00, 01 and 03, with two models."""
    shutil.copytree(subset, tmp_path / "trained")
    return tmp_path / "trained"


def test_a_dry_run_of_a_training_says_how_many_there_are_and_how_long(ready, monkeypatch):
    monkeypatch.setattr(ten_steps, "measure", lambda job: 3600.0)
    output = run_step_here("03", ready, "--dry-run", NUM_RUNS=3, MODELS_PER_RUN=10, NUM_EPOCHS=2, BATCH_SIZE=1).stdout
    assert "3 runs x 10 models" in output
    assert "480 PNG files in all" in output  # 2 files x (4 val + 4 test) frames x 30 models
    # 30 trainings of 2 epochs with 2 images, an hour each; ALPHA is not 1: the rate is that of a network of width 1.
    alpha = 0.25
    assert f"about {120 * alpha**2:.1f} hours of training, by the rate of ten steps" in output
    assert not (ready / "models").exists()


def test_a_dry_run_goes_on_where_ten_steps_cannot_be_measured(ready, monkeypatch):
    def fail(job):
        raise MemoryError

    monkeypatch.setattr(ten_steps, "measure", fail)
    output = run_step_here("03", ready, "--dry-run")
    assert "ten steps could not be measured: error: memory ran out" in output.stdout + output.stderr
    assert "no training was measured here yet; the progress bar" in output.stdout


def test_ten_steps_are_measured_without_a_trace(ready):
    before = sorted(ready.rglob("*"))
    assert "by the rate of ten steps, measured now" in run_step_here("03", ready, "--dry-run", RECIPE="modern").stdout
    assert sorted(ready.rglob("*")) == before


def test_more_predictions_are_written_without_a_new_training(trained):
    model = trained / "models" / "CITYSCAPES_subset_1_0.keras"
    before = model.stat().st_mtime_ns
    run_step_here("03", trained, SAVE_PREDICTIONS="val,test,train_unlabeled")
    folder = trained / "train_unlabeled_predictions" / "subset" / "CITYSCAPES_subset_1_0"
    assert len(list(folder.iterdir())) == 36
    assert model.stat().st_mtime_ns == before


def test_a_script_stopped_after_the_training_itself_ends_with_the_same_scores(ready, subset, monkeypatch):
    """Stopped when the model is written, and again when its result is; nothing is written in between."""

    def stop(*_):
        raise KeyboardInterrupt

    for what_comes_next, last in (("_score", "keras"), ("_write_missing_predictions", "json")):
        with monkeypatch.context() as patch:
            patch.setattr(worker, what_comes_next, stop)
            run_step_here("03", ready, expect=130)
        assert (ready / "models" / f"CITYSCAPES_subset_1_0.{last}").exists()
    assert not (ready / "csv").exists()
    run_step_here("03", ready)
    assert scores_of(ready, "subset") == scores_of(subset, "subset")


@pytest.mark.parametrize("damage", ["cut model", "cut result"])
def test_a_model_that_is_lost_is_trained_again_and_the_others_stay(trained, subset, damage):
    model = trained / "models" / "CITYSCAPES_subset_1_0.keras"
    other = (trained / "models" / "CITYSCAPES_subset_1_1.keras").stat().st_mtime_ns
    os.truncate(model if damage == "cut model" else model.with_suffix(".json"), 1000)
    assert "1 training done before, 1 to do" in run_step_here("03", trained).stdout
    assert scores_of(trained, "subset") == scores_of(subset, "subset")
    assert (trained / "models" / "CITYSCAPES_subset_1_1.keras").stat().st_mtime_ns == other
    assert not (trained / "previous").exists()


def test_a_model_that_is_gone_is_to_be_trained_again(trained):
    (trained / "models" / "CITYSCAPES_subset_1_0.keras").unlink()
    assert "1 training done before, 1 to do" in run_step_here("03", trained, "--dry-run").stdout


def test_the_same_data_prepared_again_keeps_the_trainings(trained):
    for path in (trained / "original_data").rglob("*.png"):
        path.touch()
    assert "20 resized" in run_step_here("00", trained).stdout
    assert run_step_here("01", trained).stdout.count("nothing has changed") == 4
    assert "2 trainings done before, and nothing has changed" in run_step_here("03", trained).stdout


def test_a_failed_training_is_reported_with_its_log_and_the_others_go_on(ready):
    blocked = ready / "models" / "CITYSCAPES_subset_1_0.keras"  # a folder, where a file should be written
    blocked.mkdir(parents=True)
    (blocked / "in the way").write_text("")
    error = run_step_here("03", ready, expect=1).stderr
    assert "1 of 2 trainings failed" in error
    assert "log.txt" in error
    assert (ready / "models" / "CITYSCAPES_subset_1_1.json").exists()
    assert not (ready / "csv").exists()
    shutil.rmtree(blocked)
    assert "1 training done before, 1 to do" in run_step_here("03", ready).stdout
    assert (ready / "csv" / "results_CITYSCAPES_subset_1.csv").exists()


def test_changed_settings_train_again_and_put_the_earlier_results_away(trained):
    ready = trained
    process = run_step_here("03", ready, LR=0.001, MODELS_PER_RUN=1)
    assert "the earlier results of subset are now in" in process.stderr
    old, new = ready / "previous" / "subset_1", ready
    for name in (
        *("models/CITYSCAPES_subset_1_0.json", "csv/results_CITYSCAPES_subset_1.csv"),
        *("csv/classes_CITYSCAPES_subset_1.csv", "val_predictions/subset", "tensorboard/subset/CITYSCAPES_subset_1_0"),
    ):
        assert (old / name).exists()
        assert (new / name).exists()
    assert read_json(old / "models/CITYSCAPES_subset_1_0.json")["job"]["training"]["learning_rate"] == 0.003


def test_both_recipes_stand_side_by_side(trained):
    ready, few = trained, {"MODELS_PER_RUN": 1, "SAVE_PREDICTIONS": "none"}
    before = (ready / "models" / "CITYSCAPES_subset_1_0.json").read_bytes()
    modern = {"RECIPE": "modern", "NUM_STEPS": 4, "WARMUP_STEPS": 1, **few}
    said = run_step_here("03", ready, **modern).stdout
    assert "subset_modern - subset, test, paper metric" in said
    assert (ready / "models" / "CITYSCAPES_subset_1_0.json").read_bytes() == before
    result = read_json(ready / "models" / "CITYSCAPES_subset_modern_1_0.json")
    assert result["job"]["training"]["seed"] == json.loads(before)["job"]["training"]["seed"]
    assert (result["job"]["recipe"], result["job"]["training"]["num_steps"], len(result["history"])) == ("modern", 4, 2)
    page = (ready / "report" / "report.html").read_text(encoding="utf-8")
    assert "Settings that differ" in page
    assert "The models differ in" not in page
    assert "1 training done before" in run_step_here("03", ready, **modern).stdout


def test_the_report_waits_for_the_end_if_it_is_asked_to_and_a_result_says_where_it_was_trained(trained):
    (trained / "report" / "report.html").unlink()
    done = run_step_here("03", trained, REPORT="at the end")
    assert "report: after step 14, as REPORT says" in done.stdout
    assert not (trained / "report" / "report.html").exists()
    result = read_json(trained / "models" / "CITYSCAPES_subset_1_0.json")
    assert result["machine"].keys() == {"host", "device", "visible_gpus"}
    assert result["machine"]["host"] == platform.node()

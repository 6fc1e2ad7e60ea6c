"""The five steps as a user runs them: in processes of their own, with the U-Net, one after the other and killed."""

import csv
import os
import shutil

import cv2
import numpy as np
import psutil
import pytest

from common.files.disk import read_json
from common.labels.maps import study_label_map
from tests.support.in_process import run_step_here
from tests.support.running import run_script, scores_of, start_script, wait_for

STEPS = ("00", "01", "02", "03", "04")
ONE_MODEL = {"MODELS_PER_RUN": 1, "NUM_EPOCHS": 4}
# Two trainings at a time in one of the steps: they finish too.
CHANGES = {"02": {**ONE_MODEL, "MODELS_PER_RUN": 2, "TRAININGS_AT_A_TIME": 2}}


@pytest.fixture(scope="session")
def study(tmp_path_factory, demo_tree):
    """A BASE_DIR after all five steps."""
    folder = tmp_path_factory.mktemp("study") / "base dir ü"
    folder.mkdir()
    shutil.copytree(demo_tree, folder / "original_data")
    outputs = {step: run_script(step, folder, **CHANGES.get(step, ONE_MODEL)) for step in STEPS}
    return folder, outputs


def test_step_00_gives_the_pixels_of_opencv(study, demo_tree):
    base_dir, _ = study
    for original in sorted((demo_tree / "leftImg8bit" / "train").rglob("*.png"))[:5]:
        name = original.name.removesuffix("_leftImg8bit.png")
        ids = cv2.imread(str(next((demo_tree / "gtFine").rglob(f"{name}_gtFine_labelIds.png"))), cv2.IMREAD_UNCHANGED)
        ids = cv2.resize(ids, (64, 32), interpolation=cv2.INTER_NEAREST)
        mask = cv2.imread(str(base_dir / "train_full" / "masks" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        image = cv2.imread(str(base_dir / "train_full" / "images" / f"{name}.png"))
        assert mask.ndim == 2
        assert (mask == np.where(ids > 0, ids + 1, 0)).all()
        assert (image == cv2.resize(cv2.imread(str(original)), (64, 32))).all()


def test_step_01_puts_every_frame_in_exactly_one_split(study):
    base_dir, _ = study
    names = {split: {path.name for path in (base_dir / split / "images").iterdir()} for split in
             ("train_full", "train_labeled", "train_unlabeled", "val_test", "val", "test")}  # fmt: skip
    assert {split: len(found) for split, found in names.items()} == {
        "train_full": 20, "train_labeled": 2, "train_unlabeled": 18, "val_test": 8, "val": 4, "test": 4,
    }  # fmt: skip
    assert names["train_labeled"] | names["train_unlabeled"] == names["train_full"]
    assert names["val"] | names["test"] == names["val_test"]
    with (base_dir / "split.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert all(f"{row['name']}.png" in names[row["split"]] for row in rows)
    assert len(rows) == 28


def test_step_01_takes_no_second_copy_of_the_data(study):
    base_dir, _ = study
    for path in (base_dir / "train_labeled" / "images").iterdir():
        assert path.samefile(base_dir / "train_full" / "images" / path.name)


@pytest.mark.parametrize(
    ("step", "approach", "frames", "indices"),
    [("02", "full_dataset", 20, (0, 1)), ("03", "subset", 2, (0,)), ("04", "subset_aug", 6, (0,))],
)
def test_a_training_step_leaves_what_the_study_leaves(study, step, approach, frames, indices):
    base_dir, outputs = study
    models = base_dir / "models"
    assert {path.name for path in models.glob(f"CITYSCAPES_{approach}_1_*")} == {
        f"CITYSCAPES_{approach}_1_{end}"
        for end in ("topK_1.keras", *(f"{index}.{kind}" for index in indices for kind in ("keras", "json")))
    }
    with (base_dir / "csv" / f"results_CITYSCAPES_{approach}_1.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["modelname"] for row in rows] == [f"CITYSCAPES_{approach}_1_{index}" for index in indices]
    assert list(rows[0])[1:] == ["mPA_val", "mPA_test", "mPA_train_unlabeled",
                                 "mIoU_val", "mIoU_test", "mIoU_train_unlabeled"]  # fmt: skip
    best = max(rows, key=lambda row: float(row["mIoU_val"]))["modelname"]
    assert (models / f"CITYSCAPES_{approach}_1_topK_1.keras").samefile(models / f"{best}.keras")
    assert f"{approach}: {frames} images of 64x32" in outputs[step].stdout
    assert "mIoU, paper metric" in outputs[step].stdout
    assert "IoU of classes on test (those that occur or are predicted), official definition:" in outputs[step].stdout
    with (base_dir / "csv" / f"classes_CITYSCAPES_{approach}_1.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file, delimiter=";"))) == 35
    assert (base_dir / "logs" / f"step_{step}.log").is_file()
    assert not list((models / "in_progress").iterdir())


def test_a_training_step_is_compared_with_those_that_are_finished(study):
    outputs = study[1]
    assert ", test, paper metric: " not in outputs["02"].stdout
    assert "subset - full_dataset, test, paper metric: " in outputs["03"].stdout
    for other in ("full_dataset", "subset"):
        assert f"subset_aug - {other}, test, paper metric: " in outputs["04"].stdout


def test_tensorboard_has_the_curves_of_every_model(study):
    folder = study[0] / "tensorboard"
    models = {f"CITYSCAPES_{name}" for name in ("full_dataset_1_0", "full_dataset_1_1", "subset_1_0", "subset_aug_1_0")}
    assert {path.parent.name for path in folder.rglob("events.out.tfevents.*")} == models
    assert f'tensorboard --logdir "{folder}"' in study[1]["03"].stdout


def test_every_step_leaves_a_report_of_what_there_is_and_says_where(study):
    base_dir, outputs = study
    page = base_dir / "report" / "report.html"
    assert all(f"report: {page}" in done.stdout for done in outputs.values())
    text = page.read_text(encoding="utf-8")
    assert all(approach in text for approach in ("full_dataset", "subset", "subset_aug"))


def test_predictions_are_class_indices_and_their_colours(study):
    base_dir, _ = study
    folder = base_dir / "val_predictions" / "subset" / "CITYSCAPES_subset_1_0"
    names = sorted(path.name for path in (base_dir / "val" / "images").iterdir())
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*names, *(name.replace(".png", "_color.png") for name in names)]
    )
    classes = cv2.imread(str(folder / names[0]), cv2.IMREAD_UNCHANGED)
    color = cv2.imread(str(folder / names[0].replace(".png", "_color.png")))[:, :, ::-1]
    assert classes.shape == (32, 64)
    assert (color == study_label_map().colorize(classes)).all()
    assert not (base_dir / "train_unlabeled_predictions").exists()


def test_the_scores_are_those_of_the_saved_predictions(study):
    base_dir, _ = study
    result = read_json(base_dir / "models" / "CITYSCAPES_subset_1_0.json")
    assert result["job"]["label_map"] is None  # so that trainings from before there were label maps stay valid
    ious, accuracies = [], []
    for path in sorted((base_dir / "val" / "masks").iterdir()):
        truth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        predicted = base_dir / "val_predictions" / "subset" / "CITYSCAPES_subset_1_0" / path.name
        prediction = cv2.imread(str(predicted), cv2.IMREAD_UNCHANGED)
        classes = [(truth == c, prediction == c) for c in np.unique(truth)]
        ious.append(np.mean([(t & p).sum() / (t | p).sum() for t, p in classes]))
        accuracies.append((truth == prediction).mean())
    assert result["scores"]["val"]["mIoU"] == pytest.approx(np.mean(ious), abs=1e-6)
    assert result["scores"]["val"]["mPA"] == pytest.approx(np.mean(accuracies))


def test_a_step_that_is_done_says_so_and_changes_nothing(study):
    base_dir, _ = study
    before = {path: path.stat().st_mtime_ns for path in base_dir.rglob("*.keras")}
    assert run_step_here("00", base_dir).stdout.count("done before and nothing has changed") == 2
    assert run_step_here("01", base_dir).stdout.count("done before and nothing has changed") == 4
    again = run_step_here("03", base_dir, **ONE_MODEL).stdout
    assert "1 training done before, and nothing has changed" in again
    assert "mIoU, paper metric" in again
    assert {path: path.stat().st_mtime_ns for path in base_dir.rglob("*.keras")} == before


def kill_training(job):
    """Kills the process of a training, which has its job file among its arguments."""
    running = psutil.process_iter(["cmdline"])
    next(process for process in running if str(job) in (process.info["cmdline"] or ())).kill()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a Unix signal")
def test_a_training_killed_in_the_middle_ends_with_the_same_scores(ready, study):
    checkpoint = ready / "models" / "in_progress" / "CITYSCAPES_subset_1_0" / "checkpoint.npz"
    for victim in ("training", "script"):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = start_script("03", ready, **ONE_MODEL)
        wait_for(lambda: checkpoint.exists() and checkpoint.stat().st_mtime_ns != before)  # noqa: B023
        if victim == "script":
            process.kill()
        else:
            kill_training(checkpoint.with_name("job.json"))
        assert process.wait(timeout=120) != 0
    run_script("03", ready, **ONE_MODEL)
    assert scores_of(ready, "subset") == scores_of(study[0], "subset")

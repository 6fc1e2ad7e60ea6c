"""The numbered scripts as a user runs them: in order, stopped, repeated, with mistakes."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from common.files.disk import read_json
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from tests.support.running import PROJECT, SMALL, run_script

STEPS = ("00", "01", "02", "03", "04")


@pytest.fixture
def ready(tmp_path, prepared):
    """A BASE_DIR of one's own after steps 00 and 01."""
    shutil.copytree(prepared, tmp_path / "ready")
    return tmp_path / "ready"


def scores(base_dir, approach):
    """Everything a user compares: the CSV, the order of the best, and the scores in the result files."""
    table = (base_dir / "csv" / f"results_CITYSCAPES_{approach}_1.csv").read_text(encoding="utf-8")
    models = base_dir / "models"
    best = sorted(models.glob(f"CITYSCAPES_{approach}_1_topK_*.keras"))
    ranked = [next(m.name for m in models.glob("*_?.keras") if m.samefile(b) and m != b) for b in best]
    results = [read_json(path) for path in sorted(models.glob(f"CITYSCAPES_{approach}_1_*.json"))]
    without_times = [
        [{**entry, "seconds": 0, "seconds_validation": 0} for entry in result["history"]] for result in results
    ]
    return table, ranked, [result["scores"] for result in results], without_times


@pytest.fixture(scope="session")
def study(tmp_path_factory, demo_tree):
    """A BASE_DIR after all five steps."""
    folder = tmp_path_factory.mktemp("study") / "base dir ü"
    folder.mkdir()
    shutil.copytree(demo_tree, folder / "original_data")
    # Two trainings at a time in one of the steps: they finish too.
    outputs = {step: run_script(step, folder, TRAININGS_AT_A_TIME=2 if step == "02" else 1) for step in STEPS}
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
    ("step", "approach", "frames"), [("02", "full_dataset", 20), ("03", "subset", 2), ("04", "subset_aug", 6)]
)
def test_a_training_step_leaves_what_the_study_leaves(study, step, approach, frames):
    base_dir, outputs = study
    models = base_dir / "models"
    assert {path.name for path in models.glob(f"CITYSCAPES_{approach}_1_*")} == {
        f"CITYSCAPES_{approach}_1_{end}" for end in ("0.keras", "0.json", "1.keras", "1.json", "topK_1.keras")
    }
    with (base_dir / "csv" / f"results_CITYSCAPES_{approach}_1.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["modelname"] for row in rows] == [f"CITYSCAPES_{approach}_1_{index}" for index in range(2)]
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
    models = {f"CITYSCAPES_{approach}_1_{i}" for approach in ("full_dataset", "subset", "subset_aug") for i in (0, 1)}
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
    result = read_json(base_dir / "models" / "CITYSCAPES_subset_1_1.json")
    assert result["job"]["label_map"] is None  # so that trainings from before there were label maps stay valid
    ious, accuracies = [], []
    for path in sorted((base_dir / "val" / "masks").iterdir()):
        truth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        predicted = base_dir / "val_predictions" / "subset" / "CITYSCAPES_subset_1_1" / path.name
        prediction = cv2.imread(str(predicted), cv2.IMREAD_UNCHANGED)
        classes = [(truth == c, prediction == c) for c in np.unique(truth)]
        ious.append(np.mean([(t & p).sum() / (t | p).sum() for t, p in classes]))
        accuracies.append((truth == prediction).mean())
    assert result["scores"]["val"]["mIoU"] == pytest.approx(np.mean(ious), abs=1e-6)
    assert result["scores"]["val"]["mPA"] == pytest.approx(np.mean(accuracies))


@pytest.fixture(scope="session")
def nineteen(tmp_path_factory, demo_tree):
    """A BASE_DIR after steps 00, 01 and 03 with the 19 classes of the benchmark, and what step 03 said."""
    folder = tmp_path_factory.mktemp("nineteen")
    shutil.copytree(demo_tree, folder / "original_data")
    for step in ("00", "01", "03"):
        process = run_script(step, folder, LABEL_MAP="cityscapes19", NUM_CLASSES=19, MODELS_PER_RUN=1)
    return folder, process


def test_masks_of_a_label_map_hold_its_classes_and_the_ignore_value(nineteen, prepared):
    found = set()
    for path in sorted((nineteen[0] / "train_full" / "masks").iterdir()):
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        of_the_study = cv2.imread(str(prepared / "train_full" / "masks" / path.name), cv2.IMREAD_UNCHANGED)
        assert (mask == load_label_map("cityscapes19").encode(study_label_map().decode(of_the_study))).all()
        found |= set(np.unique(mask).tolist())
    assert found <= {*range(19), 255}
    assert {0, 255} <= found


def test_scores_and_colours_of_a_label_map_are_those_of_its_counted_pixels(nineteen):
    base_dir, process = nineteen
    label_map = load_label_map("cityscapes19")
    content = read_json(base_dir / "models" / "CITYSCAPES_subset_1_0.json")
    assert content["job"]["label_map"] == label_map.as_json()
    result = content["scores"]["val"]
    hits, unions, ious = np.zeros(19), np.zeros(19), []
    for path in sorted((base_dir / "val" / "masks").iterdir()):
        predicted = base_dir / "val_predictions" / "subset" / "CITYSCAPES_subset_1_0" / path.name
        prediction = cv2.imread(str(predicted), cv2.IMREAD_UNCHANGED)
        color = cv2.imread(str(predicted.with_name(f"{path.stem}_color.png")))[:, :, ::-1]
        assert prediction.max() < 19
        assert (color == label_map.colorize(prediction)).all()
        truth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        truth, prediction = truth[truth != 255], prediction[truth != 255]
        pairs = [(truth == index, prediction == index) for index in range(19)]
        hits += [(t & p).sum() for t, p in pairs]
        unions += [(t | p).sum() for t, p in pairs]
        ious.append(np.mean([(t & p).sum() / (t | p).sum() for t, p in pairs if t.any()]))
    assert result["mIoU"] == pytest.approx(np.mean(ious), abs=1e-6)
    expected = {
        name: hit / union if union else None for name, hit, union in zip(label_map.names, hits, unions, strict=True)
    }
    assert result["class_IoU"] == result["official_IoU"] == pytest.approx(expected)
    assert "19 classes by LABEL_MAP; pixels of labels without a class do not count" in process.stdout
    assert "mIoU, all pixels pooled (19 classes)" in process.stdout


@pytest.mark.parametrize("step", ["01", "03", "04"])
def test_folders_of_another_label_map_are_refused_with_the_step_that_makes_them(ready, step):
    error = run_script(step, ready, LABEL_MAP="cityscapes19", NUM_CLASSES=19, expect=1).stderr
    assert "was made with another LABEL_MAP than config.ini asks for; run the steps from 00 on again" in error
    assert not (ready / "models").exists()


def test_another_label_map_redoes_steps_00_and_01(ready):
    changes = {"LABEL_MAP": "categories8", "NUM_CLASSES": 8}
    assert run_script("00", ready, **changes).stdout.count("resized") == 2
    assert (
        "train_labeled: was made from an older train_full; run step 01 again"
        in run_script("03", ready, expect=1, **changes).stderr
    )
    run_script("01", ready, **changes)
    values = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED).max() for path in (ready / "val" / "masks").iterdir()]
    assert max(values) == 7


def test_a_step_that_is_done_says_so_and_changes_nothing(study):
    base_dir, _ = study
    before = {path: path.stat().st_mtime_ns for path in base_dir.rglob("*.keras")}
    assert run_script("00", base_dir).stdout.count("done before and nothing has changed") == 2
    assert run_script("01", base_dir).stdout.count("done before and nothing has changed") == 4
    again = run_script("03", base_dir).stdout
    assert "all 2 trainings are done and nothing has changed" in again
    assert "mIoU, paper metric" in again
    assert {path: path.stat().st_mtime_ns for path in base_dir.rglob("*.keras")} == before


def test_more_predictions_are_written_without_a_new_training(study):
    base_dir, _ = study
    model = base_dir / "models" / "CITYSCAPES_full_dataset_1_0.keras"
    before = model.stat().st_mtime_ns
    run_script("02", base_dir, SAVE_PREDICTIONS="val,test,train_unlabeled")
    folder = base_dir / "train_unlabeled_predictions" / "full_dataset" / "CITYSCAPES_full_dataset_1_0"
    assert len(list(folder.iterdir())) == 36
    assert model.stat().st_mtime_ns == before


def test_a_dry_run_writes_nothing(base_dir):
    before = sorted(base_dir.rglob("*"))
    output = run_script("00", base_dir, "--dry-run").stdout
    assert "20 frames of 64x32 to write" in output
    assert sorted(base_dir.rglob("*")) == before


def test_a_dry_run_of_a_training_says_how_many_there_are(ready):
    output = run_script("03", ready, "--dry-run", NUM_RUNS=3, MODELS_PER_RUN=10).stdout
    assert "3 runs x 10 models" in output
    assert "480 PNG files in all" in output  # 2 files x (4 val + 4 test) frames x 30 models
    assert not (ready / "models").exists()


def test_help_needs_no_data():
    for step in STEPS:
        script = next(PROJECT.glob(f"{step}_*.py"))
        output = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True).stdout
        assert "KEY=VALUE" in output
        assert "Reads" in output


@pytest.mark.parametrize(("step", "first"), [("01", "00"), ("02", "00"), ("03", "01"), ("04", "01")])
def test_a_step_without_its_input_says_which_step_makes_it(base_dir, step, first):
    assert f"run step {first} first" in run_script(step, base_dir, expect=1).stderr


def test_changed_settings_redo_the_step_and_leave_no_old_file(ready):
    run_script("00", ready, RESIZE_FACTOR=0.25, IMAGE_WIDTH=32, IMAGE_HEIGHT=16)
    images = list((ready / "train_full" / "images").iterdir())
    assert {cv2.imread(str(path)).shape for path in images} == {(16, 32, 3)}
    assert len(images) == 20
    stale = run_script("03", ready, RESIZE_FACTOR=0.25, IMAGE_WIDTH=32, IMAGE_HEIGHT=16, expect=1).stderr
    assert "holds images of 64x32" in stale


def test_another_seed_leaves_no_frame_of_the_first_split(ready):
    run_script("01", ready, SEED=7)
    names = [
        {path.name for path in (ready / split / "images").iterdir()} for split in ("train_labeled", "train_unlabeled")
    ]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 20
    assert "SEED = 7, config.ini says 42" in run_script("03", ready, expect=1).stderr


def test_a_changed_frame_is_prepared_again(ready):
    mask = next((ready / "original_data" / "gtFine" / "val").rglob("*labelIds.png"))
    ids = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(mask), np.full_like(ids, 7))
    output = run_script("00", ready).stdout
    assert "8 resized" in output
    prepared_mask = ready / "val_test" / "masks" / mask.name.replace("_gtFine_labelIds", "")
    assert (cv2.imread(str(prepared_mask), cv2.IMREAD_UNCHANGED) == 8).all()


def test_an_id_that_does_not_exist_stops_step_00_with_file_and_value(ready):
    mask = next((ready / "original_data" / "gtFine" / "train").rglob("*labelIds.png"))
    ids = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
    ids[0, 0] = 34
    cv2.imwrite(str(mask), ids)
    error = run_script("00", ready, expect=1).stderr
    assert mask.name in error
    assert "the value 34" in error


def test_a_frame_without_ground_truth_is_named(ready):
    mask = next((ready / "original_data" / "gtFine" / "train").rglob("*labelIds.png"))
    frame = mask.name.removesuffix("_gtFine_labelIds.png")
    for path in mask.parent.glob(f"{frame}_*"):
        path.unlink()
    process = run_script("00", ready)
    assert frame in process.stderr
    assert "1 skipped (no ground truth)" in process.stdout


def test_sizes_that_do_not_fit_the_frames_are_explained(base_dir):
    error = run_script("00", base_dir, IMAGE_WIDTH=416, IMAGE_HEIGHT=208, expect=1).stderr
    assert "the frames are 128x64" in error
    assert "Set IMAGE_WIDTH = 64 and IMAGE_HEIGHT = 32" in error


def test_a_missing_base_dir_or_dataset_is_explained(tmp_path):
    assert "no such folder; set BASE_DIR" in run_script("00", tmp_path / "nowhere", expect=1).stderr
    assert "gtFine_trainvaltest.zip" in run_script("00", tmp_path, expect=1).stderr


def test_the_two_zips_are_read_as_they_are(tmp_path, demo_tree, prepared):
    base_dir = tmp_path / "zipped"
    (base_dir / "original_data").mkdir(parents=True)
    for part in ("leftImg8bit", "gtFine"):
        shutil.make_archive(str(base_dir / "original_data" / f"{part}_trainvaltest"), "zip", demo_tree, part)
    run_script("00", base_dir)
    assert sorted(path.name for path in (base_dir / "original_data").iterdir()) == [
        "gtFine_trainvaltest.zip",
        "leftImg8bit_trainvaltest.zip",
    ]
    for path in (prepared / "train_full").rglob("*.png"):
        assert (base_dir / path.relative_to(prepared)).read_bytes() == path.read_bytes()


def start_script(step, base_dir, **changes):
    script = next(PROJECT.glob(f"{step}_*.py"))
    values = [f"{key}={value}" for key, value in {**SMALL, "BASE_DIR": base_dir, **changes}.items()]
    return subprocess.Popen(
        [sys.executable, script, *values], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise TimeoutError


@pytest.fixture
def trained(ready, study):
    """A BASE_DIR of one's own after steps 00, 01 and 03, with two models."""
    for folder in ("models", "csv", "val_predictions", "test_predictions", "tensorboard"):
        shutil.copytree(study[0] / folder, ready / folder)
    for path in [*(ready / "models").iterdir(), *(ready / "csv").iterdir()]:
        if "_subset_1_" not in path.name and not path.name.endswith("_subset_1.csv") and path.is_file():
            path.unlink()
    return ready


def kill_training(job):
    """Kills the process of a training, which has its job file among its arguments."""
    running = psutil.process_iter(["cmdline"])
    next(process for process in running if str(job) in (process.info["cmdline"] or ())).kill()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a Unix signal")
def test_a_training_killed_in_the_middle_ends_with_the_same_scores(ready, tmp_path):
    changes = {"NUM_EPOCHS": 6, "MODELS_PER_RUN": 1}
    shutil.copytree(ready, tmp_path / "undisturbed")
    run_script("03", tmp_path / "undisturbed", **changes)
    for victim in ("training", "script"):
        checkpoint = ready / "models" / "in_progress" / "CITYSCAPES_subset_1_0" / "checkpoint.npz"
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = start_script("03", ready, **changes)
        wait_for(lambda: checkpoint.exists() and checkpoint.stat().st_mtime_ns != before)  # noqa: B023
        if victim == "script":
            process.kill()
        else:
            kill_training(checkpoint.with_name("job.json"))
        assert process.wait(timeout=120) != 0
    run_script("03", ready, **changes)
    assert scores(ready, "subset") == scores(tmp_path / "undisturbed", "subset")


@pytest.mark.slow
def test_a_script_killed_after_the_training_itself_ends_with_the_same_scores(ready, study):
    for moment in ("CITYSCAPES_subset_1_0.keras", "CITYSCAPES_subset_1_0.json"):
        process = start_script("03", ready)
        wait_for(lambda: (ready / "models" / moment).exists())  # noqa: B023
        process.kill()
        process.wait()
    run_script("03", ready)
    assert scores(ready, "subset") == scores(study[0], "subset")


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut model", "cut result"])
def test_a_model_that_is_lost_is_trained_again_and_the_others_stay(trained, study, damage):
    model = trained / "models" / "CITYSCAPES_subset_1_0.keras"
    other = (trained / "models" / "CITYSCAPES_subset_1_1.keras").stat().st_mtime_ns
    os.truncate(model if damage == "cut model" else model.with_suffix(".json"), 1000)
    assert "1 trainings are done, 1 are to do" in run_script("03", trained).stdout
    assert scores(trained, "subset") == scores(study[0], "subset")
    assert (trained / "models" / "CITYSCAPES_subset_1_1.keras").stat().st_mtime_ns == other
    assert not (trained / "previous").exists()


def test_a_model_that_is_gone_is_to_be_trained_again(trained):
    (trained / "models" / "CITYSCAPES_subset_1_0.keras").unlink()
    assert "1 trainings are done, 1 are to do" in run_script("03", trained, "--dry-run").stdout


def test_the_same_data_prepared_again_keeps_the_trainings(trained):
    for path in (trained / "original_data").rglob("*.png"):
        path.touch()
    assert "20 resized" in run_script("00", trained).stdout
    assert run_script("01", trained).stdout.count("nothing has changed") == 4
    assert "all 2 trainings are done and nothing has changed" in run_script("03", trained).stdout


def test_a_back_end_that_is_not_there_is_refused_before_anything_is_touched(ready, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "nonsense")
    assert "KERAS_BACKEND = nonsense" in run_script("03", ready, expect=1).stderr
    assert not (ready / "models").exists()


def test_a_message_is_shown_once(base_dir):
    assert run_script("00", base_dir, NUM_EPOCHS=0, expect=1).stderr.count("NUM_EPOCHS = 0") == 1


def test_an_output_without_umlauts_or_closed_stops_nothing(ready, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    renamed = ready.rename(ready.with_name("bäse"))
    assert "nothing has changed" in run_script("00", renamed).stdout
    script = next(PROJECT.glob("00_*.py"))
    values = [f"{key}={value}" for key, value in {**SMALL, "BASE_DIR": renamed}.items()]
    with Path(os.devnull).open() as nothing:
        closed = subprocess.run([sys.executable, script, *values], stdout=nothing, stderr=subprocess.PIPE, text=True)
    assert (closed.returncode, closed.stderr) == (0, "")


def test_a_frame_of_another_size_is_named_by_step_00(ready):
    image = next((ready / "original_data" / "leftImg8bit" / "train").rglob("*.png"))
    mask = next((ready / "original_data" / "gtFine").rglob(image.name.replace("leftImg8bit", "gtFine_labelIds")))
    for path in (image, mask):
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), np.repeat(np.repeat(picture, 2, 0), 2, 1))
    assert image.name in run_script("00", ready, expect=1).stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a Unix signal")
def test_step_00_killed_at_any_moment_ends_with_the_same_files(base_dir, prepared):
    building = base_dir / ".train_full.building"
    for number in (1, 6, 12):
        process = start_script("00", base_dir)
        wait_for(lambda: len(list(building.glob("masks/[a-z]*"))) >= number)  # noqa: B023
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (base_dir / "train_full").exists()
    cut = next(building.glob("images/[a-z]*"))
    cut.write_bytes(b"")  # as a power cut leaves it
    run_script("00", base_dir)
    for path in (prepared / "train_full").rglob("*.png"):
        assert (base_dir / path.relative_to(prepared)).read_bytes() == path.read_bytes()
    assert not [path for path in base_dir.rglob(".*") if path.name != ".locks"]


@pytest.mark.slow
def test_a_failed_training_is_reported_with_its_log_and_the_others_go_on(ready):
    blocked = ready / "models" / "CITYSCAPES_subset_1_0.keras"  # a folder, where a file should be written
    blocked.mkdir(parents=True)
    (blocked / "in the way").write_text("")
    error = run_script("03", ready, expect=1).stderr
    assert "1 of 2 trainings failed" in error
    assert "log.txt" in error
    assert (ready / "models" / "CITYSCAPES_subset_1_1.json").exists()
    assert not (ready / "csv").exists()
    shutil.rmtree(blocked)
    assert "1 trainings are done, 1 are to do" in run_script("03", ready).stdout
    assert (ready / "csv" / "results_CITYSCAPES_subset_1.csv").exists()


@pytest.mark.slow
def test_changed_settings_train_again_and_put_the_earlier_results_away(trained):
    ready = trained
    process = run_script("03", ready, LR=0.001, MODELS_PER_RUN=1)
    assert "the earlier results of subset are now in" in process.stderr
    old, new = ready / "previous" / "subset_1", ready
    for name in (
        *("models/CITYSCAPES_subset_1_0.json", "csv/results_CITYSCAPES_subset_1.csv"),
        *("csv/classes_CITYSCAPES_subset_1.csv", "val_predictions/subset", "tensorboard/subset/CITYSCAPES_subset_1_0"),
    ):
        assert (old / name).exists()
        assert (new / name).exists()
    assert read_json(old / "models/CITYSCAPES_subset_1_0.json")["job"]["training"]["learning_rate"] == 0.003


@pytest.mark.slow
def test_both_recipes_stand_side_by_side(trained):
    ready, few = trained, {"MODELS_PER_RUN": 1, "SAVE_PREDICTIONS": "none"}
    before = (ready / "models" / "CITYSCAPES_subset_1_0.json").read_bytes()
    modern = {"RECIPE": "modern", "NUM_STEPS": 4, "WARMUP_STEPS": 1, **few}
    said = run_script("03", ready, **modern).stdout
    assert "subset_modern - subset, test, paper metric" in said
    assert (ready / "models" / "CITYSCAPES_subset_1_0.json").read_bytes() == before
    result = read_json(ready / "models" / "CITYSCAPES_subset_modern_1_0.json")
    assert result["job"]["training"]["seed"] == json.loads(before)["job"]["training"]["seed"]
    assert (result["job"]["recipe"], result["job"]["training"]["num_steps"], len(result["history"])) == ("modern", 4, 2)
    page = (ready / "report" / "report.html").read_text(encoding="utf-8")
    assert "Settings that differ" in page
    assert "The models differ in" not in page
    assert "all 1 trainings are done" in run_script("03", ready, **modern).stdout


@pytest.mark.slow
def test_another_preparation_is_made_by_step_00_and_refused_before(ready):
    process = run_script("03", ready, PREPARATION="aligned", expect=1)
    assert "was made with PREPARATION = study, config.ini asks for aligned; run the steps from 00 on" in process.stderr
    run_script("00", ready, PREPARATION="painted")
    assert "frames, done before" in run_script("00", ready, PREPARATION="painted").stdout

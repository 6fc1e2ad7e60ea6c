"""Steps 00 and 01 as a user runs them: data that changes, is missing or damaged, and other settings."""

import os
import re
import shutil
import signal

import cv2
import numpy as np
import pytest

from common.dataset.prepared.stages import read_manifest
from tests.support.in_process import run_step_here
from tests.support.running import run_script, start_script, wait_for


def test_a_dry_run_names_a_launcher_that_is_missing(base_dir):
    done = run_step_here("00", base_dir, "--dry-run", expect=1, TRAINING_LAUNCHER="no-such-program -n1")
    assert "TRAINING_LAUNCHER = no-such-program -n1: there is no program" in done.stdout + done.stderr


def test_a_dry_run_writes_nothing(base_dir):
    before = sorted(base_dir.rglob("*"))
    output = run_step_here("00", base_dir, "--dry-run").stdout
    assert "20 frames of 64x32 to write" in output
    assert sorted(base_dir.rglob("*")) == before


@pytest.mark.parametrize(("step", "first"), [("01", "00"), ("02", "00"), ("03", "01"), ("04", "01")])
def test_a_step_without_its_input_says_which_step_makes_it(base_dir, step, first):
    assert f"run step {first} first" in run_step_here(step, base_dir, expect=1).stderr


def test_changed_settings_redo_the_step_and_leave_no_old_file(ready):
    run_step_here("00", ready, RESIZE_FACTOR=0.25, IMAGE_WIDTH=32, IMAGE_HEIGHT=16)
    images = list((ready / "train_full" / "images").iterdir())
    assert {cv2.imread(str(path)).shape for path in images} == {(16, 32, 3)}
    assert len(images) == 20
    stale = run_step_here("03", ready, RESIZE_FACTOR=0.25, IMAGE_WIDTH=32, IMAGE_HEIGHT=16, expect=1).stderr
    assert "holds images of 64x32" in stale


def test_another_seed_leaves_no_frame_of_the_first_split(ready):
    run_step_here("01", ready, SEED=7)
    names = [
        {path.name for path in (ready / split / "images").iterdir()} for split in ("train_labeled", "train_unlabeled")
    ]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 20
    assert "SEED = 7, config.ini says 42" in run_step_here("03", ready, expect=1).stderr


def test_a_changed_frame_is_prepared_again(ready):
    mask = next((ready / "original_data" / "gtFine" / "val").rglob("*labelIds.png"))
    ids = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(mask), np.full_like(ids, 7))
    output = run_step_here("00", ready).stdout
    assert "8 resized" in output
    prepared_mask = ready / "val_test" / "masks" / mask.name.replace("_gtFine_labelIds", "")
    assert (cv2.imread(str(prepared_mask), cv2.IMREAD_UNCHANGED) == 8).all()


def test_an_id_that_does_not_exist_stops_step_00_with_file_and_value(ready):
    mask = next((ready / "original_data" / "gtFine" / "train").rglob("*labelIds.png"))
    ids = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
    ids[0, 0] = 34
    cv2.imwrite(str(mask), ids)
    error = run_step_here("00", ready, expect=1).stderr
    assert mask.name in error
    assert "the value 34" in error


def test_a_frame_without_ground_truth_is_named(ready):
    mask = next((ready / "original_data" / "gtFine" / "train").rglob("*labelIds.png"))
    frame = mask.name.removesuffix("_gtFine_labelIds.png")
    for path in mask.parent.glob(f"{frame}_*"):
        path.unlink()
    process = run_step_here("00", ready)
    assert frame in process.stderr
    assert "1 skipped (no ground truth)" in process.stdout


def test_a_frame_of_another_size_is_named_by_step_00(ready):
    image = next((ready / "original_data" / "leftImg8bit" / "train").rglob("*.png"))
    mask = next((ready / "original_data" / "gtFine").rglob(image.name.replace("leftImg8bit", "gtFine_labelIds")))
    for path in (image, mask):
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), np.repeat(np.repeat(picture, 2, 0), 2, 1))
    assert image.name in run_step_here("00", ready, expect=1).stderr


def test_sizes_that_do_not_fit_the_frames_are_explained(base_dir):
    error = run_step_here("00", base_dir, IMAGE_WIDTH=416, IMAGE_HEIGHT=208, expect=1).stderr
    assert "the frames are 128x64" in error
    assert "Set IMAGE_WIDTH = 64 and IMAGE_HEIGHT = 32" in error


def test_a_missing_base_dir_or_dataset_is_explained(tmp_path):
    assert "no such folder; set BASE_DIR" in run_step_here("00", tmp_path / "nowhere", expect=1).stderr
    assert "gtFine_trainvaltest.zip" in run_step_here("00", tmp_path, expect=1).stderr


def test_the_two_zips_are_read_as_they_are(tmp_path, demo_tree, prepared):
    base_dir = tmp_path / "zipped"
    (base_dir / "original_data").mkdir(parents=True)
    for part in ("leftImg8bit", "gtFine"):
        shutil.make_archive(str(base_dir / "original_data" / f"{part}_trainvaltest"), "zip", demo_tree, part)
    run_step_here("00", base_dir)
    assert sorted(path.name for path in (base_dir / "original_data").iterdir()) == [
        "gtFine_trainvaltest.zip",
        "leftImg8bit_trainvaltest.zip",
    ]
    for path in (prepared / "train_full").rglob("*.png"):
        assert (base_dir / path.relative_to(prepared)).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_another_preparation_is_made_by_step_00_and_refused_before(ready):
    process = run_step_here("03", ready, PREPARATION="aligned", expect=1)
    assert "was made with PREPARATION = study, config.ini asks for aligned; run the steps from 00 on" in process.stderr
    run_step_here("00", ready, PREPARATION="painted")
    assert "frames, done before" in run_step_here("00", ready, PREPARATION="painted").stdout


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("original_data", "is original_data itself; set BASE_DIR to the folder above"),
        ("data", "holds gtFine, leftImg8bit itself; make the folder .*original_data and move that into it"),
    ],
)
def test_data_in_base_dir_itself_are_recognised(tmp_path, demo_tree, base, said):
    (tmp_path / base).mkdir()
    for part in ("gtFine", "leftImg8bit"):
        (tmp_path / base / part).symlink_to(demo_tree / part)
    assert re.search(said, run_step_here("00", tmp_path / base, expect=1).stderr)


@pytest.mark.parametrize(
    ("there", "missing"), [("gtFine", "leftImg8bit_trainvaltest.zip"), ("leftImg8bit", "gtFine_trainvaltest.zip")]
)
def test_the_archive_that_is_missing_is_named(tmp_path, demo_tree, there, missing):
    (tmp_path / "one" / "original_data").mkdir(parents=True)
    (tmp_path / "one" / "original_data" / there).symlink_to(demo_tree / there)
    assert f"; get {missing} too" in run_step_here("00", tmp_path / "one", expect=1).stderr


@pytest.fixture
def own(tmp_path, demo_tree):
    """A BASE_DIR with an original that a test may change."""
    shutil.copytree(demo_tree, tmp_path / "own" / "original_data")
    return tmp_path / "own"


def test_the_coarse_annotation_is_used_only_when_asked_for_and_is_recorded(own):
    for path in sorted((own / "original_data").rglob("*_gtFine_*")):
        path.rename(path.with_name(path.name.replace("gtFine", "gtCoarse")))
    error = run_step_here("00", own, expect=1).stderr
    assert "found gtCoarse of 28 frames; get gtFine, or use gtCoarse: TRUTH = gtCoarse in config.ini" in error
    run_step_here("00", own, TRUTH="gtCoarse")
    run_step_here("01", own, TRUTH="gtCoarse")
    assert read_manifest(own / "val").truth == "gtCoarse"
    error = run_step_here("03", own, expect=1).stderr
    assert "was made with TRUTH = gtCoarse, config.ini asks for gtFine" in error


def test_splits_that_step_00_does_not_use_are_named_with_their_frames(own):
    for part in ("gtFine", "leftImg8bit"):
        shutil.copytree(own / "original_data" / part / "val", own / "original_data" / part / "train_extra")
        for path in sorted((own / "original_data" / part / "train_extra").rglob("*.*")):
            path.rename(path.with_name(f"x{path.name}"))
    output = run_step_here("00", own).stdout
    assert "not used by step 00, which prepares train and val: train_extra (8 frames)" in output


def test_another_label_map_redoes_steps_00_and_01(ready):
    changes = {"LABEL_MAP": "categories8", "NUM_CLASSES": 8}
    assert run_step_here("00", ready, **changes).stdout.count("resized") == 2
    assert (
        "train_labeled: was made from an older train_full; run step 01 again"
        in run_step_here("03", ready, expect=1, **changes).stderr
    )
    run_step_here("01", ready, **changes)
    values = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED).max() for path in (ready / "val" / "masks").iterdir()]
    assert max(values) == 7


@pytest.mark.parametrize("step", ["01", "03", "04"])
def test_folders_of_another_label_map_are_refused_with_the_step_that_makes_them(ready, step):
    error = run_step_here(step, ready, LABEL_MAP="cityscapes19", NUM_CLASSES=19, expect=1).stderr
    assert "was made with another LABEL_MAP than config.ini asks for; run the steps from 00 on again" in error
    assert not (ready / "models").exists()


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

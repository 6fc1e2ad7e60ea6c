import json
import shutil

import cv2
import numpy as np
import pytest

from common.dataset.checking.check import check_data
from common.dataset.checking.prepared_folders import check_prepared
from common.dataset.prepared.augment import augmented_names
from common.dataset.prepared.stages import Stage, read_manifest
from common.errors import ConfigError
from common.files.disk import entry_of, write_bytes
from common.images.png import encode_image, encode_mask
from common.labels.maps import LabelMap

SIZE_WH = (32, 16)
NAMES = {
    "train_full": "abcd",
    "val_test": "uv",
    "train_labeled": "a",
    "train_unlabeled": "bcd",
    "val": "u",
    "test": "v",
}


PARTS = {"train_full": ["train_labeled", "train_unlabeled"], "val_test": ["val", "test"]}
CLASSES = LabelMap(("a", "b", "c"), ((0, 0, 0),) * 3, (0, 1, 2) + (0,) * 31)


def write_folder(base_dir, name, stems, source=None, **settings):
    """Writes a prepared folder as a step does."""
    rng = np.random.default_rng(1)
    inputs = read_manifest(base_dir / source).content_fingerprint if source else "0" * 16
    step = "step 01" if source else "step 00"
    settings = {"size_wh": list(SIZE_WH), **settings}
    stage = Stage(base_dir / name, step, settings, inputs, source and base_dir / source, CLASSES)
    with stage.build([f"{part}/{stem}.png" for part in ("images", "masks") for stem in stems]) as folder:
        for part, shape in (("images", (16, 32, 3)), ("masks", (16, 32))):
            (folder / part).mkdir()
            for stem in stems:
                pixels = rng.integers(0, 3, shape, np.uint8)
                cv2.imencode(".png", pixels)[1].tofile(folder / part / f"{stem}.png")
    return base_dir / name


@pytest.fixture
def base_dir(tmp_path):
    """Prepared folders as after step 01, with 3 classes."""
    for source, parts in PARTS.items():
        write_folder(tmp_path, source, NAMES[source])
        for part in parts:
            write_folder(tmp_path, part, NAMES[part], source, parts=parts)
    return tmp_path


def replace_file(folder, name, pixels):
    """Replaces a file and says so in the manifest, as a step with a defect would."""
    cv2.imencode(".png", pixels)[1].tofile(folder / name)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = [(folder / name).stat().st_size, entry_of(folder / name)[1]]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def only_problem(source, **options):
    (problem,) = check_data(source, **options).problems
    return problem


def test_what_the_steps_wrote_has_no_problems(prepared):
    report = check_data(prepared)
    assert report.problems == ()
    assert report.form == "prepared"
    assert {split.name: split.frames for split in report.splits} == {
        "train_full": 20,
        "val_test": 8,
        "train_labeled": 2,
        "train_unlabeled": 18,
        "val": 4,
        "test": 4,
    }
    assert "the original was not checked" in report.notes[0]


def test_one_folder_can_be_checked_alone(base_dir):
    report = check_data(base_dir / "train_full")
    assert report.problems == ()
    assert [(split.name, split.counts) for split in report.splits] == [("train_full", {"images": 4, "masks": 4})]


def test_a_changed_byte_is_found_by_the_checksum(base_dir):
    path = base_dir / "val" / "images" / "u.png"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    problem = only_problem(base_dir)
    assert (problem.kind, problem.split, problem.frame) == ("changed", "val", "u")
    assert str(path) in problem.message
    assert "run step 01 again" in problem.message


def test_a_file_of_another_length_is_told(base_dir):
    path = base_dir / "val" / "masks" / "u.png"
    path.write_bytes(path.read_bytes() + b"x")
    assert "bytes" in only_problem(base_dir).message


def test_a_missing_file_is_told(base_dir):
    path = base_dir / "train_full" / "masks" / "c.png"
    path.unlink()
    problem = only_problem(base_dir)
    assert (problem.kind, problem.file) == ("missing", str(path))


def test_a_foreign_file_is_told(base_dir):
    path = base_dir / "val_test" / "images" / "holiday.jpg"
    path.write_bytes(b"x")
    problem = only_problem(base_dir)
    assert (problem.kind, problem.file) == ("foreign", str(path))


def test_a_folder_without_manifest_is_told(base_dir):
    (base_dir / "test" / "manifest.json").unlink()
    problem = only_problem(base_dir)
    assert (problem.kind, problem.split) == ("manifest", "test")


def test_a_broken_manifest_is_told_and_the_others_are_checked(base_dir):
    (base_dir / "test" / "manifest.json").write_text("{")
    (base_dir / "val" / "images" / "u.png").unlink()
    assert sorted(problem.kind for problem in check_data(base_dir).problems) == ["manifest", "missing"]


def test_a_manifest_cannot_lead_out_of_its_folder(base_dir, tmp_path):
    outside = tmp_path / "secret.png"
    outside.write_bytes(b"x")
    folder = base_dir / "test"
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../secret.png"] = [1, entry_of(outside)[1]]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert only_problem(base_dir).kind == "missing"


def test_an_image_of_another_size_than_the_manifest_says_is_told(base_dir):
    replace_file(base_dir / "val", "images/u.png", np.zeros((16, 48, 3), np.uint8))
    problem = only_problem(base_dir)
    assert problem.kind == "size"
    assert "has 48x16 pixels, the manifest says 32x16" in problem.message


def test_a_class_that_the_label_map_lacks_is_told_in_folders_made_from_others_too(base_dir):
    mask = np.zeros((16, 32), np.uint8)
    mask[3, 5] = 3
    replace_file(base_dir / "val", "masks/u.png", mask)
    problem = only_problem(base_dir)
    assert problem.kind == "unknown class"
    assert "the first at x = 5, y = 3 with 3" in problem.message
    assert "classes 0 to 2" in problem.message


def test_an_image_without_mask_is_told(base_dir):
    folder = base_dir / "val"
    (folder / "masks" / "u.png").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["masks/u.png"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    problem = only_problem(base_dir)
    assert problem.kind == "unpaired"
    assert "masks/u.png" in problem.message


def test_parts_that_share_a_frame_or_leave_one_out_are_told(base_dir):
    shutil.rmtree(base_dir / "train_labeled")
    write_folder(base_dir, "train_labeled", "b", "train_full", parts=PARTS["train_full"])
    shared, left_out = check_data(base_dir).problems
    assert "train_labeled: shares frames with train_unlabeled (1): b.png" in shared.message
    assert "together with train_unlabeled leaves out frames of train_full (1): a.png" in left_out.message


def test_a_folder_made_from_an_older_one_is_told(base_dir):
    replace_file(base_dir / "val_test", "images/u.png", np.zeros((16, 32, 3), np.uint8))
    assert {problem.split for problem in check_data(base_dir).problems} == {"val", "test"}
    assert {problem.kind for problem in check_data(base_dir).problems} == {"outdated"}


def test_augmented_copies_are_counted(base_dir):
    stems = [name.removesuffix(".png") for name in augmented_names("a", 2)]
    write_folder(base_dir, "train_labeled_aug", stems, "train_labeled", copies=2)
    assert check_data(base_dir).problems == ()
    shutil.rmtree(base_dir / "train_labeled_aug")
    write_folder(base_dir, "train_labeled_aug", stems[:2], "train_labeled", copies=2)
    assert "a_aug_1.png" in only_problem(base_dir).message


def test_the_number_of_workers_changes_nothing(base_dir):
    (base_dir / "val" / "images" / "u.png").write_bytes(b"")
    (base_dir / "test" / "masks" / "v.png").unlink()
    assert check_data(base_dir, workers=2) == check_data(base_dir, workers=1)


def test_a_folder_that_is_not_there_is_refused(base_dir):
    with pytest.raises(ConfigError, match="has no prepared folder 'dev'"):
        check_data(base_dir, ("dev",))


def test_a_manifest_without_sizes_is_used_for_what_it_says(base_dir):
    path = base_dir / "val" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["settings"] = {"seed": 1}
    path.write_text(json.dumps(manifest))
    assert check_data(base_dir / "val").problems == ()


def test_a_folder_of_any_name_and_step_is_checked_by_its_manifest(base_dir):
    shutil.rmtree(base_dir / "val_test")
    (base_dir / "train_unlabeled").rename(base_dir / "pseudo")
    assert check_data(base_dir).problems == ()
    (base_dir / "pseudo" / "images" / "c.png").unlink()
    problem = only_problem(base_dir)
    assert (problem.split, problem.frame) == ("pseudo", "c")
    assert "run step 01 again" in problem.message


def test_pseudo_labels_may_hold_a_class_that_no_label_has(tmp_path):
    unused = LabelMap(("void", "never", "road"), ((0, 0, 0), (1, 1, 1), (2, 2, 2)), (0, 2) + (0,) * 32)

    def problems_of(name, **settings):
        stage = Stage(tmp_path / name, "step 09", {"size_wh": list(SIZE_WH), **settings}, "0" * 16, None, unused)
        with stage.build(["images/a.png", "masks/a.png"]) as folder:
            write_bytes(folder / "images" / "a.png", encode_image(np.zeros((16, 32, 3), np.uint8)))
            write_bytes(folder / "masks" / "a.png", encode_mask(np.ones((16, 32), np.uint8)))
        return {problem.kind for problem in check_prepared(tmp_path / name).problems}

    assert problems_of("truth") == {"unknown class"}
    assert problems_of("labels", teachers=[]) == set()

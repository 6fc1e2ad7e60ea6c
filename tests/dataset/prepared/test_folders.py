import shutil

import pytest

from common.dataset.prepared.folders import PreparedDataset
from common.errors import DataError
from common.files.disk import read_json, write_json


@pytest.fixture
def copy(tmp_path, prepared):
    shutil.copytree(prepared, tmp_path / "copy")
    return tmp_path / "copy"


def dataset(base_dir, size_wh=(64, 32), seed=42):
    return PreparedDataset(base_dir, size_wh, seed)


def test_a_split_lists_its_pairs_sorted(prepared):
    split = dataset(prepared).split("train_labeled")
    assert (len(split), split.name, split.size_wh) == (2, "train_labeled", (64, 32))
    assert [sample.name for sample in split.samples] == sorted(sample.name for sample in split.samples)
    assert all(sample.image.is_file() and sample.mask.is_file() for sample in split.samples)


@pytest.mark.parametrize(("name", "step"), [("train_full", "00"), ("val", "01"), ("train_labeled", "01")])
def test_a_missing_split_says_which_step_makes_it(tmp_path, name, step):
    with pytest.raises(DataError, match=f"{name}: no such folder; run step {step} first"):
        dataset(tmp_path).split(name)


def test_a_folder_of_somebody_else_is_not_trained_on(tmp_path):
    (tmp_path / "val" / "images").mkdir(parents=True)
    with pytest.raises(DataError, match="no manifest"):
        dataset(tmp_path).split("val")


def test_another_size_or_seed_than_the_prepared_one_is_explained(prepared):
    with pytest.raises(DataError, match=r"holds images of 64x32, config.ini asks for 416x208; run the steps from 00"):
        dataset(prepared, size_wh=(416, 208)).split("val")
    with pytest.raises(DataError, match="made with SEED = 42, config.ini says 7; run step 01 again"):
        dataset(prepared, seed=7).split("val")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.unlink(), "is missing; run step 01 again"),
        (lambda file: (file.unlink(), file.write_bytes(b"short")), "has 5 bytes, .* run step 01 again"),
        (lambda file: file.with_name("mine.png").write_bytes(b""), "mine.png: was put there by somebody else; move it"),
    ],
)
def test_a_folder_that_was_changed_is_not_trained_on(copy, damage, message):
    damage(next((copy / "val" / "masks").iterdir()))
    with pytest.raises(DataError, match=message):
        dataset(copy).split("val")


def test_a_split_of_an_older_source_has_to_be_made_again(copy):
    manifest = read_json(copy / "train_full" / "manifest.json")
    write_json(
        copy / "train_full" / "manifest.json", {**manifest, "settings": {**manifest["settings"], "resize_factor": 1}}
    )
    with pytest.raises(DataError, match="train_labeled: was made from an older train_full; run step 01 again"):
        dataset(copy).split("train_labeled")


def test_the_source_may_be_deleted_to_save_disk(copy):
    shutil.rmtree(copy / "train_full")
    assert len(dataset(copy).split("train_labeled")) == 2


def test_what_a_file_manager_leaves_disturbs_nothing(copy):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (copy / "val" / "images" / name).write_bytes(b"x")
    assert len(dataset(copy).split("val")) == 4


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": []}', '{"files": {"a": 3}, "settings": {}}'])
def test_a_broken_manifest_says_to_delete_the_folder(copy, content):
    (copy / "val" / "manifest.json").write_text(content)
    with pytest.raises(DataError, match=r"manifest.json: .*delete the folder .* and run its step again"):
        dataset(copy).split("val")

"""The command line of `convert`: what its options become."""

import numpy as np
import pytest

from common.errors import ConfigError, DataError, LabelError
from common.formats.conversion import read
from common.images.png import encode_mask, read_mask
from common.tools import convert
from tests.formats.test_new_objects import BOX_FILES, label_ids_alone, put


def run(*arguments):
    return convert.main([*map(str, arguments), "--workers", "1"])


def test_splits_are_renamed_as_often_as_asked(demo_tree, tmp_path):
    renames = ("--rename-split", "train=training", "--rename-split", "val=valid")
    assert run(demo_tree, tmp_path / "new", "--to", "yolo", *renames) == 0
    assert {frame.split for frame in read(tmp_path / "new")} == {"training", "valid"}
    index = (tmp_path / "new/data.yaml").read_text()
    assert "train: images/training\nval: images/valid\n" in index


def test_a_rename_without_a_new_name_is_refused(demo_tree, tmp_path):
    with pytest.raises(ConfigError, match="--rename-split val: expected OLD=NEW, for example valid=val"):
        run(demo_tree, tmp_path / "new", "--to", "yolo", "--rename-split", "val")


def test_boxes_are_filled_where_asked(tmp_path):
    source = put(tmp_path / "source", BOX_FILES["coco"])
    with pytest.raises(DataError, match="--boxes fill"):
        run(source, tmp_path / "new", "--to", "cityscapes")
    assert run(source, tmp_path / "new", "--to", "cityscapes", "--boxes", "fill") == 0
    (mask,) = (tmp_path / "new").rglob("*_labelIds.png")
    assert (read_mask(mask) == 26).sum() == 8


def test_regions_are_divided_where_asked(tmp_path):
    source = label_ids_alone(tmp_path / "source")
    assert run(source, tmp_path / "new", "--to", "cityscapes", "--regions") == 0
    (frame,) = read(tmp_path / "new").frames
    assert [segment.label for _, segment in frame.annotation().objects] == ["car"]


def test_train_ids_are_read_where_asked_and_only_of_cityscapes(tmp_path):
    path = tmp_path / "source/gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_mask(np.array([[13, 255]], np.uint8)))
    with pytest.raises(LabelError, match="holds the value 255"):
        run(tmp_path / "source", tmp_path / "new", "--to", "cityscapes")
    assert run(tmp_path / "source", tmp_path / "new", "--to", "cityscapes", "--train-ids") == 0
    (mask,) = (tmp_path / "new").rglob("*_labelIds.png")
    assert read_mask(mask).tolist() == [[26, 0]]
    with pytest.raises(ConfigError, match="--train-ids is for the format cityscapes"):
        run(put(tmp_path / "coco", BOX_FILES["coco"]), tmp_path / "other", "--to", "cityscapes", "--train-ids")

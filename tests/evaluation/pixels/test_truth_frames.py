import json
import shutil

import numpy as np
import pytest

from common.errors import ConfigError, DataError
from common.evaluation.pixels.mask_values import CLASSES, IDS
from common.evaluation.pixels.truth_frames import find_truth
from common.images.png import encode_image, encode_mask, read_mask
from common.labels.map_files import load_label_map


def test_a_folder_of_masks_is_a_truth_of_label_ids(frames, tmp_path):
    shutil.copy(frames[0].files["labelIds"].path, tmp_path / f"{frames[0].name}_x.png")
    (tmp_path / "left_1_labelIds.png").write_bytes(encode_mask(np.zeros((2, 3), np.uint8)))
    (tmp_path / "left_1_color.png").touch()
    truth = find_truth(tmp_path)
    assert truth.values.kind == IDS
    assert [frame.name for frame in truth.frames] == ["left_1", frames[0].name]
    assert not truth.frames[0].tells_objects


def test_two_masks_of_one_frame_are_an_error(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ulm_000000_000019.png").touch()
    with pytest.raises(DataError, match="the frame ulm_000000_000019 is there twice"):
        find_truth(tmp_path)


def test_a_prepared_split_brings_its_classes_along(prepared):
    truth = find_truth(prepared / "val")
    assert truth.values.kind == CLASSES
    assert len(truth.values.label_map) == 35
    assert read_mask(truth.frames[0].file).shape == (32, 64)
    with pytest.raises(DataError, match="was made with another label map"):
        find_truth(prepared / "val", load_label_map("enet11"))


def test_a_base_dir_and_a_split_without_a_manifest_are_refused_with_the_way_out(prepared, tmp_path):
    with pytest.raises(DataError, match="several prepared folders; give one of them"):
        find_truth(prepared)
    shutil.copytree(prepared / "val", tmp_path / "val", ignore=shutil.ignore_patterns("manifest.json"))
    with pytest.raises(DataError, match=r"has no manifest\.json"):
        find_truth(tmp_path / "val")


def test_a_manifest_with_nonsense_for_classes_is_refused(prepared, tmp_path):
    split = tmp_path / "val"
    shutil.copytree(prepared / "val", split)
    manifest = json.loads((split / "manifest.json").read_text())
    manifest["label_map"]["class_of_id"] = [0, "road"]
    (split / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=r"manifest\.json: label_map\.class_of_id\.1 = 'road'"):
        find_truth(split)


def test_nothing_is_an_error_that_says_what_was_expected(tmp_path):
    with pytest.raises(DataError, match="no frames found"):
        find_truth(tmp_path)
    with pytest.raises(DataError, match="is not there"):
        find_truth(tmp_path / "nowhere")


def test_a_split_that_is_not_there_is_named(val_tree):
    with pytest.raises(ConfigError, match="no split 'test'; there are 'val'"):
        find_truth(val_tree).of_splits(("test",))


def test_a_frame_with_boxes_alone_is_no_truth(tmp_path):
    for name, content in (
        ("data.yaml", b"train: images\nnames: [car]\n"),
        ("labels/a.txt", b"0 0.5 0.5 0.5 0.5\n"),
        ("images/a.png", encode_image(np.zeros((4, 8, 3), np.uint8))),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (frame,) = find_truth(tmp_path).frames
    with pytest.raises(DataError, match="the frame a has boxes and no outlines; scores need pixels"):
        frame.read(with_objects=False)

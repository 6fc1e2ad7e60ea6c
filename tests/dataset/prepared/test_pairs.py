"""A prepared split as a sequence."""

import json
import pickle
import shutil
from collections.abc import Sequence

import numpy as np
import pytest

from common.dataset.prepared.folders import PreparedDataset
from common.dataset.prepared.pairs import open_split
from common.errors import DataError
from common.images.png import encode_mask, read_image, read_mask
from common.labels.maps import study_label_map


@pytest.fixture
def copy(tmp_path, prepared):
    shutil.copytree(prepared, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_split_is_opened_by_its_folder_alone(prepared, monkeypatch):
    monkeypatch.chdir(prepared)
    split = open_split("val")
    expected = PreparedDataset(prepared, (64, 32), 42).split("val")
    assert (split.root, split.samples, split.size_wh) == (expected.root, expected.samples, (64, 32))
    assert split.label_map == study_label_map()
    assert repr(split) == f"SplitPairs(val: {len(expected)} pairs of 64x32 pixels, 35 classes)"


def test_pairs_are_the_files_whatever_the_way_to_them(prepared):
    split = open_split(prepared / "val")
    assert isinstance(split, Sequence)
    assert len(split) == len(split.names) == 4
    images = [read_image(prepared / "val/images" / f"{name}.png") for name in split.names]
    masks = [read_mask(prepared / "val/masks" / f"{name}.png") for name in split.names]
    for number, (image, mask) in enumerate(split):
        assert (image.dtype, image.shape, mask.dtype, mask.shape) == (np.uint8, (32, 64, 3), np.uint8, (32, 64))
        for found in (split[number], split[number - 4], split[np.int64(number)], split[number:][0], (image, mask)):
            np.testing.assert_array_equal(found[0], images[number])
            np.testing.assert_array_equal(found[1], masks[number])
        assert image.flags.writeable  # other libraries make tensors of it
        assert mask.flags.writeable
    with pytest.raises(IndexError):
        split[4]


def test_a_slice_is_a_part_of_the_split_that_was_not_read(prepared):
    split = open_split(prepared / "val")
    assert split[::-2].names == split.names[::-2]
    assert len(split[1:3]) == 2
    assert split[1:3].root == split.root


def test_a_split_is_sent_to_a_worker_without_its_pixels(prepared):
    split = open_split(prepared / "val")
    data = pickle.dumps(split)
    assert len(data) < 64 * 32 * 3  # less than one image
    assert pickle.loads(data) == split
    np.testing.assert_array_equal(pickle.loads(data)[2][1], split[2][1])


def test_a_folder_that_does_not_fit_its_manifest_is_not_opened(copy):
    (copy / "val/masks" / "mine.png").write_bytes(b"")
    with pytest.raises(DataError, match="mine.png: was put there by somebody else"):
        open_split(copy / "val")
    (copy / "test/images").rename(copy / "test/other")
    with pytest.raises(DataError, match="is missing; run step 01 again"):
        open_split(copy / "test")


def test_what_is_no_split_is_named(copy, tmp_path):
    with pytest.raises(DataError, match=r"holds several prepared folders; open one of them, for example .*copy/\w+"):
        open_split(copy)
    with pytest.raises(DataError, match="val: no such folder; run step 01 first"):
        open_split(tmp_path / "val")
    manifest = copy / "val/manifest.json"
    content = json.loads(manifest.read_text())
    del content["settings"]["size_wh"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(DataError, match="has no size_wh in its settings; run step 01 again"):
        open_split(copy / "val")


def test_a_pair_that_was_exchanged_since_is_refused_with_the_way_out(copy):
    split = open_split(copy / "val")
    mask = split.samples[0].mask
    mask.unlink()
    mask.write_bytes(encode_mask(np.full((32, 64), 35, np.uint8)))
    with pytest.raises(DataError, match=f"{mask.name}: contains class 35; expected classes from 0 to 34"):
        split[0]
    mask.write_bytes(b"")
    with pytest.raises(DataError, match=f"{mask.name}.* delete the folders val, train_full"):
        split[0]

"""Photographs of a Cityscapes tree that are called otherwise, video without ground truth, and train ids alone."""

import numpy as np
import pytest

from common.errors import ConfigError, DataError
from common.formats.conversion import convert, read
from tests.support.miniatures import IDS, PHOTO, TRAIN_IDS, draw, shown

ULM = "ulm_000000_000019"
LABELS = {f"gtFine/val/ulm/{ULM}_gtFine_labelIds.png": IDS}
CLEAR = {f"leftImg8bit/val/ulm/{ULM}_leftImg8bit.png": PHOTO}
FOGGY = {
    f"leftImg8bit_foggy/val/ulm/{ULM}_leftImg8bit_foggy_beta_{beta}.png": PHOTO + number
    for number, beta in enumerate(("0.005", "0.01", "0.02"), 1)
}
RAIN = {f"leftImg8bit_rain/val/ulm/{ULM}_leftImg8bit_rain_alpha_0.01_beta_0.005_dropsize_0.01_pattern_1.png": PHOTO}
VIDEO = {f"leftImg8bit_sequence/val/ulm/ulm_000000_0000{n}_leftImg8bit.png": PHOTO for n in (18, 19, 20)}


@pytest.mark.parametrize("beside", [{}, CLEAR])
@pytest.mark.parametrize(
    ("files", "images_as"),
    [
        (FOGGY, "leftImg8bit_foggy_beta_0.02"),
        (RAIN, "leftImg8bit_rain_alpha_0.01_beta_0.005_dropsize_0.01_pattern_1"),
        ({f"styled/val/ulm/{ULM}_leftImg8bit.png": PHOTO}, "styled"),
    ],
    ids=["foggy", "rain", "a folder"],
)
def test_photographs_of_another_name_are_read_with_the_ground_truth(tmp_path, beside, files, images_as):
    dataset = read(draw(tmp_path, files | LABELS | beside), images_as=images_as)
    (frame,) = dataset
    assert (frame.name, frame.split, frame.city) == (ULM, "val", "ulm")
    assert images_as in str(frame.image) and shown(frame.annotation()) == ["road", "car", None, "road"]
    assert any("because" in note for note in dataset.notes) == bool(beside)
    tally = convert(tmp_path, tmp_path.parent / f"{tmp_path.name} out", "cityscapes", workers=1, images_as=images_as)
    assert tally.written["images"] == 1


def test_a_variant_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    draw(tmp_path, FOGGY | LABELS)
    with pytest.raises(
        DataError, match="no photograph is called <frame>_leftImg8bit_foggy_beta_2.*--images-as leftImg"
    ):
        read(tmp_path, images_as="leftImg8bit_foggy_beta_2")
    with pytest.raises(ConfigError, match="--images-as is for the format cityscapes and folders, this is voc"):
        read(tmp_path, "voc", images_as="x")


def test_the_video_is_read_as_photographs_with_ground_truth_where_there_is_any(tmp_path):
    dataset = read(draw(tmp_path, VIDEO | LABELS | CLEAR), images_as="leftImg8bit_sequence")
    assert [(frame.name[-2:], frame.truth is not None) for frame in dataset] == [
        ("18", False),
        ("19", True),
        ("20", False),
    ]


@pytest.mark.parametrize("root", ["leftImg8bit_sequence", "."])
def test_a_video_alone_is_photographs_without_ground_truth(tmp_path, root):
    draw(tmp_path, VIDEO | {"leftImg8bit/demoVideo/stuttgart_00/stuttgart_00_000000_000001_leftImg8bit.png": PHOTO})
    frames = list(read(tmp_path / root, "cityscapes"))
    assert all(frame.truth is None and frame.image is not None for frame in frames)
    assert {frame.split for frame in frames} == ({"val"} if root != "." else {"demoVideo"})
    tally = convert(tmp_path / root, tmp_path.parent / f"{tmp_path.name} out", "cityscapes", workers=1)
    assert tally.skipped == {"frames without ground truth": len(frames)} and tally.written["images"] == len(frames)


def test_train_ids_alone_are_ground_truth_and_what_they_lose_is_counted(tmp_path):
    dataset = read(draw(tmp_path, {f"gtFine/val/ulm/{ULM}_gtFine_labelTrainIds.png": TRAIN_IDS}))
    annotation = dataset.frames[0].annotation()
    assert shown(annotation) == ["road", "car", None, "road"]
    assert annotation.dropped == {"pixels of train id 255, whose label is not known": 8}
    assert any("1 of 1 frames are read as train ids" in note for note in dataset.notes)


def test_label_ids_come_before_train_ids(tmp_path):
    files = LABELS | {f"gtFine/val/ulm/{ULM}_gtFine_labelTrainIds.png": np.full_like(TRAIN_IDS, 18)}
    (frame,) = read(draw(tmp_path, files))
    assert shown(frame.annotation()) == ["road", "car", None, "road"]


def test_coarse_ground_truth_is_read_where_asked_and_else_its_frames_are_photographs(tmp_path):
    extra = "bonn_000000_000019"
    files = {f"leftImg8bit/train_extra/bonn/{extra}_leftImg8bit.png": PHOTO} | CLEAR | LABELS
    draw(tmp_path, files | {f"gtCoarse/train_extra/bonn/{extra}_gtCoarse_labelIds.png": IDS})
    fine, coarse = read(tmp_path), read(tmp_path, truth="gtCoarse")
    assert {frame.name: (frame.split, frame.truth is None) for frame in fine}[extra] == ("train_extra", True)
    assert any("gtCoarse of 1 frame is not used" in note for note in fine.notes)
    assert {frame.name: frame.truth is None for frame in coarse} == {extra: False, ULM: True}
    convert(tmp_path, tmp_path.parent / f"{tmp_path.name} out", "folders", workers=1, truth="gtCoarse")
    (frame,) = (frame for frame in read(tmp_path.parent / f"{tmp_path.name} out") if frame.truth is not None)
    assert (frame.split, shown(frame.annotation())) == ("train_extra", ["road", "car", None, "road"])

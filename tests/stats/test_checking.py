"""The check of a dataset of any format."""

from dataclasses import replace

import numpy as np
import pytest

from common.errors import ConfigError
from common.files.sources import Source
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.png import encode_image
from common.labels.tables import CITYSCAPES
from common.stats.checking import check_dataset

TRUTH = Annotation(np.array([[1, 1], [2, 2]], np.uint16), {1: Segment("road"), 2: Segment("car", 0)})


@pytest.fixture
def frame(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encode_image(np.zeros((2, 2, 3), np.uint8)))
    return AnnotatedFrame("a", "val", image=Source(path), truth=TRUTH)


def check(*frames, **more):
    return check_dataset(FrameDataset(CITYSCAPES, frames, "voc", **more), "data")


def problems(*frames):
    return [(problem.kind, problem.message) for problem in check(*frames).problems]


def test_a_sound_dataset_has_no_problem_and_its_notes_are_told(frame):
    report = check(frame, replace(frame, name="b"), replace(frame, name="c", split="train"), notes=("odd", "odd"))
    assert (report.problems, report.notes, report.form) == ((), ("odd",), "voc")
    assert [(split.name, split.counts, split.sizes) for split in report.splits] == [
        ("train", {"image": 1, "ground truth": 1}, {"2x2": 1}),
        ("val", {"image": 2, "ground truth": 2}, {"2x2": 2}),
    ]


def test_a_part_that_other_frames_of_the_split_have_is_missing(frame):
    other = AnnotatedFrame("b", "val")
    advice = "other frames of the split have; get it, or take the frame out of the dataset"
    assert problems(frame, other, replace(other, split="train")) == [
        ("missing", f"val/default/b: has no {part}, {advice}") for part in ("image", "ground truth")
    ]


def test_two_frames_of_one_name_are_named(frame):
    assert problems(frame, frame) == [
        ("equal names", "data: 2 frames are called a; names must differ, rename all but one")
    ]


def test_a_broken_photograph_is_told_and_the_ground_truth_checked_all_the_same(frame):
    frame.image.path.write_bytes(b"")
    wrong = replace(frame, truth=Annotation(TRUTH.pixels, {1: Segment("cow")}))
    (first, image), (second, truth) = problems(wrong)
    assert (first, second) == ("unreadable", "unreadable")
    assert "a.png" in image
    assert "val/default/a: has the label 'cow', which is not in the dataset's table" in truth


def test_another_size_is_a_problem(frame):
    wrong = replace(frame, truth=Annotation(TRUTH.pixels[:1], TRUTH.segments))
    assert "has 2 x 2 pixels, but its ground truth has 2 x 1" in problems(wrong)[0][1]


def test_what_is_not_wrong_but_worth_knowing_is_counted(frame):
    hidden = Annotation(TRUTH.pixels, {**TRUTH.segments, 3: Segment("car", 1)})
    empty = Annotation(TRUTH.pixels * 0, {})
    (split,) = check(replace(frame, truth=hidden), replace(frame, name="b", truth=empty)).splits
    assert split.remarks == ("objects without a visible pixel: 1", "frames without a label: 1")


def test_a_split_that_is_not_there_is_refused(frame):
    with pytest.raises(ConfigError, match="no 'train' in the data"):
        check_dataset(FrameDataset(CITYSCAPES, (frame,)), "data", ("train",))

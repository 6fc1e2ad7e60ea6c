"""What two datasets differ in."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.files.sources import Source
from common.formats.conversion import read, write
from common.formats.frames import AnnotatedFrame, Annotation, BoxedObject, FrameDataset, Segment
from common.labels.tables import CITYSCAPES, LabelTable
from common.stats.comparison import compare_datasets
from common.stats.comparison_table import describe_comparison
from tests.support.difficult import difficult_pixels, segments_of

PIXELS = np.array([[7, 26000, 26000, 24], [7, 26001, 23, 24]], np.uint16)


def frame_of(pixels=PIXELS, name="a", split="val", **more):
    return AnnotatedFrame(name, split, truth=Annotation(np.array(pixels, np.uint16), segments_of(pixels), **more))


def compare(first, second):
    """Compares two frames; gives what is equal, and the amounts of what is different."""
    found = compare_datasets(FrameDataset(CITYSCAPES, (first,)), FrameDataset(CITYSCAPES, (second,)))
    return dict(found.equal), {kind: one.amount for kind, one in found.different.items()}


def changed(place, value):
    pixels = PIXELS.copy()
    pixels[place] = value
    return frame_of(pixels)


def test_a_dataset_differs_in_nothing_from_itself(difficult):
    found = compare_datasets(difficult, difficult)
    assert found.different == {}
    # Five photographs. Five frames of 48x32 pixels have ground truth; four of them cars 0, 1, 999 and person 0.
    assert found.equal == {"photographs": 5, "pixels": 5 * 48 * 32, "objects": 4 * 4}
    assert describe_comparison(found)[-1] == "no difference"


def test_keys_and_the_order_of_segments_do_not_count():
    keys = {7: 1, 26000: 9, 26001: 3, 24: 4, 23: 5}
    segments = {keys[key]: segment for key, segment in reversed(segments_of(PIXELS).items())}
    other = AnnotatedFrame("a", "val", truth=Annotation(np.vectorize(keys.get)(PIXELS).astype(np.int32), segments))
    assert compare(frame_of(), other) == ({"pixels": 8, "objects": 2}, {})


def test_a_pixel_of_another_object_makes_both_objects_different_but_no_label():
    assert compare(frame_of(), changed((0, 2), 26001)) == (
        {"pixels": 8},
        {"objects only in A": 2, "objects only in B": 2},
    )


def test_a_pixel_of_another_label_is_counted_with_both_labels():
    found = compare_datasets(FrameDataset(CITYSCAPES, (frame_of(),)), FrameDataset(CITYSCAPES, (changed((1, 2), 7),)))
    assert found.different["pixels with another label"].details == {"sky -> road": 1}
    assert found.equal == {"pixels": 7, "objects": 2}
    assert describe_comparison(found)[1:] == [
        "pixels with another label: 1 in 1 frame (val/default/a)", "    sky -> road: 1", "1 kind of difference",
    ]  # fmt: skip


def test_a_group_of_other_pixels_is_counted_by_label():
    _, different = compare(frame_of(), changed((0, 3), 24000))
    assert different == {"objects only in B": 1, "labels whose groups have other pixels": 1}


def test_another_number_is_counted_and_the_object_equal():
    assert compare(frame_of(), changed((1, 1), 26005)) == (
        {"pixels": 8, "objects": 2},
        {"objects with another number": 1},
    )


def test_objects_without_a_pixel_and_boxes_are_counted():
    hidden = segments_of(PIXELS, 26002, 26003)
    more = {"boxes": (BoxedObject(Segment("person", 0), (1, 2, 3, 4)),)}
    first = AnnotatedFrame("a", "val", truth=Annotation(PIXELS, hidden))
    _, different = compare(first, frame_of(**more))
    assert different == {"boxes without an outline only in B": 1, "objects without a visible pixel only in A": 2}


def test_sizes_and_missing_ground_truth_are_counted_and_not_compared():
    assert compare(frame_of(), frame_of(PIXELS[:1])) == ({}, {"frames of another size": 1})
    assert compare(frame_of(), AnnotatedFrame("a", "val")) == ({}, {"frames with ground truth only in A": 1})
    boxes_only = AnnotatedFrame("a", "val", truth=Annotation(PIXELS * 0, {}, lacks_pixels=True))
    assert compare(boxes_only, frame_of()) == ({}, {"frames with ground truth only in B": 1})


def test_frames_are_paired_by_name_and_their_splits_compared():
    first = FrameDataset(CITYSCAPES, (frame_of(name="a"), frame_of(name="b"), frame_of(name="c")))
    second = FrameDataset(
        CITYSCAPES, (frame_of(name="b", split=""), frame_of(name="c"), frame_of(name="d"), frame_of(name="e"))
    )
    found = compare_datasets(first, second)
    assert found.frames == 2
    assert {kind: (one.amount, one.examples) for kind, one in found.different.items()} == {
        "frames only in A": (1, ["val/default/a"]),
        "frames in another split": (1, ["b (val -> no split)"]),
        "frames only in B": (2, ["val/default/d", "val/default/e"]),
    }


def test_label_tables_are_compared_by_names():
    road, car = CITYSCAPES.find("road"), CITYSCAPES.find("car")
    first = LabelTable((road, car))
    second = LabelTable(
        (replace(road, color=(1, 2, 3)), replace(car, name="Car", id=1, has_instances=False), CITYSCAPES.find("sky"))
    )
    found = compare_datasets(FrameDataset(first, ()), FrameDataset(second, ())).different
    assert {kind: one.examples for kind, one in found.items()} == {
        "labels with another colour": ["road"], "labels with another id": ["car"],
        "labels that only one of them counts": ["car"], "labels only in B": ["sky"],
    }  # fmt: skip


def test_photographs_are_equal_if_their_pixels_are(tmp_path):
    image = np.full((2, 4, 3), 90, np.uint8)
    for name, level, pixels in (("a", 1, image), ("b", 9, image), ("c", 1, image + 1)):
        cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, level])[1].tofile(tmp_path / f"{name}.png")
    a, b, c = (replace(frame_of(), image=Source(tmp_path / f"{name}.png")) for name in "abc")
    assert compare(a, b)[0]["photographs"] == 1
    assert compare(a, c)[1] == {"photographs with other pixels": 1}
    assert compare(a, frame_of())[1] == {"photographs only in A": 1}
    broken = replace(a, image=Source(tmp_path / "missing.png"))
    found = compare_datasets(FrameDataset(CITYSCAPES, (a,)), FrameDataset(CITYSCAPES, (broken,)))
    assert found.different["frames that cannot be compared"].amount == 1
    assert "missing.png" in found.problems[0]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 47), st.sampled_from([0, 7, 23, 26000])), max_size=6))
def test_every_changed_pixel_is_found_from_both_sides(changes):
    pixels = difficult_pixels()
    for row, column, value in changes:
        pixels[row, column] = value
    names = np.array([0 if key == 0 else key // 1000 if key >= 1000 else key for key in range(27000)])
    expected = int((names[pixels] != names[difficult_pixels()]).sum())
    for first, second in ((pixels, difficult_pixels()), (difficult_pixels(), pixels)):
        equal, different = compare(frame_of(first), frame_of(second))
        assert different.get("pixels with another label", 0) == expected
        assert equal["pixels"] == pixels.size - expected


@pytest.mark.parametrize("name", ["voc", "cvat", "coco-panoptic"])
def test_what_a_format_keeps_shows_no_difference_on_the_way_back(name, tmp_path):
    """The difficult pixels, without void, which panoptic files do not tell from background."""
    pixels = np.where(np.isin(difficult_pixels(), (1, 0)), 7, difficult_pixels())
    dataset = FrameDataset(CITYSCAPES, (frame_of(pixels),))
    target = tmp_path / ("back.zip" if name == "cvat" else "back")
    write(dataset, target, name, workers=1)
    assert compare_datasets(dataset, read(target)).different == {}


def test_a_frame_that_is_there_twice_is_counted():
    once, twice = FrameDataset(CITYSCAPES, (frame_of(),)), FrameDataset(CITYSCAPES, (changed((0, 0), 8), frame_of()))
    for pair, side in (((twice, once), "A"), ((once, twice), "B")):
        found = compare_datasets(*pair).different
        assert {kind: one.amount for kind, one in found.items()} == {
            f"frames in {side} that have the name of another one": 1
        }


def test_labels_of_what_has_no_pixels_are_compared_in_any_spelling_and_groups_told_from_objects():
    frames = [
        AnnotatedFrame("a", "val", truth=Annotation(PIXELS, {1: Segment(name, 0)}, boxes=boxes))
        for name, boxes in (
            ("traffic sign (back)", (BoxedObject(Segment("Car", 0), (1, 2, 3, 4)),)),
            ("TrafficSign (back)", (BoxedObject(Segment("car", 5), (1, 2.01, 3, 4)),)),
            ("traffic sign (front)", (BoxedObject(Segment("car", None, is_crowd=True), (1, 2, 3, 4)),)),
        )
    ]
    assert compare(frames[0], frames[1])[1] == {}
    found = compare_datasets(FrameDataset(CITYSCAPES, frames[:1]), FrameDataset(CITYSCAPES, frames[2:])).different
    assert found["objects without a visible pixel only in A"].details == {"trafficsign(back)": 1}
    assert found["boxes without an outline only in B"].details == {"car": 1}

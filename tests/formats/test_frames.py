"""Annotations painted as ids of a table."""

from dataclasses import replace

import numpy as np
import pytest

from common.errors import DataError, LabelError
from common.formats.conversion import read
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.labels.tables import CITYSCAPES, LabelTable, make_label

# Keys 1 to 4 are road, car 3, a group of persons and background; any keys do.
PIXELS = np.array([[1, 1, 2, 900], [3, 3, 2, 4]], np.uint16)
ANNOTATION = Annotation(
    PIXELS, {1: Segment("road"), 2: Segment("car", 3), 3: Segment("person", None, True), 7: Segment("sky")}
)


def test_label_ids_are_those_of_the_table():
    ids = ANNOTATION.label_ids(CITYSCAPES)
    assert ids.dtype == np.uint8
    assert ids.tolist() == [[7, 7, 26, 0], [24, 24, 26, 0]]


def test_instance_ids_number_the_counted_objects_only():
    ids = ANNOTATION.instance_ids(CITYSCAPES)
    assert ids.dtype == np.uint16
    assert ids.tolist() == [[7, 7, 26003, 0], [24, 24, 26003, 0]]


def test_ids_of_another_table_and_its_background():
    names = ("void", "road", "car", "person", "sky")
    # Ids 60 to 64 have room for numbers in 16 bits.
    table = LabelTable(tuple(make_label(name, 60 + place) for place, name in enumerate(names)), "void")
    assert ANNOTATION.label_ids(table).tolist() == [[61, 61, 62, 60], [63, 63, 62, 60]]
    assert ANNOTATION.instance_ids(table).tolist() == [[61, 61, 62003, 60], [63, 63, 62003, 60]]
    table = LabelTable(tuple(replace(label, id=label.id + 10) for label in table), "void")
    assert ANNOTATION.instance_ids(table).tolist() == [[71, 71, 72, 70], [73, 73, 72, 70]]


def test_a_label_that_is_not_in_the_table_is_named_with_the_frame():
    cow = Annotation(PIXELS, {1: Segment("cow")})
    for paint in (cow.label_ids, cow.instance_ids):
        with pytest.raises(LabelError, match="frame_7.*'cow'"):
            paint(CITYSCAPES, "frame_7")


def test_a_number_above_999_has_no_room():
    with pytest.raises(DataError, match="frame_7: object 1,000 of car"):
        Annotation(PIXELS, {1: Segment("car", 1000)}).instance_ids(CITYSCAPES, "frame_7")


def test_a_dataset_a_frame_and_an_annotation_show_themselves_on_one_line(demo_tree):
    dataset = read(demo_tree)
    assert repr(dataset) == "FrameDataset(cityscapes: 28 frames (train 20, val 8), 35 labels, 10 of them counted)"
    frame = AnnotatedFrame("aachen_000000_000019", "train", "aachen", None, ANNOTATION)
    assert repr(frame) == "AnnotatedFrame('train/aachen/aachen_000000_000019', ground truth)"
    assert repr(ANNOTATION) == "Annotation(4 x 2 pixels, 4 segments, 1 object among them)"
    many = FrameDataset(CITYSCAPES, [replace(frame, name=f"{n}", split=f"split{n % 900}") for n in range(3000)])
    for shown in (many, replace(frame, name="long\n" * 100)):
        assert len(repr(shown)) < 160
        assert "\n" not in repr(shown)


def test_a_dataset_knows_its_length_unless_its_frames_come_one_by_one():
    frame = AnnotatedFrame("a")
    assert len(FrameDataset(CITYSCAPES, [frame, frame])) == 2
    stream = FrameDataset(CITYSCAPES, iter([frame, frame]))
    assert "one by one" in repr(stream)
    with pytest.raises(TypeError, match="list"):
        len(stream)
    assert list(stream) == [frame, frame]


@pytest.mark.parametrize("id_", [-1, 256])
def test_pixels_of_a_label_whose_id_a_mask_cannot_hold_are_refused_by_the_label(id_):
    table = LabelTable((make_label("road", 7), replace(make_label("plate", 1), id=id_)), "road")
    found = Annotation(np.array([[1, 2]], np.uint16), {1: Segment("plate"), 2: Segment("road")})
    with pytest.raises(LabelError, match=f"'plate' cannot be painted as {id_}; .*--drop"):
        found.label_ids(table)
    # An outline without a pixel may have any id.
    assert replace(found, pixels=found.pixels * 0 + 2).label_ids(table).tolist() == [[7, 7]]

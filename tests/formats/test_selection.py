"""Choosing frames and changing labels."""

from dataclasses import replace

import numpy as np
import pytest

from common.errors import ConfigError, LabelError
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.selection import filter
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import assert_same, segments_of

PIXELS = np.array([[7, 7, 26000, 26001], [27000, 27000, 26, 26001], [0, 24002, 3, 26001]], np.uint16)


def one_frame(pixels=PIXELS, table=CITYSCAPES):
    return FrameDataset(
        table, (AnnotatedFrame("ulm_0_0", "val", "ulm", None, Annotation(pixels, segments_of(pixels))),)
    )


def changed(**choices):
    (frame,) = filter(one_frame(), **choices).frames
    return frame.annotation()


def test_nothing_chosen_changes_nothing(difficult):
    assert filter(difficult).frames is difficult.frames


def test_splits_and_cities_are_chosen(difficult):
    chosen = filter(difficult, splits=("val",), cities=("ulm",))
    assert [frame.name for frame in chosen] == ["ulm_000000_000001", "ulm_000000_000002"]


@pytest.mark.parametrize(("choice", "named"), [({"splits": ("tset",)}, "train, val"), ({"cities": ("uml",)}, "ulm")])
def test_what_is_not_there_is_refused_and_what_is_there_named(difficult, choice, named):
    with pytest.raises(ConfigError, match=named):
        filter(difficult, **choice)


def test_other_classes_become_background_and_are_counted():
    found = changed(classes=("car", "road"))
    assert_same(Annotation(np.where(np.isin(PIXELS, [7, 26, 26000, 26001]), PIXELS, 0), found.segments), found)
    assert found.dropped == {"segments that became background": 3}


def test_an_unknown_class_is_refused():
    with pytest.raises(LabelError, match="automobile.*car"):
        filter(one_frame(), classes=("automobile",))


def test_small_objects_become_background_but_crowds_and_stuff_stay():
    found = changed(min_area=2)
    assert {(segment.label, segment.number) for segment in found.segments.values()} == {
        ("road", None), ("car", 1), ("car", None), ("truck", 0), ("out of roi", None),
    }  # fmt: skip
    assert found.dropped == {"objects smaller than 2 pixels": 2}


def test_a_label_map_merges_labels_and_numbers_their_objects_again():
    found = changed(label_map="enet11")
    numbers = {(segment.label, segment.number) for segment in found.segments.values()}
    assert ("car", 0) in numbers
    assert ("car", 1) in numbers
    # "everything else" has stuff in it, so it is not counted; here it is out of roi.
    assert ("everything else", None) in numbers
    assert len({key for key, segment in found.segments.items() if segment.label == "everything else"}) == 1


def test_ignored_labels_become_background_and_the_rest_stays_a_class(tmp_path):
    (tmp_path / "map.csv").write_text(
        "road, 128 64 128, road\nother, 9 9 9, *\nignored, out of roi\n", encoding="utf-8"
    )
    dataset = filter(one_frame(), label_map=str(tmp_path / "map.csv"))
    annotation = dataset.frames[0].annotation()
    # Unlabeled pixels are "other" by the map, although they are background in the source.
    expected = [[0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 255, 1]]
    values = annotation.label_ids(dataset.labels)
    np.testing.assert_array_equal(values, expected)
    assert dataset.labels.find("other").color == (9, 9, 9)
    assert "out of roi" in dataset.notes[-1]


def test_a_map_that_ignores_nothing_has_no_background():
    dataset = filter(one_frame(), label_map="enet11")
    assert dataset.labels.background is None
    annotation = dataset.frames[0].annotation()
    values = annotation.paint(lambda s: dataset.labels.find(s.label).id, 99, np.uint8)
    np.testing.assert_array_equal(values, [[0, 0, 9, 9], [4, 4, 9, 9], [10, 7, 10, 9]])


def test_a_second_choice_keeps_the_first(difficult):
    chosen = filter(filter(difficult, classes=("person",)), splits=("val",))
    assert chosen.classes == ("person",)
    assert {frame.split for frame in chosen} == {"val"}


def test_a_negative_area_is_refused():
    with pytest.raises(ConfigError, match="min_area = -5"):
        filter(one_frame(), min_area=-5)


def test_two_counted_labels_in_one_class_never_share_a_number(tmp_path):
    (tmp_path / "map.csv").write_text("vehicle, 0 0 142, car, truck\nrest, 0 0 0, *\n", encoding="utf-8")
    found = changed(label_map=str(tmp_path / "map.csv"))
    numbers = [segment.number for segment in found.segments.values() if segment.label == "vehicle"]
    assert sorted(numbers, key=str) == [0, 1, 2, None]


def test_foreign_labels_with_known_names_become_cityscapes_own_unless_asked_otherwise():
    table = LabelTable(
        (make_label("background", 0, (0, 0, 0)), make_label("trafficlight", 1), make_label("Car", 2)), "background"
    )
    pixels = np.array([[0, 1, 2]], np.uint16)
    truth = Annotation(pixels, {1: Segment("trafficlight"), 2: Segment("Car", 0)})
    dataset = FrameDataset(table, (AnnotatedFrame("a", truth=truth),))
    assert filter(dataset).labels is CITYSCAPES
    assert [s.label for s in filter(dataset).frames[0].annotation().segments.values()] == ["traffic light", "car"]
    assert filter(dataset, label_map="source").labels is table


def test_splits_are_renamed_and_an_unknown_one_is_refused(difficult):
    renamed = filter(difficult, rename_splits=(("val", "valid"),))
    assert {frame.split for frame in renamed} == {"train", "valid"}
    with pytest.raises(ConfigError, match="there is no split 'tset' to rename; there are train, val"):
        filter(difficult, rename_splits=(("tset", "test"),))


@pytest.mark.parametrize(
    "line",
    [
        "ulm_000000_000001",
        "val/ulm/ulm_000000_000001",
        "./ulm_000000_000001.JPG",
        "/data/leftImg8bit/val/ulm/ulm_000000_000001_leftImg8bit.png",
        "gtFine\\val\\ulm\\ulm_000000_000001_gtFine_color.png",
    ],
)
def test_a_frame_is_found_by_its_name_and_by_that_of_its_files(difficult, line):
    assert [frame.name for frame in filter(difficult, frames=(line,))] == ["ulm_000000_000001"]


def test_names_that_are_not_there_are_refused_and_what_is_there_named(difficult):
    with pytest.raises(ConfigError, match="no 'bild 8' in the data, nor 1 more of the names; there are Große 街道_0"):
        filter(difficult, frames=("bild 7", "tour/abend/bild 7", "bild 8", "bild 9"))


def test_what_comes_one_by_one_is_chosen_one_by_one(difficult):
    stream = filter(replace(difficult, frames=iter(difficult)), frames=("bild 7", "bild 8"))
    assert [frame.name for frame in stream] == ["bild 7"]


def test_dropped_labels_become_background():
    assert {segment.label for segment in changed(drop=("car", "road")).segments.values()} == {
        "person", "truck", "out of roi",
    }  # fmt: skip
    with pytest.raises(LabelError, match="there is no class 'automobile'"):
        changed(drop=("automobile",))

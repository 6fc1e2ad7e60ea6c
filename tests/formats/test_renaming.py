"""Other names for labels, splits and frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ConfigError, LabelError
from common.formats.conversion import filter, rename
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.selection import names_by_old
from common.labels.tables import CITYSCAPES
from tests.support.difficult import assert_same, difficult_pixels, segments_of

PIXELS = np.array([[7, 26000, 27000, 26], [0, 26001, 23, 23]], np.uint16)


def dataset_of(pixels=PIXELS):
    return FrameDataset(CITYSCAPES, (AnnotatedFrame("a", "val", truth=Annotation(pixels, segments_of(pixels))),))


def segments_after(labels):
    return set(rename(dataset_of(), labels).frames[0].annotation().segments.values())


def test_a_label_keeps_its_id_and_colour_under_a_new_name():
    renamed = rename(dataset_of(), {"car": "automobile"})
    found, before = renamed.labels.find("automobile"), CITYSCAPES.find("car")
    assert (found.id, found.color, found.has_instances) == (before.id, before.color, True)
    assert renamed.labels.find("car") is None
    ids = renamed.frames[0].annotation().instance_ids(renamed.labels)
    np.testing.assert_array_equal(ids, PIXELS)


def test_labels_of_one_name_become_one_and_their_objects_are_numbered_again():
    found = segments_after({"truck": "car"})
    assert {segment for segment in found if segment.label == "car"} == {
        Segment("car", 0), Segment("car", 1), Segment("car", 2), Segment("car", None, is_crowd=True),
    }  # fmt: skip


def test_areas_of_a_label_that_joins_a_counted_one_become_a_group():
    assert Segment("car", None, is_crowd=True) in segments_after({"sky": "car", "road": "car"})


def test_two_labels_with_one_new_name_have_the_id_of_the_first():
    renamed = rename(dataset_of(), {"truck": "vehicle", "car": "vehicle"})
    assert renamed.labels.find("vehicle").id == CITYSCAPES.find("car").id


def test_the_name_of_the_background_makes_background_of_a_label():
    renamed = rename(dataset_of(), {"sky": "unlabeled"})
    np.testing.assert_array_equal(
        renamed.frames[0].annotation().label_ids(renamed.labels), [[7, 26, 27, 26], [0, 26, 0, 0]]
    )


def test_chosen_classes_are_renamed_too():
    chosen = filter(dataset_of(), classes=("car", "truck"))
    assert rename(chosen, {"truck": "lorry"}).classes == ("car", "lorry")


def test_splits_and_frames_are_renamed(difficult):
    renamed = rename(difficult, splits={"val": "test"}, frames={"bild 7": "picture_7"})
    assert [frame.split for frame in renamed] == ["train"] * 3 + ["test"] * 3
    assert renamed.frames[3].name == "picture_7"


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({"labels": {"automobile": "car"}}, "there is no label 'automobile' to rename; the labels are unlabeled"),
        ({"labels": {"unlabeled": "void"}}, "the background, 'unlabeled', keeps its name"),
        ({"frames": {"b": "c"}}, "there is no frame 'b' to rename"),
        ({"splits": {"b": "c"}}, "there is no split 'b' to rename"),
    ],
)
def test_what_is_not_there_is_refused(what, error):
    with pytest.raises((ConfigError, LabelError), match=error):
        rename(dataset_of(), **what)


@settings(max_examples=20, deadline=None)
@given(st.permutations(["car", "person", "road", "sky", "truck", "traffic sign"]))
def test_renaming_back_undoes_it(order):
    names = dict(zip(["car", "person", "road", "sky", "truck", "traffic sign"], order, strict=True))
    before = dataset_of(difficult_pixels())
    there = rename(before, names)
    back = rename(there, {new: old for old, new in names.items()})
    assert back.labels == before.labels
    assert_same(before.frames[0].annotation(), back.frames[0].annotation())


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from(["car", "person", "truck", "traffic sign", "road"]), min_size=1))
def test_labels_that_become_one_keep_their_pixels_and_objects_and_lose_only_their_names(joined):
    before = dataset_of(difficult_pixels()).frames[0].annotation()
    renamed = rename(dataset_of(difficult_pixels()), dict.fromkeys(joined, "thing"))
    after = renamed.frames[0].annotation()
    keys = [key for key, segment in before.segments.items() if segment.label in joined]
    found = [key for key, segment in after.segments.items() if segment.label == "thing"]
    np.testing.assert_array_equal(np.isin(before.pixels, keys), np.isin(after.pixels, found))
    assert len(after.objects) == len(before.objects)


def test_chosen_classes_are_renamed_in_any_spelling_and_leave_out_background():
    chosen = filter(dataset_of(), classes=("Car", "Truck", "road"))
    assert rename(chosen, {"truck": "lorry", "road": "unlabeled"}).classes == ("car", "lorry")


def test_two_new_names_of_one_label_are_refused():
    with pytest.raises(LabelError, match="'traffic_light' has two new names, 'x' and 'y'"):
        rename(dataset_of(), {"traffic light": "x", "traffic_light": "y"})
    with pytest.raises(ConfigError, match="'car' has two new names, 'x' and 'y'"):
        names_by_old([("car", "x"), ("car", "x"), ("car", "y")])

"""Several datasets become one."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ConfigError, DataError, LabelError
from common.formats.conversion import filter, merge, take
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import assert_same

FARM = LabelTable(
    (make_label("nothing", 0, (0, 0, 0)), make_label("cow", 7, has_instances=True), make_label("Sky", 3)), "nothing"
)


def dataset_of(*names, table=CITYSCAPES, **more):
    return FrameDataset(table, tuple(AnnotatedFrame(name, "train") for name in names), **more)


def names_of(dataset):
    return [frame.name for frame in dataset]


def farm_frame():
    pixels = np.array([[1, 2, 0]], np.uint16)
    return AnnotatedFrame("farm", truth=Annotation(pixels, {1: Segment("cow", 4), 2: Segment("Sky")}))


def test_frames_of_one_table_are_not_touched(difficult):
    other = replace(difficult, frames=(farm_frame(),))
    assert merge([difficult, other]).frames == (*difficult.frames, *other.frames)
    assert merge([difficult, other]).labels is CITYSCAPES


def test_equal_names_are_refused_in_any_split_and_case():
    first, second = dataset_of("a", "b"), dataset_of("c", "B", "A")
    with pytest.raises(DataError, match=r"^new: 2 frames have a name that an earlier source has: B, A; --on-conflict"):
        merge([first, second], names=("old", "new"))


def test_equal_names_of_later_frames_change_where_asked():
    merged = merge([dataset_of("a", "b"), dataset_of("a", "a-2"), dataset_of("a", "a-2")], "rename")
    assert names_of(merged) == ["a", "b", "a-3", "a-2", "a-4", "a-2-3"]
    assert "dataset 2: 1 frame renamed, because an earlier source has the name: a -> a-3" in merged.notes


def test_only_the_first_of_equal_names_stays_where_asked():
    merged = merge([dataset_of("a", "b"), dataset_of("b", "c"), dataset_of("c")], "first")
    assert names_of(merged) == ["a", "b", "c"]
    assert "dataset 3: 1 frame left out, because an earlier source has the name: c" in merged.notes


def test_an_unknown_rule_and_no_dataset_are_refused():
    with pytest.raises(ConfigError, match="on_conflict = 'last': expected one of refuse, rename, first"):
        merge([dataset_of("a")], "last")
    with pytest.raises(ConfigError, match="nothing to merge"):
        merge([])


def test_labels_are_one_by_their_names_and_ids_that_clash_change():
    merged = merge([dataset_of("a"), FrameDataset(FARM, (farm_frame(),))], "rename")
    assert [label.name for label in merged.labels][-2:] == ["license plate", "cow"]
    # 7 is road, and the first free id is 34. "Sky" is Cityscapes' sky and gets its id; all backgrounds are one.
    assert (merged.labels.find("cow").id, merged.labels.find("sky").id, merged.labels.background) == (
        34,
        23,
        "unlabeled",
    )
    assert "dataset 2: 2 labels with another id than before: cow 7 -> 34, Sky 3 -> 23" in merged.notes
    found = merged.frames[1].annotation()
    assert set(found.segments.values()) == {Segment("cow", 4), Segment("sky")}
    np.testing.assert_array_equal(found.label_ids(merged.labels), [[34, 23, 0]])


def test_ids_that_clash_are_refused():
    with pytest.raises(LabelError, match=r"farm: 2 labels have ids that are taken.*cow 7 -> 34, Sky 3 -> 23; --on"):
        merge([dataset_of("a"), dataset_of("b", table=FARM)], names=("city", "farm"))


def test_a_label_that_one_source_counts_is_counted_and_its_areas_become_groups():
    plain = LabelTable((FARM.labels[0], replace(FARM.labels[1], has_instances=False), FARM.labels[2]), "nothing")
    area = AnnotatedFrame("b", truth=Annotation(np.ones((1, 1), np.uint16), {1: Segment("cow")}))
    merged = merge([FrameDataset(plain, (area,)), FrameDataset(FARM, (farm_frame(),))])
    assert merged.labels.find("cow").has_instances
    assert merged.frames[0].annotation().segments == {1: Segment("cow", None, is_crowd=True)}
    assert any("1 label whose objects are not counted in every source" in note for note in merged.notes)


def test_a_background_that_is_a_label_elsewhere_stays_that_label():
    table = LabelTable((make_label("sky", 0, (0, 0, 0)), make_label("road", 1)), "sky")
    frame = AnnotatedFrame("b", truth=Annotation(np.array([[0, 1]], np.uint16), {1: Segment("road")}))
    merged = merge([dataset_of("a"), FrameDataset(table, (frame,))], "first")
    np.testing.assert_array_equal(merged.frames[1].annotation().label_ids(merged.labels), [[23, 7]])


def test_what_differs_in_the_sources_is_said_and_what_is_equal_kept():
    first, second = dataset_of("a", truth="gtFine", format="coco"), dataset_of("b", truth="gtFine", format="voc")
    assert (merge([first, second]).truth, merge([first, second]).format) == ("gtFine", "coco and voc")
    merged = merge([first, replace(second, truth="gtCoarse", notes=("odd",))], names=("one", "two"))
    assert merged.truth == ""
    assert merged.notes == ("two: odd", "annotations of gtCoarse and gtFine stand together in the merged dataset")


def test_labels_that_a_source_lacks_are_named():
    notes = merge([dataset_of("a", table=FARM), dataset_of("b")], "first", ("farm", "city")).notes
    assert any(note.startswith("city: does not have 1 label of the other sources (cow)") for note in notes)


def test_frames_that_come_one_by_one_are_merged_one_by_one(caplog):
    def endless():
        yield from (AnnotatedFrame(name) for name in ("c", "a"))
        raise DataError("only two frames are wanted")

    frames = iter(merge([dataset_of("a"), FrameDataset(CITYSCAPES, endless())], "rename"))
    assert [next(frames).name for _ in range(3)] == ["a", "c", "a-2"]
    with caplog.at_level(logging.WARNING, "common"):
        list(merge([dataset_of("a"), FrameDataset(CITYSCAPES, iter(dataset_of("a")))], "first"))
    assert "1 frame left out, because an earlier source has the name: a" in caplog.text


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(["a", "A", "a-2", "b", "a-2-2"]), unique_by=str.casefold), min_size=1, max_size=4)
)
def test_a_merged_dataset_has_all_frames_under_unique_names_and_gives_each_source_back(sources):
    datasets = [dataset_of(*source) for source in sources]
    found = names_of(merge(datasets, "rename"))
    assert len({name.casefold() for name in found}) == len(found) == sum(map(len, sources))
    # The frames of a source are still side by side, so that it can be chosen again; the first keeps its names.
    assert found[: len(sources[0])] == sources[0]
    merged = merge(datasets, "rename")
    if sources[0]:
        assert names_of(filter(merged, frames=tuple(sources[0]))) == sources[0]
    assert names_of(merge(datasets, "first")) == first_of_each(sources)


def first_of_each(sources):
    seen = {}
    for name in (name for source in sources for name in source):
        seen.setdefault(name.casefold(), name)
    return list(seen.values())


def test_pixels_of_merged_frames_are_those_of_the_sources(difficult):
    merged = merge([FrameDataset(FARM, (farm_frame(),)), difficult], "first")
    for before, after in zip(difficult.frames, merged.frames[1:], strict=True):
        if before.truth is not None:
            expected = before.annotation()
            # FARM spells it "Sky".
            segments = {
                key: replace(one, label=one.label.replace("sky", "Sky")) for key, one in expected.segments.items()
            }
            assert_same(replace(expected, segments=segments), after.annotation())


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from("abcdef"), min_size=1, max_size=5), st.integers(0, 6))
def test_parts_that_were_chosen_and_merged_again_are_the_dataset(wanted, number):
    whole = dataset_of(*"abcdef")
    part = filter(whole, frames=tuple(wanted))
    rest = filter(whole, frames=tuple(set("abcdef") - wanted))
    assert names_of(part) == sorted(wanted)  # in the order of the dataset
    assert set(merge([part, rest]).frames) == set(whole.frames)
    first = take(whole, number)
    assert merge([first, whole], "first").frames == whole.frames


def test_labels_that_were_chosen_in_every_source_are_chosen_once():
    first, second = dataset_of("a", classes=("car", "traffic light")), dataset_of("b", classes=("Car", "traffic_light"))
    assert merge([first, second]).classes == ("car", "traffic light")
    assert merge([first, dataset_of("b")]).classes == ()


@pytest.mark.parametrize("order", [1, -1])
def test_a_label_that_is_the_background_elsewhere_becomes_it_and_is_named(order):
    plain = FrameDataset(LabelTable((make_label("void", 9), make_label("other", 0)), "void"), ())
    other = FrameDataset(LabelTable((make_label("other", 0), make_label("road", 1)), "other"), ())
    merged = merge([plain, other][::order], names=("plain", "other")[::order])
    found = [note for note in merged.notes if "became it" in note]
    # The first background is that of the merged dataset: void, or other.
    assert found == ([] if order == 1 else ["plain: other is not the background there, and became it"])

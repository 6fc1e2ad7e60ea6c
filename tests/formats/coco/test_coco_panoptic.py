import json
import shutil

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from cityscapesscripts.helpers.labels import labels as official_labels
from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

from common.dataset.original.layouts import find_frames
from common.errors import ConfigError, DataError
from common.files.disk import write_bytes
from common.files.listing import list_files_of
from common.files.sources import Source
from common.formats.coco import instances as coco
from common.formats.coco import panoptic as coco_panoptic
from common.formats.coco.panoptic_segments import PanopticSegment, read_panoptic_file
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.png import encode_image, read_image, read_instance_mask
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import assert_same, masks_of, segments_of
from tests.support.floats import write_with_decimal_points


@pytest.fixture(scope="module")
def demo(demo_tree):
    """The drawn validation frames, 128x64 pixels."""
    frames = []
    for frame in find_frames(demo_tree):
        if frame.split == "val":
            pixels = read_instance_mask(frame.files["instanceIds"])
            truth = Annotation(pixels, segments_of(pixels))
            frames.append(AnnotatedFrame(frame.name, frame.split, frame.city, frame.image, truth))
    return FrameDataset(CITYSCAPES, tuple(frames))


@pytest.fixture(scope="module")
def written(tmp_path_factory, difficult):
    folder = tmp_path_factory.mktemp("panoptic")
    return folder, coco_panoptic.write(difficult, folder, WriteOptions())


def evaluated(annotation):
    """What the panoptic form can hold: visible segments of evaluated labels."""
    kept = {k: s for k, s in annotation.segments.items() if not CITYSCAPES.find(s.label).ignore_in_eval}
    return Annotation(annotation.pixels, kept)


def test_it_says_the_same_as_the_official_converter(demo, demo_tree, tmp_path, capsys):
    coco_panoptic.write(demo, tmp_path, WriteOptions(images="none"))
    (tmp_path / "official").mkdir()
    convert2panoptic(str(demo_tree / "gtFine"), str(tmp_path / "official"), setNames=["val"])
    capsys.readouterr()
    name = "cityscapes_panoptic_val"
    ours = json.loads((tmp_path / "gtFine" / f"{name}.json").read_text())
    theirs = json.loads((tmp_path / "official" / f"{name}.json").read_text())
    assert ours["categories"] == theirs["categories"]
    assert [image["id"] for image in ours["images"]] == [image["id"] for image in theirs["images"]]
    for mine, other in zip(ours["annotations"], theirs["annotations"], strict=True):
        assert {key: mine[key] for key in other} == other
        paths = (tmp_path / folder / name / other["file_name"] for folder in ("gtFine", "official"))
        np.testing.assert_array_equal(*map(read_image, paths))


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_official_evaluation_gives_one_for_the_truth_itself(split, written):
    folder = written[0] / "gtFine"
    content = json.loads((folder / f"cityscapes_panoptic_{split}.json").read_text())
    categories = {entry["id"]: entry for entry in content["categories"]}
    png_folder = str(folder / f"cityscapes_panoptic_{split}")
    pairs = [(entry, json.loads(json.dumps(entry))) for entry in content["annotations"]]
    stat = official.pq_compute_single_core(0, pairs, png_folder, png_folder, categories)
    assert official.average_pq(stat, categories)["All"]["pq"] == 1.0


def test_a_group_is_a_crowd_and_categories_are_the_evaluated_19(written):
    content = json.loads((written[0] / "gtFine/cityscapes_panoptic_train.json").read_text())
    expected = {(label.id, label.name, int(label.hasInstances)) for label in official_labels if not label.ignoreInEval}
    assert {(entry["id"], entry["name"], entry["isthing"]) for entry in content["categories"]} == expected
    crowds = {info["id"] for entry in content["annotations"] for info in entry["segments_info"] if info["iscrowd"]}
    assert crowds == {26}


def test_what_was_written_is_read_back_with_the_numbers_of_objects(written, difficult):
    dataset = coco_panoptic.read(list_files_of(written[0]))
    expected = [frame for frame in difficult if frame.truth]
    assert [(f.name, f.split, f.city) for f in dataset] == [(f.name, f.split, f.city) for f in expected]
    for before, after in zip(expected, dataset, strict=True):
        assert_same(evaluated(before.annotation()), after.annotation())
        assert (after.image is None) == (before.image is None)
        if after.image:
            assert after.image.read_bytes() == before.image.read_bytes()


def test_file_names_are_those_of_files_below_the_image_folder(written, difficult):
    with_image = {frame.name for frame in difficult if frame.image and frame.truth}
    for split in ("train", "val"):
        content = json.loads((written[0] / f"gtFine/cityscapes_panoptic_{split}.json").read_text())
        for entry in content["images"]:
            there = (written[0] / "leftImg8bit" / split / entry["file_name"]).is_file()
            assert there == (entry["id"].rpartition("/")[2] in with_image)


def test_what_the_form_cannot_hold_is_counted(written):
    tally = written[1]
    # The rectification border of four frames; person 1 of two of them has no pixel.
    assert tally.dropped == {"segments of labels that are void here": 4, "objects without a visible pixel": 2}
    assert tally.skipped == {"frames without ground truth": 1}
    # Road, sky, traffic light, cars 0, 1 and 999, person, group.
    assert tally.written == {"frames": 5, "images": 4, "segments": 4 * 8}


def test_what_the_official_converter_writes_is_read_with_photographs(demo, demo_tree, tmp_path, capsys):
    (tmp_path / "leftImg8bit").symlink_to(demo_tree / "leftImg8bit")
    (tmp_path / "gtFine").mkdir()
    convert2panoptic(str(demo_tree / "gtFine"), str(tmp_path / "gtFine"), setNames=["val"])
    capsys.readouterr()
    dataset = coco_panoptic.read(list_files_of(tmp_path))
    assert dataset.notes == ()
    for before, after in zip(demo, dataset, strict=True):
        assert (before.name, before.split, before.city) == (after.name, after.split, after.city)
        assert after.image.read_bytes() == before.image.read_bytes()
        assert_same(evaluated(before.annotation()), after.annotation())


def test_instances_and_panoptic_are_told_apart(written, difficult, tmp_path):
    coco.write(difficult, tmp_path, WriteOptions())
    for folder, is_panoptic in ((written[0], True), (tmp_path, False)):
        assert coco_panoptic.matches(list_files_of(folder)) == is_panoptic
        assert coco.matches(list_files_of(folder)) != is_panoptic


def test_a_foreign_table_keeps_its_ids_and_what_is_counted(tmp_path):
    labels = (make_label("sky", 0), make_label("cow", 4, has_instances=True), make_label("ice", 7))
    pixels = np.array([[0, 1, 2], [3, 3, 9]], np.uint16)
    segments = {1: Segment("cow", 0), 2: Segment("cow", None, True), 3: Segment("ice"), 9: Segment("cow", 5)}
    truth = Annotation(pixels, segments)
    table = LabelTable(labels, "sky")
    coco_panoptic.write(FrameDataset(table, [AnnotatedFrame("a", truth=truth)]), tmp_path, WriteOptions())
    dataset = coco_panoptic.read(list_files_of(tmp_path))
    assert [(label.id, label.name, label.has_instances) for label in dataset.labels] == [
        (0, "background", False),
        (4, "cow", True),
        (7, "ice", False),
    ]
    assert_same(truth, dataset.frames[0].annotation())


def test_background_is_no_category_however_it_is_spelled(tmp_path):
    labels = LabelTable((make_label("Class-1", 0), make_label("ignored", 255), make_label("cow", 1)), "IGNORED")
    pixels = np.array([[0, 1, 255, 2]], np.uint8)
    truth = Annotation(pixels, {1: Segment("cow"), 2: Segment("class 1"), 255: Segment("ignored")})
    coco_panoptic.write(FrameDataset(labels, [AnnotatedFrame("a", truth=truth)]), tmp_path, WriteOptions())
    content = json.loads((tmp_path / "gtFine/cityscapes_panoptic_default.json").read_text())
    assert [entry["name"] for entry in content["categories"]] == ["Class-1", "cow"]
    (frame,) = coco_panoptic.read(list_files_of(tmp_path))
    assert masks_of(frame.annotation()).keys() == {("Class-1", None, False), ("cow", None, False)}


def test_where_a_dataset_lies_does_not_say_that_it_is_coarse(written, difficult, tmp_path):
    shutil.copytree(written[0], tmp_path / "gtCoarse_trial")
    assert coco_panoptic.read(list_files_of(tmp_path / "gtCoarse_trial")).truth == ""
    coco_panoptic.write(difficult, tmp_path / "new", WriteOptions(truth="gtCoarse", images="none"))
    assert coco_panoptic.read(list_files_of(tmp_path / "new" / "gtCoarse")).truth == "gtCoarse"


def test_a_file_without_images_is_refused(tmp_path):
    put(tmp_path)
    (tmp_path / "panoptic_val.json").write_text('{"images": [], "annotations": [], "categories": []}')
    with pytest.raises(DataError, match="panoptic_val.json: images is empty"):
        coco_panoptic.read(list_files_of(tmp_path))


def test_more_objects_than_ids_have_room_for_are_refused(tmp_path):
    truth = Annotation(np.ones((2, 2), np.uint16), {1: Segment("car", 1000)})
    with pytest.raises(DataError, match="ulm_0_1: has car number 1,000; panoptic segments have room for 1,000"):
        coco_panoptic.write(
            FrameDataset(CITYSCAPES, [AnnotatedFrame("ulm_0_1", truth=truth)]), tmp_path, WriteOptions()
        )


def test_a_label_id_that_leaves_no_room_is_refused(tmp_path):
    table = LabelTable((make_label("cow", 1000, has_instances=True),))
    with pytest.raises(ConfigError, match="'cow' has the id 1000"):
        coco_panoptic.write(FrameDataset(table, []), tmp_path, WriteOptions())


def put(folder, png=None, image=None, info=None, **changes):
    """A dataset of one image of 3x2 pixels with one segment, id 7."""
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, :, 0] = 7
    write_bytes(folder / "panoptic_val/a.png", encode_image(pixels if png is None else png))
    segment = {"id": 7, "category_id": 1, "area": 3, "bbox": [0, 0, 3, 1], "iscrowd": 0} | (info or {})
    content = {
        "images": [{"id": 1, "width": 3, "height": 2, "file_name": "a.jpg"} | (image or {})],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [segment]} | changes],
        "categories": [{"id": 1, "name": "ice", "isthing": 0}],
    }
    (folder / "panoptic_val.json").write_text(json.dumps(content))
    return folder


WRONG = {
    "b.png' is not in|b.png is not in": {"file_name": "b.png"},
    "file_name is '../a.png'": {"file_name": "../a.png"},
    "segments_info is not": {"segments_info": 3},
    "id is '0'": {"info": {"id": 0}},
    "id is '16777216'": {"info": {"id": 2**24}},
    "no category with the id 2": {"info": {"category_id": 2}},
    "iscrowd is 'x'": {"info": {"iscrowd": "x"}},
    "has 3 x 2 pixels.* 9 x 2": {"image": {"width": 9}},
    "no image with the id 2": {"image_id": 2},
    "segment 1: the id 7 is there already": {
        "segments_info": [{"id": 7, "category_id": 1}, {"id": 7, "category_id": 1}],
    },
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_file_is_refused_by_name(message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        [frame.annotation() for frame in coco_panoptic.read(list_files_of(put(tmp_path, **WRONG[message])))]
    assert str(tmp_path) in str(caught.value)


def test_pixels_the_json_file_does_not_list_and_segments_without_pixels_are_counted(tmp_path):
    png = np.zeros((2, 3, 3), np.uint8)
    png[0] = 1, 2, 3
    (frame,) = coco_panoptic.read(list_files_of(put(tmp_path, png=png)))
    found = frame.annotation()
    assert found.segments == {}
    assert found.dropped == {
        "regions without a visible pixel": 1,
        "pixels of segments that the JSON file does not list": 3,
    }


def test_a_file_is_read_in_one_pass_with_the_segments_of_each_image(tmp_path):
    source = Source(put(tmp_path, info={"iscrowd": 1}) / "panoptic_val.json")
    categories, items = read_panoptic_file(source, needs_categories=True)
    assert {id_: (found.name, found.is_thing) for id_, found in categories.items()} == {1: ("ice", False)}
    assert items == {"1": ("a.png", (PanopticSegment(7, 1, True, 3),))}


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ([{"image_id": None}], "item 0: image_id is 'None'"),
        ([{"image_id": 1}, {"image_id": "1"}], "item 1: the image 1 is there already"),
        ([{"segments_info": [{"id": 7, "category_id": "1"}]}], "item 0, segment 0: category_id is '1'"),
        ([{"file_name": "a\0.png"}], "item 0: file_name is"),
    ],
)
def test_a_file_of_predictions_needs_annotations_only(tmp_path, annotations, message):
    good = {"image_id": 1, "file_name": "a.png", "segments_info": []}
    source = Source(tmp_path / "a.json")
    source.path.write_text(json.dumps({"annotations": [good]}))
    assert read_panoptic_file(source, needs_categories=False) == ({}, {"1": ("a.png", ())})
    with pytest.raises(DataError, match="a.json: has no categories"):
        read_panoptic_file(source, needs_categories=True)
    source.path.write_text(json.dumps({"annotations": [good | changes for changes in annotations]}))
    with pytest.raises(DataError, match=f"a.json: annotations, {message}"):
        read_panoptic_file(source, needs_categories=False)


def test_whole_numbers_with_a_decimal_point_are_read_like_others(difficult, tmp_path):
    coco_panoptic.write(difficult, tmp_path / "a", WriteOptions(images="none"))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in (tmp_path / "b").rglob("*.json"):
        write_with_decimal_points(path)
    for ours, theirs in zip(*(coco_panoptic.read(list_files_of(tmp_path / name)) for name in "ab"), strict=True):
        assert_same(ours.annotation(), theirs.annotation())
    (path,) = (tmp_path / "b").rglob("*_val.json")
    categories, items = read_panoptic_file(Source(path), needs_categories=True)
    assert (categories, items) == read_panoptic_file(Source(tmp_path / "a" / path.relative_to(tmp_path / "b")), True)

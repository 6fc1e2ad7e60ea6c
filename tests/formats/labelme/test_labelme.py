import base64
import json

import numpy as np
import pytest

from common.errors import DataError, LabelError
from common.formats import labelme
from common.formats.conversion import read
from common.formats.format import WriteOptions
from common.formats.frames import BoxedObject, Segment
from common.images.png import encode_mask
from common.labels.tables import CITYSCAPES
from tests.support.difficult import assert_same
from tests.support.miniatures import FARM, PHOTO, columns, draw, shown

SQUARE = [[2, 0], [4, 0], [4, 4], [2, 4]]


def shape(label, points=SQUARE, kind="polygon", **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}} | more


def file_of(*shapes, **more):
    return {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.png", "imageData": None,
        "imageHeight": 4, "imageWidth": 8} | more  # fmt: skip


def annotation_of(folder, *shapes, **more):
    draw(folder, {"a.png": PHOTO, "a.json": file_of(*shapes, **more)})
    (frame,) = read(folder)
    return frame.annotation()


def test_all_frames_come_back_with_objects_groups_areas_and_numbers(difficult, tmp_path):
    tally = labelme.write(difficult, tmp_path, WriteOptions())
    dataset = read(tmp_path)
    assert (dataset.format, dataset.labels.labels) == ("labelme", CITYSCAPES.labels)
    found = {frame.name: frame for frame in dataset}
    for frame in difficult:
        other = found.pop(frame.name)
        assert (other.split, other.city, other.image is None) == (frame.split, frame.city, frame.image is None)
        if frame.truth is not None:
            assert_same(frame.annotation(), other.annotation())
    assert not found and tally.written["frames"] == 5


def test_shapes_of_one_group_are_one_object_and_others_are_objects_of_their_own(tmp_path):
    far = [[6, 0], [8, 0], [8, 4], [6, 4]]
    found = annotation_of(
        tmp_path, shape("car", group_id=3), shape("car", far, group_id=3), shape("road", [[0, 0], [2, 0], [2, 4]])
    )
    assert shown(found)[1:] == [("car", 3), None, ("car", 3)]
    found = annotation_of(tmp_path, shape("car", group_id=3), shape("car", far))
    assert shown(found) == [None, ("car", 0), None, ("car", 1)]


def test_later_shapes_cover_earlier_ones_and_hidden_ones_are_counted(tmp_path):
    found = annotation_of(tmp_path, shape("car"), shape("bus"))
    assert shown(found) == [None, ("bus", 0), None, None]
    assert found.dropped == {"objects without a visible pixel": 1}


def test_rectangles_are_boxes_and_what_has_no_area_is_counted(tmp_path):
    found = annotation_of(
        tmp_path,
        shape("car", [[6, 3], [2, 1]], "rectangle"),
        shape("car", [[1, 1]], "point"),
        shape("pole", SQUARE[:2], "line"),
    )
    assert found.boxes == (BoxedObject(Segment("car", 0), (2, 1, 4, 2)),)
    assert found.dropped == {"circles, lines and points": 2}


def test_masks_in_base64_are_pasted_at_their_box_and_cut_off_at_the_edge(tmp_path):
    mask = base64.b64encode(encode_mask(np.array([[1, 0], [1, 1]], np.uint8))).decode()
    found = annotation_of(tmp_path, shape("car", [[7, 1], [8, 2]], "mask", mask=mask))
    assert np.argwhere(found.pixels > 0).tolist() == [[1, 7], [2, 7]]


@pytest.mark.parametrize(
    ("shapes", "error", "message"),
    [
        (
            [shape("car", [[0, 0], [1e30, 0], [1, 1]])],
            DataError,
            "shape 0: has a coordinate that is not finite or above",
        ),
        ([shape("car", SQUARE, "mask", mask="!")], DataError, "shape 0: its mask is not base64"),
        ([shape("car", [[0]])], DataError, r"a.json: shapes.0.points.0"),
    ],
)
def test_shapes_that_cannot_be_are_refused_with_file_and_place(tmp_path, shapes, error, message):
    with pytest.raises(error, match=message):
        annotation_of(tmp_path, *shapes)


def test_a_size_beyond_all_measure_is_refused_before_anything_is_painted(tmp_path):
    with pytest.raises(DataError, match="has 1000000 x 1000000 pixels"):
        annotation_of(tmp_path, shape("car"), imageHeight=10**6, imageWidth=10**6)


def test_labels_come_from_the_list_else_from_all_files(tmp_path):
    draw(tmp_path, {"a.json": file_of(shape("oak")), "b.json": file_of(shape("pine tree"), shape("oakgroup"))})
    assert [label.name for label in read(tmp_path).labels] == ["background", "oak", "pine tree"]
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\noak\n")
    dataset = read(tmp_path)
    assert [(label.name, label.has_instances) for label in dataset.labels] == [("background", False), ("oak", True)]
    with pytest.raises(LabelError, match="b.json: shape 0: the label 'pine tree' is not in the label file"):
        dataset.frames[1].annotation()


@pytest.mark.parametrize("path", ["../img/a.png", "C:\\me\\img\\a.png", "/home/me/img/a.png"])
def test_a_photograph_elsewhere_is_found_by_its_end_and_only_in_the_dataset(tmp_path, path):
    draw(
        tmp_path / "set",
        {"img/a.png": PHOTO, "json/1.json": file_of(imagePath=path), "json/2.json": file_of(imagePath="../../b.png")},
    )
    draw(tmp_path, {"b.png": PHOTO})
    first, second = read(tmp_path / "set").frames
    assert first.image.path.name == "a.png" and second.image is None


def test_photographs_without_a_file_and_splits_are_kept(tmp_path):
    draw(tmp_path, {"train/a.png": PHOTO, "train/a.json": file_of(), "val/b.png": PHOTO, "c.yml": "x"})
    found = [(frame.name, frame.split, frame.truth is None) for frame in read(tmp_path)]
    assert found == [("a", "train", False), ("b", "val", True)]


def test_labelmes_own_voc_export_is_read_with_its_names_and_objects(tmp_path):
    names = "_background_\ngrass\nsheep\n"
    draw(tmp_path, {"JPEGImages/a.jpg": PHOTO, "SegmentationClass/a.png": FARM, "class_names.txt": names})
    draw(tmp_path, {"SegmentationClassVisualization/a.jpg": PHOTO, "SegmentationObject/a.png": columns(0, 1, 2, 0)})
    assert shown(read(tmp_path).frames[0].annotation()) == [None, ("grass", 0), ("sheep", 0), None]


def test_labelmes_older_voc_export_is_read_as_folders(tmp_path):
    names = "_background_\ngrass\nsheep\n"
    draw(tmp_path, {"JPEGImages/a.jpg": PHOTO, "SegmentationClassPNG/a.png": FARM, "class_names.txt": names})
    dataset = read(tmp_path)
    assert dataset.format == "folders" and shown(dataset.frames[0].annotation()) == [None, "grass", "sheep", None]


@pytest.mark.parametrize("name", ["__ignore__", "_background_", "background"])
@pytest.mark.parametrize("other", ["bus", "oak"])
def test_shapes_that_are_called_ignored_or_background_are_background(tmp_path, name, other):
    found = annotation_of(tmp_path, shape(other, [[2, 0], [6, 0], [6, 4], [2, 4]]), shape(name))
    assert shown(found) == [None, None, (other, 0), None]


def test_a_photograph_in_another_folder_is_found_by_its_name_but_not_in_another_split(tmp_path):
    files = {"img/A.JPG": PHOTO, "json/1.json": file_of(imagePath="..\\x\\A.JPG")}
    (frame,) = read(draw(tmp_path / "one", files))
    assert frame.image is not None
    files = {"val/a.png": PHOTO, "train/1.json": file_of(imagePath="a.png")}
    assert [frame.image is None for frame in read(draw(tmp_path / "two", files))] == [True, False]


def test_json_files_that_are_not_labelmes_are_named(tmp_path):
    draw(tmp_path, {"a.json": file_of(shape("car")), "b.json": {"x": "shapes"}})
    assert "JSON files that are not labelme's were left out: b.json" in read(tmp_path).notes


def test_boxes_outside_of_the_frame_or_without_an_area_are_counted(tmp_path):
    corners = [[8, 0], [9, 4]], [[1, 1], [1, 3]], [[-1, 0], [1, 4]]
    found = annotation_of(tmp_path, *(shape("car", points, "rectangle") for points in corners))
    assert [boxed.box for boxed in found.boxes] == [(-1, 0, 2, 4)]
    assert found.dropped == {"objects without a visible pixel": 2}


def test_a_byte_order_mark_is_passed_over(tmp_path):
    draw(tmp_path, {"a.json": "\ufeff" + json.dumps(file_of(shape("car")))})
    assert shown(read(tmp_path).frames[0].annotation()) == [None, ("car", 0), None, None]

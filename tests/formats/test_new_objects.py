"""Rectangles of boxes, objects of connected areas, and sources of which a target would keep nothing."""

import json

import numpy as np
import pytest

from common.errors import DataError
from common.files.sources import Source
from common.formats.conversion import convert, filter, read, write
from common.formats.frames import BOXES, AnnotatedFrame, Annotation, BoxedObject, FrameDataset, Segment
from common.formats.new_objects import divide_areas, fill_boxes
from common.formats.registry import FORMATS
from common.formats.writing import BOXES_OF_OTHERS, BOXES_ONLY
from common.images.png import encode_image, encode_mask
from common.labels.tables import CITYSCAPES
from tests.support.difficult import segments_of

HAVE_BOXES = ("coco", "cvat-images", "label-studio", "labelme", "voc", "yolo")
CAR, BUS = Segment("car", 0), Segment("bus", 0)
GROUP_OF_CARS = np.array([[26, 26, 0, 7], [0, 0, 26, 7], [7, 0, 0, 26]], np.uint16)
BOX_FILES = {
    "coco": {
        "annotations/instances_train.json": json.dumps(
            {
                "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 4}],
                "categories": [{"id": 1, "name": "car"}],
                "annotations": [
                    {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 1, 4, 2], "segmentation": [], "iscrowd": 0}
                ],
            }
        ),
        "images/train/a.png": "",
    },
    # Centre 4 of 8 and 2 of 4, 4 wide and 2 high.
    "yolo": {
        "data.yaml": "train: images/train\nnames: [car]\n",
        "labels/train/a.txt": "0 0.5 0.5 0.5 0.5\n",
        "images/train/a.png": "",
    },
    "yolo with key points": {
        "data.yaml": "train: images/train\nnames: [car]\nkpt_shape: [2, 2]\n",
        "labels/train/a.txt": "0 0.5 0.5 0.5 0.5 0.1 0.1 0.9 0.9\n",
        "images/train/a.png": "",
    },
    "voc": {
        "ImageSets/Main/train.txt": "a\n",
        "Annotations/a.xml": "<annotation><object><name>car</name><bndbox><xmin>3</xmin><ymin>2</ymin><xmax>6</xmax>"
        "<ymax>3</ymax></bndbox></object></annotation>",
        "JPEGImages/a.png": "",
    },
}


def put(folder, files):
    """Writes files; pictures have 8 x 4 pixels."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture = encode_image(np.zeros((4, 8, 3), np.uint8))
        (folder / name).write_bytes(picture if name.endswith(".png") else content.encode())
    return folder


def target_of(folder, format):
    return folder / ("target.zip" if format == "cvat" else "target")


def test_a_box_covers_the_pixels_whose_centre_it_holds_and_nothing_that_has_an_outline():
    pixels = np.array([[0, 0, 0, 0], [0, 5, 0, 0]], np.uint16)
    boxes = (BoxedObject(CAR, (0.4, 0.5, 2.2, 2)), BoxedObject(BUS, (2.0, -3, 9, 4)))
    found = fill_boxes(Annotation(pixels, {5: Segment("road")}, boxes=boxes))
    # The car has the centres 0.5 to 2.5 (0.4 to 2.6) in both rows; the bus, a later one, 2.5 and 3.5 in the first.
    assert found.pixels.tolist() == [[6, 6, 7, 7], [6, 5, 6, 0]]
    assert found.segments == {6: CAR, 7: BUS, 5: Segment("road")} and not found.boxes


def test_each_connected_part_becomes_an_object_numbered_after_those_that_are_there():
    pixels = np.where(GROUP_OF_CARS == 7, 26003, GROUP_OF_CARS)
    found = divide_areas(Annotation(pixels, segments_of(pixels)), {"car"})
    # Pixels that touch at a corner belong together; keys follow the largest, 26003.
    assert found.pixels.tolist() == [[26004, 26004, 0, 26003], [0, 0, 26004, 26003], [26003, 0, 0, 26004]]
    assert found.segments == {26003: Segment("car", 3), 26004: Segment("car", 4)}


@pytest.mark.parametrize(("classes", "roads"), [((), 0), (("car", "road"), 2)])
def test_areas_of_labels_without_objects_are_divided_only_if_they_are_chosen(classes, roads):
    frame = AnnotatedFrame("a", truth=Annotation(GROUP_OF_CARS, segments_of(GROUP_OF_CARS)))
    dataset = filter(FrameDataset(CITYSCAPES, (frame,)), regions=True, classes=classes)
    (changed,) = dataset.frames
    objects = [segment.label for _, segment in changed.annotation().objects]
    assert (objects.count("road"), objects.count("car")) == (roads, 1)
    assert dataset.labels.find("road").has_instances == bool(roads)


def test_small_parts_are_dropped_after_they_were_divided():
    frame = AnnotatedFrame("a", truth=Annotation(GROUP_OF_CARS[:, :2], segments_of(GROUP_OF_CARS[:, :2])))
    (changed,) = filter(FrameDataset(CITYSCAPES, (frame,)), regions=True, min_area=3, classes=("car", "road")).frames
    assert not changed.annotation().segments


@pytest.mark.parametrize("source", BOX_FILES)
@pytest.mark.parametrize("format", FORMATS)
def test_boxes_are_filled_where_asked_and_refused_by_formats_without_boxes(source, format, tmp_path):
    folder, target = put(tmp_path / "source", BOX_FILES[source]), target_of(tmp_path, format)
    if format not in HAVE_BOXES:
        with pytest.raises(DataError, match=f"nothing was written.*: 1 {BOXES}: --boxes fill makes rectangles"):
            convert(folder, target, format, workers=1)
        assert not target.exists()
    convert(folder, target, format, workers=1, boxes="fill")
    (frame,) = read(target).frames
    annotation = frame.annotation()
    is_car = annotation.paint(lambda segment: int(segment.label == "car"), 0, np.uint8)
    # Columns 2 to 5 and rows 1 to 2 of 8 x 4 pixels.
    assert is_car.sum() == 8 and is_car[1:3, 2:6].all()


@pytest.mark.parametrize("source", BOX_FILES)
@pytest.mark.parametrize("format", HAVE_BOXES)
def test_formats_with_boxes_keep_them(source, format, tmp_path):
    folder, target = put(tmp_path / "source", BOX_FILES[source]), target_of(tmp_path, format)
    assert convert(folder, target, format, workers=1).written == {"boxes": 1, "frames": 1, "images": 1}
    (frame,) = read(target).frames
    assert frame.annotation().boxes == (BoxedObject(CAR, (2, 1, 4, 2)),) and frame.annotation().has_boxes_only


@pytest.mark.parametrize("format", FORMATS)
def test_a_frame_with_boxes_alone_is_no_picture_without_objects(format, tmp_path):
    pixels = np.full((4, 8), 26000, np.uint16)
    frames = (
        AnnotatedFrame("a", "train", truth=Annotation(pixels, segments_of(pixels))),
        AnnotatedFrame("b", "train", truth=Annotation(pixels * 0, {}, boxes=(BoxedObject(CAR, (0, 0, 2, 2)),))),
    )
    tally = write(FrameDataset(CITYSCAPES, frames), target_of(tmp_path, format), format, workers=1)
    if format in HAVE_BOXES:
        assert (tally.written["boxes"], tally.written["frames"]) == (1, 2) and not tally.skipped
    else:
        assert tally.dropped[BOXES] == 1 and tally.skipped[BOXES_ONLY] == 1 and tally.written["frames"] == 1


@pytest.mark.parametrize("format", HAVE_BOXES)
def test_boxes_and_outlines_of_one_frame_are_kept_but_by_yolo_which_cannot_tell_them_apart(format, tmp_path, caplog):
    pixels = np.zeros((4, 8), np.uint16)
    pixels[:, :3] = 26000
    boxes = (BoxedObject(Segment("car", 1), (4.5, 0, 2, 3)), BoxedObject(Segment("road"), (0, 0, 1, 1)))
    frame = AnnotatedFrame(
        "a", "train", image=photograph(tmp_path), truth=Annotation(pixels, segments_of(pixels), boxes=boxes)
    )
    tally = write(FrameDataset(CITYSCAPES, (frame,)), tmp_path / "target", format, workers=1)
    (found,) = read(tmp_path / "target").frames
    cars = [boxed.box for boxed in found.annotation().boxes if boxed.segment.label == "car"]
    assert cars == ([] if format == "yolo" else [(4.5, 0, 2, 3)])
    assert tally.dropped[f"{BOXES}, beside outlines"] == (format == "yolo")
    assert tally.dropped[BOXES_OF_OTHERS] == (
        format not in ("cvat-images", "label-studio", "labelme", "voc")
    )  # VOC has all labels, COCO and YOLO the chosen


@pytest.mark.parametrize("format", HAVE_BOXES)
def test_boxes_only_makes_a_dataset_for_detection(format, tmp_path):
    pixels = np.zeros((4, 8), np.uint16)
    pixels[1:3, 2:6] = 26000
    pixels[3, 7] = 26
    road = np.full_like(pixels, 7)
    frames = (
        AnnotatedFrame("a", "train", image=photograph(tmp_path), truth=Annotation(pixels, segments_of(pixels))),
        AnnotatedFrame("b", "train", image=photograph(tmp_path), truth=Annotation(pixels * 0, {})),
        AnnotatedFrame("c", "train", image=photograph(tmp_path), truth=Annotation(road, segments_of(road))),
    )
    dataset = filter(FrameDataset(CITYSCAPES, frames), boxes="only")
    tally = write(dataset, tmp_path / "target", format, workers=1)
    assert tally.written["frames"] == 3 and not tally.skipped  # a picture without objects is an example too
    found = {frame.name: frame.annotation() for frame in read(tmp_path / "target")}
    assert BoxedObject(CAR, (2, 1, 4, 2)) in found["a"].boxes and not found["a"].segments
    assert not any(found[name].boxes or found[name].segments for name in "bc")
    groups = [boxed for boxed in found["a"].boxes if boxed.segment.is_crowd]
    assert len(groups) == (format != "yolo") and tally.dropped["groups"] == (format == "yolo")
    if format == "yolo":
        assert (tmp_path / "target/labels/train/a.txt").read_text() == "2 0.500000 0.500000 0.500000 0.500000\n"
        assert (tmp_path / "target/labels/train/b.txt").read_text() == ""


def photograph(folder):
    (folder / "photo.png").write_bytes(encode_image(np.zeros((4, 8, 3), np.uint8)))
    return Source(folder / "photo.png")


def test_key_points_alone_are_counted(tmp_path):
    content = json.loads(BOX_FILES["coco"]["annotations/instances_train.json"])
    content["annotations"][0] |= {"bbox": None, "keypoints": [1, 1, 2]}
    put(tmp_path, {"annotations/instances_train.json": json.dumps(content), "images/train/a.png": ""})
    (frame,) = read(tmp_path).frames
    assert frame.annotation().dropped == {"objects that have key points and no outline": 1}
    with pytest.raises(DataError, match="nothing was written"):  # it is not known where they are
        convert(tmp_path, tmp_path.with_name("target"), "labelme", workers=1, boxes="only")


def label_ids_alone(folder):
    path = folder / "gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_mask(GROUP_OF_CARS.astype(np.uint8)))
    return folder


@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_label_ids_alone_are_refused_by_formats_of_objects_and_divided_where_asked(format, tmp_path):
    folder, target = label_ids_alone(tmp_path / "source"), tmp_path / "target"
    with pytest.raises(DataError, match="1 groups, in which objects are not told apart: --regions makes an object"):
        convert(folder, target, format, workers=1)
    assert not target.exists()
    assert convert(folder, target, format, workers=1, regions=True).written["objects"] == 1


def test_formats_of_pixels_keep_groups_and_say_that_there_are_no_objects(tmp_path, caplog):
    convert(label_ids_alone(tmp_path / "source"), tmp_path / "target.zip", "cvat", workers=1)
    assert "the source tells no objects apart, only groups" in caplog.text and "--regions" in caplog.text


def test_a_class_that_is_not_in_the_chosen_frames_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match="nothing was written, because coco would have no object of the source"):
        convert(label_ids_alone(tmp_path / "source"), tmp_path / "target", "coco", workers=1, classes=("bus",))


def test_a_dataset_of_pictures_without_any_label_is_written(tmp_path):
    frames = (AnnotatedFrame("a", "train", truth=Annotation(np.zeros((2, 2), np.uint16), {})),)
    assert write(FrameDataset(CITYSCAPES, frames), tmp_path / "target", "coco", workers=1).written["frames"] == 1

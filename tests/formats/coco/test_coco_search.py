"""Which files are taken for COCO's, where their photographs are, and what is said of others."""

import json

import pytest

from common.errors import DataError
from common.files.listing import list_files_of
from common.formats.coco import instances as coco
from common.formats.registry import recognise

NO_INSTANCES = {
    "is empty": b"",
    "is an empty list": b" [ ]",
    "is a list of results": b'[{"image_id": 1, "category_id": 1, "score": 0.5}]',
    "is a list of annotations without images": b'[{"image_id": 1, "category_id": 1}]',
    "images is empty": b'{"images": [], "annotations": [], "categories": []}',
}


@pytest.mark.parametrize("what", NO_INSTANCES)
@pytest.mark.parametrize("name", ["annotations/train.json", "train.json", "annotations/instances_train.json"])
def test_a_json_file_without_images_is_taken_for_coco_and_explained(what, name, tmp_path):
    for path, data in ((name, NO_INSTANCES[what]), ("images/ulm_000000_000001_leftImg8bit.png", b"")):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert recognise(list_files_of(tmp_path)) == "coco"
    with pytest.raises(DataError, match=f"{name}: {what}"):
        coco.read(list_files_of(tmp_path))


def test_cityscapes_with_a_json_file_of_another_kind_stays_cityscapes(tmp_path):
    for name in ("leftImg8bit/train/ulm/ulm_000000_000001_leftImg8bit.png", "gtFine/readme.txt", "report.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert recognise(list_files_of(tmp_path)) == "cityscapes"


ANNOTATION = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]}
CAR = {"id": 1, "name": "car"}


def put(folder, name="annotations/instances_train.json", file_names=("a.png",), annotations=(ANNOTATION,), **more):
    """Writes a file of images of 4 x 2 pixels."""
    images = [
        {"id": number, "file_name": file_name, "width": 4, "height": 2}
        for number, file_name in enumerate(file_names, 1)
    ]
    content = {"images": images, "annotations": list(annotations), "categories": [CAR]} | more
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))
    return folder


def put_pictures(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


@pytest.mark.parametrize("start", ["person_keypoints", "stuff", "panoptic", "captions"])
def test_a_file_is_read_by_its_content_whatever_it_is_called(start, tmp_path):
    tree = list_files_of(put(tmp_path, f"annotations/{start}_train2017.json"))
    assert recognise(tree) == "coco"
    (frame,) = coco.read(tree).frames
    assert frame.split == "train2017" and len(frame.annotation().segments) == 1


def test_among_files_of_the_same_images_the_one_named_like_instances_is_read(tmp_path):
    for name in ("person_keypoints_val.json", "instances_val.json", "stuff_val.json"):
        put(tmp_path, f"annotations/{name}")
    dataset = coco.read(list_files_of(tmp_path))
    assert len(dataset.frames) == 1
    assert "annotations/stuff_val.json was left out: instances_val.json is there, which is read first" in dataset.notes


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"image_id": 1, "caption": "a car"}, "holds captions, not instances"),
        ({"image_id": 1, "segments_info": [{"id": 1, "bbox": [0, 0, 1, 1]}]}, "holds panoptic segments"),
    ],
)
def test_captions_and_panoptic_segments_are_known_however_far_behind_the_images_they_are(item, reason, tmp_path):
    names = [f"{number:0500}.png" for number in range(400)]
    put(tmp_path, "annotations/train.json", names, [item])
    with pytest.raises(DataError, match=f"train.json: {reason}"):
        coco.read(list_files_of(tmp_path))


FOREIGN = (
    "/home/me/set/images/train/a.png",
    "C:\\data\\a.png",
    "..\\..\\upload\\4\\a.png",
    "../x/a.png",
    "http://images.org/train2017/a.png?size=full",
    "file:///data/a%2Epng",
)


@pytest.mark.parametrize("file_name", FOREIGN)
@pytest.mark.parametrize("place", ["images/train/a.png", "pictures/deep/a.png"])
def test_a_path_of_another_computer_means_the_picture_of_its_last_name(file_name, place, tmp_path):
    put_pictures(tmp_path, place, "images/val/a.png", "a.png.txt")
    dataset = coco.read(list_files_of(put(tmp_path, file_names=[file_name])))
    (frame,) = dataset.frames
    assert (frame.name, frame.city) == ("a", "") and frame.image.read_bytes() == place.encode()
    assert any("1 file_name is a path of another computer" in note for note in dataset.notes)


def test_a_path_of_another_computer_in_upper_case_means_the_picture_too(tmp_path):
    put_pictures(tmp_path, "photos/IMG_1.JPG")
    dataset = coco.read(list_files_of(put(tmp_path, file_names=["C:\\pics\\IMG_1.JPG"])))
    assert [frame.image is not None for frame in dataset.frames] == [True]


def test_category_ids_with_a_decimal_point_bring_no_note(tmp_path):
    put(tmp_path, annotations=[{**ANNOTATION, "category_id": 1.0}], categories=[{"id": 1.0, "name": "car"}])
    assert not any("was left out" in note for note in coco.read(list_files_of(tmp_path)).notes)


def test_nothing_outside_of_the_dataset_is_opened(tmp_path):
    put_pictures(tmp_path, "secret.png")
    file_names = [str(tmp_path / "secret.png"), "../b/secret.png"]
    dataset = coco.read(list_files_of(put(tmp_path / "set", file_names=file_names)))
    assert [frame.image for frame in dataset.frames] == [None, None]


def test_more_equal_folders_decide_between_pictures_of_one_name_and_doubts_are_named(tmp_path):
    put_pictures(tmp_path, "x/cam1/1.png", "x/cam2/1.png", "y/p/2.png", "y/q/2.png")
    put(tmp_path, file_names=["/d/cam1/1.png", "/d/cam2/1.png", "/d/2.png"])
    dataset = coco.read(list_files_of(tmp_path))
    found = [frame.image and frame.image.read_bytes().decode() for frame in dataset.frames]
    assert found == ["x/cam1/1.png", "x/cam2/1.png", None]
    assert [frame.item_id for frame in dataset.frames] == ["cam1/1", "cam2/1", "2"]
    assert "2 photographs were found by the last parts of their paths, below other folders" in dataset.notes
    assert any(
        note.endswith("unclear photograph left out: 2.png may be y/p/2.png, y/q/2.png") for note in dataset.notes
    )


def test_a_picture_without_a_file_name_has_that_of_its_url(tmp_path):
    image = {"id": 1, "width": 4, "height": 2, "coco_url": "http://images.org/val/b.png"}
    (frame,) = coco.read(list_files_of(put(tmp_path, images=[image]))).frames
    assert frame.name == "b"


@pytest.mark.parametrize("root_id", [0, 7])
def test_a_category_without_annotations_that_has_the_name_of_another_is_left_out(root_id, tmp_path):
    root = {"id": root_id, "name": "Car", "supercategory": "none"}
    dataset = coco.read(list_files_of(put(tmp_path, categories=[root, CAR])))
    assert dataset.frames[0].annotation().segments[1].label == "car"
    assert any(f"the category {root_id}, 'Car', has no annotations" in note for note in dataset.notes)


def test_of_two_categories_of_one_name_without_annotations_the_first_is_left_out(tmp_path):
    root = {"id": 0, "name": "Cow"}
    dataset = coco.read(list_files_of(put(tmp_path, annotations=(), categories=[root, {"id": 3, "name": "cow"}])))
    assert [(label.name, label.id) for label in dataset.labels] == [("background", 0), ("cow", 3)]


def test_two_categories_of_one_name_that_both_have_annotations_are_refused_with_the_way_out(tmp_path):
    annotations = [ANNOTATION, ANNOTATION | {"id": 2, "category_id": 2}]
    with pytest.raises(DataError, match="the name 'CAR' is there already; .* rename one of the two categories"):
        coco.read(list_files_of(put(tmp_path, annotations=annotations, categories=[CAR, {"id": 2, "name": "CAR"}])))

import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from common.errors import DataError, LabelError
from common.files.listing import list_files_of
from common.formats import cvat
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.pictures import read_values
from common.images.png import encode_instance_mask, encode_mask
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import assert_same, masks_of
from tests.support.oracles import ask_oracle

# Datumaro 1.13 reads plain values only; the edition in CVAT takes value // 1000 as the label's place in the same list.
DATUMARO_READS = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset
dataset = Dataset.import_from(sys.argv[1], "cityscapes")
names = [label.name for label in dataset.categories()[AnnotationType.label]]
result = {}
for item in dataset:
    plain = {names[mask.label]: int(mask.image.sum()) for mask in item.annotations}
    path = Path(sys.argv[1], "gtFine", item.subset, f"{item.id}_gtFine_instanceIds.png")
    values = np.asarray(Image.open(path)) if path.exists() else np.zeros(1, int)
    found, counts = np.unique(values[values >= 1000], return_counts=True)
    objects = [[names[value // 1000], int(value % 1000), int(count)] for value, count in zip(found, counts)]
    result[f"{item.subset}/{item.id}"] = [plain, objects, item.media is not None]
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def written(difficult, tmp_path_factory):
    path = tmp_path_factory.mktemp("cvat") / "export.zip"
    return path, cvat.write(difficult, path, WriteOptions())


def make_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def values_png(*values):
    return encode_instance_mask(np.array([values], np.uint16))


def test_frames_come_back_with_names_places_images_and_pixels(difficult, written):
    tree = list_files_of(written[0])
    assert cvat.matches(tree)
    dataset = cvat.read(tree)
    assert dataset.labels == CITYSCAPES
    expected = {(frame.split, frame.city, frame.name): frame for frame in difficult}
    assert {(frame.split, frame.city, frame.name) for frame in dataset} == expected.keys()
    for frame in dataset:
        original = expected[frame.split, frame.city, frame.name]
        assert (frame.image is None) == (original.image is None)
        if frame.image is not None:
            assert frame.image.read_bytes() == original.image.read_bytes()
        assert (frame.truth is None) == (original.truth is None)
        if frame.truth is not None:
            assert_same(original.annotation(), frame.annotation())
    assert dataset.notes == ("1 of 6 frames have no image", "1 of 6 frames have no ground truth")


def test_the_unpacked_zip_is_read_too_and_ids_are_cityscapes_own(difficult, written, tmp_path):
    shutil.unpack_archive(written[0], tmp_path / "unpacked")
    tree = list_files_of(tmp_path)
    assert cvat.matches(tree)
    assert len(cvat.read(tree).frames) == 6
    start = tmp_path / "unpacked/gtFine/train/aachen/aachen_000000_000000_gtFine_"
    values, _ = read_values(tree[f"{start.relative_to(tmp_path)}instanceIds.png"])
    np.testing.assert_array_equal(values, difficult.frames[0].truth.pixels)


def test_datumaro_finds_every_label_and_object_we_wrote(difficult, written, tmp_path):
    shutil.unpack_archive(written[0], tmp_path)
    (tmp_path / "imgsFine/leftImg8bit").rename(tmp_path / "leftImg8bit")
    answers = ask_oracle(DATUMARO_READS, tmp_path)
    seen = 0
    for frame in difficult:
        plain, objects, has_image = answers[f"{frame.split}/{frame.city}/{frame.name}"]
        assert has_image == (frame.image is not None)
        expected = masks_of(frame.annotation()) if frame.truth else {}
        found = {(CITYSCAPES.find(name).name, None): count for name, count in plain.items()}
        found |= {(CITYSCAPES.find(name).name, number): count for name, number, count in objects}
        assert found == {(label, number): int(mask.sum()) for (label, number, _), mask in expected.items()}
        seen += len(found)
    assert seen > 30


def test_what_was_written_skipped_and_dropped_is_counted(written):
    _, tally = written
    # In each of four frames cars 0, 1 and 999 and a person.
    assert tally.written == {"frames": 5, "images": 5, "objects": 16}
    assert tally.skipped == {"frames without ground truth": 1}
    # Both frames that have the first annotation have a person without a pixel.
    assert tally.dropped == {"objects without a visible pixel": 2}


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_frames_give_the_same_bytes_with_any_number_of_workers(difficult, written, tmp_path, workers):
    cvat.write(difficult, tmp_path / "again.zip", WriteOptions(workers=workers))
    assert (tmp_path / "again.zip").read_bytes() == written[0].read_bytes()


def test_images_can_be_left_out_or_given_another_ending(difficult, tmp_path):
    cvat.write(difficult, tmp_path / "none.zip", WriteOptions(images="none"))
    assert not list_files_of(tmp_path / "none.zip").names("imgsFine")
    cvat.write(difficult, tmp_path / "jpg.zip", WriteOptions(image_ext="jpg"))
    images = [frame.image for frame in cvat.read(list_files_of(tmp_path / "jpg.zip")) if frame.image]
    assert len(images) == 5
    assert all(image.read_bytes().startswith(b"\xff\xd8") for image in images)


def test_a_foreign_table_is_written_by_place_with_black_first(tmp_path):
    labels = LabelTable((make_label("oak", 40, None, True), make_label("my sky", 7), make_label("car", 3)), "my sky")
    pixels = np.array([[0, 1, 2, 3]], np.uint8)
    annotation = Annotation(
        pixels, {1: Segment("oak", None, True), 2: Segment("car", 5), 3: Segment("car", None, True)}
    )
    dataset = FrameDataset(labels, (AnnotatedFrame("a", truth=annotation),))
    cvat.write(dataset, tmp_path / "a.zip", WriteOptions())
    tree = list_files_of(tmp_path / "a.zip")
    assert tree["label_colors.txt"].read_bytes().splitlines()[2] == b"0 0 0 my_sky"
    values, _ = read_values(tree["gtFine/default/default/a_gtFine_instanceIds.png"])
    assert values.tolist() == [[0, 1, 2005, 2]]
    (frame,) = cvat.read(tree)
    assert (frame.split, frame.city, frame.name) == ("", "", "a")
    assert_same(annotation, frame.annotation())


def test_cityscapes_names_in_any_order_come_back_with_their_ids(tmp_path):
    labels = LabelTable(tuple(CITYSCAPES.find(name) for name in ("car", "road", "sky")))
    annotation = Annotation(np.array([[0, 1, 2]], np.uint8), {1: Segment("road"), 2: Segment("car", 0)})
    cvat.write(FrameDataset(labels, (AnnotatedFrame("a", truth=annotation),)), tmp_path / "a.zip", WriteOptions())
    dataset = cvat.read(list_files_of(tmp_path / "a.zip"))
    assert {label.name: label.id for label in dataset.labels} == {"unlabeled": 0, "car": 26, "road": 7, "sky": 23}
    assert_same(annotation, dataset.frames[0].annotation())


def test_objects_of_labels_above_64_lose_their_number_and_are_counted(tmp_path):
    labels = LabelTable(
        tuple(make_label(f"kind {number}", number, None, number > 0) for number in range(100)), "kind 0"
    )
    annotation = Annotation(np.array([[1, 2]], np.uint8), {1: Segment("kind 64", 535), 2: Segment("kind 65", 3)})
    tally = cvat.write(
        FrameDataset(labels, (AnnotatedFrame("a", truth=annotation),)), tmp_path / "a.zip", WriteOptions()
    )
    assert tally.dropped == {"numbers of objects of labels above 64": 1}
    (frame,) = cvat.read(list_files_of(tmp_path / "a.zip"))
    assert {(label, number) for label, number, _ in masks_of(frame.annotation())} == {
        ("kind_64", 535),
        ("kind_65", None),
    }


def test_the_form_of_an_import_is_read_with_cityscapes_labels(tmp_path):
    members = {
        "gtFine/berlin/image_0_gtFine_instanceIds.png": values_png(0, 7, 26000),
        "gtFine/Train/image_1_gtFine_labelIds.png": encode_mask(np.array([[24]], np.uint8)),
    }
    dataset = cvat.read(list_files_of(make_zip(tmp_path / "import.zip", members)))
    second, first = dataset
    assert (first.split, first.city, first.name) == ("Train", "", "image_1")
    assert (second.split, second.city, second.name) == ("", "berlin", "image_0")
    assert masks_of(first.annotation()).keys() == {("person", None, True)}
    assert masks_of(second.annotation()).keys() == {("road", None, False), ("car", 0, False)}


def test_a_list_without_black_has_a_background_before_it(tmp_path):
    members = {
        "label_colors.txt": "9 9 9 oak\n8 8 8 elm\n",
        "gtFine/train/town/x_gtFine_instanceIds.png": values_png(0, 1, 2003),
    }
    (frame,) = cvat.read(list_files_of(make_zip(tmp_path / "a.zip", members)))
    assert masks_of(frame.annotation()).keys() == {("oak", None, True), ("elm", 3, False)}


def test_a_value_that_is_no_place_in_the_list_is_named(tmp_path):
    members = {"label_colors.txt": "0 0 0 a\n", "gtFine/train/town/x_gtFine_instanceIds.png": values_png(1001)}
    (frame,) = cvat.read(list_files_of(make_zip(tmp_path / "a.zip", members)))
    with pytest.raises(LabelError, match="x_gtFine_instanceIds.png: holds the value 1001"):
        frame.annotation()


@pytest.mark.parametrize("name", ["../gtFine/a/x_gtFine_instanceIds.png", "/gtFine/a/x_gtFine_instanceIds.png"])
def test_a_zip_whose_members_lead_out_of_it_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="leads out of the archive"):
        cvat.read(list_files_of(make_zip(tmp_path / "a.zip", {name: b""})))


def test_a_member_that_unpacks_to_far_more_than_a_picture_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("gtFine/train/a/x_gtFine_instanceIds.png", "w") as member:
            for _ in range(257):
                member.write(bytes(1 << 20))
        archive.writestr("gtFine/train/a/y_gtFine_instanceIds.png", bytes(1000))
    for frame, message in zip(
        cvat.read(list_files_of(tmp_path / "a.zip")), ("unpacks to", "is not a picture"), strict=True
    ):
        with pytest.raises(DataError, match=message):
            frame.annotation()


def test_frames_with_one_place_and_names_that_lead_out_are_refused_and_leave_no_file(difficult, tmp_path):
    frame = difficult.frames[0]
    for frames, message in (((frame, frame), "is there twice"), ((AnnotatedFrame("../../x"),), "leads out")):
        with pytest.raises(DataError, match=message):
            cvat.write(replace(difficult, frames=frames), tmp_path / "a.zip", WriteOptions())
    assert not list(tmp_path.iterdir())


def test_a_folder_without_ground_truth_is_explained(tmp_path):
    (tmp_path / "gtFine").mkdir()
    (tmp_path / "gtFine/readme.txt").touch()
    with pytest.raises(DataError, match="gtFine/<subset>/<city>/<image>_gtFine_instanceIds.png"):
        cvat.read(list_files_of(tmp_path))
    assert not cvat.matches(list_files_of(tmp_path))

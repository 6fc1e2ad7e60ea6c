"""Datasets made from arrays, written in every format and read back; what is lost is stated in `KEPT`."""

import pickle

import numpy as np
import pytest

from common.errors import DataError, LabelError
from common.formats.arrays import ArrayFrame, ArrayMask, from_arrays, make_table
from common.formats.conversion import filter, read, write
from common.formats.frames import AnnotatedFrame, Segment
from common.formats.registry import FORMATS
from common.images.pictures import read_photograph
from common.images.png import encode_image
from common.labels.tables import CITYSCAPES
from tests.support.difficult import assert_same, difficult_pixels, masks_of, segments_of

RNG = np.random.default_rng(0)
FARM = make_table({"nothing": (0, 0, 0), "grass": (0, 160, 0), "sheep": (250, 250, 0)}, counted=["sheep"])


def area(rows, columns):
    """A mask of 20 x 30 pixels."""
    mask = np.zeros((20, 30), bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def photograph():
    return RNG.integers(0, 256, (20, 30, 3), np.uint8)


def farm_frames():
    """Grass with a hole, two sheep, a flock, and sheep 0 partly behind sheep 1."""
    grass = area((5, 20), (0, 30)) & ~area((12, 14), (20, 22))
    sheep = [ArrayMask("sheep", area((6, 10), (3, 8))), ArrayMask("sheep", area((8, 12), (6, 14)))]
    masks = [ArrayMask("grass", grass), *sheep, ArrayMask("sheep", area((15, 18), (20, 28)), is_crowd=True)]
    yield ArrayFrame("field_1", photograph(), masks, "train")
    yield ArrayFrame("field_2", photograph(), masks[:2], "val")


def everything(masks):
    return masks


def objects_and_groups(masks):
    return {key: mask for key, mask in masks.items() if key[0] == "sheep"}


def objects(masks):
    return {key: mask for key, mask in masks.items() if key[1] is not None}


def labels(masks):
    """All sheep are one group."""
    merged = {}
    for (label, _, _), mask in masks.items():
        key = label, None, label == "sheep"
        merged[key] = merged.get(key, False) | mask
    return merged


KEPT = {
    "cityscapes": everything,
    "cvat": everything,
    "voc": everything,
    "coco-panoptic": everything,
    "coco": objects_and_groups,
    "yolo": objects,
    "camvid": labels,
    "folders": labels,
    "labelme": everything,
    "cvat-images": everything,
    "label-studio": everything,
}


def target_of(folder, name):
    return folder / f"made{FORMATS[name].FILE_ENDING}"


@pytest.mark.parametrize("name", FORMATS)
def test_a_dataset_of_arrays_is_equal_when_read_back(name, tmp_path):
    dataset = from_arrays(list(farm_frames()), FARM)
    write(dataset, target_of(tmp_path, name), name, workers=2)
    found = {frame.name: frame for frame in read(target_of(tmp_path, name))}
    assert found.keys() == {"field_1", "field_2"}
    for frame in dataset:
        back = found[frame.name]
        assert (back.split, back.city) == (frame.split, frame.city)
        np.testing.assert_array_equal(read_photograph(back.image), read_photograph(frame.image))
        expected, masks = KEPT[name](masks_of(frame.annotation())), masks_of(back.annotation())
        assert masks.keys() == expected.keys()
        for key, mask in expected.items():
            np.testing.assert_array_equal(masks[key], mask, err_msg=f"{key}")


@pytest.mark.parametrize("name", FORMATS)
def test_frames_of_a_generator_give_the_same_files_as_a_list(name, tmp_path):
    frames = list(farm_frames())
    taken = []
    for folder, given in (("list", frames), ("generator", (taken.append(frame.name) or frame for frame in frames))):
        (tmp_path / folder).mkdir()
        dataset = from_arrays(given, FARM)
        assert taken == []  # nothing is taken before it is written
        write(dataset, target_of(tmp_path / folder, name), name)
    first, second = (read(target_of(tmp_path / folder, name)) for folder in ("list", "generator"))
    for one, other in zip(first, second, strict=True):
        assert one.name == other.name
        assert_same(one.annotation(), other.annotation())
        assert one.image.read_bytes() == other.image.read_bytes()


def test_later_masks_cover_earlier_ones_and_objects_without_a_number_get_the_free_ones():
    # Row 0: person 0; row 1: person 1 over person 0; row 2: the hole that the background cuts.
    masks = [np.zeros((3, 2), bool) for _ in range(3)]
    masks[0][:], masks[1][1], masks[2][2] = True, True, True
    names = ["person", "person", "unlabeled"]
    given = [ArrayMask(name, mask, number) for name, mask, number in zip(names, masks, [None, 0, None], strict=True)]
    (frame,) = from_arrays([ArrayFrame("a", masks=given)], CITYSCAPES)
    found = frame.annotation()
    assert found.instance_ids(CITYSCAPES).tolist() == [[24001, 24001], [24000, 24000], [0, 0]]
    assert set(found.segments.values()) == {Segment("person", 1), Segment("person", 0)}


def test_what_a_difficult_frame_shows_can_be_given_as_arrays(tmp_path):
    pixels = difficult_pixels()
    segments = segments_of(pixels)
    masks = [ArrayMask(one.label, pixels == key, one.number, one.is_crowd) for key, one in segments.items()]
    dataset = from_arrays([ArrayFrame("ulm_000000_000019", None, masks, "val")], CITYSCAPES)
    write(dataset, tmp_path / "tree", "cityscapes")
    (frame,) = read(tmp_path / "tree")
    assert frame.city == "ulm"
    np.testing.assert_array_equal(frame.annotation().instance_ids(CITYSCAPES), pixels)


def test_a_photograph_may_be_a_file_and_keeps_its_bytes_also_from_another_folder(tmp_path, monkeypatch):
    data = encode_image(photograph())
    (tmp_path / "photo.png").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    dataset = from_arrays([ArrayFrame("field", "photo.png", [], "val")], FARM)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    write(dataset, "out", "voc")
    assert (tmp_path / "other/out/JPEGImages/field.png").read_bytes() == data
    (frame,) = read("out")
    assert (frame.annotation().size_wh, frame.annotation().segments) == ((30, 20), {})


def test_images_of_arrays_are_written_as_files_where_links_are_wanted_and_in_any_kind(tmp_path):
    dataset = from_arrays(list(farm_frames()), FARM)
    write(dataset, tmp_path / "linked", "camvid", images="link")
    assert (tmp_path / "linked/train/field_1.png").read_bytes() == dataset.frames[0].image.read_bytes()
    write(dataset, tmp_path / "jpeg", "camvid", image_ext="jpg")
    assert (tmp_path / "jpeg/train/field_1.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_frame_without_masks_has_no_ground_truth():
    (frame,) = from_arrays([ArrayFrame("field", photograph())], FARM)
    assert frame.annotation() is None


def test_a_generator_that_was_taken_is_an_error_and_not_an_empty_dataset(tmp_path):
    dataset = from_arrays(farm_frames(), FARM)
    chosen = filter(dataset, splits=("val",))
    assert write(chosen, tmp_path / "first", "voc").written["frames"] == 1
    for taken in (dataset, chosen):
        with pytest.raises(DataError, match="come from a generator, and were taken already"):
            write(taken, tmp_path / "second", "voc")
    assert not (tmp_path / "second").exists()


def test_what_can_be_iterated_again_can_be_written_again():
    class Frames:
        def __iter__(self):
            return farm_frames()

    dataset = from_arrays(Frames(), FARM)
    assert len(list(dataset)) == len(list(dataset)) == 2


def test_frames_of_arrays_can_be_sent_to_a_worker():
    (frame, _) = from_arrays(list(farm_frames()), FARM)
    again = pickle.loads(pickle.dumps(frame))
    assert isinstance(again, AnnotatedFrame)
    assert again.image.read_bytes() == frame.image.read_bytes()
    assert_same(again.annotation(), frame.annotation())


GRASS, WRONG = ArrayMask("grass", area((0, 2), (0, 2))), np.zeros((20, 30), np.float32)


@pytest.mark.parametrize(
    ("masks", "error", "message"),
    [
        ([ArrayMask("cow", WRONG)], LabelError, "'field': has the label 'cow', which is not one of nothing, grass"),
        ([ArrayMask("grass", WRONG)], DataError, "mask 0, grass: is an array of type float32 and shape"),
        ([ArrayMask("grass", np.zeros((30, 20), bool))], DataError, r"mask 0, grass, has 20 x 30 pixels; expected 30"),
        ([ArrayMask("grass", GRASS.mask, 3)], LabelError, "has a number or is_crowd for 'grass', which is not counted"),
        ([ArrayMask("grass", GRASS.mask, None, True)], LabelError, "'grass', which is not counted"),
        ([ArrayMask("sheep", GRASS.mask, 3, True)], DataError, "sheep has the number 3; expected .* None for a crowd"),
        ([ArrayMask("sheep", GRASS.mask, -1)], DataError, "sheep has the number -1"),
        ([ArrayMask("sheep", GRASS.mask, 3)] * 2, DataError, "two objects of one label have one number"),
    ],
)
def test_masks_that_cannot_be_meant_are_refused_with_the_frame(masks, error, message):
    with pytest.raises(error, match=message):
        from_arrays([ArrayFrame("field", photograph(), masks)], FARM)


def test_a_frame_must_have_a_size_and_be_a_frame():
    with pytest.raises(DataError, match="'field': has no image and no mask"):
        from_arrays([ArrayFrame("field", masks=[])], FARM)
    with pytest.raises(DataError, match="expected frames of the type ArrayFrame, found tuple"):
        from_arrays([("field", photograph())], FARM)


def test_a_table_of_colours_has_the_ids_and_the_background_of_a_label_file():
    road, car = (128, 64, 128), (0, 0, 142)
    table = make_table({"road": road, "duck": (1, 2, 3)}, counted=["duck"])
    found = [(label.name, label.id, label.has_instances) for label in table]
    assert found == [("background", 0, False), ("road", 1, False), ("duck", 2, True)]
    table = make_table({"road": road, "duck": np.array([1, 2, 3])}, background="duck")
    assert [(label.name, label.id) for label in table] == [("road", 0), ("duck", 1)]
    assert table.background_id == 1
    table = make_table({"car": car, "road": road}, counted=["car"])  # Cityscapes' names have Cityscapes' ids
    assert [(label.name, label.id, label.has_instances) for label in table] == [("car", 26, True), ("road", 7, False)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"road": (128, 64)},), r"'road' has the colour \(128, 64\); expected red, green, blue from 0 to 255"),
        (({"road": (0.5, 0.2, 0.1)},), "'road' has the colour"),
        (({"road": (0, 0, 256)},), "'road' has the colour"),
        (({"duck": (0, 0, 1)}, ["goose"]), "'goose' cannot be counted"),
        (({"duck": (0, 0, 0)}, ["duck"]), "'duck' cannot be counted: it is the background"),
        (({"duck": (0, 0, 1)}, [], "water"), "the background is called 'water', but no label has that name"),
        (({"big duck": (0, 0, 1), "big_duck": (0, 0, 2)},), "'big duck' is in the table twice"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(LabelError, match=message):
        make_table(*arguments)

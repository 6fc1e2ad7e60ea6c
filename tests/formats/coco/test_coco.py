import json
import pickle
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from common.dataset.original.layouts import find_frames
from common.demo import DemoSettings, draw_demo_dataset
from common.errors import ConfigError, DataError, ProjectError
from common.files.listing import list_files_of
from common.files.sources import Source
from common.formats.coco import index as coco_index
from common.formats.coco import instances as coco
from common.formats.coco import json_items as coco_json
from common.formats.coco import panoptic as coco_panoptic
from common.formats.coco import run_lengths as coco_run_lengths
from common.formats.coco.writing import write_splits
from common.formats.format import Tally, WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.png import read_instance_mask
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import assert_same, segments_of
from tests.support.floats import write_with_decimal_points
from tests.support.oracles import ask_oracle

EVALUATED = ["person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"]
FINE = "annotations/instancesonly_filtered_gtFine_{}.json"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Three drawn frames of 512x256 pixels."""
    folder = tmp_path_factory.mktemp("drawn")
    draw_demo_dataset(folder, DemoSettings(train=2, val=1, size_wh=(512, 256), seed=3), workers=1)
    frames = []
    for frame in find_frames(folder):
        pixels = read_instance_mask(frame.files["instanceIds"])
        truth = Annotation(pixels, segments_of(pixels))
        frames.append(AnnotatedFrame(frame.name, frame.split, frame.city, frame.image, truth))
    return FrameDataset(CITYSCAPES, tuple(frames))


@pytest.fixture(scope="module")
def written(tmp_path_factory, difficult):
    """The difficult frames as COCO: `(folder, tally)`."""
    folder = tmp_path_factory.mktemp("coco")
    return folder, coco.write(difficult, folder, WriteOptions())


def objects_of(annotation):
    """What COCO can hold of an annotation: visible segments of the evaluated counted labels."""
    kept = {key: segment for key, segment in annotation.segments.items() if segment.label in EVALUATED}
    return Annotation(annotation.pixels, kept)


def quiet_coco(path, capsys):
    result = COCO(str(path))
    capsys.readouterr()
    return result


@pytest.mark.parametrize("rle", [False, True])
@pytest.mark.parametrize("which", ["demo", "difficult"])
def test_pycocotools_decodes_exactly_the_pixels_of_every_object(which, rle, tmp_path, request, capsys):
    dataset = request.getfixturevalue(which)
    coco.write(dataset, tmp_path, WriteOptions(rle=rle, images="none"))
    for split in {frame.split for frame in dataset if frame.truth}:
        found = quiet_coco(tmp_path / FINE.format(split), capsys)
        frames = [frame for frame in dataset if frame.split == split and frame.truth]
        assert sorted(found.imgs) == list(range(1, len(frames) + 1))
        for image_id, frame in enumerate(frames, 1):
            annotation = objects_of(frame.annotation())
            present = [key for key in annotation.segments if (annotation.pixels == key).any()]
            entries = found.imgToAnns[image_id]
            assert len(entries) == len(present)
            for key, entry in zip(present, entries, strict=True):
                mask = annotation.pixels == key
                np.testing.assert_array_equal(found.annToMask(entry), mask)
                packed = coco_mask.encode(np.asfortranarray(mask, np.uint8))
                assert entry["area"] == coco_mask.area(packed)
                assert entry["bbox"] == coco_mask.toBbox(packed).tolist()
                assert entry["iscrowd"] == annotation.segments[key].is_crowd
                assert found.cats[entry["category_id"]]["name"] == annotation.segments[key].label
                assert isinstance(entry["segmentation"], dict) or not rle


@pytest.mark.parametrize("rle", [False, True])
def test_a_perfect_prediction_scores_one(demo, tmp_path, capsys, rle):
    coco.write(demo, tmp_path, WriteOptions(rle=rle, images="none"))
    truth = quiet_coco(tmp_path / FINE.format("train"), capsys)
    answers = [
        {"image_id": entry["image_id"], "category_id": entry["category_id"], "score": 1.0}
        | {"segmentation": truth.annToRLE(entry)}
        for entry in truth.anns.values()
        if not entry["iscrowd"]
    ]
    evaluation = COCOeval(truth, truth.loadRes(answers), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    capsys.readouterr()
    assert evaluation.stats[0] == 1.0


def test_what_was_written_is_read_back_with_name_split_city_and_photograph(written, difficult):
    dataset = coco.read(list_files_of(written[0]))
    expected = [frame for frame in difficult if frame.truth]
    assert [(f.name, f.split, f.city) for f in dataset] == [(f.name, f.split, f.city) for f in expected]
    assert dataset.labels is CITYSCAPES
    for before, after in zip(expected, dataset, strict=True):
        assert_same(objects_of(before.annotation()), after.annotation(), numbers=False)
        assert (after.image is None) == (before.image is None)
        if after.image:
            assert after.image.read_bytes() == before.image.read_bytes()
    assert any("1 of 3 images are not there" in note for note in dataset.notes)


def test_a_zip_is_read_like_the_folder(written, tmp_path):
    path = tmp_path / "coco.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(written[0].rglob("*.*")):
            archive.write(file, f"set/{file.relative_to(written[0])}")
    for first, second in zip(coco.read(list_files_of(written[0])), coco.read(list_files_of(path)), strict=True):
        assert (first.name, first.split, first.city) == (second.name, second.split, second.city)
        assert_same(first.annotation(), second.annotation())
        assert (first.image is None) == (second.image is None)


def test_what_coco_cannot_hold_is_counted(written):
    tally = written[1]
    # Two frames twice: road, sky, border and traffic light are no objects; person 1 of two frames has no pixel.
    assert tally.dropped["segments of labels that are not written"] == 4 * 4
    assert tally.dropped["objects without a visible pixel"] == 2
    assert tally.written == {"frames": 5, "images": 4, "objects": 4 * 4, "groups": 4}
    assert tally.skipped == {"frames without ground truth": 1}


def test_category_ids_are_label_ids_in_every_split(written):
    for split in ("train", "val"):
        content = json.loads((written[0] / FINE.format(split)).read_text())
        expected = [(CITYSCAPES.find(name).id, name) for name in EVALUATED]
        assert [(entry["id"], entry["name"]) for entry in content["categories"]] == expected
        ids = [entry["id"] for entry in content["annotations"]]
        assert ids == list(range(1, len(ids) + 1))


def test_file_names_are_those_of_files_below_the_image_folder(written):
    for split in ("train", "val"):
        names = [e["file_name"] for e in json.loads((written[0] / FINE.format(split)).read_text())["images"]]
        there = [name for name in names if (written[0] / "images" / split / name).is_file()]
        assert set(names) - set(there) <= {"aachen/aachen_000001_000000_leftImg8bit.png"}


def test_holes_make_run_lengths_and_everything_else_polygons(written):
    content = json.loads((written[0] / FINE.format("train")).read_text())
    kinds = {(e["category_id"], e["iscrowd"]): type(e["segmentation"]) for e in content["annotations"]}
    assert kinds == {(26, 0): list, (24, 0): dict, (26, 1): dict}


def test_workers_write_the_same_bytes(demo, tmp_path):
    for workers in (1, 2):
        coco.write(demo, tmp_path / str(workers), WriteOptions(workers=workers))
    for file in (path for path in (tmp_path / "1").rglob("*") if path.is_file()):
        assert (tmp_path / "2" / file.relative_to(tmp_path / "1")).read_bytes() == file.read_bytes()


def test_classes_are_chosen_by_name_and_an_unknown_one_is_refused(difficult, tmp_path):
    tally = coco.write(difficult, tmp_path, WriteOptions(classes=("road", "person"), images="none"))
    assert (tally.written["areas"], tally.written["objects"]) == (4, 4)
    with pytest.raises(ConfigError, match="no class 'cow'.*person, rider"):
        coco.write(difficult, tmp_path, WriteOptions(classes=("cow",)))


def test_a_foreign_table_with_id_0_keeps_its_order_and_moves_up_by_one(tmp_path):
    table = LabelTable((make_label("cow", 0, has_instances=True), make_label("sheep", 1, has_instances=True)))
    pixels = np.zeros((4, 4), np.uint16)
    pixels[:2], pixels[3] = 7, 9
    truth = Annotation(pixels, {7: Segment("cow", 0), 9: Segment("sheep", 0)})
    coco.write(FrameDataset(table, [AnnotatedFrame("a", truth=truth)]), tmp_path, WriteOptions())
    content = json.loads((tmp_path / FINE.format("default")).read_text())
    assert [(entry["id"], entry["name"]) for entry in content["categories"]] == [(1, "cow"), (2, "sheep")]
    (frame,) = coco.read(list_files_of(tmp_path))
    assert (frame.name, frame.split, frame.city) == ("a", "", "")
    assert_same(truth, frame.annotation())


def test_two_frames_of_one_name_are_refused(tmp_path):
    frame = AnnotatedFrame("a", truth=Annotation(np.zeros((2, 2), np.uint16), {}))
    with pytest.raises(DataError, match="two frames of no split have the name a;"):
        coco.write(FrameDataset(CITYSCAPES, [frame, frame]), tmp_path, WriteOptions())
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("json_name", "message"),
    [("all.json", "json_name = 'all.json'.*{split}"), ("", "json_name = ''"), ("a/{split}", "json_name: 'a/default")],
)
@pytest.mark.parametrize("module", [coco, coco_panoptic])
def test_a_json_name_that_cannot_be_is_refused_before_a_frame_is_read(module, json_name, message, tmp_path):
    truth = Unreadable()
    frames = (AnnotatedFrame("a", "train", truth=truth), AnnotatedFrame("b", "val", truth=truth))
    with pytest.raises(ConfigError, match=message):
        module.write(FrameDataset(CITYSCAPES, frames), tmp_path, WriteOptions(json_name=json_name, images="none"))


class Unreadable:
    def load(self):
        raise DataError("was read")


def test_an_error_between_frames_of_several_workers_says_nothing_else(demo, tmp_path, recwarn):
    frames = [replace(demo.frames[0], city=city) for city in ("a", "b", "a/b", "c")]
    (tmp_path / "annotations").write_text("a file where a folder belongs")
    with pytest.raises(DataError, match="annotations.*cannot be written"):
        coco.write(FrameDataset(CITYSCAPES, frames), tmp_path, WriteOptions(workers=2))
    assert not [warning for warning in recwarn if "joblib" in str(warning.filename)]


def test_frames_are_closed_before_an_error_is_raised_and_not_when_garbage_is_collected(tmp_path):
    closed = []

    def frames():
        try:
            yield "val", {"file_name": "a.png"}, (), Tally()
            yield "val", {"file_name": "a.png"}, (), Tally()
        finally:
            closed.append(True)

    results = frames()
    with pytest.raises(DataError, match="a.png"):
        write_splits(results, tmp_path, "{split}", [])
    assert closed


# Reading what others write.

CATEGORIES = [{"id": 5, "name": "cow"}, {"id": 2, "name": "dog"}]
IMAGES = [{"id": 7, "width": 6, "height": 4, "file_name": "a.jpg"}]
SQUARE = [[1, 1, 3, 1, 3, 3, 1, 3]]


def annotation(**changes):
    return {"id": 1, "image_id": 7, "category_id": 5, "segmentation": SQUARE, "iscrowd": 0} | changes


def put(folder, annotations=(), images=IMAGES, categories=CATEGORIES, name="annotations/instances_val.json"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"images": images, "annotations": list(annotations), "categories": categories}
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
    return folder


def load_all(folder):
    dataset = coco.read(list_files_of(folder))
    return dataset, [frame.annotation() for frame in dataset]


def test_the_same_square_is_read_from_polygons_run_lengths_and_compressed_ones(tmp_path):
    square = np.zeros((4, 6), bool)
    square[1:3, 1:3] = True
    # Column by column: 5 outside, 2 inside, 2 outside, 2 inside, 13 outside.
    counts = {"size": [4, 6], "counts": [5, 2, 2, 2, 13]}
    packed = coco_mask.encode(np.asfortranarray(square, np.uint8))
    text = {"size": [4, 6], "counts": packed["counts"].decode()}
    for number, segmentation in enumerate((SQUARE, counts, text)):
        _, (found,) = load_all(put(tmp_path / str(number), [annotation(segmentation=segmentation)]))
        assert found.segments == {1: Segment("cow", 0)}
        np.testing.assert_array_equal(found.pixels == 1, square)


def test_compressed_run_lengths_of_any_mask_are_read_as_pycocotools_reads_them(tmp_path):
    rng = np.random.default_rng(3)
    images, annotations, masks = [], [], []
    for number in range(40):
        height, width = (int(side) for side in rng.integers(1, 90, 2))
        masks.append(rng.random((height, width)) < rng.random() ** 3)
        text = coco_mask.encode(np.asfortranarray(masks[-1], np.uint8))["counts"].decode()
        images.append({"id": f"i{number}", "width": width, "height": height, "file_name": f"{number}.png"})
        segmentation = {"size": [height, width], "counts": text}
        annotations.append(annotation(id=number, image_id=f"i{number}", segmentation=segmentation))
    _, found = load_all(put(tmp_path, annotations[::-1], images))
    for mask, result in zip(masks, found, strict=True):
        np.testing.assert_array_equal(result.pixels != 0, mask)


def test_later_objects_are_painted_over_earlier_ones_and_hidden_ones_are_counted(tmp_path):
    small = annotation(id=2, category_id=2, segmentation=[[1, 1, 2, 1, 2, 2, 1, 2]])
    _, (found,) = load_all(put(tmp_path, [annotation(), small, annotation(id=3), annotation(id=4, segmentation=[])]))
    assert found.segments == {3: Segment("cow", 1)}
    assert found.dropped == {"objects without a visible pixel": 3}


def test_the_annotations_of_an_image_may_stand_anywhere_and_images_may_be_missing(tmp_path):
    images = [*IMAGES, {"id": 8, "width": 2, "height": 2, "file_name": "sub/b.png"}]
    apart = [annotation(), annotation(id=2, image_id=8, segmentation=[[0, 0, 2, 0, 2, 2]]), annotation(id=3)]
    path = put(tmp_path, apart, images)
    dataset, found = load_all(path)
    assert [(frame.name, frame.split, frame.city) for frame in dataset] == [("a", "val", ""), ("b", "val", "sub")]
    assert [len(item.segments) for item in found] == [1, 1]
    assert dataset.notes == ("annotations/instances_val.json: 2 of 2 images are not there, for example a",)


def test_labels_of_foreign_categories_keep_their_ids_over_a_background(tmp_path):
    table = coco.read(list_files_of(put(tmp_path))).labels
    assert [(label.id, label.name, label.has_instances) for label in table] == [
        (0, "background", False),
        (5, "cow", True),
        (2, "dog", True),
    ]
    assert table.background == "background"


def test_frames_can_be_loaded_elsewhere_and_the_temporary_file_goes_with_the_last(tmp_path):
    (frame,) = coco.read(list_files_of(put(tmp_path, [annotation()])))
    packed, spool = pickle.dumps(frame), frame.truth.spool.path
    assert_same(frame.annotation(), pickle.loads(packed).annotation())
    del frame
    assert not spool.exists()
    with pytest.raises(DataError, match="read it again"):
        pickle.loads(packed).annotation()


NAN = float("nan")
WRONG = {
    "has no images": {"images": None},
    "has no categories": {"categories": None},
    "no category with the id 9": {"annotations": [annotation(category_id=9)]},
    "no image with the id 8": {"annotations": [annotation(image_id=8)]},
    "the id 1 is there twice": {"annotations": [annotation(), annotation()]},
    "the id 7 is there already": {"images": IMAGES + [IMAGES[0] | {"file_name": "b.jpg"}]},
    "stand for one frame": {"images": IMAGES + [IMAGES[0] | {"id": 8}]},
    "the id 5 or the name": {"categories": [*CATEGORIES, {"id": 5, "name": "cat"}]},
    "width is 'None'": {"images": [{"id": 7, "height": 4, "file_name": "a.jpg"}]},
    "at most": {"images": [IMAGES[0] | {"width": 10**6, "height": 10**6}]},
    "do not trust this file": {"images": [IMAGES[0] | {"file_name": "a/../.."}]},
    "cannot be the name of a picture": {"images": [IMAGES[0] | {"file_name": "ab:c.jpg"}]},
    "7 numbers": {"annotations": [annotation(segmentation=[[1, 1, 2, 2, 3, 3, 4]])]},
    "valid JSON after byte": {"annotations": [annotation(segmentation=[[1, NAN, 2, 2, 3, 3]])]},
    "not a number": {"annotations": [annotation(segmentation=[[1, "2", 2, 2, 3, 3]])]},
    "far outside": {"annotations": [annotation(segmentation=[[1, 1, 1e12, 2, 3, 3]])]},
    "outline is longer": {"annotations": [annotation(segmentation=[[1, 1, 1e7, 2, 3, 3]])]},
    "for 6 x 4 pixels": {"annotations": [annotation(segmentation={"size": [6, 4], "counts": [24]})]},
    "23 pixels together": {"annotations": [annotation(segmentation={"size": [4, 6], "counts": [20, 3]})]},
    "a run of -1": {"annotations": [annotation(segmentation={"size": [4, 6], "counts": [20, -1, 5]})]},
    "a run of 9,000": {"annotations": [annotation(segmentation={"size": [4, 6], "counts": [9 * 10**18, 10**18]})]},
    "compressed run lengths are damaged": {"annotations": [annotation(segmentation={"size": [4, 6], "counts": "z~"})]},
    "polygons or run lengths": {"annotations": [annotation(segmentation="x")]},
    "iscrowd is '2'": {"annotations": [annotation(iscrowd=2)]},
    "annotations, item 0: is not": {"annotations": [3]},
    "categories is not": {"categories": {"a": 1}},
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_file_is_refused_by_name(message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        load_all(put(tmp_path, **WRONG[message]))
    assert "instances_val.json" in str(caught.value)


@pytest.mark.parametrize(
    "bad", [b'{"images": [', b"", b'{"images": []} x', b"[]", b'{"a": "' + b"x" * 100, b'{"a": "\xff"}']
)
def test_broken_json_is_refused_by_name_and_place(bad, tmp_path):
    put(tmp_path)
    (tmp_path / "annotations" / "instances_val.json").write_bytes(bad)
    with pytest.raises(
        DataError, match="instances_val.json: is (not valid JSON after byte [0-9]+: |empty|an empty list)"
    ):
        coco.read(list_files_of(tmp_path))


def test_a_json_file_that_is_not_read_is_named(tmp_path):
    put(put(tmp_path, [annotation()]), name="annotations/train.json")
    (tmp_path / "annotations/answers.json").write_text('[{"image_id": 7, "score": 1}]')
    left_out = [note for note in coco.read(list_files_of(tmp_path)).notes if "was left out" in note]
    assert [note.split(" was left out: ")[0] for note in left_out] == [
        "annotations/answers.json",
        "annotations/train.json",
    ]


def test_an_empty_file_beside_others_that_is_called_instances_is_not_passed_over(tmp_path):
    put(tmp_path, [annotation()])
    (tmp_path / "annotations/instances_train.json").touch()
    with pytest.raises(DataError, match="instances_train.json: is empty"):
        coco.read(list_files_of(tmp_path))


def test_more_images_than_any_dataset_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(coco_index, "LARGEST_IMAGES", 3)
    images = [IMAGES[0] | {"id": number, "file_name": f"{number}.png"} for number in range(4)]
    with pytest.raises(DataError, match="instances_val.json: has more than 3 images"):
        coco.read(list_files_of(put(tmp_path, images=images)))
    assert len(coco.read(list_files_of(put(tmp_path, images=images[:3]))).frames) == 3


def test_a_frame_in_two_files_is_refused(tmp_path):
    put(tmp_path)
    shutil.copy(tmp_path / "annotations/instances_val.json", tmp_path / "annotations/instances_val.coco.json")
    with pytest.raises(DataError, match="is in two JSON files"):
        coco.read(list_files_of(tmp_path))


@pytest.mark.parametrize("seed", range(2))
def test_damaged_files_are_refused_or_read_but_never_crash(seed, written, tmp_path):
    source = (written[0] / FINE.format("train")).read_bytes()
    rng = np.random.default_rng(seed)
    path = tmp_path / "annotations" / "instances_train.json"
    path.parent.mkdir()
    for _ in range(60):
        data = bytearray(source)
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(32, 127)
        path.write_bytes(data)
        try:
            load_all(tmp_path)
        except ProjectError as error:
            assert str(tmp_path) in str(error)


def test_what_is_read_and_written_again_by_workers_is_the_same_file(written, tmp_path):
    coco.write(coco.read(list_files_of(written[0])), tmp_path, WriteOptions(workers=2))
    for split in ("train", "val"):
        assert (tmp_path / FINE.format(split)).read_bytes() == (written[0] / FINE.format(split)).read_bytes()


def test_an_item_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(coco_json, "LARGEST_ITEM_VALUES", 1000)
    endless = annotation(segmentation=[[1, 2] * 1000])
    with pytest.raises(DataError, match="annotations, item 1: has more than 1,000 values"):
        coco.read(list_files_of(put(tmp_path, [annotation(), endless | {"id": 2}])))
    deep = annotation(segmentation=json.loads("[" * 40 + "]" * 40))
    with pytest.raises(DataError, match="more than 16 deep"):
        coco.read(list_files_of(put(tmp_path, [deep])))


def test_a_file_is_opened_piece_by_piece_up_to_a_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1000)
    with Source(tmp_path / "a").open() as file:
        assert (file.read(400), file.read(4000), file.read(1)) == (b"x" * 400, b"x" * 600, b"")
    with pytest.raises(DataError, match="a: has 1,000 bytes, .* 999"), Source(tmp_path / "a").open(999):
        pass
    with pytest.raises(DataError, match="b: cannot be read"), Source(tmp_path / "b").open():
        pass


def test_a_damaged_zip_member_is_refused_by_name(written, tmp_path):
    path = tmp_path / "coco.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(written[0] / FINE.format("train"), FINE.format("train"))
    data = bytearray(path.read_bytes())
    data[data.find(b'"area":') + 7] ^= 1  # a digit becomes another one: only the checksum tells
    path.write_bytes(data)
    with pytest.raises(DataError, match="coco.zip: annotations/.*cannot be read: Bad CRC"):
        coco.read(list_files_of(path))


# Other software.

_DATUMARO = """
import json, sys
from datumaro.components.dataset import Dataset
dataset = Dataset.import_from(sys.argv[1], "coco_instances")
names = [label.name for label in dataset.categories()[list(dataset.categories())[0]]]
found = {}
for item in dataset:
    objects = {}
    for a in item.annotations:  # the parts of an object are polygons of one group
        if a.type.name == "bbox":  # it adds a box to each
            continue
        entry = objects.setdefault(a.group, [names[a.label], 0, bool(a.attributes.get("is_crowd"))])
        entry[1] += int(a.get_area())
    found[f"{item.subset}/{item.id}"] = sorted(objects.values())
dataset.export(sys.argv[2], "coco_instances", save_media=True)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def datumaro(tmp_path_factory, demo):
    """What Datumaro reads of the drawn frames, and what it writes."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs") / "coco"
    coco.write(demo, ours, WriteOptions(json_name="instances_{split}.json"))
    return ask_oracle(_DATUMARO, ours, theirs), theirs


def test_datumaro_reads_every_object_and_group(datumaro, demo):
    found, _ = datumaro
    for frame in demo:
        truth = frame.annotation()
        expected = sorted(
            [segment.label, int((truth.pixels == key).sum()), segment.is_crowd]
            for key, segment in objects_of(truth).segments.items()
        )
        assert found[f"{frame.split}/{frame.city}/{frame.name}_leftImg8bit"] == expected


def test_what_datumaro_writes_is_read(datumaro, demo):
    dataset = coco.read(list_files_of(datumaro[1]))
    assert dataset.labels is CITYSCAPES
    by_name = {frame.name: frame for frame in dataset}
    for frame in demo:
        found = by_name[frame.name]
        assert (found.split, found.city) == (frame.split, frame.city)
        assert found.image is not None
        assert_same(objects_of(frame.annotation()), found.annotation(), numbers=False)


@pytest.mark.parametrize("rle", [False, True], ids=["polygons", "run lengths"])
def test_whole_numbers_with_a_decimal_point_are_read_like_others(rle, difficult, tmp_path):
    tally = coco.write(difficult, tmp_path / "a", WriteOptions(rle=rle, images="none"))
    assert tally.written["frames"]
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in (tmp_path / "b").rglob("*.json"):
        content = json.loads(path.read_text())
        for item in content["annotations"]:
            if rle:  # as lists of numbers, which pycocotools knows as uncompressed
                counts = coco_run_lengths.text_to_counts("", item["segmentation"]["counts"].encode())
                item["segmentation"]["counts"] = counts.tolist()
        path.write_text(json.dumps(content))
        write_with_decimal_points(path)
    for ours, theirs in zip(*(coco.read(list_files_of(tmp_path / name)) for name in "ab"), strict=True):
        assert_same(ours.annotation(), theirs.annotation())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("width", 64.5, "width is '64.5'; expected a number of pixels"),
        ("width", "64", "width is '64'; expected a number of pixels"),
        ("id", 1.5, "id is '1.5'; expected a whole number or a text"),
    ],
)
def test_a_number_with_a_fraction_is_refused_with_its_place(key, value, message, tmp_path):
    image = {"id": 1, "width": 64, "height": 48, "file_name": "a.png", key: value}
    path = tmp_path / "annotations" / "instances_val.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"images": [image], "annotations": [], "categories": [{"id": 1, "name": "car"}]}))
    with pytest.raises(DataError, match=rf"instances_val\.json: images, item 0: {message}"):
        coco.read(list_files_of(tmp_path))

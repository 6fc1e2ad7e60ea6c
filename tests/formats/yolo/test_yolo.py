from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from common.errors import ConfigError, DataError, LabelError
from common.files.listing import list_files_of
from common.formats import yolo
from common.formats.conversion import read
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, BoxedObject, FrameDataset, Segment
from common.formats.yolo.data_yaml import data_yaml_text, read_data_yaml
from common.formats.yolo.lines import fill_polygon, join_outlines
from common.images.outlines import trace_outlines
from common.images.png import encode_image
from common.images.runs import find_regions, find_runs
from common.labels.tables import LabelTable, make_label
from tests.support.difficult import assert_same, masks_of
from tests.support.oracles import ask_oracle

SUPERVISION_READS = """
import json, sys
import supervision
result = {}
for split in sys.argv[2:]:
    root = sys.argv[1]
    dataset = supervision.DetectionDataset.from_yolo(
        f"{root}/images/{split}", f"{root}/labels/{split}", f"{root}/data.yaml", force_masks=True
    )
    for path, _, found in dataset:
        masks = [] if found.mask is None else [[int(y) * 48 + int(x) for y, x in zip(*m.nonzero())] for m in found.mask]
        objects = [[dataset.classes[c], b.tolist(), m] for c, b, m in zip(found.class_id, found.xyxy, masks)]
        result[path.rsplit("/images/", 1)[1]] = objects
print(json.dumps(result))
"""
WAYS_TO_WRITE_AN_INDEX = [
    (
        "names: ['traffic light', \"old, \\u00f6\", plain one] # c\ntrain: images",
        ["traffic light", "old, ö", "plain one"],
    ),
    ("train: ../images\nnc: 2\nnames:\n- car # 1\n- 'it''s #2'\n", ["car", "it's #2"]),
    ('train: ./images\nnames:\n  0: car\n  1: "a: b"\ndownload: |\n  rm -rf /\n  x: y\n', ["car", "a: b"]),
    (
        "train:\n  - images\n  - nowhere\nnames: {0: car,\n  1: don't}\nroboflow:\n  url: http://x.y/z\n",
        ["car", "don't"],
    ),
    ("path: ../datasets/coco\ntrain: /images/\nnames: [\n  car,\n  person,\n]\n", ["car", "person"]),
    ("\ufeff---\r\ntrain: images\r\nnames: [car]\r\n", ["car"]),
]
SQUARE = "0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75"


@pytest.fixture(scope="module")
def written(difficult, tmp_path_factory):
    folder = tmp_path_factory.mktemp("yolo")
    return folder, yolo.write(difficult, folder, WriteOptions())


def make(folder, labels, index="train: images\nnames: [car, person]\n", image="images/a.png"):
    """A dataset of one image of 8 x 4 pixels."""
    for name, data in (
        (image, encode_image(np.zeros((4, 8, 3), np.uint8))),
        ("labels/a.txt", labels.encode()),
        ("data.yaml", index.encode()),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return list_files_of(folder)


def counted(annotation):
    """An annotation without stuff, groups and objects that have no pixel."""
    there = set(np.unique(annotation.pixels).tolist())
    kept = {key: seg for key, seg in annotation.segments.items() if seg.number is not None and key in there}
    return Annotation(annotation.pixels, kept)


def test_objects_come_back_with_the_same_pixels_names_places_and_images(difficult, written):
    tree = list_files_of(written[0])
    assert yolo.matches(tree)
    dataset = yolo.read(tree)
    found = {(frame.split, frame.city, frame.name): frame for frame in dataset}
    expected = [frame for frame in difficult if frame.image is not None]
    assert len(found) == len(expected) == 5
    for original in expected:
        frame = found[original.split, original.city, original.name]
        assert frame.image.read_bytes() == original.image.read_bytes()
        assert (frame.truth is None) == (original.truth is None)
        if frame.truth is not None:
            assert_same(counted(original.annotation()), frame.annotation(), numbers=False)
    assert [(label.name, label.id) for label in dataset.labels][:3] == [("unlabeled", 0), ("person", 24), ("rider", 25)]
    assert dataset.notes == (
        "1 label file without an image left out",
        "1 of 5 frames have no ground truth",
    )


def test_what_was_written_skipped_and_dropped_is_counted(written):
    _, tally = written
    # In each of four frames: cars 0, 1 and 999 and a person; road, sky, a border and a sign; a group of cars. Car 1 has
    # three parts; the person has a hole with a pixel in it: two bridges each.
    bridges = "bridges between parts and around holes"
    assert tally.written == {"frames": 5, "images": 5, "objects": 16, bridges: 16}
    assert tally.skipped == {"frames without ground truth": 1}
    assert tally.dropped == {
        "areas of other labels": 16,
        "groups": 4,
        "objects without a visible pixel": 2,
        "sizes of frames without an image (their labels are not read back)": 1,
    }


def test_a_frame_without_objects_has_an_empty_file_and_one_without_ground_truth_none(written):
    labels = written[0] / "labels/val"
    assert (labels / "ulm_000000_000001.txt").read_bytes() == b""
    assert not (labels / "ulm_000000_000002.txt").exists()


def test_data_yaml_names_splits_and_the_eight_evaluated_classes(written):
    assert (written[0] / "data.yaml").read_text() == (
        "# Paths are relative to this file.\ntrain: images/train\nval: images/val\nnames:\n  0: person\n  1: rider\n"
        "  2: car\n  3: truck\n  4: bus\n  5: train\n  6: motorcycle\n  7: bicycle\n"
    )


def test_supervision_reads_the_same_classes_boxes_and_pixels(difficult, written):
    answers = ask_oracle(SUPERVISION_READS, written[0], "train", "val")
    assert len(answers) == 4  # it does not look into folders
    for frame in difficult:
        if frame.image is None or frame.truth is None or frame.city == "tour/abend":
            continue
        annotation = counted(frame.annotation())
        regions = find_regions(find_runs(annotation.pixels))
        objects = answers[f"{frame.split}/{frame.name}.png"]
        assert [name for name, _, _ in objects] == [segment.label for segment in annotation.segments.values()]
        for (_, box, drawn), key in zip(objects, annotation.segments, strict=True):
            x, y, width, height = regions[key].box
            np.testing.assert_allclose(box, (x, y, x + width, y + height), atol=1e-3)
            # It draws the borders too, along the corners of pixels: one column right of and one row below what is
            # inside; and bridges as lines: to the fragment of car 1, from column 20 to 45, 24 pixels of its box's 476.
            inside = annotation.pixels == key
            with_border = cv2.dilate(inside.astype(np.uint8), np.ones((2, 2), np.uint8), anchor=(1, 1)) > 0
            found = np.zeros_like(inside)
            found.reshape(-1)[drawn] = True
            assert not (with_border & ~found).any()
            assert (found & ~with_border).sum() == (24 if key == 26001 else 0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(2, 9), st.sampled_from([0.3, 0.5, 0.8]))
def test_any_region_comes_back_from_its_one_polygon(seed, width, height, share):
    mask = np.random.default_rng(seed).random((height, width)) < share
    outlines = trace_outlines(find_runs(mask.astype(np.uint8)).of([1]))
    if outlines:
        points, bridges = join_outlines(outlines[1])
        assert bridges == len(outlines[1]) - 1
        size = np.array((width, height))
        found = np.zeros_like(mask)
        inside, (x, y) = fill_polygon(np.round(points / size, 6) * size, (width, height))
        found[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
        np.testing.assert_array_equal(found, mask)


def test_a_region_of_thousands_of_parts_comes_back():
    mask = np.random.default_rng(1).random((60, 80)) < 0.4
    outlines = trace_outlines(find_runs(mask.astype(np.uint8)).of([1]))[1]
    assert len(outlines) > 300
    inside, place = fill_polygon(join_outlines(outlines)[0].astype(float), (80, 60))
    assert place == (0, 0)
    np.testing.assert_array_equal(inside, mask)


def test_polygons_of_others_cover_the_pixels_pycocotools_gives_them():
    rng = np.random.default_rng(3)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 40))
    points = np.stack((100 + 80 * np.cos(angles), 60 + 50 * np.sin(angles)), axis=1)
    inside, (x, y) = fill_polygon(points, (200, 120))
    found = np.zeros((120, 200), bool)
    found[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    (encoded,) = coco_mask.frPyObjects([points.ravel().tolist()], 120, 200)
    expected = coco_mask.decode(encoded).astype(bool)
    # pycocotools rounds borders to a fifth of a pixel.
    assert (found != expected).sum() < 0.01 * expected.sum()


def test_only_the_classes_asked_for_are_written_stuff_as_one_object(difficult, tmp_path):
    first = replace(difficult, frames=difficult.frames[:1])
    tally = yolo.write(first, tmp_path, WriteOptions(classes=("road", "person")))
    assert tally.written["objects"] == 2
    assert tally.dropped["objects of other labels"] == 3
    (frame,) = yolo.read(list_files_of(tmp_path))
    original = difficult.frames[0].annotation()
    np.testing.assert_array_equal(masks_of(frame.annotation())["road", 0, False], original.pixels == 7)
    with pytest.raises(ConfigError, match="no class 'horse'"):
        yolo.write(first, tmp_path, WriteOptions(classes=("horse",)))


def test_a_foreign_table_writes_its_labels_with_instances(tmp_path, difficult):
    labels = LabelTable((make_label("sky", 0), make_label('yes: "no"', 3, None, True)), "sky")
    annotation = Annotation(np.array([[5, 5, 0]], np.uint8), {5: Segment('yes: "no"', 8)})
    frame = AnnotatedFrame("a", "", "b", None, annotation)
    dataset = FrameDataset(labels, (frame,))
    yolo.write(dataset, tmp_path / "a", WriteOptions())
    assert (tmp_path / "a/labels/default/b/a.txt").read_text().startswith("0 0.000000 1.000000 ")
    tree = make(tmp_path / "b", f"0 {SQUARE}\n", (tmp_path / "a/data.yaml").read_text(), "images/default/b/a.png")
    dataset = yolo.read(tree)
    assert [label.name for label in dataset.labels] == ["background", 'yes: "no"']
    assert [(frame.split, frame.city, frame.name) for frame in dataset] == [("", "b", "a")]
    none = LabelTable((make_label("sky", 0),), "sky")
    with pytest.raises(ConfigError, match="--classes"):
        yolo.write(FrameDataset(none, ()), tmp_path / "c", WriteOptions())


def test_a_later_line_covers_an_earlier_one(tmp_path):
    (frame,) = yolo.read(make(tmp_path, f"0 {SQUARE}\n1 0.5 0.0 1 0 1 1 0.5 1\n0 {SQUARE}"))
    annotation = frame.annotation()
    assert annotation.segments == {1: Segment("car", 0), 2: Segment("person", 0), 3: Segment("car", 1)}
    assert annotation.pixels.tolist() == [
        [0, 0, 0, 0, 2, 2, 2, 2],
        [0, 0, 3, 3, 3, 3, 2, 2],
        [0, 0, 3, 3, 3, 3, 2, 2],
        [0, 0, 0, 0, 2, 2, 2, 2],
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2 0.2 0.9", "line 2: has 6 numbers, a box with a confidence, as in predictions"),
        ("0 0.1 0.1 0.2", "has 4 numbers; expected a class"),
        (f"0 {SQUARE} 0.5", "has 10 numbers"),
        ("0 0.1 0.1 0.2 0.2 nan 0.1", "not a finite number"),
        ("0 0.1 0.1 0.2 0.2 -0.5 0.1", "the coordinate -0.5"),
        ("0 10 10 20 20 30 10", "the coordinate 30; coordinates are parts of the image"),
        ("2 0.1 0.1 0.2 0.2 0.1 0.2", "is of class 2; the index of the dataset names the classes 0, 1"),
        ("0.5 0.1 0.1 0.2 0.2 0.1 0.2", "is of class 0.5"),
        ("car 0.1 0.1 0.2 0.2 0.1 0.2", "found 'car 0.1 0.1"),
        ("\ufffd\x00", "found "),
    ],
)
def test_a_line_that_is_no_polygon_is_named(tmp_path, line, message):
    (frame,) = yolo.read(make(tmp_path, f"0 {SQUARE}\n{line}\n"))
    with pytest.raises(DataError, match=message) as error:
        frame.annotation()
    assert "a.txt: line 2" in str(error.value)


def test_pyyaml_reads_the_same_from_these_and_from_what_we_write(tmp_path):
    odd = ['yes: "no"', "null", "Straße", "don't #1", "[x]", "- a", "truck+bus", "traffic light", "1"]
    texts = [index for index, _ in WAYS_TO_WRITE_AN_INDEX] + [data_yaml_text(odd, {"val": "images/val", "on": "x y"})]
    paths = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    code = "import json, sys, yaml; print(json.dumps([yaml.safe_load(open(path)) for path in sys.argv[1:]]))"
    for path, expected in zip(paths, ask_oracle(code, *paths), strict=True):
        found, names = read_data_yaml(path), expected["names"]
        assert found.path == expected.get("path", "")
        assert found.names == {
            int(key): name for key, name in (names if isinstance(names, dict) else dict(enumerate(names))).items()
        }
        for split, places in found.splits.items():
            assert places == ((expected[split],) if isinstance(expected[split], str) else tuple(expected[split]))
    assert list(found.names.values()) == odd
    assert found.splits == {"train": ("images/val",), "val": ("images/val",), "on": ("x y",)}


@pytest.mark.parametrize(("index", "names"), WAYS_TO_WRITE_AN_INDEX)
def test_the_ways_in_which_data_yaml_is_written(tmp_path, index, names):
    dataset = yolo.read(make(tmp_path, f"0 {SQUARE}", index))
    table = [label.name for label in dataset.labels if label.name not in ("background", "unlabeled")]
    assert sorted(table) == sorted(names)
    assert [(frame.split, frame.name) for frame in dataset] == [("train", "a")]
    assert dataset.frames[0].annotation().segments == {1: Segment(names[0], 0)}


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("names: &a [car]\ntrain: images", "line 1: .*anchors, aliases and tags"),
        ("a: &a [x]\nb: &b [*a, *a]\nnames: [car]", "line 1: .*anchors, aliases and tags"),
        ("train: images\nnames: !!python/object/apply:os.system [car]", "line 2: .*anchors, aliases and tags"),
        ("train: images\nnames: [!!str car]", "line 2: .*anchors, aliases and tags"),
        ("names: [[car]]\ntrain: images", "names: .*'0'"),
        ("names: [car]\ntrain: [[images]]", "train: "),
        ("names: [car", "line 1: .*YAML"),
        ("names: [car]\n[a]: b", "line 2: a key"),
        ("names: car\n", "names: expected"),
        ("train: images\n", "names: expected"),
        ("names:\n  car: 0\n", "names: found 'car': '0'"),
        ("names: {-1: car}", "names: found '-1': 'car'"),
        ("names: [car]\nnames: [bus]", "line 2: the key 'names' is there twice"),
        ("names: {0: car,\n  0: bus}", "line 2: the key '0' is there twice"),
        ("names: [car, Car]", "the class 'Car' is there twice"),
        ("just text", "'just text'"),
        ("names: [car]\n---\nnames: [bus]", "line 2: .*YAML"),
        ("names: [c\x00r]", "YAML: "),
        ("nc: 3\nnames: [car]\ntrain: images", "nc is 3, but there are 1 names"),
        ("nc: one\nnames: [car]\ntrain: images", "nc is one, but there are 1 names"),
        ("names: [car]\nval: |\n  images\ntrain: images", "line 2: val is a block of text"),
        ("names: [car]\ntrain: nowhere", "names nowhere, and no image is there"),
        ("names: [" + "[" * 100_000, "line 1: .*16 deep"),
        ("names: [car]\n#" + "x" * 2**20, "1,048,5.. bytes"),
    ],
)
def test_a_bad_data_yaml_is_explained(tmp_path, index, message):
    tree = make(tmp_path, "", index)
    with pytest.raises((DataError, LabelError), match=message) as error:
        yolo.read(tree)
    assert "data.yaml" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_names_are_texts_whatever_yaml_makes_of_them(tmp_path):
    (tmp_path / "data.yaml").write_text("names: [yes, 1, 2024-01-01, 0x10, 1e3]\non: x\ntrain: ~\nval: [a, null]\n")
    index = read_data_yaml(tmp_path / "data.yaml")
    assert list(index.names.values()) == ["yes", "1", "2024-01-01", "0x10", "1e3"]
    assert index.splits == {"on": ("x",), "val": ("a",)}


def test_lists_of_images_choose_among_the_files_of_the_dataset_only(tmp_path):
    (tmp_path / "train.txt").write_text("./images/a.png\n\n/etc/passwd\n../../b.png\n")
    dataset = yolo.read(make(tmp_path, f"0 {SQUARE}", "train: train.txt\nval: /etc\nnames: [car]"))
    assert [frame.name for frame in dataset] == ["a"]
    assert dataset.notes == ("train: 2 listed images not found", "val: there is no image in /etc")


def test_images_of_a_split_that_the_index_does_not_name_are_counted_as_that(difficult, tmp_path):
    yolo.write(difficult, tmp_path, WriteOptions())
    index = (tmp_path / "data.yaml").read_text().replace("val: images/val\n", "")
    (tmp_path / "data.yaml").write_text(index)
    assert set(yolo.read(list_files_of(tmp_path)).notes) == {
        "1 label file without an image left out",  # of a frame that has none
        "3 images in no split that data.yaml names, left out, for example images/val/tour/abend/bild 7.png",
    }


def test_folders_of_splits_with_images_in_them_are_read(tmp_path):
    tree = make(tmp_path, "", "val: ../valid/images\nnames: [car]", "valid/images/deep/a.b.png")
    (tmp_path / "valid/labels/deep").mkdir(parents=True)
    (tmp_path / "valid/labels/deep/a.b.txt").write_text(f"0 {SQUARE}")
    (frame,) = yolo.read(list_files_of(tree.root))
    assert (frame.split, frame.city, frame.name) == ("val", "deep", "a.b")
    assert len(frame.annotation().segments) == 1


def test_two_frames_of_one_name_and_names_that_lead_out_are_refused(difficult, tmp_path):
    frame = difficult.frames[0]
    for frames, message in (((frame, frame), "two frames are called"), ((AnnotatedFrame("../../x"),), "leads out")):
        with pytest.raises(DataError, match=message):
            yolo.write(replace(difficult, frames=frames), tmp_path / "a", WriteOptions(images="none"))


def test_the_same_frames_give_the_same_files_with_several_workers(difficult, written, tmp_path):
    yolo.write(difficult, tmp_path, WriteOptions(workers=2))
    first, second = list_files_of(written[0]), list_files_of(tmp_path)
    assert list(first.sources) == list(second.sources)
    assert all(first[name].read_bytes() == second[name].read_bytes() for name in first.sources)


def test_whole_numbers_with_a_decimal_point_are_read_like_others(tmp_path):
    polygon = "0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75"
    plain = make(tmp_path / "a", f"1 {polygon}\n", "train: images\nnames: {0: car, 1: person}\n")
    other = make(tmp_path / "b", f"1.0 {polygon}\n", "train: images\nnames: {0.0: car, 1.0: person}\n")
    annotations = [next(iter(yolo.read(tree))).annotation() for tree in (plain, other)]
    assert_same(*annotations)
    with pytest.raises(DataError, match="is of class 1.5"):
        next(iter(yolo.read(make(tmp_path / "c", f"1.5 {polygon}\n")))).annotation()
    with pytest.raises(DataError, match="the index 1 is there twice"):
        yolo.read(make(tmp_path / "d", "", "train: images\nnames: {1: car, 1.0: person}\n"))


@pytest.mark.parametrize(
    ("splits", "lines"),
    [
        (("valid", "train2017"), ["train: images/train2017", "val: images/valid"]),
        (("Testing", "val2017"), ["# There is no train.", "train: images/Testing", "test: images/Testing"]),
        (("val", "valid"), ["# There is no train.", "train: images/val", "val: images/val", "valid: images/valid"]),
    ],
)
def test_the_role_of_a_split_gives_its_key_and_its_name_stays(splits, lines, difficult, tmp_path):
    frames = tuple(replace(difficult.frames[0], split=split) for split in splits)
    yolo.write(replace(difficult, frames=frames), tmp_path, WriteOptions())
    assert set(lines) <= set((tmp_path / "data.yaml").read_text().splitlines())
    assert [frame.split for frame in yolo.read(list_files_of(tmp_path))] == sorted(splits)


def test_the_only_yaml_file_with_names_is_the_index_whatever_it_is_called(tmp_path):
    make(tmp_path, f"0 {SQUARE}")
    (tmp_path / "data.yaml").rename(tmp_path / "street.yml")
    (tmp_path / "settings.yaml").write_text("lr: 0.1\n")
    tree = list_files_of(tmp_path)
    assert yolo.matches(tree)
    (frame,) = yolo.read(tree)
    assert len(frame.annotation().segments) == 1


def test_several_files_that_may_be_the_index_are_named(tmp_path):
    make(tmp_path, "")
    (tmp_path / "data.yaml").rename(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text("names: [car]\n")
    with pytest.raises(DataError, match=r"a.yaml, b.yaml may each be the index of the classes; expected one data.yaml"):
        yolo.read(list_files_of(tmp_path))


def test_key_points_are_no_outline(tmp_path):
    index = "train: images\nnames: [car]\nkpt_shape: [3, 2]\n"
    (frame,) = yolo.read(make(tmp_path, "0 0.5 0.5 0.5 0.5 0.1 0.1 0.2 0.2 0.3 0.3\n", index))
    assert frame.annotation().has_boxes_only
    # A centre of (4, 2) and sides of 4 and 2 of 8 x 4 pixels.
    assert [boxed.box for boxed in frame.annotation().boxes] == [(2, 1, 4, 2)]
    with pytest.raises(DataError, match="a.txt: line 1: has 9 numbers; with the kpt_shape .* 6 numbers of key points"):
        yolo.read(make(tmp_path, f"0 {SQUARE}\n", index)).frames[0].annotation()
    with pytest.raises(DataError, match=r"kpt_shape is .*; expected two numbers, for example \[17, 3\]"):
        yolo.read(make(tmp_path, "", "train: images\nnames: [car]\nkpt_shape: many\n"))


def test_an_oriented_box_is_the_polygon_of_its_corners(tmp_path):
    (frame,) = yolo.read(make(tmp_path, f"0 {SQUARE}\n"))
    # 0.25 to 0.75 of 8 x 4 pixels: 4 columns, 2 rows.
    assert (frame.annotation().pixels > 0).sum() == 8 and not frame.annotation().boxes


@pytest.mark.parametrize(
    "line",
    [
        "/home/me/set/images/train/a.png",
        "D:\\set\\images\\train\\a.png",
        "./images/train/a.png\r",
        "../images/train/a.png",
    ],
)
def test_lists_and_folders_of_another_computer_are_found_by_their_ends(line, tmp_path):
    make(tmp_path, "", "train: /home/me/set/train.txt\nval: /data/set/images/val\nnames: [car]", "images/train/a.png")
    make(tmp_path, "", "train: /home/me/set/train.txt\nval: /data/set/images/val\nnames: [car]", "images/val/b.png")
    (tmp_path / "train.txt").write_text(f"{line}\n")
    assert [frame.image.path.name for frame in yolo.read(list_files_of(tmp_path))] == ["a.png", "b.png"]


def test_a_folder_of_another_computer_that_is_not_there_is_not_the_folder_of_all_images(tmp_path):
    tree = make(tmp_path, "", "train: /data/set/train/images\nval: images/val\nnames: [car]", "images/val/b.png")
    dataset = yolo.read(tree)
    assert [frame.split for frame in dataset] == ["val"]
    assert "train: there is no image in /data/set/train/images" in dataset.notes


def test_classes_txt_stands_for_the_index_of_label_studio(tmp_path):
    for name in ("images/a.png", "images/val/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(encode_image(np.zeros((4, 8, 3), np.uint8)))
    for name in ("labels/a.txt", "labels/val/b.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1 0.5 0.5 0.25 0.5\n")
    (tmp_path / "classes.txt").write_text("dog\ncar\n")
    dataset = read(tmp_path)
    assert [(frame.name, frame.split) for frame in dataset] == [("a", ""), ("b", "val")] and not dataset.notes
    assert dataset.frames[0].annotation().boxes == (BoxedObject(Segment("car", 0), (3, 1, 2, 2)),)

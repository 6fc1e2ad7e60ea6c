import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from common.errors import DataError, LabelError
from common.files.listing import list_files_of
from common.formats import camvid
from common.formats.conversion import read
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import SIZE_WH, difficult_pixels, segments_of
from tests.support.oracles import ask_oracle

# Reads our dataset but for the frame without ground truth, and writes one of its own, in colours and as values.
DATUMARO = """
import json, sys
import numpy as np
import datumaro as dm
from datumaro.components.annotation import AnnotationType, Mask
folder, source = sys.argv[1:]

data = dm.Dataset.import_from(folder, "camvid")
labels = [label.name for label in data.categories()[AnnotationType.label].items]
result = {
    item.id: [
        item.subset,
        bool(item.media.has_data),
        {labels[a.label]: np.packbits(a.image > 0).tobytes().hex() for a in item.annotations},
    ]
    for item in data
}

ids, names = np.load(source + "/ids.npy"), json.load(open(source + "/names.json"))
categories = {
    AnnotationType.label: dm.LabelCategories.from_iterable(["background", *names.values()]),
    AnnotationType.mask: dm.MaskCategories.generate(1 + len(names)),
}
items = [
    dm.DatasetItem(
        name, subset="val", media=dm.Image.from_numpy(np.zeros((*ids.shape, 3), np.uint8)),
        annotations=[Mask(ids == int(id_), label=1 + place) for place, id_ in enumerate(names)],
    )
    for name in ("a/b c", "d")
]
made = dm.Dataset.from_iterable(items, categories=categories)
made.export(source + "/colours", "camvid", save_media=True)
made.export(source + "/values", "camvid", save_media=True, apply_colormap=False)
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def written(difficult, tmp_path_factory):
    """The difficult dataset as CamVid: the folder, and what was written and dropped."""
    folder = tmp_path_factory.mktemp("camvid")
    return folder, camvid.write(difficult, folder, WriteOptions())


@pytest.fixture(scope="module")
def datumaro(written, tmp_path_factory):
    """What Datumaro reads in our folder, and the folder below which it wrote its own."""
    source = tmp_path_factory.mktemp("made")
    ids = label_ids(Annotation(difficult_pixels(), segments_of(difficult_pixels())))
    np.save(source / "ids.npy", ids)
    names = {int(id_): CITYSCAPES.of_id(int(id_)).name.replace(" ", "") for id_ in np.unique(ids) if id_}
    (source / "names.json").write_text(json.dumps(names))
    return ask_oracle(DATUMARO, written[0], source), source


def label_ids(annotation):
    return annotation.label_ids(CITYSCAPES)


def save_mask(path, values, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.asarray(values, np.uint8))
    if palette is not None:
        picture.putpalette(np.asarray(palette, np.uint8).tobytes())
    picture.save(path)


def foreign(folder, values=((0, 1),), line="train/a.png trainannot/a.png", labels="0 0 0 void\n1 2 3 oak tree\n"):
    """A dataset of one frame without its photograph."""
    save_mask(folder / "trainannot" / "a.png", values)
    (folder / "train.txt").write_text(f"{line}\n")
    if labels is not None:
        (folder / "label_colors.txt").write_text(labels)
    return list_files_of(folder)


def only(tree):
    (frame,) = camvid.read(tree).frames
    return frame


def test_all_frames_come_back_with_classes_names_splits_and_images(difficult, written):
    dataset = camvid.read(list_files_of(written[0]))
    found = {frame.name: frame for frame in dataset}
    assert dataset.labels is CITYSCAPES
    assert len(found) == len(difficult.frames)
    for frame in difficult:
        other = found[frame.name]
        assert (other.split, other.city) == (frame.split, frame.city)
        assert (other.image is None) == (frame.image is None)
        assert other.image is None or other.image.read_bytes() == frame.image.read_bytes()
        assert (other.truth is None) == (frame.truth is None)
        if frame.truth is not None:
            np.testing.assert_array_equal(label_ids(frame.annotation()), label_ids(other.annotation()))


def test_a_zip_gives_the_same_frames(difficult, written, tmp_path):
    path = tmp_path / "camvid.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(written[0].rglob("*")):
            archive.write(file, f"SegNet/CamVid/{file.relative_to(written[0])}")
    tree = list_files_of(path)
    assert camvid.matches(tree)
    frames = {frame.name: frame for frame in camvid.read(tree)}
    np.testing.assert_array_equal(label_ids(difficult.frames[3].annotation()), label_ids(frames["bild 7"].annotation()))


def test_objects_and_groups_are_counted_as_dropped(written):
    tally = written[1]
    assert dict(tally.written) == {"images": 5, "frames": 5}
    assert sum(tally.skipped.values()) == 1
    # In each of four frames: cars 0, 1, 999, person 0, a group; in two of them person 1 has no pixel.
    assert tally.dropped["objects (their pixels have a class only)"] == 16
    assert tally.dropped["groups (their pixels have a class only)"] == 4
    assert tally.dropped["objects without a visible pixel"] == 2


def test_listed_paths_exist_and_values_are_places_in_label_colors(difficult, tmp_path):
    whole = [frame for frame in difficult if frame.image is not None and frame.truth is not None]
    camvid.write(replace(difficult, frames=whole), tmp_path, WriteOptions())
    names = [line.split()[3] for line in (tmp_path / "label_colors.txt").read_text().splitlines()]
    lines = [line for split in ("train", "val") for line in (tmp_path / f"{split}.txt").read_text().splitlines()]
    paths = [line.split('"')[1::2] if '"' in line else line.split() for line in lines]
    assert len(paths) == len(whole)
    for image, mask in paths:
        assert (tmp_path / image.lstrip("/")).is_file()
        with Image.open(tmp_path / mask) as picture:
            assert np.array(picture).max() < len(names)
    with Image.open(tmp_path / "trainannot" / "aachen_000000_000000.png") as picture:
        assert names[np.array(picture)[0, 0]] == "sky"


def test_without_images_their_places_are_listed_and_masks_are_found(difficult, tmp_path):
    camvid.write(difficult, tmp_path, WriteOptions(images="none"))
    assert (tmp_path / "train.txt").read_text().startswith("/train/aachen_000000_000000.png trainannot/aachen_000000")
    found = camvid.read(list_files_of(tmp_path))
    assert "6 of 6 frames have no image" in found.notes
    assert [frame.truth is not None for frame in found] == [True, True, True, True, True, False]


def test_datumaro_reads_the_same_class_pixels(difficult, datumaro):
    found = datumaro[0]
    assert found.keys() == {frame.item_id for frame in difficult}
    for frame in difficult:
        split, has_image, masks = found[frame.item_id]
        assert (split, has_image) == (frame.split, frame.image is not None)
        if frame.truth is None:
            assert masks == {}
            continue
        ids = label_ids(frame.annotation())
        assert masks == {
            CITYSCAPES.of_id(int(id_)).name.replace(" ", ""): np.packbits(ids == id_).tobytes().hex()
            for id_ in np.unique(ids)
        }


@pytest.mark.parametrize("kind", ["colours", "values"])
def test_what_datumaro_writes_is_read(datumaro, kind):
    dataset = camvid.read(list_files_of(datumaro[1] / kind))
    assert [(frame.item_id, frame.split) for frame in dataset] == [("a/b c", "val"), ("d", "val")]
    for frame in dataset:
        assert frame.image is not None
        np.testing.assert_array_equal(label_ids(frame.annotation()), np.load(datumaro[1] / "ids.npy"))


def test_drawn_scenes_come_back_with_several_workers(demo_tree, tmp_path):
    dataset = read(demo_tree)
    dataset = replace(dataset, frames=dataset.frames[:4])
    camvid.write(dataset, tmp_path, WriteOptions(workers=2))
    for frame, other in zip(dataset, camvid.read(list_files_of(tmp_path)), strict=True):
        assert frame.name == other.name
        np.testing.assert_array_equal(label_ids(frame.annotation()), label_ids(other.annotation()))


@pytest.mark.parametrize(
    "line",
    [
        "/SegNet/CamVid/train/a.png /SegNet/CamVid/trainannot/a.png",
        "train/a.png trainannot/a.png",
        '"/train/a.png" "trainannot/a.png"',
        r"train\a.png trainannot\a.png",
        "/home/somebody/train/data/train/a.jpg data/trainannot/a.png",
    ],
)
def test_paths_of_other_machines_are_understood(tmp_path, line):
    frame = only(foreign(tmp_path, line=line))
    assert (frame.item_id, frame.split) == ("a", "train")
    assert list(frame.annotation().segments.values()) == [Segment("oak tree")]


def test_the_tutorials_masks_have_its_12_classes_without_a_label_file(tmp_path):
    tree = foreign(tmp_path, values=[[0, 3, 8, 11]], labels=None)
    dataset = camvid.read(tree)
    assert list(dataset.frames[0].annotation().segments.values()) == [
        Segment("Sky"),
        Segment("Road"),
        Segment("Car", None, True),
    ]
    assert dataset.labels.background == "Unlabelled"
    assert any("no label_colors.txt: masks were read as the 12 classes" in note for note in dataset.notes)


def test_coloured_masks_have_camvids_32_classes_without_a_label_file(tmp_path):
    tree = foreign(tmp_path, values=[[(0, 0, 0), (192, 192, 128)]], labels=None)
    assert list(only(tree).annotation().segments.values()) == [Segment("Column_Pole")]


def test_void_pixels_are_background_and_counted(tmp_path):
    annotation = only(foreign(tmp_path, values=[[0, 1, 255]])).annotation()
    assert list(annotation.segments) == [1]
    assert annotation.dropped == {"pixels of value 255 (void)": 1}


def test_a_split_without_masks_is_read_whatever_its_names(tmp_path):
    frames = [AnnotatedFrame(name, "test", "x/y z") for name in ("a", "b c")]
    annotation = Annotation(np.zeros((2, 2), np.uint16), {})
    frames.append(AnnotatedFrame("d", "val", "", None, annotation))
    camvid.write(FrameDataset(CITYSCAPES, frames), tmp_path, WriteOptions())
    found = [(frame.item_id, frame.split, frame.truth is None) for frame in camvid.read(list_files_of(tmp_path))]
    assert found == [("x/y z/a", "test", True), ("x/y z/b c", "test", True), ("d", "val", False)]


def test_missing_files_are_counted_and_a_readme_is_no_list(tmp_path):
    foreign(tmp_path)
    (tmp_path / "README.txt").write_text("This is about a.png and others.\n")
    (tmp_path / "train.txt").write_text("train/a.png trainannot/a.png\ntrain/b.png trainannot/b.png\ntrain/c.png\n")
    save_mask(tmp_path / "trainannot" / "z.png", [[0]])
    dataset = camvid.read(list_files_of(tmp_path))
    assert [frame.truth is not None for frame in dataset] == [True, False, False]
    assert set(dataset.notes) == {
        "3 of 3 frames have no image",
        "1 of 3 frames have no mask, though the list names one",
        "1 of 3 frames have no mask",
        "1 mask in no list, left out",
    }


def test_labels_of_another_dataset_keep_names_and_colours(tmp_path):
    table = LabelTable((make_label("oak_tree", 4, (1, 2, 3)), make_label("sand pit", 7, (1, 2, 3))))
    pixels = np.array([[0, 4, 7]], np.uint16)
    annotation = Annotation(pixels, {4: Segment("oak_tree"), 7: Segment("sand pit")})
    tally = camvid.write(FrameDataset(table, [AnnotatedFrame("a", "", "", None, annotation)]), tmp_path, WriteOptions())
    assert tally.dropped["labels whose colour had to change (sand pit)"] == 1
    assert tally.dropped["label names whose spaces had to become _ (sand pit)"] == 1
    frame = only(list_files_of(tmp_path))
    assert frame.split == ""
    assert list(frame.annotation().segments.values()) == [Segment("oak_tree"), Segment("sand_pit")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../../a.png trainannot/a.png", r"train\.txt: lists '\.\./\.\./a\.png', which leads out"),
        ("train/a.png trainannot/../../a.png", "leads out"),
        ("train/a b.png trainannot/a b.png", r"train\.txt: .* expected two paths, in quotes"),
        ("train/a.png trainannot/a.png\ntrain/a.png trainannot/a.png", r"train\.txt: the frame 'a' is there twice"),
        ('"" "trainannot/a.png"', r"train\.txt: .* expected two paths"),
        ("# nothing", r"the lists train\.txt name no frame"),
    ],
)
def test_a_bad_list_is_refused_by_name(tmp_path, line, message):
    with pytest.raises(DataError, match=message):
        camvid.read(foreign(tmp_path, line=line))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0, 2]], r"trainannot/a\.png: holds the value 2, but the label file has 2 labels"),
        ([[(0, 0, 0), (9, 9, 9)]], r"trainannot/a\.png: holds the colour 9 9 9, which no label"),
    ],
)
def test_a_value_or_colour_without_a_label_is_refused_by_name(tmp_path, values, message):
    frame = only(foreign(tmp_path, values=values))
    with pytest.raises(LabelError, match=message):
        frame.annotation()


def test_a_damaged_mask_is_refused_by_name(tmp_path):
    tree = foreign(tmp_path)
    (tmp_path / "trainannot" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    frame = only(tree)
    with pytest.raises(DataError, match=r"trainannot/a\.png: is (cut off|not a picture)"):
        frame.annotation()


@pytest.mark.parametrize(
    ("name", "reason"), [("#a", "it has # at its start"), ("a ", "it has a space at its start or end")]
)
def test_a_name_that_a_line_cannot_hold_is_refused_with_the_reason(tmp_path, name, reason):
    with pytest.raises(DataError, match=f"cannot be listed: {reason}"):
        camvid.write(FrameDataset(CITYSCAPES, [AnnotatedFrame(name)]), tmp_path, WriteOptions())


def test_two_frames_of_one_name_in_a_split_are_refused(tmp_path):
    annotation = Annotation(np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint16), {})
    frames = [AnnotatedFrame("a", "train", "", None, annotation)] * 2
    with pytest.raises(DataError, match="two frames of the split 'train' are called a;"):
        camvid.write(FrameDataset(CITYSCAPES, frames), tmp_path, WriteOptions())


@pytest.mark.parametrize(
    "line",
    [
        "./train/a.png ./trainannot/a.png\r",
        "C:\\CamVid\\train\\a.png C:\\CamVid\\trainannot\\a.png",
        "../../CamVid/train/a.png ../../CamVid/trainannot/a.png",
        "\ufeff/SegNet/CamVid/train/a.png /SegNet/CamVid/trainannot/a.png",
    ],
)
def test_a_list_of_another_computer_names_the_files_that_are_there(line, tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train/a.png").touch()
    frame = only(foreign(tmp_path, line=line))
    assert (frame.name, frame.split) == ("a", "train") and frame.truth is not None and frame.image is not None

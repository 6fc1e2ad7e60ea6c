import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from common.errors import DataError, LabelError
from common.files.listing import list_files_of
from common.formats import voc
from common.formats.conversion import read
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, BoxedObject, FrameDataset, Segment
from common.labels.tables import CITYSCAPES, LabelTable, make_label, palette_color
from tests.support.difficult import SIZE_WH, assert_same, difficult_pixels, segments_of
from tests.support.oracles import ask_oracle

DATUMARO = """
import json, sys
import numpy as np
import datumaro as dm
from datumaro.components.annotation import AnnotationType, Bbox, Mask
from datumaro.util.mask_tools import load_mask
folder, source, target = sys.argv[1:]

data = dm.Dataset.import_from(folder, "voc", coordinate_mode="voc-one-based")
labels = [label.name for label in data.categories()[AnnotationType.label].items]
inverse = data.categories()[AnnotationType.mask].inverse_colormap
result = {}
for item in data:
    masks = [a for a in item.annotations if isinstance(a, Mask)]
    masks = [[labels[a.label], np.packbits(a.image > 0).tobytes().hex()] for a in masks]
    boxes = [
        [labels[a.label], a.x, a.y, a.w, a.h, a.attributes["difficult"], a.attributes.get("is_crowd", "")]
        for a in item.annotations if isinstance(a, Bbox)
    ]
    has_image = item.media is not None and bool(item.media.has_data)
    classes = ""
    if item.annotations:
        mask = load_mask(f"{folder}/SegmentationClass/{item.id}.png", inverse)
        classes = [[labels[v], np.packbits(mask == v).tobytes().hex()] for v in np.unique(mask)]
    result[item.id] = [item.subset, has_image, masks, boxes, classes]

keys, names = np.load(source + "/keys.npy"), json.load(open(source + "/names.json"))
categories = {
    AnnotationType.label: dm.LabelCategories.from_iterable(["background", *sorted(set(names.values()))]),
    AnnotationType.mask: dm.MaskCategories.generate(1 + len(set(names.values()))),
}
index = {label.name: i for i, label in enumerate(categories[AnnotationType.label].items)}
annotations = [Mask(keys == int(key), label=index[name]) for key, name in names.items()]
item = dm.DatasetItem("a/b c", subset="val", media=dm.Image.from_numpy(np.zeros((*keys.shape, 3), np.uint8)),
                      annotations=annotations)
dm.Dataset.from_iterable([item], categories=categories).export(target, "voc", save_media=True)
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def written(difficult, tmp_path_factory):
    """The difficult dataset as VOC: the folder, and what was written and dropped."""
    folder = tmp_path_factory.mktemp("voc")
    return folder, voc.write(difficult, folder, WriteOptions())


@pytest.fixture(scope="module")
def datumaro(written, tmp_path_factory):
    """What Datumaro reads in our folder, and a folder it wrote: one frame of the difficult pixels, without groups."""
    source = tmp_path_factory.mktemp("made")
    pixels = difficult_pixels()
    np.save(source / "keys.npy", pixels)
    names = {key: segment.label for key, segment in segments_of(pixels).items() if not segment.is_crowd}
    (source / "names.json").write_text(json.dumps(names))
    return ask_oracle(DATUMARO, written[0], source, source / "voc"), source / "voc"


def frame_of(pixels, segments, name="a"):
    return AnnotatedFrame(name, "train", "", None, Annotation(pixels, segments))


def write_frames(folder, *frames, table=CITYSCAPES, **options):
    return voc.write(FrameDataset(table, frames), folder, WriteOptions(**options))


def save_mask(path, values, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.asarray(values, np.uint8))
    if palette is not None:
        picture.putpalette(np.asarray(palette, np.uint8).tobytes())
    picture.save(path)


def foreign(folder, labels="background:0,0,0::\nroad:128,64,128::\ncar:0,0,142::\n", names="a\n"):
    """A tree with a label map and a list, still without masks."""
    (folder / "ImageSets" / "Segmentation").mkdir(parents=True)
    (folder / "ImageSets" / "Segmentation" / "train.txt").write_text(names)
    (folder / "labelmap.txt").write_text(labels)
    (folder / "Annotations").mkdir()
    return folder


def load_only(folder):
    (frame,) = voc.read(list_files_of(folder)).frames
    return frame.annotation()


def test_all_frames_come_back_with_pixels_names_splits_and_images(difficult, written):
    dataset = voc.read(list_files_of(written[0]))
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
            assert_same(frame.annotation(), other.annotation())


def test_a_zip_gives_the_same_frames(difficult, written, tmp_path):
    path = tmp_path / "voc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(written[0].rglob("*")):
            archive.write(file, f"VOCdevkit/VOC2012/{file.relative_to(written[0])}")
    frames = {frame.name: frame for frame in voc.read(list_files_of(path))}
    assert_same(difficult.frames[3].annotation(), frames["bild 7"].annotation())


def test_every_loss_is_counted(written):
    tally = written[1]
    # Each of the four frames with objects: cars 0, 1, 999, persons 0, a group; the first pixels stand in two frames
    # with person 1 beside, who has no pixel.
    assert dict(tally.written) == {"images": 5, "frames": 5, "objects": 16, "groups": 4}
    assert sum(tally.skipped.values()) == 1
    assert tally.dropped["objects without a visible pixel"] == 2
    (changed,) = (
        count for what, count in tally.dropped.items() if what.startswith("labels whose colour had to change")
    )
    assert changed == 6  # four of five black ones, one of two (153, 153, 153), one of two (0, 0, 142)


def test_a_frame_without_ground_truth_is_in_main_alone(written):
    lists = {kind: (written[0] / "ImageSets" / kind / "val.txt").read_text() for kind in ("Main", "Segmentation")}
    assert lists["Segmentation"] == "tour/abend/bild 7\nulm_000000_000001\n"
    assert lists["Main"] == lists["Segmentation"] + "ulm_000000_000002\n"


def test_class_values_are_places_in_labelmap_and_colours_are_its_colours(written):
    lines = [line for line in (written[0] / "labelmap.txt").read_text().splitlines() if line[0] != "#"]
    colors = [line.split(":")[1] for line in lines]
    assert lines[0] == "unlabeled:0,0,0::"
    assert len(set(colors)) == len(lines) == 35
    with Image.open(written[0] / "SegmentationClass" / "tour" / "abend" / "bild 7.png") as picture:
        values, painted = np.array(picture), np.array(picture.convert("RGB"))
    assert lines[values[0, 0]].startswith("sky:")
    assert ",".join(map(str, painted[0, 0])) == colors[values[0, 0]]


def test_datumaro_finds_all_frames_and_images(difficult, datumaro):
    found = datumaro[0]
    assert {name: (split, image) for name, (split, image, *_) in found.items()} == {
        frame.item_id: (frame.split, frame.image is not None) for frame in difficult
    }


def test_datumaro_reads_the_same_objects_and_class_pixels(difficult, datumaro):
    for frame in difficult:
        _, _, masks, _, classes = datumaro[0][frame.item_id]
        annotation = frame.annotation()
        if annotation is None or not annotation.segments:
            continue
        objects = [
            [segment.label, np.packbits(annotation.pixels == key).tobytes().hex()]
            for key, segment in annotation.segments.items()
            if segment.number is not None and (annotation.pixels == key).any()
        ]
        assert sorted(masks) == sorted(objects)
        ids = annotation.label_ids(CITYSCAPES)
        assert sorted(classes) == sorted(
            [CITYSCAPES.of_id(id_).name, np.packbits(ids == id_).tobytes().hex()] for id_ in np.unique(ids)
        )


def test_datumaro_reads_exact_boxes_and_which_are_groups(datumaro):
    boxes = datumaro[0]["aachen_000000_000000"][3]
    assert ["car", 2, 12, 8, 6, False, ""] in boxes  # rows 12 to 17, columns 2 to 9
    assert ["car", 30, 18, 10, 4, True, "True"] in boxes  # the group
    assert len(boxes) == 5


def test_what_datumaro_writes_is_read(datumaro):
    dataset = voc.read(list_files_of(datumaro[1]))
    (frame,) = dataset.frames
    assert (frame.item_id, frame.split) == ("a/b c", "val")
    assert frame.image is not None
    pixels = difficult_pixels()
    pixels[pixels == 26] = 0  # the group was not given to Datumaro
    assert_same(Annotation(pixels, segments_of(pixels)), frame.annotation(), numbers=False)


def test_drawn_scenes_come_back_with_several_workers(demo_tree, tmp_path):
    dataset = read(demo_tree)
    dataset = FrameDataset(dataset.labels, dataset.frames[:4])
    voc.write(dataset, tmp_path, WriteOptions(workers=2))
    for frame, other in zip(dataset, voc.read(list_files_of(tmp_path)), strict=True):
        assert frame.name == other.name
        assert_same(frame.annotation(), other.annotation(), numbers=False)


def test_labels_of_another_dataset_keep_names_colours_and_which_are_counted(tmp_path):
    table = LabelTable((make_label("old oak", 4, (1, 2, 3), True), make_label("Straße", 7, (4, 5, 6), False)))
    pixels = np.array([[0, 4, 7, 8]], np.uint16)
    segments = {4: Segment("old oak", 0), 7: Segment("Straße"), 8: Segment("old oak", None, True)}
    write_frames(tmp_path, frame_of(pixels, segments), table=table)
    dataset = voc.read(list_files_of(tmp_path))
    found = [(label.name, label.color, label.has_instances) for label in dataset.labels]
    assert found == [("background", (0, 0, 0), False), ("old oak", (1, 2, 3), True), ("Straße", (4, 5, 6), False)]
    assert_same(Annotation(pixels, segments), dataset.frames[0].annotation())


def test_more_than_254_objects_keep_their_class_and_are_counted(tmp_path):
    pixels = np.arange(26000, 26300, dtype=np.uint16).reshape(10, 30)
    tally = write_frames(tmp_path, frame_of(pixels, segments_of(pixels)))
    assert tally.dropped["objects beyond 254 in a frame (their pixels are a group)"] == 46
    assert tally.written["objects"] == 254
    annotation = load_only(tmp_path)
    assert sum(segment.number is not None for segment in annotation.segments.values()) == 254
    assert sum(segment.is_crowd for segment in annotation.segments.values()) == 1
    (crowd,) = (key for key, segment in annotation.segments.items() if segment.is_crowd)
    assert (annotation.pixels == crowd).sum() == 46
    assert len(annotation.boxes) == 46


def test_real_vocs_labels_border_and_class_lists_are_understood(tmp_path):
    palette = [palette_color(value) for value in range(256)]
    save_mask(tmp_path / "SegmentationClass" / "a.png", [[0, 255, 15, 15, 15, 15]], palette)
    save_mask(tmp_path / "SegmentationObject" / "a.png", [[0, 255, 255, 1, 2, 2]], palette)
    main = tmp_path / "ImageSets" / "Main"
    main.mkdir(parents=True)
    for name, text in (("train", "a\n"), ("trainval", "a\n"), ("person_train", "a  1\n"), ("train_extra", "b\n")):
        (main / f"{name}.txt").write_text(text)
    dataset = voc.read(list_files_of(tmp_path))
    assert [(frame.name, frame.split) for frame in dataset] == [("a", "train"), ("b", "train_extra")]
    annotation = dataset.frames[0].annotation()
    assert [annotation.segments.get(int(key)) for key in annotation.pixels[0]] == [
        *(None, None, Segment("person", None, True)),
        *(Segment("person", 0), Segment("person", 1), Segment("person", 1)),
    ]
    assert annotation.dropped["pixels of VOC's void border"] == 1
    assert any("1 of 2 frames have no mask" in note for note in dataset.notes)


@pytest.mark.parametrize("kind", ["grey", "other palette", "unrelated palette", "colours"])
def test_classes_are_read_by_value_or_by_colour(tmp_path, kind):
    # Labels: background, road (128, 64, 128), car (0, 0, 142). Another palette has the same colours at other places.
    colors = np.array([(0, 0, 0), (128, 64, 128), (0, 0, 142)], np.uint8)
    path = foreign(tmp_path) / "SegmentationClass" / "a.png"
    if kind == "grey":
        save_mask(path, [[0, 1, 2]])
    elif kind == "other palette":
        save_mask(path, [[2, 0, 1]], colors[[1, 2, 0]])
    elif kind == "unrelated palette":
        save_mask(path, [[0, 1, 2]], [(0, 0, 0), (9, 9, 9), (8, 8, 8)])
    else:
        save_mask(path, colors[None])
    annotation = load_only(tmp_path)
    assert [annotation.segments.get(int(key)) for key in annotation.pixels[0]] == [
        None,
        Segment("road"),
        Segment("car", None, True),
    ]


def test_without_class_masks_the_xml_says_what_objects_are(tmp_path):
    save_mask(foreign(tmp_path) / "SegmentationObject" / "a.png", [[0, 1, 2]])
    (tmp_path / "Annotations" / "a.xml").write_text(
        "<annotation><object><name>road</name></object><object><name>car</name></object></annotation>"
    )
    annotation = load_only(tmp_path)
    assert list(annotation.segments.values()) == [Segment("road"), Segment("car", 0)]
    save_mask(tmp_path / "SegmentationObject" / "a.png", [[0, 1, 3]])
    with pytest.raises(DataError, match=r"holds object 3, .*a\.xml names 2 objects"):
        load_only(tmp_path)


def test_objects_may_be_any_colours(tmp_path):
    save_mask(foreign(tmp_path) / "SegmentationClass" / "a.png", [[0, 2, 2, 1]])
    save_mask(tmp_path / "SegmentationObject" / "a.png", [[(0, 0, 0), (7, 7, 7), (9, 8, 7), (1, 1, 1)]])
    assert list(load_only(tmp_path).segments.values()) == [Segment("road"), Segment("car", 0), Segment("car", 1)]


XML = """<annotation><size><width>6</width><height>4</height></size>
<object><name>car</name><bndbox><xmin>2</xmin><ymin>1</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object>
<object><name>zebra</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>1</xmax><ymax>1</ymax></bndbox></object>
<object><name>car</name></object></annotation>"""


def test_boxes_without_a_mask_are_kept_as_boxes_and_say_so(tmp_path):
    (foreign(tmp_path) / "Annotations" / "a.xml").write_text(XML)
    dataset = voc.read(list_files_of(tmp_path))
    assert "1 of 1 frames have no mask, only boxes" in dataset.notes
    annotation = dataset.frames[0].annotation()
    assert annotation.has_boxes_only and annotation.size_wh == (6, 4)
    # Corners count from 1 and include their pixel: columns 2 to 3, rows 1 to 4.
    assert annotation.boxes == (BoxedObject(Segment("car", 0), (1, 0, 2, 4)),)
    assert annotation.dropped == {"boxes of labels not in the label file": 1, "objects without a box": 1}


def test_a_frame_with_an_empty_list_of_boxes_is_no_picture_of_background(tmp_path):
    (foreign(tmp_path) / "Annotations" / "a.xml").write_text(XML[: XML.index("<object>")] + "</annotation>")
    assert voc.read(list_files_of(tmp_path)).frames[0].annotation().has_boxes_only
    (tmp_path / "Annotations" / "a.xml").write_text("<annotation/>")
    with pytest.raises(DataError, match=r"a.xml: gives no size, and there is no photograph"):
        voc.read(list_files_of(tmp_path)).frames[0].annotation()


def test_frames_without_a_mask_of_classes_are_counted(written, tmp_path):
    shutil.copytree(written[0], tmp_path / "voc")
    (tmp_path / "voc/SegmentationClass/ulm_000000_000001.png").unlink()
    notes = voc.read(list_files_of(tmp_path / "voc")).notes
    said = "1 of 6 frames have no mask in SegmentationClass; only objects are read there, all else is background"
    assert said in notes
    assert not any("SegmentationClass" in note for note in voc.read(list_files_of(written[0])).notes)


def test_an_object_of_a_label_that_is_not_counted_is_stuff_and_its_number_is_dropped_once(tmp_path):
    pixels = np.array([[7, 26, 8]], np.uint16)
    segments = {7: Segment("road", 3), 26: Segment("car", 0), 8: Segment("road")}
    tally = write_frames(tmp_path, frame_of(pixels, segments))
    assert tally.written["objects"] == 1
    assert tally.dropped["numbers of objects of labels that are not counted"] == 1
    assert_same(Annotation(pixels, segments | {7: Segment("road")}), load_only(tmp_path))


def test_frames_that_no_list_names_are_counted(tmp_path):
    save_mask(foreign(tmp_path) / "SegmentationClass" / "b.png", [[0]])
    assert "1 frame in no list of ImageSets, left out" in voc.read(list_files_of(tmp_path)).notes


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (b"<annotation><object></annotation>", r"a\.xml: is not valid XML: mismatched tag"),
        (b"", r"a\.xml: is not valid XML"),
        (b'<?xml version="1.0" encoding="klingon"?><annotation/>', r"a\.xml: is not valid XML"),
        (b"<svg/>", r"a\.xml: is <svg>; expected <annotation>"),
        (b"<annotation><object/></annotation>", r"a\.xml: object 1 has no name"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><annotation>&a;</annotation>', r"a\.xml: has a document type"),
        (b"<a>" * 100_000, r"a\.xml: is not valid XML"),
    ],
)
def test_a_bad_xml_file_is_refused_by_name(tmp_path, xml, message):
    save_mask(foreign(tmp_path) / "SegmentationClass" / "a.png", [[0]])
    (tmp_path / "Annotations" / "a.xml").write_bytes(xml)
    with pytest.raises(DataError, match=message):
        load_only(tmp_path)


def test_a_colour_or_value_without_a_label_is_refused_by_name(tmp_path):
    path = foreign(tmp_path) / "SegmentationClass" / "a.png"
    for values, palette, message in (
        ([[(0, 0, 0), (1, 2, 3)]], None, r"a\.png: holds the colour 1 2 3, which no label"),
        ([[0, 1, 2]], [(0, 0, 0), (0, 0, 142), (1, 2, 3)], r"a\.png: holds the colour 1 2 3, which no label"),
        ([[0, 3]], None, r"a\.png: holds the value 3, but the label file has 3 labels"),
    ):
        save_mask(path, values, palette)
        with pytest.raises(LabelError, match=message):
            load_only(tmp_path)


def test_labels_with_equal_colours_are_named(tmp_path):
    save_mask(foreign(tmp_path, "a:0,0,0::\nb:1,1,1::\nc:1,1,1::\n") / "SegmentationClass" / "a.png", [[0, 1, 2]])
    dataset = voc.read(list_files_of(tmp_path))
    assert "labels with equal colours, of which masks of colours mean the first: b, c" in dataset.notes
    assert len(dataset.frames[0].annotation().segments) == 2


def test_masks_of_different_sizes_are_refused_by_name(tmp_path):
    save_mask(foreign(tmp_path) / "SegmentationClass" / "a.png", [[0, 1]])
    save_mask(tmp_path / "SegmentationObject" / "a.png", [[0, 1, 1]])
    with pytest.raises(DataError, match=r"SegmentationObject/a\.png: has 3 x 1 pixels, .* has 2 x 1"):
        load_only(tmp_path)


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/../../b", "..\\a"])
def test_a_list_that_leads_out_of_the_dataset_is_refused(tmp_path, name):
    foreign(tmp_path, names=f"{name}\n")
    with pytest.raises(DataError, match=r"train\.txt: lists .* leads out of the dataset"):
        voc.read(list_files_of(tmp_path))


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ("road:1,2::\n", DataError, r"labelmap\.txt: line 1: found 'road:1,2::'"),
        ("a:0,0,0::\nroad:1,2,300::\n", DataError, "line 2"),
        ("road:1,2,3::\nRoad:4,5,6::\n", LabelError, r"labelmap\.txt: the label 'road' is in the table twice"),
        ("# nothing\n", DataError, r"labelmap\.txt: has no label"),
    ],
)
def test_a_bad_label_map_is_refused_by_name(tmp_path, labels, error, message):
    with pytest.raises(error, match=message):
        voc.read(list_files_of(foreign(tmp_path, labels)))


def test_frames_that_would_overwrite_each_other_are_refused(tmp_path):
    frames = [AnnotatedFrame("a", split, "", None, None) for split in ("train", "val")]
    with pytest.raises(DataError, match="two frames are called a "):
        write_frames(tmp_path, *frames)


@pytest.mark.parametrize("city", ["..", "/etc", "x/../.."])
def test_a_frame_that_leads_out_of_the_target_is_not_written(tmp_path, city):
    pixels = np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint16)
    with pytest.raises(DataError, match="leads out of the dataset"):
        write_frames(tmp_path / "voc", AnnotatedFrame("a", "train", city, None, Annotation(pixels, {})))
    assert not list(tmp_path.rglob("*.png"))


def test_a_label_the_label_map_cannot_hold_is_refused(tmp_path):
    with pytest.raises(LabelError, match="cannot hold the label 'a:b'"):
        write_frames(tmp_path, table=LabelTable((make_label("a:b", 0),)))


@pytest.mark.parametrize(
    "line",
    [
        "tour/a.jpg",
        "./tour/a.png",
        "tour\\a",
        "JPEGImages/tour/a.jpg",
        "/JPEGImages/tour/a.jpg /SegmentationClass/tour/a.png",
        "C:\\VOC\\JPEGImages\\tour\\a.jpg",
        "../JPEGImages/tour/a.jpg",
        "tour/a  1",
        "tour/a -1",
        "\ufefftour/a\r",
    ],
)
def test_a_line_of_a_list_means_the_frame_that_is_there(line, tmp_path):
    (foreign(tmp_path, names=f"{line}\n") / "SegmentationClass/tour").mkdir(parents=True)
    save_mask(tmp_path / "SegmentationClass/tour/a.png", [[1]])
    (frame,) = voc.read(list_files_of(tmp_path)).frames
    assert (frame.name, frame.city, frame.split) == ("a", "tour", "train") and frame.truth is not None


def test_a_name_with_a_space_a_number_or_a_dot_stays_whole(tmp_path):
    foreign(tmp_path, names="a 1\nb.jpg\nb\n")
    for name in ("a 1", "b.jpg", "b"):
        save_mask(tmp_path / f"SegmentationClass/{name}.png", [[1]])
    assert [frame.name for frame in voc.read(list_files_of(tmp_path)).frames] == ["a 1", "b.jpg", "b"]


def test_a_list_with_marks_counts_only_for_frames_that_no_other_list_has(tmp_path):
    foreign(tmp_path, names="a\n")
    (tmp_path / "ImageSets/Segmentation/zebra_val.txt").write_text("a  1\nb -1\n")
    for name in "ab":
        save_mask(tmp_path / f"SegmentationClass/{name}.png", [[1]])
    dataset = voc.read(list_files_of(tmp_path))
    assert {frame.name: frame.split for frame in dataset.frames} == {"a": "train", "b": "zebra_val"}
    assert not any("several splits" in note for note in dataset.notes)

"""Cityscapes' tree: written, read back, and read by others."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from common.dataset.original.polygons import paint_polygons, read_polygons
from common.errors import DataError, LabelError
from common.files.listing import list_files_of
from common.files.sources import Source
from common.formats import cityscapes
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.png import encode_mask, read_instance_mask, read_mask
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import assert_same, masks_of, segments_of
from tests.support.oracles import ask_oracle


@pytest.fixture(scope="module")
def written(tmp_path_factory, difficult):
    folder = tmp_path_factory.mktemp("written")
    return folder, cityscapes.write(difficult, folder, WriteOptions())


def by_name(dataset):
    return {frame.name: frame for frame in dataset}


def test_all_that_was_written_comes_back(written, difficult):
    found = by_name(cityscapes.read(list_files_of(written[0])))
    assert found.keys() == {frame.name for frame in difficult}
    for frame in difficult:
        back = found[frame.name]
        assert (back.split, back.city, back.image is None) == (frame.split, frame.city, frame.image is None)
        if frame.truth is None:
            assert back.truth is None
        else:
            assert_same(frame.annotation(), back.annotation())


def test_photographs_are_copied_byte_by_byte(written, difficult):
    found = by_name(cityscapes.read(list_files_of(written[0])))
    for frame in difficult:
        if frame.image is not None:
            assert found[frame.name].image.read_bytes() == frame.image.read_bytes()


@pytest.mark.parametrize("kind", ["labelIds", "polygons", "color"])
def test_every_kind_of_file_alone_gives_the_labels(written, difficult, kind):
    for frame in cityscapes.read(list_files_of(written[0]), kinds=(kind,)):
        if frame.truth is not None:
            expected = by_name(difficult)[frame.name].annotation().label_ids(CITYSCAPES)
            if kind == "color":
                expected[expected == 1] = 0  # ego vehicle is black, as background is
            np.testing.assert_array_equal(frame.annotation().label_ids(CITYSCAPES), expected)


def test_polygons_that_are_written_paint_the_instance_ids(written):
    for path in written[0].rglob("*_polygons.json"):
        values = read_instance_mask(path.with_name(path.name.replace("polygons.json", "instanceIds.png")))
        np.testing.assert_array_equal(paint_polygons(read_polygons(path)).instance_ids, values)


def test_the_tally_names_what_was_not_written(written):
    assert written[1].written == {"frames": 5, "images": 5, "objects": 4 * 4}
    assert written[1].skipped == {"frames without ground truth": 1}


def test_source_polygons_are_kept_as_they_are(demo_tree, tmp_path):
    cityscapes.write(cityscapes.read(list_files_of(demo_tree)), tmp_path, WriteOptions(images="none"))
    sources = sorted(demo_tree.rglob("*_polygons.json"))
    assert len(sources) == 28
    for source in sources:
        assert (tmp_path / source.relative_to(demo_tree)).read_bytes() == source.read_bytes()
        for kind in ("labelIds", "instanceIds", "color"):
            name = source.name.replace("polygons.json", f"{kind}.png")
            copy = tmp_path / source.relative_to(demo_tree).with_name(name)
            read = read_instance_mask if kind == "instanceIds" else read_mask if kind == "labelIds" else None
            if read:
                np.testing.assert_array_equal(read(copy), read(source.with_name(name)))


def test_polygons_that_do_not_fit_the_pixels_are_drawn_again(demo_tree, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(demo_tree / "gtFine" / "val", source / "gtFine" / "val")
    path = sorted(source.rglob("*_polygons.json"))[0]
    content = json.loads(path.read_text())
    content["objects"] = content["objects"][:-3]
    path.write_text(json.dumps(content))
    tally = cityscapes.write(cityscapes.read(list_files_of(source)), tmp_path / "target", WriteOptions())
    (reason,) = [reason for reason in tally.dropped if reason.startswith("polygons.json files that paint other pixels")]
    assert tally.dropped[reason] == 1
    copy = tmp_path / "target" / path.relative_to(source)
    values = read_instance_mask(path.with_name(path.name.replace("polygons.json", "instanceIds.png")))
    np.testing.assert_array_equal(paint_polygons(read_polygons(copy)).instance_ids, values)


def test_broken_polygons_are_counted(demo_tree, tmp_path):
    shutil.copytree(demo_tree / "gtFine" / "val", tmp_path / "source" / "gtFine" / "val")
    path = sorted((tmp_path / "source").rglob("*_polygons.json"))[0]
    path.write_text(path.read_text()[:-100])
    tally = cityscapes.write(cityscapes.read(list_files_of(tmp_path / "source")), tmp_path / "target", WriteOptions())
    assert tally.dropped["polygons.json files that are broken (outlines were drawn again)"] == 1


def test_hidden_objects_are_known_from_the_polygons_and_gaps_in_numbers_are_none(tmp_path):
    pixels = np.array([[26003, 26003], [7, 7]], np.uint16)
    frame = AnnotatedFrame("a_1_2", "x", "a", None, Annotation(pixels, segments_of(pixels)))
    cityscapes.write(FrameDataset(CITYSCAPES, [frame]), tmp_path, WriteOptions())
    path = next(tmp_path.rglob("*_polygons.json"))
    (found,) = cityscapes.read(list_files_of(tmp_path)).frames
    assert set(found.annotation().segments) == {7, 26003}
    content = json.loads(path.read_text())
    content["objects"].append({"label": "person", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]})
    content["objects"].append({"label": "road", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]})
    path.write_text(json.dumps(content))
    assert found.annotation().segments[24000] == Segment("person", 0)


def test_a_photograph_of_another_size_is_refused_with_both_sizes(difficult, tmp_path):
    image = tmp_path / "small.png"
    image.write_bytes(encode_mask(np.zeros((3, 5), np.uint8)))
    frame = AnnotatedFrame("a_1_2", "x", "a", Source(image), difficult.frames[0].truth)
    with pytest.raises(DataError, match="small.png: has 5 x 3 pixels, but its ground truth has 48 x 32"):
        frame.annotation()


def test_a_photograph_that_is_cut_off_is_refused(difficult, tmp_path):
    image = tmp_path / "cut.png"
    image.write_bytes(difficult.frames[0].image.read_bytes()[:-30])
    frame = AnnotatedFrame("a_1_2", "x", "a", Source(image), difficult.frames[0].truth)
    with pytest.raises(DataError, match="cut.png: is cut off"):
        cityscapes.write(FrameDataset(CITYSCAPES, [frame]), tmp_path / "out", WriteOptions())


def test_coarse_annotation_is_read_where_it_is_asked_for(difficult, tmp_path):
    cityscapes.write(FrameDataset(CITYSCAPES, difficult.frames[:1]), tmp_path, WriteOptions(images="none"))
    coarse = FrameDataset(CITYSCAPES, difficult.frames[1:2])
    cityscapes.write(coarse, tmp_path, WriteOptions(images="none", truth="gtCoarse"))
    assert [frame.name for frame in cityscapes.read(list_files_of(tmp_path), "gtCoarse")] == [coarse.frames[0].name]
    fine = cityscapes.read(list_files_of(tmp_path))
    assert [frame.name for frame in fine] == [difficult.frames[0].name]
    assert any("gtCoarse of 1 frame is not used; 1 of them have no gtFine" in note for note in fine.notes)


def test_annotation_that_is_not_there_is_said(demo_tree):
    with pytest.raises(DataError, match="no frame has gtCoarse files"):
        cityscapes.read(list_files_of(demo_tree), "gtCoarse")


def test_the_imgsfine_layout_and_jpeg_images_come_back(difficult, tmp_path):
    options = WriteOptions(layout="imgsFine", image_ext="jpg")
    cityscapes.write(difficult, tmp_path, options)
    assert list((tmp_path / "imgsFine" / "leftImg8bit" / "train" / "aachen").iterdir())
    found = by_name(cityscapes.read(list_files_of(tmp_path)))
    assert {name for name, frame in found.items() if frame.image} == {f.name for f in difficult if f.image}


def test_a_zip_gives_what_the_folder_gives(written, tmp_path):
    path = tmp_path / "gtFine_mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(written[0].rglob("*.*")):
            archive.write(file, file.relative_to(written[0]).as_posix())
    folder, archive = by_name(cityscapes.read(list_files_of(written[0]))), by_name(cityscapes.read(list_files_of(path)))
    assert folder.keys() == archive.keys()
    for name, frame in folder.items():
        if frame.truth:
            np.testing.assert_array_equal(frame.annotation().pixels, archive[name].annotation().pixels)


def test_instance_0_is_an_instance_and_a_plain_id_of_a_counted_label_is_a_crowd(written):
    segments = by_name(cityscapes.read(list_files_of(written[0])))["aachen_000000_000000"].annotation().segments
    assert segments[26000] == Segment("car", 0)
    assert segments[26999] == Segment("car", 999)
    assert segments[26] == Segment("car", None, True)
    assert segments[7] == Segment("road")


def test_labels_of_other_datasets_are_written_and_read_back(tmp_path):
    names = ("Katze", "Hund & Herr", "Müll tonne")
    table = LabelTable(tuple(make_label(name, 90 + i, has_instances=i < 2) for i, name in enumerate(names)))
    pixels = np.array([[1, 1, 2], [3, 0, 4]], np.uint16)
    segments = {1: Segment(names[0], 0), 2: Segment(names[0], 1), 3: Segment(names[1], 0), 4: Segment(names[2])}
    truth = Annotation(pixels, segments)
    tally = cityscapes.write(
        FrameDataset(table, [AnnotatedFrame("a", "x", "b", None, truth)]), tmp_path, WriteOptions()
    )
    assert "label ids of the source (labels are numbered in the order of label_colors.txt)" in tally.dropped
    dataset = cityscapes.read(list_files_of(tmp_path))
    (frame,) = dataset.frames
    assert [label.name for label in dataset.labels][1:] == [name.replace(" ", "_") for name in names]
    found = masks_of(frame.annotation())
    assert {key[0].replace("_", " ") for key in found} == set(names)
    assert len(found) == 4


def test_label_files_in_datumaros_order_are_recognised_by_the_colours(tmp_path, difficult):
    """Datumaro writes the place of a label in the file, not Cityscapes' id."""
    folder = tmp_path / "gtFine" / "val" / "ulm"
    folder.mkdir(parents=True)
    (tmp_path / "label_colors.txt").write_text("0 0 0 unlabeled\n128 64 128 road\n0 0 142 car\n")
    ids = np.array([[0, 1, 2]], np.uint8)
    colors = np.array([[[0, 0, 0, 255], [128, 64, 128, 255], [0, 0, 142, 255]]], np.uint8)
    from common.images.png import encode_color_mask

    (folder / "ulm_0_0_gtFine_labelIds.png").write_bytes(encode_mask(ids))
    (folder / "ulm_0_0_gtFine_color.png").write_bytes(encode_color_mask(colors))
    (frame,) = cityscapes.read(list_files_of(tmp_path)).frames
    assert {segment.label for segment in frame.annotation().segments.values()} == {"road", "car"}


def test_a_value_of_no_label_is_refused_by_name(tmp_path):
    folder = tmp_path / "gtFine" / "val" / "ulm"
    folder.mkdir(parents=True)
    (folder / "ulm_0_0_gtFine_labelIds.png").write_bytes(encode_mask(np.array([[7, 77]], np.uint8)))
    (frame,) = cityscapes.read(list_files_of(tmp_path)).frames
    with pytest.raises(LabelError, match="ulm_0_0_gtFine_labelIds.png.*77"):
        frame.annotation()


def test_a_thousand_objects_of_a_label_are_refused_not_wrapped(tmp_path):
    truth = Annotation(np.array([[5]], np.uint16), {5: Segment("car", 1000)})
    dataset = FrameDataset(CITYSCAPES, [AnnotatedFrame("a_1_2", "x", "a", None, truth)])
    with pytest.raises(DataError, match="a_1_2.*1,000 of car"):
        cityscapes.write(dataset, tmp_path, WriteOptions())


def test_two_frames_of_one_name_are_refused(difficult, tmp_path):
    first = difficult.frames[0]
    twice = FrameDataset(CITYSCAPES, [first, AnnotatedFrame(first.name, "val", "ulm", None, first.truth)])
    with pytest.raises(DataError, match="two frames are called aachen_000000_000000"):
        cityscapes.write(twice, tmp_path, WriteOptions())


def test_the_official_evaluation_reads_the_tree(demo_tree, tmp_path, monkeypatch):
    """Truth as prediction: 1.0 in all four averages, those weighted by instances included."""
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)  # gone from numpy 2.4, the official package still uses it
    from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official

    cityscapes.write(cityscapes.read(list_files_of(demo_tree)), tmp_path, WriteOptions(images="none"))
    paths = sorted(map(str, tmp_path.rglob("*_gtFine_labelIds.png")))
    monkeypatch.setattr(official.args, "quiet", True)
    monkeypatch.setattr(official.args, "JSONOutput", False)
    with np.errstate(invalid="ignore"):
        result = official.evaluateImgLists(paths, paths, official.args)
    averages = ("Classes", "InstClasses", "Categories", "InstCategories")
    assert [result[f"averageScore{name}"] for name in averages] == [1.0] * 4
    assert np.sum(result["confMatrix"]) == 28 * 128 * 64


@pytest.mark.slow
def test_datumaro_reads_the_tree_and_the_labels(written, difficult):
    code = """
import json, sys
import datumaro as dm
dataset = dm.Dataset.import_from(sys.argv[1], "cityscapes")
names = [label.name for label in dataset.categories()[dm.AnnotationType.label]]
items = {}
for item in dataset:
    pixels = items.setdefault(item.id.rsplit("/", 1)[-1], {})
    for mask in item.annotations:
        if mask.label is not None:
            pixels[names[mask.label]] = pixels.get(names[mask.label], 0) + int(mask.image.sum())
print(json.dumps([names, items]))
"""
    names, items = ask_oracle(code, written[0])
    assert names == [label.name.replace(" ", "") for label in CITYSCAPES]
    assert items.keys() == {frame.name for frame in difficult}
    for frame in difficult:
        # It finds no objects in such a tree (issue of its own); areas and groups have to be right.
        expected = {}
        for (name, number, _), mask in masks_of(frame.annotation()).items() if frame.truth else ():
            if number is None:
                expected[name.replace(" ", "")] = int(mask.sum())
        found = {name: count for name, count in items[frame.name].items() if name != "unlabeled"}
        assert found == expected


def save_ids(folder, kind, values):
    """Writes a mask of one frame."""
    path = folder / f"gtFine/train/ulm/ulm_000000_000001_gtFine_{kind}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_mask(np.array([values], np.uint8)))


@pytest.mark.parametrize("kind", ["labelIds", "labelTrainIds"])
def test_train_ids_are_read_where_asked_for(tmp_path, kind):
    if kind == "labelTrainIds":
        save_ids(tmp_path, "labelIds", [7, 7, 7])
    save_ids(tmp_path, kind, [13, 255, 10])
    dataset = cityscapes.read(list_files_of(tmp_path), train_ids=True)
    # 13 is car (26), 10 is sky (23); what is not evaluated is unlabeled.
    assert dataset.frames[0].annotation().label_ids(CITYSCAPES).tolist() == [[26, 0, 23]]
    assert any("are read as train ids" in note for note in dataset.notes)


def test_label_ids_that_look_like_train_ids_are_noted_with_the_way_out(tmp_path):
    save_ids(tmp_path, "labelIds", [0, 2, 8, 10, 13, 18])
    (note,) = [note for note in cityscapes.read(list_files_of(tmp_path)).notes if "train ids" in note]
    assert note.endswith("--train-ids reads them as such")
    save_ids(tmp_path, "labelIds", [0, 2, 8, 10, 13, 26])
    assert not any("train ids" in note for note in cityscapes.read(list_files_of(tmp_path)).notes)


def test_the_void_of_train_ids_is_named_as_what_it_may_be(tmp_path):
    save_ids(tmp_path, "labelIds", [7, 255])
    with pytest.raises(LabelError, match="the value 255 at x 1, y 0, .*; 255 is the void of train ids"):
        cityscapes.read(list_files_of(tmp_path)).frames[0].annotation()

import json
from dataclasses import replace

import numpy as np
import pytest

from common.errors import ConfigError, DataError, LabelError
from common.files.sources import Source
from common.formats.conversion import convert, read
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.inspection.choice import find_frames, spread_frames
from common.inspection.datasets import DatasetRequest, open_dataset
from common.inspection.gallery_values import make_gallery
from common.inspection.inspection import load_inspection, write_inspection
from common.inspection.loading import LoadOptions, load_frame
from common.inspection.object_table import object_lines
from common.labels.cityscapes import IGNORE
from common.labels.tables import CITYSCAPES, LabelTable, make_label


def objects_of(dataset, name):
    loaded = load_frame(LoadOptions(dataset.labels), find_frames(dataset.frames, [name])[0])
    assert not loaded.problems
    return {(one.label, one.number): (one.area, one.box) for one in loaded.objects}


def test_box_and_area_of_an_object_are_those_of_its_pixels(street):
    loaded = load_frame(LoadOptions(CITYSCAPES), street)
    # Car 0: rows 8 to 13, columns 5 to 14. Person group: rows 5 to 11, columns 20 to 23.
    found = {region.text: (region.area, region.box) for region in loaded.regions}
    assert found["car 0"] == (60, (5, 8, 10, 6))
    assert found["car 1"] == (1, (39, 3, 1, 1))
    assert found["person group"] == (28, (20, 5, 4, 7))
    # Ten rows of 40, less the car's 4 rows of 10 and the group's 2 rows of 4.
    assert found["road"] == (400 - 40 - 8, (0, 10, 40, 10))
    assert "1 object has no visible pixel." in loaded.remarks


def test_objects_are_those_of_the_files(demo_tree):
    dataset = read(demo_tree)
    frame = next(frame for frame in dataset.frames if frame.split == "val")
    values = frame.annotation().pixels
    expected = {}
    for value in np.unique(values[values >= 1000]).tolist():
        rows, columns = np.nonzero(values == value)
        left, top = int(columns.min()), int(rows.min())
        box = (left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)
        expected[CITYSCAPES.of_id(value // 1000).name, value % 1000] = (len(rows), box)
    assert expected
    assert objects_of(dataset, frame.name) == expected


def test_coco_and_the_tree_it_was_made_from_show_the_same_objects(demo_tree, tmp_path):
    convert(demo_tree, tmp_path / "coco", "coco", splits=("val",), workers=1)
    (file,) = (tmp_path / "coco" / "annotations").glob("*.json")
    tree, alone = read(demo_tree), open_dataset(DatasetRequest(file))
    assert all(frame.image is not None for frame in alone.frames)
    for frame in alone.frames[:3]:
        evaluated = {key: one for key, one in objects_of(tree, frame.name).items()
                     if not CITYSCAPES.find(key[0]).ignore_in_eval}  # fmt: skip
        assert objects_of(alone, frame.name) == evaluated


def test_photographs_of_a_lone_json_file_can_be_elsewhere(demo_tree, tmp_path):
    convert(demo_tree, tmp_path / "coco", "coco", splits=("val",), workers=1)
    (file,) = (tmp_path / "coco" / "annotations").glob("*.json")
    alone = file.rename(tmp_path / "alone.json")
    assert not any(frame.image for frame in open_dataset(DatasetRequest(alone)).frames)
    found = open_dataset(DatasetRequest(alone, images=tmp_path / "coco" / "images" / "val")).frames
    assert all(frame.image is not None for frame in found)
    with pytest.raises(ConfigError, match="has its own photographs"):
        open_dataset(DatasetRequest(demo_tree, images=tmp_path))


def test_a_prepared_folder_is_shown_with_the_classes_of_its_map(prepared):
    dataset = open_dataset(DatasetRequest(prepared, splits=("val",)))
    assert {frame.split for frame in dataset.frames} == {"val"}
    loaded = load_frame(LoadOptions(dataset.labels), dataset.frames[0])
    assert "road" in loaded.names
    assert not loaded.objects
    one = open_dataset(DatasetRequest(prepared / "val"))
    assert [frame.name for frame in one.frames] == [frame.name for frame in dataset.frames]


def test_classes_of_a_map_of_ones_own_have_the_names_of_the_manifest(prepared, tmp_path):
    folder = tmp_path / "mine"
    (folder / "masks").mkdir(parents=True)
    mask = next((prepared / "val" / "masks").glob("*.png"))
    (folder / "masks" / mask.name).write_bytes(mask.read_bytes())
    manifest = json.loads((prepared / "val" / "manifest.json").read_text())
    manifest["label_map"]["names"][8] = "my road"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    dataset = open_dataset(DatasetRequest(folder))
    loaded = load_frame(LoadOptions(dataset.labels), dataset.frames[0])
    assert "my road" in loaded.names


def test_a_manifest_of_somebody_else_does_not_make_a_dataset_a_prepared_one(demo_tree, tmp_path):
    for name in ("leftImg8bit", "gtFine"):
        (tmp_path / name).symlink_to(demo_tree / name, target_is_directory=True)
    (tmp_path / "manifest.json").write_text("{}")
    assert open_dataset(DatasetRequest(tmp_path)).format == "cityscapes"


def frames_of(*places):
    return [AnnotatedFrame(f"{city}_{number:06}_000019", split, city) for split, city, number in places]


def test_frames_are_spread_over_splits_and_cities():
    places = [("train", "aachen", n) for n in range(50)] + [("train", "ulm", 0), ("train", "bonn", 0)]
    frames = frames_of(*places, ("val", "köln", 0), ("val", "köln", 1))
    chosen = spread_frames(frames, 6)
    # Each split in turn; the smaller one has two, and every city of the larger one is there.
    assert [frame.split for frame in chosen] == ["train"] * 4 + ["val"] * 2
    assert {frame.city for frame in chosen} == {"aachen", "ulm", "bonn", "köln"}
    assert len(spread_frames(frames, 1000)) == 54


def test_the_choice_depends_on_names_and_seed_alone():
    frames = frames_of(*(("train", city, n) for city in ("aachen", "ulm") for n in range(100)))
    chosen = spread_frames(frames, 8, seed=1)
    assert spread_frames(frames[::-1], 8, seed=1) == chosen
    assert spread_frames(frames, 8, seed=2) != chosen
    with pytest.raises(ConfigError, match="expected 1 to 1,000"):
        spread_frames(frames, 0)


def test_frames_are_found_by_a_part_of_their_name():
    frames = frames_of(("val", "ulm", 3), ("val", "ulm", 33), ("test", "ulm", 3))
    assert find_frames(frames, ["000033"]) == [frames[1]]
    assert find_frames(frames, ["ulm_000033_000019_gtFine_labelIds.png"]) == [frames[1]]
    assert find_frames(frames, ["val/ulm_000003_000019"]) == [frames[0]]
    with pytest.raises(DataError, match="2 frames fit 'ulm_000003_000019': val/ulm_000003_000019, test/ulm"):
        find_frames(frames, ["ulm_000003_000019"])
    with pytest.raises(DataError, match="no frame is called 'bonn'"):
        find_frames(frames, ["bonn"])


def test_the_gallery_counts_objects_alone_and_leaves_background_without_a_class(street, street_dataset):
    inspection = load_inspection("here", street_dataset, [street])
    gallery = make_gallery(inspection.frames, CITYSCAPES)
    (frame,) = gallery.frames
    assert gallery.names == ("road", "person", "car")
    assert frame.truth[0, 0] == IGNORE
    assert gallery.names[frame.truth[6, 21]] == "person"
    assert [one.text for one in frame.objects] == ["car 0", "car 1"]
    for number, one in enumerate(frame.objects, start=1):
        left, top, width, height = one.box
        inside = frame.instances[top : top + height, left : left + width] == number
        assert inside.sum() == (frame.instances == number).sum()
    assert frame.instances[6, 21] == 0


def test_a_large_frame_is_shrunk_after_it_was_measured(street):
    loaded = load_frame(LoadOptions(CITYSCAPES, most_pixels=200), street)
    assert loaded.photo.shape == (10, 20, 3)
    assert loaded.size_wh == (40, 20)
    assert loaded.objects[0].box == (5, 8, 10, 6)
    boxes = [one.box for one in make_gallery([loaded], CITYSCAPES).frames[0].objects]
    # Every second row and column is left; car 1 may be lost, and keeps its place then.
    assert boxes[0][2:] == (5, 3)
    assert boxes[1] == (19, 1, 1, 1)


def test_a_shrunk_mask_has_the_pixels_in_the_middle_of_those_it_stands_for():
    pixels = np.zeros((9, 9), np.uint16)
    pixels[1::3, 1::3] = 1  # the middle of every 3 x 3
    labels = LabelTable((make_label("car", 1, (0, 0, 142), True),))
    frame = AnnotatedFrame("a", "val", "", truth=Annotation(pixels, {1: Segment("car", 0)}))
    loaded = load_frame(LoadOptions(labels, most_pixels=9), frame)
    assert loaded.classes.tolist() == [[0] * 3] * 3
    assert loaded.instances.tolist() == [[1] * 3] * 3


def test_more_labels_than_a_page_can_show_are_refused_with_a_way_out():
    labels = LabelTable(tuple(make_label(f"label {index}", index) for index in range(300)))
    pixels = np.arange(300, dtype=np.uint16).reshape(10, 30)
    segments = {index: Segment(f"label {index}") for index in range(300)}
    frame = AnnotatedFrame("a", truth=Annotation(pixels, segments))
    with pytest.raises(DataError, match="300 labels, a page shows at most 255; choose fewer frames, or labels with"):
        make_gallery([load_frame(LoadOptions(labels), frame)], labels)
    few = load_frame(LoadOptions(labels, ("label 7", "label 299")), frame)
    assert make_gallery([few], labels).names == ("label 7", "label 299")


def test_a_damaged_photograph_does_not_hide_the_ground_truth(street, tmp_path):
    path = tmp_path / "cut.png"
    path.write_bytes(street.image.read_bytes()[:60])
    loaded = load_frame(LoadOptions(CITYSCAPES), replace(street, image=Source(path)))
    assert len(loaded.problems) == 1
    assert "cut.png" in loaded.problems[0]
    assert len(loaded.objects) == 2


def test_a_photograph_of_another_size_is_named_and_left_out(street):
    other = replace(street, truth=Annotation(street.truth.pixels[:10], street.truth.segments))
    loaded = load_frame(LoadOptions(CITYSCAPES), other)
    assert loaded.photo is None
    assert "has 40 x 20 pixels, but its ground truth has 40 x 10" in loaded.problems[0]


def test_the_table_has_a_line_for_every_region(street, street_dataset):
    lines = object_lines(load_inspection("here", street_dataset, [street]).frames)
    assert lines[0] == "ulm_000000_000019: val/ulm, 40 x 20 pixels, 3 labels, 2 objects"
    # 60 of 800 pixels.
    assert lines[-2].split() == ["car", "0", "60", "7.50", "%", "5", "8", "10", "6"]
    assert sum(line.split()[0] in ("road", "person", "car") for line in lines) == 4


def test_a_class_that_is_not_there_is_refused(street, street_dataset):
    with pytest.raises(LabelError, match="there is no class 'cat' in here; the classes are unlabeled, "):
        load_inspection("here", street_dataset, [street], ["cat"])


def write(dataset, tmp_path, overwrite=False):
    inspection = load_inspection(tmp_path / "source", dataset, dataset.frames)
    return write_inspection(inspection, tmp_path / "out", overwrite)


def test_an_inspection_is_written_whole_and_replaced_by_the_next(street_dataset, tmp_path):
    write(street_dataset, tmp_path)
    *sheets, page = write(street_dataset, tmp_path)
    assert [path.name for path in sheets] == ["sheet_1.png"]
    content = json.loads((tmp_path / "out" / "inspection.json").read_text())
    car = content["frames"][0]["regions"][0]
    assert (car["label"], car["area"], car["box"]) == ("car", 60, [5, 8, 10, 6])
    assert 'href="sheet_1.png"' in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photographs"]


def test_few_frames_are_shown_larger_than_in_the_report_of_a_study(tmp_path):
    frame = AnnotatedFrame("a", "val", "", truth=Annotation(np.ones((4, 1500), np.uint16), {1: Segment("road")}))
    dataset = FrameDataset(CITYSCAPES, (frame,), "coco")
    page = write_inspection(load_inspection(tmp_path / "a", dataset, [frame]), tmp_path / "out")[-1]
    assert 'width="1280" height="3"' in page.read_text(encoding="utf-8")


def test_files_of_the_user_are_not_touched(street_dataset, tmp_path):
    write(street_dataset, tmp_path)
    (tmp_path / "out" / "my notes.txt").write_text("mine")
    with pytest.raises(DataError, match="out: is there already"):
        write(street_dataset, tmp_path)
    write(street_dataset, tmp_path, overwrite=True)
    (aside,) = (path for path in tmp_path.iterdir() if (path / "my notes.txt").exists())
    assert aside.name != "out"


def test_nothing_is_written_into_the_dataset(street_dataset, tmp_path):
    inspection = load_inspection(tmp_path, street_dataset, street_dataset.frames)
    with pytest.raises(DataError, match="must not lie inside each other"):
        write_inspection(inspection, tmp_path / "out")


def test_markup_in_names_cannot_become_part_of_the_page(street, tmp_path):
    evil = "</script><img src=x onerror=alert(1)>"
    labels = LabelTable((make_label(evil, 7, (1, 2, 3)),))
    frame = replace(street, name=evil, city=evil, truth=Annotation(street.truth.pixels, {7: Segment(evil)}))
    dataset = FrameDataset(labels, (frame,), "coco", notes=(evil,))
    page = write_inspection(load_inspection(evil, dataset, [frame]), tmp_path / "out")[-1].read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page

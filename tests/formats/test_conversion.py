"""Any format to any other, as a user calls it."""

import hashlib
import json
import os
import platform
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from common.errors import ConfigError, DataError
from common.files.listing import list_files_of
from common.formats.conversion import convert, filter, read, write
from common.formats.mask_files.writing import write_masks
from common.formats.registry import FORMATS, recognise
from tests.support.difficult import assert_same, masks_of
from tests.support.running import PROJECT

TARGETS = sorted(FORMATS)
# What comes back: every segment, or the objects of the evaluated classes; of VOC all objects, of CamVid labels alone.
EVERYTHING = ("cityscapes", "cvat", "cvat-images", "label-studio", "labelme")
OBJECTS = ("coco", "coco-panoptic", "yolo")


def target_of(folder, name):
    return folder / (f"{name}.zip" if name == "cvat" else name)


def files_of(path):
    """Digest of every file by name; of the members of a zip."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    return {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in path.rglob("*")
        if file.is_file()
    }


def by_name(dataset):
    return {frame.name: frame for frame in dataset}


@pytest.fixture(scope="module")
def converted(tmp_path_factory, demo_tree):
    folder = tmp_path_factory.mktemp("converted")
    for name in TARGETS:
        convert(demo_tree, target_of(folder, name), name, workers=2)
    return folder


@pytest.mark.parametrize("name", TARGETS)
def test_the_format_is_recognised_from_the_files(converted, name):
    assert recognise(list_files_of(target_of(converted, name))) == name


@pytest.mark.parametrize("name", TARGETS)
def test_every_format_gives_back_what_it_can_hold(converted, demo_tree, name):
    originals = by_name(read(demo_tree))
    dataset = read(target_of(converted, name))
    found = by_name(dataset)
    assert found.keys() == originals.keys()
    evaluated = {"person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"}
    for frame in originals.values():
        back = found[frame.name]
        assert (back.split, back.city) == (frame.split, frame.city)
        expected, annotation = frame.annotation(), filter(replace(dataset, frames=(back,)))
        (changed,) = annotation.frames
        got = changed.annotation()
        if name in EVERYTHING:
            assert_same(expected, got)
        elif name in ("camvid", "folders"):
            for label in {segment.label for segment in expected.segments.values()}:
                assert_pixels_of(label, expected, got)
        else:
            numbers = name != "yolo"
            first, second = masks_of(expected, numbers), masks_of(got, numbers)
            for key, mask in first.items():
                is_wanted = key[0] in evaluated if name in OBJECTS else True
                if is_wanted and key[1] is not None:
                    np.testing.assert_array_equal(mask, second[key], err_msg=f"{frame.name} {key}")


def assert_pixels_of(label, first, second):
    pictures = [a.paint(lambda segment: int(segment.label == label), 0, np.uint8) for a in (first, second)]
    np.testing.assert_array_equal(*pictures, err_msg=label)


@pytest.mark.parametrize("name", TARGETS)
def test_number_of_workers_changes_no_byte(converted, demo_tree, tmp_path, name):
    convert(demo_tree, target_of(tmp_path, name), name, workers=1)
    assert files_of(target_of(tmp_path, name)) == files_of(target_of(converted, name))


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "cvat"])
def test_a_zip_is_read_like_the_folder_it_was_made_from(converted, tmp_path, name):
    path = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((converted / name).rglob("*.*")):
            archive.write(file, f"below/{file.relative_to(converted / name).as_posix()}")
    assert recognise(list_files_of(path)) == name
    folder, zipped = by_name(read(converted / name)), by_name(read(path))
    assert folder.keys() == zipped.keys()
    for key in list(folder)[:3]:
        assert_same(folder[key].annotation(), zipped[key].annotation())
        assert folder[key].image.read_bytes() == zipped[key].image.read_bytes()


def test_the_example_of_the_documentation_runs(demo_tree, tmp_path, monkeypatch, capsys):
    text = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    (tmp_path / "cityscapes").mkdir()
    with zipfile.ZipFile(tmp_path / "cityscapes" / "gtFine_trainvaltest.zip", "w") as archive:
        for file in sorted((demo_tree / "gtFine").rglob("*.*")):
            archive.write(file, file.relative_to(demo_tree).as_posix())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/formats.md", "exec"), {})
    assert recognise(list_files_of("persons.zip")) == "cvat"
    assert capsys.readouterr().out.startswith("written: 8 frames")


def test_chosen_classes_are_the_categories_of_coco(demo_tree, tmp_path):
    dataset = read(demo_tree)
    persons = filter(dataset, splits=("val",), classes=("person", "rider"))
    tally = write(persons, tmp_path / "persons", "coco")
    content = json.loads((tmp_path / "persons/annotations/instancesonly_filtered_gtFine_val.json").read_text())
    assert [category["name"] for category in content["categories"]] == ["person", "rider"]
    assert tally.written["frames"] == len(content["images"]) == 8


def test_frames_of_a_generator_are_taken_one_by_one(demo_tree, tmp_path):
    dataset, seen = read(demo_tree), []

    def chosen():
        for frame in dataset:
            seen.append(frame.name)
            if frame.split == "val":
                yield frame

    assert write(chosen(), tmp_path / "val", "cityscapes", images="none").written["frames"] == 8
    assert len(seen) == 28


def test_what_is_there_is_refused_or_moved_aside_never_deleted(demo_tree, tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="is there already.*--overwrite"):
        convert(demo_tree, target, "camvid")
    convert(demo_tree, target, "camvid", overwrite=True, splits=("val",))
    assert (tmp_path / "out_1" / "mine.txt").read_text() == "keep"
    assert not (target / "mine.txt").exists()


def test_the_folder_one_works_in_is_never_moved_aside(demo_tree, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="the folder you work in"):
        convert(demo_tree, ".", "coco", overwrite=True)


def test_a_target_with_dots_is_the_folder_it_means(demo_tree, tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    with pytest.raises(DataError, match="the folder you work in"):
        convert(demo_tree, "../project", "coco", overwrite=True)
    with pytest.raises(DataError, match="the folder you work in"):
        convert(demo_tree, "..", "coco", overwrite=True)
    convert(demo_tree, "../out", "coco", splits=("val",), images="none")
    assert (tmp_path / "out" / "annotations").is_dir()


@pytest.mark.parametrize("name", TARGETS)
def test_a_damaged_photograph_is_refused(demo_tree, tmp_path, name):
    for kind in ("gtFine", "leftImg8bit"):
        shutil.copytree(demo_tree / kind / "val", tmp_path / "source" / kind / "val")
    path = sorted((tmp_path / "source").rglob("*_leftImg8bit.png"))[2]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + data[len(data) // 2 + 100 :])  # the end is there, the middle is not
    (tmp_path / "targets").mkdir()
    with pytest.raises(DataError, match=path.name):
        convert(tmp_path / "source", target_of(tmp_path / "targets", name), name)
    assert list((tmp_path / "targets").iterdir()) == []


def test_a_jpeg_that_is_cut_off_is_refused(demo_tree, tmp_path):
    convert(demo_tree, tmp_path / "source", "cityscapes", splits=("val",), image_ext="jpg")
    path = sorted((tmp_path / "source").rglob("*_leftImg8bit.jpg"))[2]
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match=f"{path.name}: is cut off"):
        convert(tmp_path / "source", tmp_path / "out", "camvid")


def test_generated_panoptic_files_do_not_stand_in_the_way_of_the_rest(demo_tree, tmp_path):
    shutil.copytree(demo_tree / "gtFine" / "val", tmp_path / "tree" / "gtFine" / "val")
    write_masks(tmp_path / "tree", tmp_path / "tree", "panoptic")
    assert list((tmp_path / "tree" / "gtFine").glob("cityscapes_panoptic_val/*.png"))
    assert recognise(list_files_of(tmp_path / "tree")) == "cityscapes"
    assert len(read(tmp_path / "tree").frames) == 8


def test_the_end_of_a_zips_name_may_be_in_capitals(demo_tree, tmp_path):
    convert(demo_tree, tmp_path / "A.ZIP", "cvat", splits=("val",), images="none")
    assert len(read(tmp_path / "A.ZIP").frames) == 8


def test_what_a_killed_run_left_is_removed_and_a_running_one_is_left_alone(demo_tree, tmp_path):
    host = platform.node()
    dead, alive = tmp_path / f".out.{host}.999999999.building", tmp_path / f".out.{host}.{os.getppid()}.building"
    dead.mkdir()
    alive.mkdir()
    convert(demo_tree, tmp_path / "out", "camvid", splits=("val",))
    assert not dead.exists()
    assert alive.exists()


def test_source_and_target_may_not_lie_inside_each_other(demo_tree):
    with pytest.raises(DataError, match="inside each other"):
        convert(demo_tree, demo_tree / "coco", "coco")


@pytest.mark.parametrize("name", TARGETS)
def test_a_broken_frame_leaves_nothing_behind(demo_tree, tmp_path, name):
    shutil.copytree(demo_tree / "gtFine" / "val", tmp_path / "source" / "gtFine" / "val")
    broken = sorted((tmp_path / "source").rglob("*_instanceIds.png"))[-1]
    broken.write_bytes(broken.read_bytes()[:-200])
    (tmp_path / "targets").mkdir()
    with pytest.raises(DataError, match=broken.name):
        convert(tmp_path / "source", target_of(tmp_path / "targets", name), name)
    assert list((tmp_path / "targets").iterdir()) == []


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"to": "coko"}, "no format 'coko'.*camvid"),
        ({"to": "coco", "images": "move"}, "copy, link, none"),
        ({"to": "coco", "image_ext": "gif"}, "image_ext = 'gif': expected one of .png"),
        ({"to": "coco", "workers": 0}, "workers = 0"),
        ({"to": "coco", "shape": 1}, "there is no option 'shape'"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(demo_tree, tmp_path, choices, message):
    with pytest.raises(ConfigError, match=message):
        convert(demo_tree, tmp_path / "out", **choices)


def test_a_folder_of_something_else_is_not_taken_for_a_dataset(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match="none of the formats.*notes.txt"):
        read(tmp_path)


def test_a_zip_whose_members_lead_out_is_refused(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../data.yaml", "x")
    with pytest.raises(DataError, match="leads out of the archive"):
        read(path)


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_a_damaged_photograph_is_not_encoded_again(demo_tree, tmp_path, ending):
    for kind in ("gtFine", "leftImg8bit"):
        shutil.copytree(demo_tree / kind / "val", tmp_path / "source" / kind / "val")
    path = sorted((tmp_path / "source").rglob("*_leftImg8bit.png"))[2]
    data = bytearray(path.read_bytes())
    data[-13] ^= 1  # in the checksum of the last chunk of pixels
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"{path.name}.*checksum"):
        convert(tmp_path / "source", tmp_path / "out", "camvid", image_ext=ending)


def test_one_file_of_a_dataset_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "instances_val.json").write_text("{}")
    with pytest.raises(DataError, match="give the folder it belongs to"):
        read(tmp_path / "instances_val.json")


def test_pictures_of_other_kinds_and_videos_in_a_dataset_are_noted_with_the_way_out(demo_tree, tmp_path):
    tree = shutil.copytree(demo_tree / "gtFine" / "val", tmp_path / "gtFine" / "val").parents[1]
    (tree / "IMG_1.HEIC").touch()
    (tree / "drive.mp4").touch()
    (note,) = [note for note in read(tree).notes if "HEIC" in note]
    assert note.startswith(
        "1 HEIC picture (for example IMG_1.HEIC), 1 video (for example drive.mp4) passed over; to predict"
    )
    assert not any("HEIC" in note for note in read(demo_tree).notes)


def test_a_folder_of_other_pictures_alone_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "IMG_1.avif").touch()
    with pytest.raises(DataError, match="is in none of the formats .* 1 AVIF picture .* convert AVIF with: avifdec"):
        read(tmp_path)

"""The demo dataset: the official layout, the same bytes every time, every class, and no folder overwritten."""

import json

import cv2
import numpy as np
import pytest

from common.dataset.original.polygons import ids_to_colors, paint_polygons, read_polygons
from common.demo import DemoSettings, draw_demo_dataset
from common.demo.dataset import MANIFEST, UNFINISHED, list_frames
from common.demo.plan import Item, far_to_near
from common.demo.scene import draw_frame
from common.errors import DataError
from common.labels.cityscapes import LABELS
from common.tools import demo_data

SETTINGS = DemoSettings(train=6, val=2, size_wh=(128, 64), seed=7)


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A small dataset in the official layout."""
    out = tmp_path_factory.mktemp("demo") / "data"
    draw_demo_dataset(out, SETTINGS)
    return out


@pytest.fixture(scope="module")
def scenes():
    """The pictures, annotations and painted frames of 36 streets."""
    frames = list_frames(DemoSettings(train=30, val=6))
    return [draw_frame(name, (512, 256), 42) for _, name in frames]


@pytest.fixture(scope="module")
def full_size():
    """One frame of the size of Cityscapes."""
    return draw_frame("ahornstadt_000000_000019", (2048, 1024), 42)


def test_layout_is_the_official_one(dataset):
    images = sorted((dataset / "leftImg8bit").glob("*/*/*.png"))
    assert [path.parent.parent.name for path in images].count("train") == 6
    assert [path.parent.parent.name for path in images].count("val") == 2
    for image in images:
        name = image.name.removesuffix("_leftImg8bit.png")
        truth = dataset / "gtFine" / image.parent.relative_to(dataset / "leftImg8bit")
        endings = ["color.png", "instanceIds.png", "labelIds.png", "polygons.json"]
        assert sorted(path.name for path in truth.glob(f"{name}_*")) == [
            f"{name}_gtFine_{ending}" for ending in endings
        ]
        assert name.startswith(image.parent.name + "_")


def test_files_have_the_official_types(dataset):
    shapes = {"leftImg8bit": (64, 128, 3), "labelIds": (64, 128), "instanceIds": (64, 128), "color": (64, 128, 4)}
    for ending, shape in shapes.items():
        for path in dataset.rglob(f"*_{ending}.png"):
            array = read(path)
            assert array.shape == shape
            assert array.dtype == (np.uint16 if ending == "instanceIds" else np.uint8)


def test_files_agree_with_the_repainted_polygons(dataset):
    paths = sorted(dataset.rglob("*_polygons.json"))
    assert len(paths) == 8
    for path in paths:
        painted = paint_polygons(read_polygons(path))
        stem = str(path).removesuffix("polygons.json")
        np.testing.assert_array_equal(read(stem + "labelIds.png"), painted.ids)
        np.testing.assert_array_equal(read(stem + "instanceIds.png"), painted.instance_ids)
        np.testing.assert_array_equal(read(stem + "color.png")[..., [2, 1, 0, 3]], ids_to_colors(painted.ids))


def test_two_workers_write_the_same_bytes_as_one(dataset, tmp_path):
    draw_demo_dataset(tmp_path / "again", SETTINGS, workers=2)
    assert contents(tmp_path / "again") == contents(dataset)


def test_another_seed_and_another_name_draw_another_street():
    pictures = [
        draw_frame(name, (64, 32), seed)[0]
        for name, seed in (("weinfeld_000000_000019", 1), ("weinfeld_000000_000019", 2), ("weinfeld_000001_000019", 1))
    ]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_interrupted_run_goes_on_and_gives_the_same_files(dataset, tmp_path):
    draw_demo_dataset(tmp_path, SETTINGS)
    (tmp_path / MANIFEST).rename(tmp_path / UNFINISHED)
    for path in sorted(tmp_path.rglob("*_polygons.json"))[:3]:
        path.unlink()
    result = draw_demo_dataset(tmp_path, SETTINGS)
    assert (result.drawn, result.kept) == (3, 5)
    assert contents(tmp_path) == contents(dataset)


def test_complete_dataset_is_left_alone(dataset):
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob("*")}
    assert draw_demo_dataset(dataset, SETTINGS).drawn == 0
    assert {path: path.stat().st_mtime_ns for path in dataset.rglob("*")} == before


def test_dataset_of_other_settings_is_refused(dataset):
    with pytest.raises(DataError, match="other settings.*choose another folder"):
        draw_demo_dataset(dataset, DemoSettings(train=6, val=2, size_wh=(128, 64), seed=8))


def test_folder_with_other_files_is_refused_and_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(DataError, match="is not empty"):
        draw_demo_dataset(tmp_path, SETTINGS)
    assert list(contents(tmp_path)) == ["thesis.txt"]


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="is a file, expected a folder"):
        draw_demo_dataset(tmp_path / "out", SETTINGS)


@pytest.mark.parametrize(
    "settings",
    [
        DemoSettings(0, 0),
        DemoSettings(-1, 3),
        DemoSettings(1, 1, (8, 8)),
        DemoSettings(1, 1, (9000, 64)),
        DemoSettings(seed=-1),
    ],
)
def test_settings_that_cannot_be_drawn_are_refused(tmp_path, settings):
    with pytest.raises(DataError, match="expected|cannot"):
        draw_demo_dataset(tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_every_evaluated_class_occurs(scenes):
    found = set().union(*(np.unique(painted.ids).tolist() for _, _, painted in scenes))
    assert found >= {label.id for label in LABELS if not label.ignore_in_eval}


def test_val_has_other_cities_than_train():
    frames = list_frames(DemoSettings(train=20, val=8))
    cities = {split: {name.split("_")[0] for s, name in frames if s == split} for split in ("train", "val")}
    assert len(cities["train"]) >= 3
    assert len(cities["val"]) >= 1
    assert not cities["train"] & cities["val"]
    assert len({name for _, name in frames}) == 28


@pytest.mark.parametrize(
    "label",
    ["persongroup", "cargroup", "bicyclegroup", "polegroup", "license plate", "ego vehicle", "rectification border"]
    + ["out of roi", "static", "dynamic", "parking", "rail track", "guard rail"],
)
def test_special_labels_occur(scenes, label):
    assert label in {polygon.label for _, image, _ in scenes for polygon in image.polygons}


def test_objects_hide_each_other_and_hidden_ones_are_counted(scenes):
    visible = partly = 0
    for _, image, painted in scenes:
        counted = sum(polygon.label == "car" for polygon in image.polygons)
        seen = {int(value) for value in np.unique(painted.instance_ids) if value // 1000 == 26}
        assert all(value < 26000 + counted for value in seen)
        visible += len(seen)
        partly += counted
    assert 0 < visible < partly


def test_vertices_are_integers(scenes):
    points = [point for _, image, _ in scenes[:5] for polygon in image.polygons for point in polygon.points]
    assert {type(value) for point in points for value in point} == {int}


def test_void_is_rare_inside_of_the_frame(scenes):
    for _, _, painted in scenes:
        assert (painted.ids[8:-40, 8:-8] == 0).mean() < 0.001


def test_borders_of_the_frame_are_void(scenes):
    for _, _, painted in scenes:
        assert set(painted.ids[0].tolist()) == {3}
        assert painted.ids[-8, 256] == 1


def test_pictures_differ_in_light_and_colours_do_not_give_the_class_away(scenes):
    assert np.ptp([picture.mean() for picture, _, _ in scenes]) > 30
    road = np.concatenate([picture[painted.ids == 7][::50] for picture, _, painted in scenes]).mean(axis=1)
    house = np.concatenate([picture[painted.ids == 11][::50] for picture, _, painted in scenes]).mean(axis=1)
    low, high = np.percentile(road, [5, 95])
    assert ((low < house) & (house < high)).mean() > 0.3


def test_full_size_frame_compresses_as_a_photograph_does(full_size):
    data = cv2.imencode(".png", np.ascontiguousarray(full_size[0][..., ::-1]), (cv2.IMWRITE_PNG_COMPRESSION, 1))[1]
    assert 2.1e6 < len(data) < 2.6e6


def test_full_size_frame_has_as_many_objects_as_a_real_one(full_size):
    assert 40 < len(full_size[1].polygons) < 250
    assert full_size[0].shape == (1024, 2048, 3)


def test_near_things_are_drawn_after_what_they_hide():
    tram, behind, before, far = (
        Item(*place, None) for place in ((-6, 10, 40), (-9, 20, 20), (-3, 20, 20), (0, 60, 60))
    )
    assert far_to_near([before, tram, far, behind]) == [far, behind, tram, before]


def test_tool_draws_and_says_what_it_drew(tmp_path, capsys):
    arguments = [str(tmp_path / "out"), "--train", "2", "--val", "1", "--size", "64x32", "--workers", "1"]
    demo_data.main(arguments)
    assert "2 train and 1 val frames of 64x32" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / MANIFEST).read_text())["size_wh"] == [64, 32]
    demo_data.main(arguments)
    assert "nothing was drawn" in capsys.readouterr().out


def test_tool_refuses_a_size_it_cannot_read(tmp_path, capsys):
    with pytest.raises(SystemExit):
        demo_data.main([str(tmp_path / "out"), "--size", "large"])
    said = capsys.readouterr().err
    assert "--size" in said
    assert "large" in said

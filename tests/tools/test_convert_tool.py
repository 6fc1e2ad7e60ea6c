"""The command line of `convert`: what its options become."""

import numpy as np
import pytest

from common.errors import ConfigError, DataError, LabelError
from common.formats.conversion import read, write
from common.formats.frames import AnnotatedFrame, Annotation, Segment
from common.images.png import encode_mask, read_mask
from common.tools import convert
from tests.formats.test_new_objects import BOX_FILES, label_ids_alone, put


def run(*arguments):
    return convert.main([*map(str, arguments), "--workers", "1"])


def test_splits_are_renamed_as_often_as_asked(demo_tree, tmp_path):
    renames = ("--rename-split", "train=training", "--rename-split", "val=valid")
    assert run(demo_tree, tmp_path / "new", "--to", "yolo", *renames) == 0
    assert {frame.split for frame in read(tmp_path / "new")} == {"training", "valid"}
    index = (tmp_path / "new/data.yaml").read_text()
    assert "train: images/training\nval: images/valid\n" in index


@pytest.mark.parametrize("option", ["--rename-split", "--rename-label"])
def test_a_rename_without_a_new_name_is_refused(option, capsys):
    with pytest.raises(SystemExit):
        run("a", "b", "--to", "yolo", option, "val")
    assert f"{option}: 'val': expected OLD=NEW, for example valid=val" in capsys.readouterr().err


def test_boxes_are_filled_where_asked(tmp_path):
    source = put(tmp_path / "source", BOX_FILES["coco"])
    with pytest.raises(DataError, match="--boxes fill"):
        run(source, tmp_path / "new", "--to", "cityscapes")
    assert run(source, tmp_path / "new", "--to", "cityscapes", "--boxes", "fill") == 0
    (mask,) = (tmp_path / "new").rglob("*_labelIds.png")
    assert (read_mask(mask) == 26).sum() == 8


def test_regions_are_divided_where_asked(tmp_path):
    source = label_ids_alone(tmp_path / "source")
    assert run(source, tmp_path / "new", "--to", "cityscapes", "--regions") == 0
    (frame,) = read(tmp_path / "new").frames
    assert [segment.label for _, segment in frame.annotation().objects] == ["car"]


def test_train_ids_are_read_where_asked_and_only_of_cityscapes(tmp_path):
    path = tmp_path / "source/gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_mask(np.array([[13, 255]], np.uint8)))
    with pytest.raises(LabelError, match="holds the value 255"):
        run(tmp_path / "source", tmp_path / "new", "--to", "cityscapes")
    assert run(tmp_path / "source", tmp_path / "new", "--to", "cityscapes", "--train-ids") == 0
    (mask,) = (tmp_path / "new").rglob("*_labelIds.png")
    assert read_mask(mask).tolist() == [[26, 0]]
    with pytest.raises(ConfigError, match="--train-ids is for the format cityscapes"):
        run(put(tmp_path / "coco", BOX_FILES["coco"]), tmp_path / "other", "--to", "cityscapes", "--train-ids")


@pytest.fixture(scope="module")
def two_sources(tmp_path_factory):
    """A VOC folder with the frames a to d of train, and a COCO folder with the frames d and e of val."""
    folder = tmp_path_factory.mktemp("sources")
    for name, names, split in (("voc", "abcd", "train"), ("coco", "de", "val")):
        truth = Annotation(np.full((4, 8), 1, np.uint16), {1: Segment("car", 0)})
        write([AnnotatedFrame(one, split, truth=truth) for one in names], folder / name, name, workers=1)
    return folder / "voc", folder / "coco"


def test_sources_on_both_sides_of_an_option_become_one_dataset(two_sources, tmp_path):
    first, second = two_sources
    with pytest.raises(DataError, match="coco: 1 frame has a name that an earlier source has: d; --on-conflict rename"):
        run(first, second, tmp_path / "new", "--to", "voc")
    assert run(first, "--to", "voc", "--on-conflict", "rename", second, tmp_path / "new") == 0
    assert [(frame.split, frame.name) for frame in read(tmp_path / "new")] == [
        *(("train", name) for name in "abcd"), ("val", "d-2"), ("val", "e"),
    ]  # fmt: skip


def test_frames_are_drawn_or_of_a_list_divided_resized_and_get_other_labels(two_sources, tmp_path):
    (tmp_path / "list.txt").write_text("# wanted\na\ntrain/default/b\n\nc\n")
    assert run(two_sources[0], tmp_path / "two", "--to", "voc", "--take", "2") == 0
    assert len(read(tmp_path / "two")) == 2
    choice = ("--list", tmp_path / "list.txt", "--split", "one:0.5,two:0.5", "--seed", "1", "--stratify")
    change = ("--size", "4x2", "--rename-label", "car=vehicle")
    assert run(two_sources[0], tmp_path / "new", "--to", "voc", *choice, *change) == 0
    frames = list(read(tmp_path / "new"))
    assert {frame.name for frame in frames} == set("abc")
    assert {frame.split for frame in frames} == {"one", "two"}
    annotation = frames[0].annotation()
    assert (annotation.size_wh, [one.label for one in annotation.segments.values()]) == ((4, 2), ["vehicle"])


def test_a_list_of_frames_that_are_not_there_is_refused(two_sources, tmp_path):
    (tmp_path / "list.txt").write_text("a\nx\ny\n")
    with pytest.raises(
        ConfigError, match="frames: there is no 'x' in the data, nor 1 more of the names; there are a, b"
    ):
        run(two_sources[0], tmp_path / "new", "--to", "voc", "--list", tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("# nothing\n")
    with pytest.raises(DataError, match="names no frame"):
        run(two_sources[0], tmp_path / "new", "--to", "voc", "--list", tmp_path / "list.txt")


@pytest.mark.parametrize("shares", ["train", "train:x", ":1", "train:0.5;val:0.5"])
def test_shares_of_another_form_are_refused(shares, capsys):
    with pytest.raises(SystemExit):
        run("a", "b", "--to", "voc", "--split", shares)
    assert "expected NAME:SHARE,..., each name once" in capsys.readouterr().err


def test_dropped_labels_become_background_and_a_target_without_any_is_refused(two_sources, tmp_path):
    with pytest.raises(DataError, match="nothing was written"):
        run(two_sources[0], tmp_path / "new", "--to", "voc", "--drop", "car")

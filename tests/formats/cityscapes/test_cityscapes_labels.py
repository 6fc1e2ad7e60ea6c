"""Which labels a Cityscapes tree has: where their file is found, and what is counted."""

import shutil
import zipfile

import numpy as np
import pytest

from common.dataset.checking.check import check_data
from common.dataset.original.polygons import ids_to_colors
from common.files.listing import list_files_of
from common.formats import cityscapes
from common.formats.conversion import convert, read, write
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.png import encode_color_mask, encode_instance_mask, encode_mask
from common.labels.tables import LabelTable, make_label
from tests.support.difficult import masks_of

ZOO = LabelTable(
    (
        make_label("void", 0, (0, 0, 0)),
        make_label("grass", 1, (1, 90, 1)),
        make_label("dog", 2, (90, 1, 1), has_instances=True),
    ),
    "void",
)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """A Cityscapes tree of one frame with two dogs on grass."""
    pixels = np.ones((40, 60), np.uint16)
    pixels[5:15, 5:20], pixels[20:35, 30:50] = 2, 3
    truth = Annotation(pixels, {1: Segment("grass"), 2: Segment("dog", 0), 3: Segment("dog", 1)})
    folder = tmp_path_factory.mktemp("zoo") / "tree"
    write(FrameDataset(ZOO, [AnnotatedFrame("zoo_000000_000000", "train", "zoo", None, truth)]), folder, "cityscapes")
    return folder


@pytest.fixture
def copy(zoo, tmp_path):
    return shutil.copytree(zoo, tmp_path / "tree")


def dogs_in(path):
    (frame,) = read(path)
    return sorted(key for key in masks_of(frame.annotation()) if key[0] == "dog")


TWO_DOGS = [("dog", 0, False), ("dog", 1, False)]


def make_others(tree):
    """Turns our tree into one of others: ids in the order of a list that does not say what is counted."""
    names = [label.name for label in cityscapes.read(list_files_of(tree)).labels]
    (tree / "dataset_meta.json").unlink()
    colors = {label.name: label.color for label in ZOO}
    (tree / "label_colors.txt").write_text("".join("{} {} {} {}\n".format(*colors[name], name) for name in names))


@pytest.mark.parametrize("target", ["coco", "coco-panoptic", "voc", "cityscapes"])
@pytest.mark.parametrize("of_others", [False, True])
def test_objects_of_foreign_labels_survive_the_way_over_a_cityscapes_tree(copy, tmp_path, target, of_others):
    if of_others:
        make_others(copy)
    convert(copy, tmp_path / "out", target, workers=1)
    assert len(dogs_in(tmp_path / "out")) == 2


def test_polygons_alone_keep_objects_of_foreign_labels_apart(copy):
    for path in copy.rglob("*.png"):
        path.unlink()
    assert dogs_in(copy) == TWO_DOGS
    (copy / "dataset_meta.json").unlink()
    assert dogs_in(copy) == TWO_DOGS  # label_colors.txt says it too


@pytest.mark.parametrize("of_others", [False, True])
def test_our_own_tree_of_foreign_labels_has_no_problems(copy, of_others):
    if of_others:
        make_others(copy)
    assert check_data(copy, table=cityscapes.read(list_files_of(copy)).labels).problems == ()


def test_a_broken_mask_does_not_hide_the_labels(copy):
    make_others(copy)
    path = next(copy.rglob("*_instanceIds.png"))
    shutil.copyfile(path, path.with_name("zoo_000001_000000_gtFine_instanceIds.png"))
    path.write_bytes(b"")
    assert cityscapes.read(list_files_of(copy)).labels.find("dog").has_instances


@pytest.mark.parametrize("part", ["", "gtFine", "gtFine/train", "gtFine/train/zoo"])
def test_a_part_of_the_tree_has_the_labels_of_the_whole(zoo, part):
    assert dogs_in(zoo / part) == TWO_DOGS


def test_images_beside_masks_in_another_folder_have_them_too(zoo, tmp_path):
    (tmp_path / "imgsFine/leftImg8bit/train").mkdir(parents=True)
    shutil.copy(zoo / "label_colors.txt", tmp_path)
    (tmp_path / "imgsFine/leftImg8bit/train/a_0_0_leftImg8bit.png").touch()
    assert cityscapes.read(list_files_of(tmp_path / "imgsFine/leftImg8bit/train")).labels.find("dog")


def test_a_label_file_above_the_whole_tree_is_somebody_elses(copy):
    (copy.parent / "label_colors.txt").write_text("0 0 0 void\n9 9 9 cat\n")
    assert dogs_in(copy) == TWO_DOGS
    for name in ("label_colors.txt", "dataset_meta.json"):
        (copy / name).unlink()
    assert cityscapes.read(list_files_of(copy)).labels.is_official


def pack(tree, path, *, with_labels):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(tree.rglob("*_gtFine_*")):
            archive.write(file, file.relative_to(tree).as_posix())
        if with_labels:
            archive.write(tree / "label_colors.txt", "label_colors.txt")


def test_labels_in_or_beside_the_zip_that_holds_the_tree_are_found(zoo, tmp_path):
    (tmp_path / "in").mkdir()
    pack(zoo, tmp_path / "in" / "gtFine_zoo.zip", with_labels=True)
    assert dogs_in(tmp_path / "in") == dogs_in(tmp_path / "in" / "gtFine_zoo.zip") == TWO_DOGS
    (tmp_path / "beside").mkdir()
    pack(zoo, tmp_path / "beside" / "gtFine_zoo.zip", with_labels=False)
    shutil.copy(zoo / "label_colors.txt", tmp_path / "beside")
    assert dogs_in(tmp_path / "beside") == dogs_in(tmp_path / "beside" / "gtFine_zoo.zip") == TWO_DOGS


def test_ids_are_told_by_the_first_frame_whose_masks_can_be_compared(tmp_path):
    """The first frame's masks differ in width, the second's cannot be read, the third's tell that ids are places."""
    folder = tmp_path / "gtFine" / "val" / "ulm"
    folder.mkdir(parents=True)
    (tmp_path / "label_colors.txt").write_text("0 0 0 unlabeled\n128 64 128 road\n0 0 142 car\n")
    places = LabelTable((make_label("unlabeled", 0), make_label("road", 1), make_label("car", 2)), "unlabeled")
    ids = np.array([[0, 1, 2]], np.uint8)
    colors = encode_color_mask(ids_to_colors(ids, places))
    for number, (mask, color) in enumerate(((ids[:, 1:], colors), (ids, b"broken"), (ids, colors))):
        (folder / f"ulm_0_{number}_gtFine_labelIds.png").write_bytes(encode_mask(np.ascontiguousarray(mask)))
        (folder / f"ulm_0_{number}_gtFine_color.png").write_bytes(color)
    assert [label.id for label in cityscapes.read(list_files_of(tmp_path)).labels] == [0, 1, 2]


def test_values_of_objects_do_not_count_labels_of_cityscapes(tmp_path):
    """7000 would be a road that is counted: a defect of the file, which a check has to name."""
    folder = tmp_path / "gtFine" / "val" / "ulm"
    folder.mkdir(parents=True)
    (folder / "ulm_0_0_gtFine_instanceIds.png").write_bytes(encode_instance_mask(np.array([[7000]], np.uint16)))
    labels = cityscapes.read(list_files_of(tmp_path)).labels
    assert labels.is_official
    assert [problem.kind for problem in check_data(tmp_path, table=labels).problems] == ["unknown id"]

"""Mask files against the demo dataset, hand-made polygons and the official package."""

import json
import shutil
import zipfile
from collections import Counter

import cv2
import numpy as np
import pytest
from cityscapesscripts.evaluation.instances2dict import instances2dict
from cityscapesscripts.helpers.annotation import Annotation as OfficialAnnotation
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage

from common.dataset.original.layouts import read_layout
from common.dataset.original.polygons import paint_polygons, read_polygons, scale_polygons
from common.errors import ConfigError, DataError, LabelError
from common.files.resuming import Unfinished
from common.formats.mask_files.encodings import MaskEncoder
from common.formats.mask_files.instance_ids import FrameInstances
from common.formats.mask_files.writing import ENCODINGS, MaskJob, MaskOptions, write_masks
from common.images.png import encode_mask, read_color_mask, read_instance_mask, read_mask
from common.labels.cityscapes import IGNORE, LABELS
from common.labels.map_files import load_label_map
from common.labels.tables import LabelTable, make_label

SIDE = 8


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def masks_in(folder, kind):
    return sorted(folder.rglob(f"*_gtFine_{kind}.png"))


@pytest.fixture(scope="module")
def small(demo_tree, tmp_path_factory):
    """The four frames of two cities, polygons and photographs only."""
    folder = tmp_path_factory.mktemp("small")
    for frame in [frame for frame in read_layout(demo_tree).frames if frame.split == "val"][:4]:
        path = folder / f"gtFine/val/{frame.city}" / frame.files["polygons"].path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(frame.files["polygons"].path, path)
    return folder


@pytest.fixture
def every_label(tmp_path):
    """A frame with a square for each label, one more of each, and one as a group; and the squares' names in order."""
    names = [label.name for label in LABELS] * 2 + [f"{label.name}group" for label in LABELS if label.name != "pole"]
    objects = []
    for number, name in enumerate(names):
        x, y = number % 12 * SIDE, number // 12 * SIDE
        objects.append({"label": name, "polygon": [[x + 1, y + 1], [x + 6, y + 1], [x + 6, y + 6], [x + 1, y + 6]]})
    path = tmp_path / "squares/gtFine/train/ulm/ulm_000000_000000_gtFine_polygons.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"imgWidth": 12 * SIDE, "imgHeight": 9 * SIDE, "objects": objects}))
    return path


def square_middles(values):
    return np.asarray(values)[SIDE // 2 :: SIDE, SIDE // 2 :: SIDE]


@pytest.mark.parametrize(
    ("encoding", "kind", "read"),
    [
        ("labelIds", "labelIds", read_mask),
        ("instanceIds", "instanceIds", read_instance_mask),
        ("color", "color", read_color_mask),
    ],
)
def test_the_masks_that_come_with_a_dataset_are_made_from_its_polygons(demo_tree, tmp_path, encoding, kind, read):
    summary = write_masks(demo_tree, tmp_path, encoding, MaskOptions(splits=("val",)))
    assert summary.read == Counter(polygons=8) and not summary.missing
    shipped, made = masks_in(demo_tree / "gtFine/val", kind), masks_in(tmp_path / "gtFine/val", kind)
    assert [path.relative_to(demo_tree) for path in shipped] == [path.relative_to(tmp_path) for path in made]
    for first, second in zip(shipped, made, strict=True):
        np.testing.assert_array_equal(read(first), read(second))


@pytest.mark.parametrize(
    ("encoding", "kind", "official"),
    [
        ("labelIds", "labelIds", lambda annotation: createLabelImage(annotation, "ids")),
        ("trainIds", "labelTrainIds", lambda annotation: createLabelImage(annotation, "trainIds")),
        ("color", "color", lambda annotation: createLabelImage(annotation, "color")),
        ("instanceIds", "instanceIds", lambda annotation: createInstanceImage(annotation, "ids")),
        ("instanceTrainIds", "instanceTrainIds", lambda annotation: createInstanceImage(annotation, "trainIds")),
    ],
)
def test_every_label_gets_the_value_of_the_official_converter(every_label, tmp_path, encoding, kind, official):
    write_masks(tmp_path / "squares", tmp_path / "out", encoding)
    (path,) = masks_in(tmp_path / "out", kind)
    annotation = OfficialAnnotation()
    annotation.fromJsonFile(str(every_label))
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    found = found[..., [2, 1, 0, 3]] if encoding == "color" else found
    np.testing.assert_array_equal(square_middles(found), square_middles(official(annotation)))


def test_train_ids_by_hand():
    # road 7 -> 0, car 26 -> 13; caravan 29 is not evaluated; a group keeps the plain train id.
    values = np.array([[0, 7, 26, 26000, 26017, 29, 29003, 23, 33999]], np.uint16)
    assert MaskEncoder("trainIds").encode(values).tolist() == [[255, 0, 13, 13, 13, 255, 255, 10, 18]]
    expected = [[255, 0, 13, 13000, 13017, 255, 255, 10, 18999]]
    assert MaskEncoder("instanceTrainIds").encode(values).tolist() == expected


def test_the_official_evaluation_reads_the_instances(small, tmp_path):
    write_masks(small, tmp_path, "instanceIds")
    paths = masks_in(tmp_path, "instanceIds")
    for path, found in instances2dict(list(map(str, paths))).items():
        values, counts = np.unique(read_instance_mask(tmp_path / path), return_counts=True)
        listed = {item["instID"]: item["pixelCount"] for items in found.values() for item in items}
        assert listed == dict(zip(values.tolist(), counts.tolist(), strict=True))
        assert max(listed) >= 1000


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_workers_zips_and_layouts_do_not_change_a_byte(small, tmp_path, encoding):
    with zipfile.ZipFile(tmp_path / "gtFine.zip", "w") as archive:
        for name, data in content(small).items():
            archive.writestr(name, data)
    write_masks(small, tmp_path / "one", encoding)
    write_masks(small / "gtFine", tmp_path / "two", encoding, MaskOptions(workers=2))
    write_masks(tmp_path / "gtFine.zip", tmp_path / "zip", encoding)
    assert len(content(tmp_path / "one")) == (5 if encoding == "panoptic" else 4)
    assert content(tmp_path / "one") == content(tmp_path / "two") == content(tmp_path / "zip")


def test_panoptic_segments_are_the_values_of_instance_ids(small, tmp_path):
    summary = write_masks(small, tmp_path, "panoptic")
    write_masks(small, tmp_path, "instanceIds")
    listed = json.loads((tmp_path / "gtFine/cityscapes_panoptic_val.json").read_text())
    ignored = [label.id for label in LABELS if label.ignore_in_eval]
    for item in listed["annotations"]:
        colors = read_color_mask(tmp_path / "gtFine/cityscapes_panoptic_val" / item["file_name"]).astype(int)
        (path,) = tmp_path.rglob(f"{item['image_id']}_gtFine_instanceIds.png")
        values = read_instance_mask(path).astype(int)
        ids = np.where(values < 1000, values, values // 1000)
        np.testing.assert_array_equal(colors @ [1, 256, 65536], np.where(np.isin(ids, ignored), 0, values))
        assert (
            sorted(info["id"] for info in item["segments_info"]) == np.unique(values[~np.isin(ids, ignored)]).tolist()
        )
    assert len(listed["annotations"]) == 4 and "void" in str(summary)


def test_classes_are_those_of_the_label_map(small, tmp_path):
    classes = load_label_map("cityscapes19")
    write_masks(small, tmp_path, "classes", MaskOptions(label_map=classes))
    write_masks(small, tmp_path, "labelIds")
    for ids, mask in zip(masks_in(tmp_path, "labelIds"), masks_in(tmp_path, "classes"), strict=True):
        np.testing.assert_array_equal(read_mask(mask), classes.encode(read_mask(ids)))
    assert IGNORE in read_mask(mask)


def test_without_a_label_map_classes_are_those_of_the_study():
    assert MaskEncoder("classes").encode(np.array([[0, 7, 33002]], np.uint16)).tolist() == [[0, 8, 34]]


def test_classes_of_other_labels_are_found_by_name_and_unknown_ones_refused():
    values = np.array([[0, 1, 2000]], np.uint16)
    table = LabelTable((make_label("void", 0), make_label("road", 1), make_label("car", 2)), "void")
    assert MaskEncoder("classes", table, load_label_map("cityscapes19")).encode(values).tolist() == [[255, 0, 13]]
    table = LabelTable((make_label("void", 0), make_label("camel", 1)), "void")
    with pytest.raises(LabelError, match="'camel'"):
        MaskEncoder("classes", table).encode(values[:, :2])


def test_polygons_are_painted_at_another_size_and_png_files_sampled(demo_tree, small, tmp_path):
    options = MaskOptions(size_wh=(64, 32), splits=("val",))
    write_masks(small, tmp_path / "painted", "instanceIds", options)
    for path, mask in zip(sorted(small.rglob("*.json")), masks_in(tmp_path / "painted", "instanceIds"), strict=True):
        expected = paint_polygons(scale_polygons(read_polygons(path), (64, 32))).instance_ids
        np.testing.assert_array_equal(read_instance_mask(mask), expected)
    options = MaskOptions(read_from="labelIds", size_wh=(64, 32), splits=("val",))
    write_masks(demo_tree, tmp_path / "sampled", "labelIds", options)
    first = masks_in(demo_tree / "gtFine/val", "labelIds")[0]
    expected = cv2.resize(read_mask(first), (64, 32), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(read_mask(masks_in(tmp_path / "sampled", "labelIds")[0]), expected)


def test_auto_takes_what_a_frame_has_and_says_so(demo_tree, small, tmp_path):
    shutil.copytree(small, tmp_path / "mixed")
    polygons = sorted((tmp_path / "mixed").rglob("*.json"))
    for path, kind in zip(polygons[:2], ("instanceIds", "color"), strict=True):
        name = path.name.replace("polygons.json", f"{kind}.png")
        shutil.copyfile(next(demo_tree.rglob(name)), path.with_name(name))
        path.unlink()
    summary = write_masks(tmp_path / "mixed", tmp_path / "out", "trainIds", MaskOptions(read_from="auto"))
    assert summary.read == Counter(polygons=2, instanceIds=1, color=1)
    assert "colours do not tell all labels apart" in str(summary)
    write_masks(small, tmp_path / "expected", "trainIds")
    assert content(tmp_path / "out") == content(tmp_path / "expected")
    # Colours do not tell objects apart, so that frame has no instance mask.
    summary = write_masks(tmp_path / "mixed", tmp_path / "out", "instanceIds", MaskOptions(read_from="auto"))
    assert len(summary.missing) == 1 and summary.read == Counter(polygons=2, instanceIds=1)


def test_frames_without_the_file_to_read_are_named(small, tmp_path):
    shutil.copytree(small, tmp_path / "tree")
    first = sorted((tmp_path / "tree").rglob("*.json"))[0]
    name = first.name.removesuffix("_gtFine_polygons.json")
    first.rename(first.with_name(f"{name}_gtFine_other.png"))
    summary = write_masks(tmp_path / "tree", tmp_path / "out", "labelIds")
    assert summary.missing == (name,)
    assert f"3 masks written (3 from polygons); 1 frame without the file to read, not written: {name}" in str(summary)


def test_nothing_is_written_if_one_mask_is_there_unless_told_to(small, tmp_path):
    write_masks(small, tmp_path, "labelIds")
    before = content(tmp_path)
    masks = masks_in(tmp_path, "labelIds")
    for path in masks[:3]:
        path.unlink()
    masks[3].write_bytes(b"mine")
    with pytest.raises(DataError, match=r"1 file already there, nothing was written; .* --overwrite"):
        write_masks(small, tmp_path, "labelIds")
    assert len(content(tmp_path)) == 1
    write_masks(small, tmp_path, "labelIds", MaskOptions(overwrite=True))
    assert content(tmp_path) == before


def test_a_stopped_run_leaves_nothing_in_its_place_and_the_next_goes_on(small, tmp_path, monkeypatch):
    write_masks(small, tmp_path / "whole", "trainIds")
    written, write = [], MaskJob.write

    def write_two(self, item):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(item)
        return write(self, item)

    monkeypatch.setattr(MaskJob, "write", write_two)
    with pytest.raises(KeyboardInterrupt):
        write_masks(small, tmp_path / "out", "trainIds")
    assert not (tmp_path / "out" / "gtFine").exists()
    monkeypatch.setattr(MaskJob, "write", lambda self, item: written.append(item) or write(self, item))
    write_masks(small, tmp_path / "out", "trainIds")
    assert len(written) == len(content(tmp_path / "whole"))  # none was made twice
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["gtFine"]


def test_a_broken_frame_is_named_again_after_a_stop_among_the_files_that_move(small, tmp_path, monkeypatch):
    shutil.copytree(small, tmp_path / "tree")
    next((tmp_path / "tree").rglob("*.json")).write_text("{")
    move = Unfinished.move

    def move_one(self, places):
        move(self, dict([next(item for item in places.items() if item[0].exists())]))
        raise KeyboardInterrupt

    monkeypatch.setattr(Unfinished, "move", move_one)
    with pytest.raises(KeyboardInterrupt):
        write_masks(tmp_path / "tree", tmp_path / "out", "trainIds")
    monkeypatch.setattr(Unfinished, "move", move)
    with pytest.raises(DataError, match="1 of 4 frames could not be read; the others are done"):
        write_masks(tmp_path / "tree", tmp_path / "out", "trainIds")
    assert len(list((tmp_path / "out").rglob("*.png"))) == 3


def test_what_another_work_left_is_not_used(small, tmp_path, monkeypatch):
    def stop(self, item):
        raise KeyboardInterrupt

    monkeypatch.setattr(MaskJob, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        write_masks(small, tmp_path, "trainIds", MaskOptions(size_wh=(32, 16)))
    monkeypatch.undo()
    write_masks(small, tmp_path, "trainIds")
    assert (32, 16) not in {read_mask(path).shape[::-1] for path in tmp_path.rglob("*.png")}


def test_panoptic_files_are_not_replaced_unless_told_to(small, tmp_path):
    write_masks(small, tmp_path, "panoptic")
    before = content(tmp_path)
    with pytest.raises(DataError, match="2 files already there, nothing was written"):
        write_masks(small, tmp_path, "panoptic")
    (tmp_path / "gtFine/cityscapes_panoptic_val/stale_gtFine_panoptic.png").touch()
    write_masks(small, tmp_path, "panoptic", MaskOptions(overwrite=True))
    assert content(tmp_path) == before


@pytest.mark.parametrize("workers", [1, 2])
def test_broken_files_are_named_after_the_others_are_done(small, tmp_path, workers):
    shutil.copytree(small, tmp_path / "tree")
    first, second, *_ = sorted((tmp_path / "tree").rglob("*.json"))
    first.write_text("{")
    second.write_text(second.read_text().replace('"sky"', '"zebra"'))
    with pytest.raises(DataError, match="2 of 4 frames could not be read; the others are done") as caught:
        write_masks(tmp_path / "tree", tmp_path / "out", "color", MaskOptions(workers=workers))
    assert f"{first.name}: is no" in str(caught.value)
    assert "the label 'zebra' is unknown" in str(caught.value)
    assert len(content(tmp_path / "out")) == 2


@pytest.mark.parametrize(
    ("encoding", "options", "message"),
    [
        ("ids", {}, "there is no encoding 'ids'; there are labelIds, trainIds"),
        ("labelIds", {"read_from": "labelTrainIds"}, "masks cannot be read from 'labelTrainIds', only from"),
        ("instanceIds", {"read_from": "labelIds"}, "labelIds does not tell objects apart, which instanceIds needs"),
        ("panoptic", {"read_from": "color"}, "color does not tell objects apart"),
        ("labelIds", {"label_map": load_label_map("")}, "a label map makes classes, but the encoding is labelIds"),
        ("labelIds", {"splits": ("vale",)}, "there is no split 'vale'; there are 'val'"),
        ("labelIds", {"size_wh": (0, 5)}, "a size of 0 x 5"),
        ("labelIds", {"workers": 0}, "workers = 0: expected 1 or more"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_written(small, tmp_path, encoding, options, message):
    with pytest.raises(ConfigError, match=message):
        write_masks(small, tmp_path / "out", encoding, MaskOptions(**options))
    assert not (tmp_path / "out").exists()


def test_a_dataset_without_the_kind_or_with_photographs_only_is_refused(small, demo_tree, tmp_path):
    with pytest.raises(DataError, match="none of 4 frames has labelIds; choose another --from"):
        write_masks(small, tmp_path, "labelIds", MaskOptions(read_from="labelIds"))
    with pytest.raises(DataError, match="holds images only"):
        write_masks(demo_tree / "leftImg8bit", tmp_path, "labelIds")


def test_the_label_file_beside_the_data_says_which_labels_there_are(tmp_path):
    square = [[0, 0], [3, 0], [3, 4], [0, 4]]
    path = tmp_path / "tree/gtFine/train/ulm/ulm_000000_000000_gtFine_polygons.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"imgWidth": 4, "imgHeight": 4, "objects": [{"label": "big camel", "polygon": square}]}))
    (tmp_path / "tree/label_colors.txt").write_text("0 0 0 background\n9 8 7 big camel\n")
    write_masks(tmp_path / "tree", tmp_path / "out", "labelIds")
    write_masks(tmp_path / "tree", tmp_path / "out", "color")
    assert (read_mask(masks_in(tmp_path / "out", "labelIds")[0]) == 1).all()
    assert read_color_mask(masks_in(tmp_path / "out", "color")[0])[0, 0].tolist() == [9, 8, 7]


def test_coarse_annotation_stays_coarse(small, tmp_path):
    for path in small.rglob("*.json"):
        coarse = tmp_path / "tree/gtCoarse/train" / path.parent.name / path.name.replace("gtFine", "gtCoarse")
        coarse.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, coarse)
    write_masks(tmp_path / "tree", tmp_path / "out", "labelIds")
    found = sorted((tmp_path / "out").rglob("*.png"))
    assert len(found) == 4 and all(path.match("gtCoarse/train/*/*_gtCoarse_labelIds.png") for path in found)


def test_values_load_as_an_annotation(demo_tree):
    files = read_layout(demo_tree).frames[0].files
    annotation = FrameInstances(files).load()
    assert set(annotation.segments) == set(np.unique(annotation.pixels).tolist()) - {0}


def test_masks_and_the_dataset_agree_on_ids_where_a_label_file_has_its_own_order(demo_tree, tmp_path):
    """Datumaro writes the place of a label in the file; from such masks the very colours of the frame are made."""
    tree = tmp_path / "tree"
    names = [
        "unlabeled",
        *(label.name for label in reversed(LABELS) if label.name not in ("unlabeled", "license plate")),
    ]
    colors = {label.name: label.color for label in LABELS}
    for path in sorted((demo_tree / "gtFine/val").rglob("*_labelIds.png"))[:1]:
        folder = tree / path.parent.relative_to(demo_tree)
        folder.mkdir(parents=True)
        place_of_id = np.array([names.index(label.name) for label in LABELS if label.id >= 0], np.uint8)
        (folder / path.name).write_bytes(encode_mask(place_of_id[read_mask(path)]))
        original = path.with_name(path.name.replace("labelIds", "color"))
        shutil.copyfile(original, folder / original.name)
    lines = ("{} {} {} {}\n".format(*colors[name], name.replace(" ", "")) for name in names)
    (tree / "label_colors.txt").write_text("".join(lines))
    write_masks(tree, tmp_path / "out", "color", MaskOptions(read_from="labelIds"))
    np.testing.assert_array_equal(read_color_mask(masks_in(tmp_path / "out", "color")[0]), read_color_mask(original))


def wrong_width(small, tmp_path):
    """A copy in which one JSON gives half the width; the file, and where the photograph of its frame belongs."""
    tree = shutil.copytree(small, tmp_path / "tree")
    path = sorted(tree.rglob("*.json"))[0]
    content = json.loads(path.read_text())
    content["imgWidth"] //= 2
    path.write_text(json.dumps(content))
    name = path.name.replace("gtFine_polygons.json", "leftImg8bit.png")
    return path, tree / "leftImg8bit" / path.parent.relative_to(tree / "gtFine") / name


@pytest.mark.parametrize("size_wh", [None, (64, 32)])
def test_polygons_of_another_size_than_the_photograph_are_refused_and_both_files_named(
    small, demo_tree, tmp_path, size_wh
):
    path, photograph = wrong_width(small, tmp_path)
    photograph.parent.mkdir(parents=True)
    shutil.copyfile(demo_tree / photograph.relative_to(tmp_path / "tree"), photograph)
    with pytest.raises(DataError, match="1 of 4 frames could not be read") as caught:
        write_masks(tmp_path / "tree", tmp_path / "out", "labelIds", MaskOptions(size_wh=size_wh))
    assert f"{path}: has 64x64 pixels, but {photograph} has 128x64" in str(caught.value)
    assert len(content(tmp_path / "out")) == 3


def test_polygons_of_another_size_than_the_other_masks_are_refused(small, demo_tree, tmp_path):
    path, _ = wrong_width(small, tmp_path)
    mask = path.with_name(path.name.replace("polygons.json", "color.png"))
    shutil.copyfile(demo_tree / mask.relative_to(tmp_path / "tree"), mask)
    with pytest.raises(DataError, match=f"64x64 pixels, but .*{mask.name} has 128x64"):
        write_masks(tmp_path / "tree", tmp_path / "out", "labelIds")


def test_masks_of_another_size_can_be_made_into_one_tree_one_after_the_other(small, tmp_path):
    tree = shutil.copytree(small, tmp_path / "tree")
    for encoding in ("labelIds", "instanceIds", "panoptic"):
        write_masks(tree, tree, encoding, MaskOptions(size_wh=(64, 32)))
    assert {read_mask(path).shape for path in masks_in(tree, "labelIds")} == {(32, 64)}


def test_a_panoptic_file_can_have_another_size_than_the_photographs(demo_tree, tmp_path):
    options = MaskOptions(size_wh=(64, 32), splits=("val",))
    assert write_masks(demo_tree, tmp_path, "panoptic", options).read == Counter(polygons=8)


@pytest.mark.parametrize("overwrite", [False, True])
def test_masks_that_came_with_the_source_are_never_replaced(demo_tree, tmp_path, overwrite):
    tree = shutil.copytree(demo_tree / "gtFine/val", tmp_path / "tree/gtFine/val").parents[1]
    before = content(tree)
    options = MaskOptions(size_wh=(64, 32), overwrite=overwrite)
    with pytest.raises(DataError, match="8 files to be written would replace what .* came with; choose another OUT"):
        write_masks(tree, tree, "labelIds", options)
    assert content(tree) == before
    write_masks(tree, tree, "trainIds", options)
    write_masks(tree, tree, "trainIds", MaskOptions(overwrite=True))
    assert len(content(tree)) == len(before) + 8


def test_a_broken_frame_leaves_no_panoptic_file(small, tmp_path):
    tree = shutil.copytree(small, tmp_path / "tree")
    sorted(tree.rglob("*.json"))[-1].write_text("{")
    with pytest.raises(DataError, match="valid JSON"):
        write_masks(tree, tmp_path / "out", "panoptic")
    assert content(tmp_path / "out") == {}


def test_label_ids_that_hold_train_ids_are_noted_and_read_as_such_and_never_replaced(tmp_path):
    source, name = tmp_path / "source", "gtFine/train/ulm/ulm_000000_000001_gtFine_labelIds.png"
    (source / name).parent.mkdir(parents=True)
    (source / name).write_bytes(encode_mask(np.array([[0, 2, 8, 10, 13, 18, 18]], np.uint8)))
    noted = write_masks(source, tmp_path / "new", "color", MaskOptions("labelIds"))
    assert any("look like train ids" in note and "--from trainIds" in note for note in noted.notes)
    write_masks(source, tmp_path / "read", "labelIds", MaskOptions("trainIds"))
    assert read_mask(tmp_path / "read" / name).tolist() == [[7, 11, 21, 23, 26, 33, 33]]
    with pytest.raises(DataError, match="would replace what .* came with"):
        write_masks(source, source, "labelIds", MaskOptions("trainIds", overwrite=True))

"""Photographs and masks in folders: where they are, what they hold, and what other programs make of them."""

import json

import numpy as np
import pytest

from common.errors import ConfigError, DataError, LabelError
from common.files.listing import list_files_of
from common.formats import folders
from common.formats.conversion import read
from common.formats.folders.patterns import Pattern
from common.formats.format import WriteOptions
from common.formats.frames import Segment
from common.labels.tables import CITYSCAPES
from tests.support.miniatures import FARM, IDS, PHOTO, TRAIN_IDS, columns, draw, shown
from tests.support.oracles import ask_oracle

NAMES = "nothing at all\ngrass\nsheep\n"

DATUMARO = """
import json, sys
import numpy as np
import datumaro as dm
from datumaro.components.annotation import AnnotationType
folder, made = sys.argv[1:]
data = dm.Dataset.import_from(folder, "common_semantic_segmentation_with_subset_dirs")
labels = [label.name for label in data.categories()[AnnotationType.label].items]
print(json.dumps({
    item.id: [item.subset, item.media is not None,
              {labels[a.label]: np.packbits(a.image > 0).tobytes().hex() for a in item.annotations}]
    for item in data
}))
"""


@pytest.fixture(scope="module")
def written(difficult, tmp_path_factory):
    """The difficult dataset in folders: the folder, and what was written and dropped."""
    folder = tmp_path_factory.mktemp("folders")
    return folder, folders.write(difficult, folder, WriteOptions())


def farm(folder, **names):
    return draw(folder, {"images/a.jpg": PHOTO, "masks/a.png": FARM} | names)


def test_all_frames_come_back_with_classes_names_splits_and_images(difficult, written):
    dataset = folders.read(list_files_of(written[0]))
    found = {frame.name: frame for frame in dataset}
    assert dataset.labels is CITYSCAPES and len(found) == len(difficult.frames)
    for frame in difficult:
        other = found[frame.name]
        assert (other.split, other.city) == (frame.split, frame.city)
        assert (other.image is None) == (frame.image is None)
        if frame.truth is not None:
            ids = [one.annotation().label_ids(CITYSCAPES) for one in (frame, other)]
            np.testing.assert_array_equal(*ids)


def test_what_masks_of_classes_cannot_hold_is_counted(written):
    # Four frames with cars 0, 1, 999, person 0 and a group, as in the test of CamVid.
    assert written[1].dropped["objects (their pixels have a class only)"] == 16
    assert written[1].dropped["groups (their pixels have a class only)"] == 4


def test_datumaro_reads_the_same_class_pixels(difficult, written, tmp_path):
    found = ask_oracle(DATUMARO, written[0], tmp_path)
    for frame in difficult:
        if frame.truth is None or "/" in frame.item_id:  # it does not find photographs in folders
            continue
        split, has_image, masks = found[frame.item_id]
        assert (split, has_image) == (frame.split, frame.image is not None)
        ids = frame.annotation().label_ids(CITYSCAPES)
        names = {CITYSCAPES.of_id(id_).name.replace(" ", ""): id_ for id_ in np.unique(ids).tolist()}
        assert masks == {name: np.packbits(ids == id_).tobytes().hex() for name, id_ in names.items()}


@pytest.mark.parametrize("name", ["class_names.txt", "classes.txt", "codes.txt", "labels.txt"])
def test_values_are_places_in_a_list_of_names(tmp_path, name):
    dataset = read(farm(tmp_path, **{name: NAMES}))
    (frame,) = dataset
    assert shown(frame.annotation()) == ["nothing at all", "grass", "sheep", None]
    assert dataset.labels.background is None  # the first of a list need not be the background
    assert frame.annotation().dropped == {"pixels of value 255, which stands for no label": 8}


def test_labelmes_names_of_what_is_ignored_and_of_the_background_are_understood(tmp_path):
    dataset = read(farm(tmp_path, **{"labels.txt": "__ignore__\n_background_\ngrass\nsheep\n"}))
    assert shown(dataset.frames[0].annotation()) == [None, "grass", "sheep", None]


def test_a_list_may_have_colours(tmp_path):
    colors = columns((0, 0, 0), (0, 160, 0), (250, 250, 0), (0, 0, 0))
    text = "name,r,g,b\nvoid,0,0,0\ngrass,0,160,0\nsheep,250,250,0\n"
    farm(tmp_path, **{"class_dict.csv": text, "masks/a.png": colors})
    assert shown(read(tmp_path).frames[0].annotation()) == [None, "grass", "sheep", None]
    (tmp_path / "class_dict.csv").unlink()
    (tmp_path / "my.csv").write_text(text)
    (frame,) = read(tmp_path, mask_values=str(tmp_path / "my.csv"))
    assert shown(frame.annotation()) == [None, "grass", "sheep", None]
    (tmp_path / "class_dict.csv").write_text("grass,0,160\n")
    with pytest.raises(DataError, match=r"class_dict.csv: line 1: found 'grass,0,160'; expected name,red,green,blue"):
        read(tmp_path)


def test_values_that_nothing_explains_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(DataError, match="holds the values 0, 1, 2, 255, and there is no label file.*--mask-values"):
        read(farm(tmp_path))


def test_black_masks_are_not_taken_for_cityscapes_because_black_is_background_in_most_palettes(tmp_path):
    black, voc = np.zeros((4, 8), np.uint8), [(0, 0, 0), (128, 0, 0)]
    farm(tmp_path, **{"masks/a.png": (black, voc)})
    with pytest.raises(DataError, match="masks that were looked at are black, and there is no label file.*--mask-val"):
        read(tmp_path)
    with pytest.raises(DataError, match="b.png: holds the values 1, and there is no label file"):
        read(draw(tmp_path, {"images/b.jpg": PHOTO, "masks/b.png": (black + 1, voc)}))


@pytest.mark.parametrize(
    ("values", "mask", "expected"),
    [
        ("ids", IDS, ["road", "car", None, "road"]),
        ("trainIds", TRAIN_IDS, ["road", "car", None, "road"]),
        ("categories8", columns(0, 1, 7, 3), ["void", "flat", "vehicle", "object"]),
    ],
)
def test_the_user_says_what_values_mean(tmp_path, values, mask, expected):
    farm(tmp_path, **{"masks/a.png": mask})
    assert shown(read(tmp_path, mask_values=values).frames[0].annotation())[1:] == expected[1:]


def test_a_choice_of_values_that_does_not_exist_and_a_name_that_is_there_twice_are_refused(tmp_path):
    farm(tmp_path)
    with pytest.raises(ConfigError, match="mask values 'id': there is no such file; .* one of ids, trainIds, categ"):
        read(tmp_path, mask_values="id")
    (tmp_path / "classes.txt").write_text("grass\ngrass\n")
    with pytest.raises(LabelError, match=r"classes.txt: the label 'grass' is in the table twice"):
        read(tmp_path)


def test_a_file_of_names_alone_may_have_any_name(tmp_path):
    farm(tmp_path)
    (tmp_path / "my labels.txt").write_text(NAMES)
    (frame,) = read(tmp_path, mask_values=str(tmp_path / "my labels.txt"))
    assert shown(frame.annotation()) == ["nothing at all", "grass", "sheep", None]


def test_pictures_in_unknown_folders_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(DataError, match="is in none of .*; where photographs and masks lie in folders, --im"):
        read(draw(tmp_path, {"cam/a.png": PHOTO, "truth/a.png": FARM}))


@pytest.mark.parametrize(
    ("image", "mask", "split"),
    [
        ("images/val/a.jpg", "masks/val/a.png", "val"),
        ("val/images/a.jpg", "val/masks/a.png", "val"),
        ("set/img_dir/train/a.jpg", "set/ann_dir/train/a.png", "train"),
        ("images/a_rgb.jpg", "annotations/a_labels.png", ""),
        ("train/a.jpg", "train_masks/a_mask.png", "train"),
        ("Images/a.JPG", "Masks/a.PNG", ""),
    ],
)
def test_photographs_and_masks_are_found_by_usual_names(tmp_path, image, mask, split):
    draw(tmp_path, {image: PHOTO, mask: FARM, "classes.txt": NAMES})
    (frame,) = read(tmp_path)
    assert (frame.name, frame.split, frame.image is not None) == ("a", split, True)


def test_patterns_say_where_files_are(tmp_path):
    files = {"cam/fog/val/7_x.jpg": PHOTO, "out/fog/val/7_id.png": IDS, "out/fog/val/7_color.png": PHOTO}
    places = {"images_as": "cam/{folder}/{split}/*_x", "masks_as": "out/{folder}/{split}/*_id.png"}
    (frame,) = read(draw(tmp_path, files), mask_values="ids", **places)
    assert (frame.name, frame.split, frame.city, frame.image is not None) == ("7", "val", "fog", True)
    with pytest.raises(ConfigError, match=r"no mask fits 'x/\*.png'; there are cam/fog"):
        read(tmp_path, masks_as="x/*.png", mask_values="ids")
    with pytest.raises(ConfigError, match="no photograph of .* the first of each are the frames 'val fog/7_x'"):
        read(tmp_path, mask_values="ids", **(places | {"images_as": "cam/{folder}/{split}"}))
    with pytest.raises(ConfigError, match="--masks-as is for the format folders, this is cityscapes"):
        read(tmp_path, "cityscapes", masks_as="out")


def test_photographs_alone_are_frames_without_ground_truth(tmp_path):
    draw(tmp_path, {"cam/a.jpg": PHOTO, "cam/val/b.jpg": PHOTO})
    dataset = read(tmp_path, "folders", images_as="cam")
    assert [(frame.name, frame.split, frame.truth) for frame in dataset] == [("a", "", None), ("b", "val", None)]
    assert dataset.notes == ("2 of 2 frames have no mask",)


@pytest.mark.parametrize("text", ["../x", "/", "a/*/b", "a/*_*", "a//b", ""])
def test_a_pattern_that_leads_out_or_is_not_clear_is_refused(text):
    with pytest.raises(ConfigError, match="expected folders inside the dataset"):
        Pattern(text)


def test_frames_of_one_name_get_their_folders_before_it(tmp_path):
    files = {f"{kind}/{city}/a.png": IDS for kind in ("images", "masks") for city in ("x", "y")}
    dataset = read(draw(tmp_path, files), "folders", mask_values="ids")
    assert [frame.name for frame in dataset] == ["x_a", "y_a"]
    assert any("names of frames begin with their folders" in note for note in dataset.notes)


def test_of_two_pictures_of_one_name_the_other_is_counted(tmp_path):
    farm(tmp_path, **{"images/a.png": PHOTO, "classes.txt": NAMES})
    dataset = read(tmp_path, "folders")
    assert len(dataset.frames) == 1
    (note,) = [note for note in dataset.notes if "another ending" in note]
    assert note.startswith("1 picture left out") and note.endswith("for example images/a.png")


def test_missing_parts_are_counted(tmp_path):
    farm(tmp_path, **{"classes.txt": NAMES, "images/b.jpg": PHOTO, "masks/c.png": FARM})
    dataset = read(tmp_path)
    assert [(frame.name, frame.image is None, frame.truth is None) for frame in dataset] == [
        ("a", False, False),
        ("b", False, True),
        ("c", True, False),
    ]
    assert dataset.notes == ("1 of 3 frames have no image", "1 of 3 frames have no mask")


def test_what_datumaro_writes_without_splits_is_read(tmp_path):
    meta = {"labels": ["background", "sheep"], "label_map": {"0": "background", "1": "sheep"},
        "segmentation_colors": [[0, 0, 0], [250, 250, 0]]}  # fmt: skip
    colors = columns((0, 0, 0), (250, 250, 0), (250, 250, 0), (0, 0, 0))
    draw(tmp_path, {"dataset_meta.json": json.dumps(meta), "images/a.png": PHOTO, "masks/a.png": colors})
    assert list(read(tmp_path).frames[0].annotation().segments.values()) == [Segment("sheep")]

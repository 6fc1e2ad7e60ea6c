"""Values from whichever annotation file is there."""

import json

import numpy as np
import pytest

from common.dataset.original.layouts import find_frames
from common.dataset.original.polygons import ids_to_colors
from common.dataset.original.truth import colors_to_ids, read_ids, read_truth
from common.errors import DataError, LabelError
from common.images.png import encode_color_mask, encode_instance_mask, encode_mask, read_color_mask, read_mask
from common.labels.cityscapes import LABELS
from common.labels.tables import CITYSCAPES, LabelTable, make_label


@pytest.fixture
def save(tmp_path):
    def save_file(kind, data):
        path = tmp_path / f"a_gtFine_{kind}.{'json' if kind == 'polygons' else 'png'}"
        path.write_bytes(data)
        return {kind: path}

    return save_file


@pytest.fixture(scope="module")
def files(demo_tree):
    return find_frames(demo_tree)[0].files


def only(files, *kinds):
    return {kind: files[kind] for kind in kinds}


def test_instance_ids_and_polygons_give_the_same_values(files):
    painted = read_truth(only(files, "polygons"))
    shipped = read_truth(only(files, "instanceIds"))
    np.testing.assert_array_equal(painted.values, shipped.values)
    assert (painted.kind, shipped.kind) == ("polygons", "instanceIds")
    assert shipped.polygons is None and len(painted.polygons.polygons) > 5
    assert painted.values.dtype == shipped.values.dtype == np.uint16 and painted.values.max() >= 1000


def test_label_ids_and_colours_give_plain_ids(files):
    ids = read_truth(only(files, "labelIds")).values
    assert ids.dtype == np.uint16 and ids.max() < 34
    colors = read_truth(only(files, "color")).values
    np.testing.assert_array_equal(ids_to_colors(colors.astype(np.uint8))[..., :3], read_color_mask(files["color"]))


def test_the_first_kind_that_is_there_is_used(files):
    assert read_truth(files).kind == "instanceIds"
    assert read_truth(only(files, "color", "polygons", "labelIds")).kind == "labelIds"
    assert read_truth(only(files, "color", "polygons")).kind == "polygons"
    assert read_truth(files, kinds=("color", "labelIds")).kind == "color"
    with pytest.raises(DataError, match="has none of labelIds; found: color"):
        read_truth(only(files, "color"), kinds=("labelIds",))


def test_train_ids_are_never_read_as_ids(save):
    with pytest.raises(DataError, match="found: labelTrainIds"):
        read_truth(save("labelTrainIds", encode_mask(np.zeros((2, 2), np.uint8))))


def test_ids_come_from_label_ids_first_and_are_the_same_from_objects(files):
    expected = read_mask(files["labelIds"])
    for kinds in (("labelIds", "instanceIds"), ("instanceIds", "polygons"), ("polygons", "color")):
        ids, source = read_ids(only(files, *kinds))
        assert source == files[kinds[0]] and ids.dtype == np.uint8
        np.testing.assert_array_equal(ids, expected)


def test_colours_are_read_as_the_first_painted_label_and_black_as_the_background():
    painted = [label for label in LABELS if label.id >= 0]
    colors = np.array([[label.color for label in painted]], np.uint8)
    found = colors_to_ids(colors, CITYSCAPES, "a.png")[0].tolist()
    # 0 to 4 are black, 18 has the colour of 17, license plates that of 26; all others are read as themselves.
    assert found == [0, 0, 0, 0, 0, *range(5, 18), 17, *range(19, 34)]


def test_black_is_the_background_of_another_table_even_if_an_earlier_label_is_black():
    table = LabelTable((make_label("night", 3, (0, 0, 0)), make_label("nothing", 7, (0, 0, 0))), "nothing")
    assert colors_to_ids(np.zeros((1, 1, 3), np.uint8), table, "a.png").tolist() == [[7]]


@pytest.mark.parametrize("read", [read_truth, read_ids])
def test_a_colour_of_no_label_is_named_with_file_and_place(save, read):
    rgba = ids_to_colors(np.full((3, 4), 7, np.uint8)).copy()
    rgba[2, 1] = 1, 2, 3, 255
    with pytest.raises(LabelError, match=r"color\.png: the colour \(1, 2, 3\) at x 1, y 2"):
        read(save("color", encode_color_mask(rgba)))


@pytest.mark.parametrize(("value", "id_"), [(34, 34), (255, 255), (999, 999), (34000, 34), (65535, 65)])
def test_an_id_of_no_label_is_named_with_file_value_and_place(save, value, id_):
    values = np.zeros((3, 4), np.uint16)
    values[1, 2] = value
    expected = rf"instanceIds\.png: holds the value {value:,} at x 2, y 1, and no label of the table has the id {id_}$"
    with pytest.raises(LabelError, match=expected):
        read_truth(save("instanceIds", encode_instance_mask(values)))


def test_a_label_id_of_no_label_is_refused(save):
    with pytest.raises(LabelError, match=r"labelIds\.png: holds the value 34"):
        read_truth(save("labelIds", encode_mask(np.full((2, 2), 34, np.uint8))))


def test_another_table_says_which_ids_names_and_colours_there_are(save):
    table = LabelTable((make_label("nothing", 0), make_label("tram", 50, (9, 9, 9), True)), "nothing")
    square = [[0, 0], [2, 0], [2, 2], [0, 2]]
    content = {"imgWidth": 2, "imgHeight": 2, "objects": [{"label": "tram", "polygon": square}]}
    for kind, data, expected in (
        ("polygons", json.dumps(content).encode(), 50000),
        ("instanceIds", encode_instance_mask(np.full((2, 2), 50000, np.uint16)), 50000),
        ("labelIds", encode_mask(np.full((2, 2), 50, np.uint8)), 50),
        ("color", encode_color_mask(np.full((2, 2, 4), 9, np.uint8)), 50),
    ):
        assert (read_truth(save(kind, data), table).values == expected).all()

import json

import pytest

from common.errors import DataError, LabelError
from common.files.listing import list_files_of
from common.labels.table_files import (
    cvat_labels,
    dataset_meta_json,
    find_label_table,
    label_colors_text,
    read_dataset_meta,
    read_label_colors,
    with_black_background,
)
from common.labels.tables import CITYSCAPES, LabelTable, make_label, plain_name
from tests.support.oracles import ask_oracle

FOREIGN = LabelTable((make_label("void", 0, (0, 0, 0)), make_label("old oak", 1), make_label("Straße", 2)), "void")

DATUMARO_READS = """
import json, sys
from datumaro.plugins.data_formats.cityscapes import make_cityscapes_categories, parse_label_map
from datumaro.util.meta_file_util import parse_meta_file
from datumaro.components.annotation import AnnotationType
result = []
for path in sys.argv[1:]:
    label_map = parse_meta_file(path) if path.endswith(".json") else parse_label_map(path)
    labels = [label.name for label in make_cityscapes_categories(label_map)[AnnotationType.label]]
    result.append([labels, [label_map.get(name) for name in labels]])
print(json.dumps(result))
"""


def colors_file(tmp_path, text):
    path = tmp_path / "label_colors.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def meta_file(tmp_path, content):
    path = tmp_path / "dataset_meta.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("table", [CITYSCAPES, LabelTable(CITYSCAPES.labels[7:20])], ids=["all", "some"])
def test_tables_of_cityscapes_labels_keep_ids_names_and_colours(tmp_path, table):
    assert read_label_colors(colors_file(tmp_path, label_colors_text(table))) == table
    assert read_dataset_meta(meta_file(tmp_path, dataset_meta_json(table))) == table


ZOO = (make_label("void", 0, (0, 0, 0)), make_label("guide dog", 1, (1, 2, 3), True), make_label("grass", 2, (4, 5, 6)))
COUNTED = {
    "a foreign label": LabelTable(ZOO, "void"),
    "none, not even cars": LabelTable((ZOO[0], make_label("car", 1, has_instances=False), ZOO[2]), "void"),
    "a label that Cityscapes does not count": LabelTable((CITYSCAPES.labels[0], make_label("road", 7, None, True)),
        "unlabeled"),
}  # fmt: skip


@pytest.mark.parametrize("table", COUNTED.values(), ids=COUNTED.keys())
def test_which_labels_are_counted_is_kept_by_both_files(tmp_path, table):
    expected = {plain_name(label.name): label.has_instances for label in table}
    for back in (
        read_label_colors(colors_file(tmp_path, label_colors_text(table))),
        read_dataset_meta(meta_file(tmp_path, dataset_meta_json(table))),
    ):
        assert {plain_name(label.name): label.has_instances for label in back} == expected


def test_a_comment_that_only_looks_like_ours_changes_nothing(tmp_path):
    table = read_label_colors(colors_file(tmp_path, "# counted: by hand, in May\n0 0 0 void\n0 0 142 car\n1 1 1 oak\n"))
    assert [label.has_instances for label in table] == [False, True, False]


def test_datumaro_reads_the_labels_we_write_and_they_agree(tmp_path):
    paths, tables = [], (CITYSCAPES, FOREIGN, COUNTED["a foreign label"])
    for number, table in enumerate(tables):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths += [colors_file(folder, label_colors_text(table)), meta_file(folder, dataset_meta_json(table))]
    answers = ask_oracle(DATUMARO_READS, *paths)
    for (names, colors), table in zip(answers, [table for table in tables for _ in range(2)], strict=True):
        assert [table.find(name) for name in names] == list(table)
        assert [tuple(color) for color in colors] == [label.color for label in table]
    assert answers[0][0][1:4] == ["egovehicle", "rectificationborder", "outofroi"]
    assert answers[2][0] == ["void", "old_oak", "Straße"]


def test_a_place_in_the_file_is_the_index_datumaro_gives_where_no_label_is_black(tmp_path):
    path = colors_file(tmp_path, "1 2 3 oak\n4 5 6 elm\n")
    ((names, _),) = ask_oracle(DATUMARO_READS, path)
    assert {label.name: label.id for label in read_label_colors(path)} == {name: id_ for id_, name in enumerate(names)}


def test_spaces_comments_blank_lines_and_names_without_a_colour(tmp_path):
    text = "\ufeff# r g b name\r\n\r\n 0 0 0 nothing at all\r\n70 70 70\ttall building\r\nmy tree\r\n3 lanes\r\n5\r\n"
    table = read_label_colors(colors_file(tmp_path, text))
    assert [label.name for label in table] == ["nothing at all", "tall building", "my tree", "3 lanes", "5"]
    assert [label.id for label in table] == [0, 1, 2, 3, 4]
    assert [label.color for label in table][:2] == [(0, 0, 0), (70, 70, 70)]
    assert table.background == "nothing at all"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "road\n# x\ntraffic light\n1 2 3 trafficlight\n",
            "line 4: the label 'trafficlight' is there already, in line 3",
        ),
        ("1 2 3\n", "line 1: '1 2 3' was found, expected three numbers and a name"),
        ("128 64 road\n", "line 1: '128 64 road' was found"),
        ("0 0 0 a\n300 0 0 b\n", "line 2: '300 0 0 b'.* 0 to 255"),
        ("-1 0 0 b\n", "line 1: .* 0 to 255"),
        ("1" * 5000 + " 0 0 b\n", "line 1: .* 0 to 255"),
        (b"\xff\xfe0", "UTF-8"),
        ("# nothing\n", "has no label"),
        ("unlabeled:0,0,0::\n", "line 1: 'unlabeled:0,0,0::' is a line of VOC's labelmap.txt"),
    ],
)
def test_a_bad_line_is_named(tmp_path, text, message):
    path = colors_file(tmp_path, text)
    with pytest.raises((DataError, LabelError), match=message) as error:
        read_label_colors(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "an object"),
        ({}, "has no label"),
        ({"labels": "road"}, "labels = 'road'"),
        ({"labels": ["road", 3]}, "labels.1 = 3"),
        ({"labels": ["a", "A"]}, "the label 'A' is there twice"),
        ({"label_map": {"7": "road"}, "segmentation_colors": [[1, 2, 3]]}, "label_map '7'.*segmentation_colors"),
        ({"label_map": {"0": "road"}, "segmentation_colors": [[1, 2]]}, "segmentation_colors.0"),
        ({"label_map": {"0": "road"}, "segmentation_colors": [[1, 2, 3.5]]}, "segmentation_colors.0.2 = 3.5"),
        ({"label_map": {"0": ["road"]}}, "label_map.0"),
        ({"label_map": {"0": "a", "1": "a"}}, "is there already"),
        ({"label_map": 5}, "label_map = 5"),
        ({"labels": ["dog"], "labels_with_instances": "dog"}, "labels_with_instances = 'dog'"),
        ({"labels": ["dog"], "labels_with_instances": ["cat"]}, "labels_with_instances names 'cat'"),
    ],
)
def test_a_bad_meta_file_is_named(tmp_path, content, message):
    path = meta_file(tmp_path, content)
    with pytest.raises((DataError, LabelError), match=message) as error:
        read_dataset_meta(path)
    assert str(path) in str(error.value)


def test_the_least_deep_label_file_is_taken_and_of_several_the_meta_file(tmp_path):
    assert find_label_table(list_files_of(tmp_path)) is None
    inner = tmp_path / "gtFine"
    inner.mkdir()
    meta_file(inner, {"labels": ["deep"]})
    (tmp_path / "label_color.txt").write_text("0 0 0 last\n")
    assert find_label_table(list_files_of(tmp_path)).find("last")
    colors_file(tmp_path, "0 0 0 second\n")
    assert find_label_table(list_files_of(tmp_path)).find("second")
    meta_file(tmp_path, {"labels": ["first"]})
    assert find_label_table(list_files_of(tmp_path)).find("first")


def test_cvat_gets_all_labels_with_colours_of_their_own_and_is_crowd_where_objects_are_counted():
    labels = cvat_labels(CITYSCAPES)
    assert len(labels) == len({label["color"] for label in labels}) == len({label["name"] for label in labels}) == 35
    by_name = {label["name"]: label for label in labels}
    assert labels[0]["name"] == "unlabeled"
    assert by_name["unlabeled"]["color"] == "#000000"
    assert by_name["car"]["color"] == "#00008e"
    assert [attribute["name"] for attribute in by_name["car"]["attributes"]] == ["is_crowd"]
    assert sum(bool(label["attributes"]) for label in labels) == sum(label.has_instances for label in CITYSCAPES) == 10


def test_the_background_comes_first_and_is_black():
    oak, sky = make_label("oak", 3, (9, 9, 9)), make_label("my sky", 0, (1, 1, 1))
    moved = with_black_background(LabelTable((oak, sky), "my sky"))
    assert [(label.name, label.id, label.color) for label in moved][0] == ("my sky", 0, (0, 0, 0))
    assert [label.name for label in with_black_background(LabelTable((oak, sky)))] == ["background", "oak", "my sky"]
    some = with_black_background(LabelTable(CITYSCAPES.labels[7:9]))
    assert [(label.name, label.id) for label in some] == [("unlabeled", 0), ("road", 7), ("sidewalk", 8)]
    assert with_black_background(CITYSCAPES) == CITYSCAPES


def test_colours_with_a_decimal_point_are_read_like_others(tmp_path):
    content = {
        "labels": ["a", "b"],
        "label_map": {"0": "a", "1": "b"},
        "segmentation_colors": [[1.0, 2, 3.0], [4, 5, 6]],
    }
    path = tmp_path / "dataset_meta.json"
    path.write_text(json.dumps(content))
    assert [label.color for label in read_dataset_meta(path)][-2:] == [(1, 2, 3), (4, 5, 6)]
    path.write_text(json.dumps(content | {"segmentation_colors": [[1.5, 2, 3], [4, 5, 6]]}))
    with pytest.raises(DataError, match="segmentation_colors"):
        read_dataset_meta(path)

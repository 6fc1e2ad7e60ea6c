import json

import pytest

from common.errors import ConfigError, DataError, LabelError
from common.labels.table_files import read_dataset_meta, read_label_colors
from common.labels.tables import CITYSCAPES
from common.tools.label_map import main


def test_without_arguments_the_built_in_maps_are_listed(capsys):
    main([])
    output = capsys.readouterr().out
    assert "cityscapes19  19 classes" in output
    assert "table of 35 labels" in output


def test_a_map_is_shown_with_its_labels_and_ids(tmp_path, capsys):
    path = tmp_path / "my.csv"
    path.write_text("cars and trucks, 1 2 3, car, truck\nignored, *\n", encoding="utf-8")
    main([str(path)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["class", "name", "colour", "ids", "labels"]
    assert lines[1] == ["0", "cars", "and", "trucks", "1", "2", "3", "26", "27", "car,", "truck"]
    assert lines[2][:2] == ["255", "ignored"]


def test_a_map_is_never_overwritten_by_what_is_made_from_it(tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("cars, 1 2 3, car\nignored, *\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="over MAP"):
        main([str(path), "--label-colors", str(path), "--overwrite"])
    assert path.read_text(encoding="utf-8").startswith("cars")


def test_a_wrong_map_is_explained(tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("cars, 1 2 3, automobile\nignored, *\n", encoding="utf-8")
    with pytest.raises(LabelError, match="my.csv: line 1"):
        main([str(path)])


def test_the_label_files_are_written_and_shown_and_not_replaced_unless_asked(tmp_path, capsys):
    cvat, colors, meta = tmp_path / "labels.json", tmp_path / "label_colors.txt", tmp_path / "dataset_meta.json"
    arguments = ["--cvat", str(cvat), "--label-colors", str(colors), "--dataset-meta", str(meta)]
    main(arguments)
    assert len(json.loads(cvat.read_text())) == 35
    assert read_label_colors(colors) == read_dataset_meta(meta) == CITYSCAPES
    with pytest.raises(DataError, match="labels.json: is there already"):
        main(["enet11", *arguments])
    main(["enet11", *arguments, "--overwrite"])
    labels = json.loads(cvat.read_text())
    assert labels[0]["color"] == "#000000"
    assert {label["name"] for label in labels if label["attributes"]} >= {"car", "truck+bus"}
    # The place of a class in Datumaro's files is its index.
    assert [label.id for label in read_label_colors(colors)] == list(range(11))
    assert read_label_colors(colors).find("everything else").id == 10
    capsys.readouterr()
    main([str(colors)])
    assert "everything_else" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("# mine\ncars, 1 2 3, car\nignored, *\n", "labels"),
        ("1 2 3 cars, trucks\n0 0 0 void\n", "counted"),
        ("void\ncars\n", "counted"),
    ],
)
def test_what_a_text_file_holds_is_told_by_its_lines(tmp_path, capsys, text, column):
    path = tmp_path / "labels.txt"
    path.write_text(text, encoding="utf-8")
    main([str(path)])
    assert capsys.readouterr().out.splitlines()[0].split()[-1] == column


def test_the_label_map_of_voc_is_not_read_as_names(tmp_path):
    path = tmp_path / "labelmap.txt"
    path.write_text("# label:color_rgb:parts:actions\nunlabeled:0,0,0::\nroad:128,64,128::\n")
    with pytest.raises(DataError, match=r"labelmap.txt: line 2: .* is a line of VOC's labelmap.txt"):
        main([str(path)])


def test_two_outputs_of_one_name_are_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "y.json"
    with pytest.raises(ConfigError, match="give each a name of its own"):
        main(["--cvat", str(path), "--label-colors", str(tmp_path / "." / "y.json")])
    assert not path.exists()

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from common.errors import DataError
from common.formats.conversion import filter, read, write
from common.tools import check_data
from tests.support.running import PROJECT


@pytest.fixture
def tree(demo_tree, tmp_path):
    return shutil.copytree(demo_tree, tmp_path / "cityscapes")


@pytest.fixture(scope="module")
def two_frames(demo_tree):
    dataset = filter(read(demo_tree), splits=("val",))
    return replace(dataset, frames=dataset.frames[:2])


def one_color(tree):
    return next((tree / "gtFine").rglob("*_color.png"))


def test_a_whole_dataset_gives_status_0_and_a_table(demo_tree, capsys):
    assert check_data.main([str(demo_tree), "--workers", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("split", "train ", "val "))}
    assert rows["split"][:4] == ["frames", "cities", "image", "labelIds"]
    assert (rows["train"][0], rows["train"][2:]) == ("20", ["20"] * 5 + ["0"])
    assert (rows["val"][0], rows["val"][2:]) == ("8", ["8"] * 5 + ["0"])
    assert lines[-1] == "28 frames checked, no problems"


def test_a_defect_gives_status_1_a_sentence_and_no_traceback(tree, tmp_path):
    one_color(tree).write_bytes(b"")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "common.tools.check_data", tree, "--workers", "1", "--json", report]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "28 frames checked, 1 problem, in 1 frame"
    (problem,) = json.loads(report.read_text())["problems"]
    assert problem["file"].endswith("_color.png")
    assert problem["message"] in done.stdout


def test_only_some_problems_of_a_kind_are_shown_and_the_json_has_all(tree, tmp_path, capsys):
    for path in (tree / "gtFine" / "val").rglob("*_color.png"):
        path.write_bytes(b"")
    report = tmp_path / "report.json"
    arguments = [str(tree), "--splits", "val", "--shown", "2", "--workers", "1", "--json", str(report)]
    assert check_data.main(arguments) == 1
    output = capsys.readouterr().out
    assert output.count("_color.png: is empty") == 2
    assert "and 6 more of this kind" in output
    assert len(json.loads(report.read_text())["problems"]) == 8


def test_labels_of_the_datasets_own_file_are_known(tree):
    """A list that lacks "road" makes its id unknown."""
    names = ("0 0 0 unlabeled", "70 130 180 sky", "220 20 60 person")
    (tree / "label_colors.txt").write_text("\n".join(names))
    assert check_data.main([str(tree), "--splits", "val", "--workers", "1"]) == 1
    (tree / "label_colors.txt").unlink()
    assert check_data.main([str(tree), "--splits", "val", "--workers", "1"]) == 0


def test_prepared_folders_are_checked_as_such(prepared, capsys):
    assert check_data.main([str(prepared), "--workers", "1"]) == 0
    assert "prepared dataset" in capsys.readouterr().out


def test_a_place_without_data_is_explained(tmp_path):
    with pytest.raises(DataError, match="is not there"):
        check_data.main([str(tmp_path / "nothing")])
    with pytest.raises(DataError, match="no frames found"):
        check_data.main([str(tmp_path)])


@pytest.mark.parametrize("name", ["coco", "coco-panoptic", "voc", "yolo", "camvid"])
def test_a_dataset_of_another_format_is_checked_as_such(two_frames, tmp_path, capsys, name):
    write(two_frames, tmp_path / "other", name, workers=1)
    assert check_data.main([str(tmp_path / "other"), "--workers", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path / 'other'}: {name} dataset"
    assert lines[-1] == "2 frames checked, no problems"


def test_what_is_wrong_in_another_format_is_listed_and_gives_status_1(two_frames, tmp_path, capsys):
    write(two_frames, tmp_path / "other", "voc", workers=1)
    image, _ = sorted((tmp_path / "other/JPEGImages").iterdir())
    image.write_bytes(image.read_bytes()[:-20])
    assert check_data.main([str(tmp_path / "other"), "--from", "voc", "--workers", "1"]) == 1
    assert "is cut off" in capsys.readouterr().out


def test_a_tree_with_a_coco_file_beside_its_masks_is_still_a_tree(tree, capsys):
    (tree / "annotations").mkdir()
    content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "car"}]}
    (tree / "annotations" / "instances_val.json").write_text(json.dumps(content))
    assert check_data.main([str(tree), "--splits", "val", "--workers", "1"]) == 0
    assert "8 frames checked" in capsys.readouterr().out


def test_json_on_the_terminal_is_json_alone(demo_tree, capsys):
    assert check_data.main([str(demo_tree), "--splits", "val", "--workers", "1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []

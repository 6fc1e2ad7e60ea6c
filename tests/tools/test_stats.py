import json

import cv2
import pytest

from common.errors import ConfigError, DataError
from common.tools import stats


def test_tables_json_and_picture_come_from_one_count(demo_tree, tmp_path, capsys):
    report, picture = tmp_path / "stats.json", tmp_path / "stats.png"
    arguments = [str(demo_tree), "--json", str(report), "--picture", str(picture), "--workers", "1"]
    assert stats.main(arguments) == 0
    output = capsys.readouterr().out
    content = json.loads(report.read_text())
    assert content["all"]["pixels"] == 28 * 128 * 64
    assert [content["splits"][name]["frames"] for name in ("train", "val")] == [20, 8]
    assert sum(label["pixels"] for label in content["all"]["labels"].values()) == 28 * 128 * 64
    road = content["all"]["labels"]["road"]
    assert f"{road['pixels']:,}" in next(line for line in output.splitlines() if line.startswith("road"))
    assert cv2.imread(str(picture)).shape[2] == 3


def test_json_on_the_terminal_is_json_alone(demo_tree, capsys):
    assert stats.main([str(demo_tree), "--splits", "val", "--json", "-", "--workers", "1"]) == 0
    assert list(json.loads(capsys.readouterr().out)["splits"]) == ["val"]


def test_files_that_cannot_be_written_are_refused_before_anything_is_counted(demo_tree, tmp_path, capsys):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"stats\.json: cannot be written: .*file is a file, expected a folder"):
        stats.main([str(demo_tree), "--json", str(tmp_path / "file" / "stats.json")])
    with pytest.raises(ConfigError, match="expected the name of a file"):
        stats.main([str(demo_tree), "--json", str(tmp_path)])
    assert capsys.readouterr().out == ""


def test_only_the_cities_that_are_named_are_counted(demo_tree, tmp_path):
    city, *others = sorted(path.name for path in (demo_tree / "gtFine" / "val").iterdir())
    expected = len(list(demo_tree.glob(f"gtFine/*/{city}/*_labelIds.png")))
    stats.main([str(demo_tree), "--cities", city, "--json", str(tmp_path / "s.json"), "--workers", "1"])
    splits = json.loads((tmp_path / "s.json").read_text())["splits"]
    assert sum(split["frames"] for split in splits.values()) == expected
    assert others


def test_a_broken_file_is_named_and_gives_status_1(demo_tree, tmp_path, capsys):
    folder = tmp_path / "cityscapes" / "leftImg8bit" / "val" / "ulm"
    folder.mkdir(parents=True)
    (folder / "ulm_000000_000019_leftImg8bit.png").write_bytes(b"no picture")
    assert stats.main([str(tmp_path / "cityscapes"), "--workers", "1"]) == 1
    assert "ulm_000000_000019_leftImg8bit.png" in capsys.readouterr().err


def test_what_is_missing_is_in_the_json_and_once_on_the_terminal(demo_tree, tmp_path, capsys):
    report = tmp_path / "stats.json"
    assert stats.main([str(demo_tree / "gtFine" / "val"), "--json", str(report), "--workers", "1"]) == 0
    (note,) = json.loads(report.read_text())["notes"]
    assert note.startswith("8 of 8 frames have no image")
    assert capsys.readouterr().out.count(note) == 1

import pytest

from common.errors import DataError
from common.tools import inspect_dataset


def test_sheets_and_page_are_written_and_named(demo_tree, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert inspect_dataset.main([str(demo_tree), "--frames", "2"]) == 0
    folder = tmp_path / "inspection_original_data"
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "inspection.json", "sheet_1.png"]
    output = capsys.readouterr().out
    assert "cityscapes, 2 of 28 frames" in output
    assert "index.html" in output


def test_a_table_is_printed_and_nothing_written(demo_tree, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [str(demo_tree), "--text", "--frames", "3", "--splits", "val", "--classes", "road", "car"]
    assert inspect_dataset.main(arguments) == 0
    output = capsys.readouterr().out
    assert output.count("  road ") == 3
    assert "vegetation" not in output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "number"), [("3", 3), ("000000_000019", 0), ("0003", 0)])
def test_a_plain_number_is_a_count_and_everything_else_a_name(demo_tree, capsys, text, number):
    if number:
        assert inspect_dataset.main([str(demo_tree), "--text", "--frames", text]) == 0
        assert capsys.readouterr().out.count("pixels, ") == number
    else:
        with pytest.raises(DataError, match=text):
            inspect_dataset.main([str(demo_tree), "--text", "--frames", text])


def test_a_broken_file_is_shown_named_and_gives_status_1(tmp_path, capsys):
    folder = tmp_path / "data" / "leftImg8bit" / "val" / "ulm"
    folder.mkdir(parents=True)
    (folder / "ulm_000000_000019_leftImg8bit.png").write_bytes(b"no picture")
    assert inspect_dataset.main([str(tmp_path / "data"), "--out", str(tmp_path / "look")]) == 1
    assert "ulm_000000_000019_leftImg8bit.png" in capsys.readouterr().err
    page = (tmp_path / "look" / "index.html").read_text(encoding="utf-8")
    assert "1 file could not be read" in page


def test_a_place_that_is_taken_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "look").mkdir()
    (tmp_path / "look" / "mine.txt").touch()
    with pytest.raises(DataError, match=r"look: .*--overwrite"):
        inspect_dataset.main([str(tmp_path / "not there"), "--out", str(tmp_path / "look")])


def test_frames_of_one_city_are_shown(demo_tree, tmp_path, capsys):
    city = next(path.name for path in sorted((demo_tree / "gtFine" / "val").iterdir()))
    assert inspect_dataset.main([str(demo_tree), "--cities", city, "--text"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split("_")[0] for line in lines if "_000" in line} == {city}

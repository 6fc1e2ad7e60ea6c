from pathlib import Path

import pytest

from common.errors import DataError
from common.learning.exporting.files import default_target, new_place


def test_an_export_stands_beside_its_model_and_never_where_the_result_json_is():
    model = Path("models/CITYSCAPES_subset_1_0.keras")
    names = [default_target(model, kind).name for kind in ("onnx", "saved_model", "tflite")]
    assert names == [f"CITYSCAPES_subset_1_0{ending}" for ending in (".onnx", "_saved_model", ".tflite")]


def test_a_folder_takes_its_place_whole(tmp_path):
    target = tmp_path / "new" / "made"
    with new_place(target, "saved_model") as place:
        (place / "saved_model.pb").touch()
        assert not target.exists()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == [
        "new", "new/made", "new/made/saved_model.pb"]  # fmt: skip


def test_what_is_there_is_kept_unless_it_may_be_replaced(tmp_path):
    target = tmp_path / "made.onnx"
    target.write_text("mine")
    with pytest.raises(DataError, match="made.onnx: is there already.*--overwrite"), new_place(target, "onnx"):
        pass
    with new_place(target, "onnx", overwrite=True) as place:
        place.write_text("new")
    assert target.read_text() == "new"


def test_a_folder_that_is_not_a_saved_model_is_never_replaced(tmp_path):
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "mine.png").touch()
    with (
        pytest.raises(DataError, match="not a folder with saved_model.pb"),
        new_place(tmp_path / "photographs", "saved_model", overwrite=True),
    ):
        pass
    assert (tmp_path / "photographs" / "mine.png").exists()


def test_a_saved_model_is_replaced_only_when_the_new_one_is_whole(tmp_path):
    target = tmp_path / "made"
    target.mkdir()
    (target / "saved_model.pb").write_text("old")
    with pytest.raises(ValueError), new_place(target, "saved_model", overwrite=True) as place:
        raise ValueError
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (target / "saved_model.pb").read_text() == "old"
    with new_place(target, "saved_model", overwrite=True) as place:
        (place / "saved_model.pb").write_text("new")
    assert (target / "saved_model.pb").read_text() == "new"

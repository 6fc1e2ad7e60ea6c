import multiprocessing
import shutil

import pytest

from common.errors import DataError
from common.files import read_json
from common.stages import MANIFEST, Stage, only_one, read_manifest


def stage(folder, **settings):
    return Stage(folder / "out", "step 00", settings, "inputs")


def fill(folder, **files):
    for name, text in files.items():
        (folder / name).write_text(text)


def build(a_stage, **files):
    with a_stage.build() as building:
        fill(building, **files)


def test_a_stage_is_complete_only_after_its_build(tmp_path):
    one = stage(tmp_path)
    assert not one.is_complete()
    build(one, a="1")
    assert one.is_complete()
    assert read_json(tmp_path / "out" / MANIFEST)["files"] == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_settings_and_other_inputs_make_it_incomplete(tmp_path):
    build(stage(tmp_path, size=1), a="1")
    assert not stage(tmp_path, size=2).is_complete()
    assert not Stage(tmp_path / "out", "step 00", {"size": 1}, "other inputs").is_complete()


@pytest.mark.parametrize("damage", ["missing", "shorter", "added"])
def test_a_folder_that_was_changed_is_incomplete(tmp_path, damage):
    build(stage(tmp_path), a="12", b="12")
    file = tmp_path / "out" / "a"
    if damage == "missing":
        file.unlink()
    elif damage == "shorter":
        file.write_text("1")
    else:
        (tmp_path / "out" / "c").write_text("")
    assert not stage(tmp_path).is_complete()


def test_a_new_build_holds_no_file_of_the_old_one(tmp_path):
    build(stage(tmp_path, size=1), a="1")
    build(stage(tmp_path, size=2), b="1")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b", MANIFEST]


def test_an_interrupted_build_is_gone_on_with_when_nothing_has_changed(tmp_path):
    with pytest.raises(KeyboardInterrupt), stage(tmp_path).build() as building:
        fill(building, a="1")
        raise KeyboardInterrupt
    assert not (tmp_path / "out").exists()
    with stage(tmp_path).build() as building:
        assert (building / "a").exists()


def test_an_interrupted_build_of_other_settings_is_thrown_away(tmp_path):
    with pytest.raises(KeyboardInterrupt), stage(tmp_path, size=1).build() as building:
        fill(building, a="1")
        raise KeyboardInterrupt
    with stage(tmp_path, size=2).build() as building:
        assert not list(building.iterdir())


def test_a_stop_between_the_two_renames_loses_nothing(tmp_path):
    build(stage(tmp_path, size=1), a="1")
    build(stage(tmp_path, size=2), a="2")
    shutil.move(tmp_path / "out", tmp_path / ".out.old")
    build(stage(tmp_path, size=2), a="2")
    assert stage(tmp_path, size=2).is_complete()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_else_is_never_touched(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", mine="1")
    with pytest.raises(DataError, match="was not written by step 00"):
        build(stage(tmp_path), a="1")
    assert (tmp_path / "out" / "mine").exists()


def test_a_broken_manifest_is_named(tmp_path):
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(DataError, match="delete the folder"):
        read_manifest(tmp_path)


def hold(folder, held, finish):
    with only_one(folder, "step_00"):
        held.set()
        finish.wait(20)


def test_a_step_runs_only_once_at_a_time(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, finish = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, held, finish))
    process.start()
    assert held.wait(20)
    with pytest.raises(DataError, match="running already"), only_one(tmp_path, "step_00"):
        pass
    finish.set()
    process.join()
    with only_one(tmp_path, "step_00"):
        assert True

import contextlib
import os
import platform
from pathlib import Path

import pytest

from common.errors import ConfigError, DataError
from common.files import targets
from common.files.targets import building, check_can_write, check_new_target, refuse_nested


def is_marked(path):
    return (path / "mark").is_file()


def fill(folder, **choices):
    with building(folder, **choices) as hidden:
        (hidden / "mark").write_text("new")


def test_a_folder_is_complete_or_not_there(tmp_path):
    with pytest.raises(RuntimeError), building(tmp_path / "new" / "out") as hidden:
        (hidden / "half").write_text("")
        raise RuntimeError
    assert list((tmp_path / "new").iterdir()) == []
    fill(tmp_path / "new" / "out")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


def test_a_file_has_the_ending_it_needs(tmp_path):
    with building(tmp_path / "A.ZIP", ending=".zip") as hidden:
        hidden.write_text("new")
    assert (tmp_path / "A.ZIP").read_text() == "new"
    with pytest.raises(ConfigError, match=r"out: .*\.zip"):
        check_new_target(tmp_path / "out", ending=".zip")


def test_what_is_there_is_refused_or_moved_aside_never_deleted(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("keep")
    with pytest.raises(DataError, match="out: is there already.*--overwrite"):
        fill(tmp_path / "out", is_ours=is_marked)
    fill(tmp_path / "out", overwrite=True, is_ours=is_marked)
    assert (tmp_path / "out_1" / "mine").read_text() == "keep"


def test_what_the_caller_recognises_as_its_own_is_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mark").write_text("old")
    fill(tmp_path / "out", is_ours=is_marked)
    assert (tmp_path / "out" / "mark").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_does_not_take_the_place_of_a_file(tmp_path):
    (tmp_path / "out").write_text("keep")
    with pytest.raises(DataError, match="out: is a file"):
        fill(tmp_path / "out", overwrite=True)


def test_what_appeared_while_writing_is_not_touched(tmp_path):
    with pytest.raises(DataError, match="out: is there already"), building(tmp_path / "out"):
        (tmp_path / "out").mkdir()
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", [".", "..", "../project"])
def test_the_folder_one_works_in_is_never_moved_aside(tmp_path, monkeypatch, name):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    with pytest.raises(DataError, match="the folder you work in"):
        fill((tmp_path / "project" / name), overwrite=True)


def test_a_link_is_moved_aside_not_what_it_leads_to(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    fill(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out_1").is_symlink()
    assert list((tmp_path / "real").iterdir()) == []


def test_what_a_killed_run_left_is_removed_and_a_running_one_is_left_alone(tmp_path):
    host = platform.node()
    dead, alive = tmp_path / f".out.{host}.999999999.building", tmp_path / f".out.{host}.{os.getppid()}.building"
    dead.mkdir()
    alive.mkdir()
    fill(tmp_path / "out")
    assert not dead.exists()
    assert alive.exists()


def test_source_and_target_may_not_lie_inside_each_other(tmp_path):
    for source, target in (("a", "a/b"), ("a/b", "a"), ("a", "a")):
        with pytest.raises(DataError, match="inside each other"):
            refuse_nested(tmp_path / source, tmp_path / target)
    refuse_nested(tmp_path / "a", tmp_path / "ab")


def test_a_folder_with_the_longest_name_is_built_and_what_a_killed_run_left_of_it_is_removed(tmp_path):
    target = tmp_path / ("n" * 255)
    start = targets._hidden_start(target)
    left = tmp_path / f"{start}999999999.building"  # no system has so many processes
    left.mkdir()
    with building(target) as hidden:
        assert len(hidden.name) <= 255 - len(".12345678")  # a file in its place adds these when it is written
        (hidden / "a").write_text("")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_name_that_no_folder_can_have_is_an_error_that_names_it(tmp_path):
    with pytest.raises(DataError, match="n: cannot be written: File name too long"), building(tmp_path / ("n" * 256)):
        pass


def test_a_place_that_can_be_written_is_asked_without_leaving_anything(tmp_path):
    check_can_write(tmp_path / "new" / "folder")
    check_can_write(tmp_path / "file.json")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file.json").touch()
    check_can_write(tmp_path / "file.json")


def test_a_new_place_directly_below_the_root_is_not_taken_for_one_below_a_file(monkeypatch):
    tried = []
    monkeypatch.setattr(targets.tempfile, "TemporaryFile", lambda dir: tried.append(dir) or contextlib.nullcontext())
    check_can_write(Path("/no such folder/out.json"))
    assert tried == [Path("/")]


def test_a_place_that_cannot_be_written_is_named_with_the_reason(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"out: cannot be written: .*file is a file, expected a folder"):
        check_can_write(tmp_path / "file" / "deep" / "out")
    with pytest.raises(DataError, match="its name is too long"):
        check_can_write(tmp_path / ("n" * 300) / "out")
    if platform.system() == "Linux":
        with pytest.raises(DataError, match="/proc/new/out: cannot be written: "):
            check_can_write(Path("/proc/new/out"))


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="no permission to write there; choose another place"):
        check_can_write(tmp_path / "out")

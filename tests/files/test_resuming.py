import pytest

from common.errors import DataError
from common.files.resuming import unfinished


def test_work_that_was_stopped_goes_on_and_other_work_starts_anew(tmp_path):
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path / ".work", "one") as work:
        (work.folder / "a").write_text("1")
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path / ".work", "one") as work:
        assert not work.is_moving
        assert [path.name for path in work.folder.iterdir()] == ["a"]
        raise KeyboardInterrupt
    with unfinished(tmp_path / ".work", "two") as work:
        assert not list(work.folder.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_stop_while_files_are_moved_loses_none(tmp_path):
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path / ".work", "one") as work:
        (work.folder / "a").write_text("1")
        (work.folder / "b").write_text("2")
        work.move({work.folder / "a": tmp_path / "a"})
        raise KeyboardInterrupt
    with unfinished(tmp_path / ".work", "one") as work:
        assert work.is_moving
        work.move({work.folder / name: tmp_path / name for name in ("a", "b")})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "1", "b": "2"}


def test_a_marker_that_a_power_cut_emptied_starts_the_work_anew(tmp_path):
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path / ".work", "one") as work:
        (work.folder / "a").write_text("1")
        raise KeyboardInterrupt
    (tmp_path / ".work.json").write_text("")
    with unfinished(tmp_path / ".work", "one") as work:
        assert not list(work.folder.iterdir())


def test_the_same_work_is_not_done_twice_at_a_time(tmp_path):
    with (
        unfinished(tmp_path / ".work", "one"),
        pytest.raises(DataError, match="another process writes there"),
        unfinished(tmp_path / ".work", "one"),
    ):
        pass

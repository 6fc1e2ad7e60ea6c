import contextlib
import multiprocessing

import pytest

from common.errors import DataError
from common.files.lock import only_one


def hold(folder, held, finish, name="step_00", prepares=False):
    with only_one(folder, name, prepares):
        held.set()
        finish.wait(20)


@contextlib.contextmanager
def held_elsewhere(folder, name, prepares=False):
    """Holds the locks of a step in another process."""
    context = multiprocessing.get_context("spawn")
    held, finish = context.Event(), context.Event()
    process = context.Process(target=hold, args=(folder, held, finish, name, prepares))
    process.start()
    assert held.wait(20)
    yield
    finish.set()
    process.join()


def test_a_step_runs_only_once_at_a_time(tmp_path):
    with (
        held_elsewhere(tmp_path, "step_03"),
        pytest.raises(DataError, match="step_03 is running already"),
        only_one(tmp_path, "step_03"),
    ):
        pass
    with only_one(tmp_path, "step_03"):
        assert True


def test_folders_are_not_changed_while_others_read_them_and_readers_run_together(tmp_path):
    with held_elsewhere(tmp_path, "step_03"):
        with (
            pytest.raises(
                DataError, match="step_03 is running and reads the prepared folders, which step_00 may change"
            ),
            only_one(tmp_path, "step_00", prepares=True),
        ):
            pass
        with only_one(tmp_path, "step_02"):
            assert True
    with only_one(tmp_path, "step_00", prepares=True):
        assert True


def test_nobody_reads_folders_that_are_being_changed(tmp_path):
    with (
        held_elsewhere(tmp_path, "step_01", prepares=True),
        pytest.raises(DataError, match="step_01 is running and is changing the prepared folders; wait for it"),
        only_one(tmp_path, "step_03"),
    ):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / ".locks").write_text("a file")
    with (
        pytest.raises(DataError, match=r"\.locks: cannot be written: .*; check the permissions"),
        only_one(tmp_path, "step_00"),
    ):
        pass

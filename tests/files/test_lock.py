import multiprocessing

import pytest

from common.errors import DataError
from common.files.lock import only_one


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

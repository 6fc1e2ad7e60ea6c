import os
import subprocess
import sys
import time

import cv2
import psutil
import pytest

from common.errors import DataError
from common.parallel import run_all, usable_cores
from tests.support.running import PROJECT


def square(number):
    return number * number


def fail_at_three(number):
    if number == 3:
        raise DataError("three is broken")
    return number


def process_id(_):
    return os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    assert list(run_all(square, range(50), workers)) == [number * number for number in range(50)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_function_raises_is_raised_here(workers):
    with pytest.raises(DataError, match="three is broken"):
        list(run_all(fail_at_three, range(10), workers))


def test_one_worker_is_this_process_and_two_are_others():
    assert set(run_all(process_id, range(4), 1)) == {os.getpid()}
    assert os.getpid() not in set(run_all(process_id, range(4), 2))


def test_no_items_are_no_work():
    assert list(run_all(square, [], 2)) == []


def test_at_least_one_core_is_usable():
    assert 1 <= usable_cores() <= os.cpu_count()


_NEVER_ENDING = """
import os, sys, time
from pathlib import Path
from common.parallel import run_all

def work(item):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(60)

list(run_all(work, range(4), workers=2))
"""


@pytest.mark.skipif(os.name != "posix", reason="other systems do not tell who started a process")
def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path):
    main = subprocess.Popen([sys.executable, "-c", _NEVER_ENDING, tmp_path], cwd=PROJECT, stderr=subprocess.DEVNULL)
    assert waits_until(lambda: len(list(tmp_path.iterdir())) == 2)
    main.kill()
    main.wait()
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert waits_until(lambda: not any(is_at_work(worker) for worker in workers))


def waits_until(condition):
    for _ in range(300):
        if condition():
            return True
        time.sleep(0.1)
    return False


def is_at_work(process):
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_any_engine_can_do_the_work():
    class Backwards:
        def processes(self, workers):
            return workers

        def map(self, function, items, workers):
            yield from [function(item) for item in reversed(items)][::-1]

    assert list(run_all(square, range(5), workers=2, engine=Backwards())) == [0, 1, 4, 9, 16]


def opencv_threads(_):
    return cv2.getNumThreads()


def test_opencv_uses_one_thread_in_each_worker():
    assert list(run_all(opencv_threads, range(2), workers=2)) == [1, 1]

import os
import platform
import subprocess
import sys
import time

import cv2
import psutil
import pytest

from common.errors import DataError
from common.parallel import LOCAL, run_all, usable_cores
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


_FAULTS_OF_LARGE_ARRAYS = """
import resource
from common.parallel import keep_freed_memory

keep_freed_memory(of_any_size=True)
bytearray(64 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    bytearray(64 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries decide for themselves")
def test_freed_memory_of_large_arrays_is_used_again():
    command = [sys.executable, "-c", _FAULTS_OF_LARGE_ARRAYS]
    faults = int(subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout)
    assert faults < 1000, "pages were cleared again; without the setting it is about 80,000"


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


def test_a_command_gets_its_folder_and_log_and_ends_when_it_is_told_to(tmp_path):
    code = "import os, sys; print(os.getcwd(), flush=True); sys.stdin.read()"
    command = LOCAL.start([sys.executable, "-c", code], tmp_path, tmp_path / "log.txt")
    assert waits_until(lambda: (tmp_path / "log.txt").read_text().strip() == str(tmp_path.resolve()))
    assert command.exit_status() is None
    command.end()
    assert command.exit_status() != 0


def test_any_engine_can_do_the_work():
    class Backwards:
        def map(self, function, items, workers):
            yield from [function(item) for item in reversed(items)][::-1]

    assert list(run_all(square, range(5), workers=2, engine=Backwards())) == [0, 1, 4, 9, 16]


def opencv_threads(_):
    return cv2.getNumThreads()


def test_opencv_uses_one_thread_in_each_worker():
    assert list(run_all(opencv_threads, range(2), workers=2)) == [1, 1]

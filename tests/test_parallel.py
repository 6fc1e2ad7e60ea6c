import os

import pytest

from common.errors import DataError
from common.parallel import run_all, usable_cores


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

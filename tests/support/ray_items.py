"""Functions that items are given to on the machines of a cluster."""

import time

from common.errors import DataError


def square(number):
    """Squares a number."""
    return number * number


def slow_square(number):
    """Squares a number in a second."""
    time.sleep(1)
    return number * number


def fail_at_three(number):
    """Refuses 3."""
    if number == 3:
        raise DataError("three.png: is broken")
    return number

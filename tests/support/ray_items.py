"""Functions that items are given to on the machines of a cluster."""

import time
from pathlib import Path

from common.errors import DataError


def square(number):
    """Squares a number."""
    return number * number


def slow_square(folder, number):
    """Squares a number in a second; a file tells that it has begun."""
    (Path(folder) / f"begun_{number}").touch()
    time.sleep(1)
    return number * number


def fail_at_three(number):
    """Refuses 3."""
    if number == 3:
        raise DataError("three.png: is broken")
    return number

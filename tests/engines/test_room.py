"""How many trainings a cluster has room for, and with how many cores."""

import pytest

from common.engines.machines import Machine
from common.engines.room import Room
from common.engines.sharing import Sharing
from common.errors import ConfigError


def room(*sizes, **sharing):
    """Machines given by their cores and GPUs."""
    return Room([Machine(str(size), *size, {}) for size in sizes], Sharing(**sharing))


@pytest.mark.parametrize(
    ("found", "slots", "cores", "gpus"),
    [
        # One training on each of two machines; both have 4 cores for it.
        (room((4, 0), (64, 0)), 2, 4, 0),
        # The machine without a GPU does not train; 16 cores for 2 GPUs are 8 each.
        (room((64, 0), (16, 2)), 2, 8, 1),
        # Four on each of 3 GPUs; 8 cores for 4 trainings are 2 each.
        (room((8, 1), (64, 2), per_gpu=4), 12, 2, 0.25),
        (room((8, 1), (64, 2), gpus=()), 2, 8, 0),
        (room((2, 0), (4, 0), (8, 0), cores=4), 2, 4, 0),
        (room((2, 0), (4, 0), at_a_time=7), 7, 2, 0),
        (room((1, 4)), 4, 1, 1),
    ],
)
def test_trainings_fit_into_the_machines(found, slots, cores, gpus):
    assert (found.slots, found.cores, found.gpus_of_command) == (slots, cores, gpus)


def test_more_cores_than_any_machine_has_are_refused():
    with pytest.raises(ConfigError, match="CORES_PER_TRAINING = 16: the largest machine of the cluster has 8"):
        room((4, 0), (8, 0), cores=16).check()
    room((4, 0), (8, 0), cores=8).check()

"""Items on a cluster that is made up: their order, and machines that are lost."""

import logging
from dataclasses import dataclass

import pytest

from common.engines.items import Tasks
from common.engines.remote import MOST_RESTARTS, Lost
from common.errors import DataError, ProjectError


@dataclass
class Cluster:
    """Ends tasks at once; a reference is the item and how often it was given before."""

    given: list
    lost: tuple = ()
    hangs: tuple = ()
    broken: tuple = ()
    machines_lost: int = 0
    cancelled: tuple = ()

    def submit(self, item):
        self.given.append(item)
        return item, self.given.count(item)

    def is_ready(self, reference, seconds):
        if reference in self.hangs:
            self.machines_lost = 1
            return False
        return True

    def result(self, reference):
        if reference in self.lost:
            raise Lost
        if reference in self.broken:
            raise DataError(f"{reference[0]}.png: is broken")
        return reference[0] * 10

    def cancel(self, references, seconds=3):
        self.cancelled += tuple(references)

    def lost_machines(self):
        return self.machines_lost


def results(cluster, items=range(4)):
    tasks = Tasks(cluster, cluster.submit)
    try:
        for item in items:
            tasks.add(item)
        return [tasks.first_result() for _ in items]
    finally:
        tasks.end()


def test_results_come_in_the_order_of_the_items():
    assert results(Cluster([])) == [0, 10, 20, 30]


def test_an_item_of_a_lost_machine_starts_again_and_is_counted(caplog):
    caplog.set_level(logging.WARNING)
    cluster = Cluster([], lost=((2, 1), (2, 2)))
    assert results(cluster) == [0, 10, 20, 30]
    assert cluster.given == [0, 1, 2, 3, 2, 2]
    assert "2 items were started again, because a machine was lost" in caplog.text


def test_an_item_on_a_machine_without_network_starts_again():
    cluster = Cluster([], hangs=((1, 1),))
    assert results(cluster) == [0, 10, 20, 30]
    assert (cluster.given, cluster.cancelled) == ([0, 1, 2, 3, 1], ((1, 1),))


def test_an_item_that_ends_every_worker_stops_the_work():
    cluster = Cluster([], lost=tuple((1, turn) for turn in range(1, 20)))
    with pytest.raises(ProjectError, match=f"worker processes ended {MOST_RESTARTS + 1} times at the same item"):
        results(cluster)


def test_what_an_item_raises_is_raised_here_and_the_rest_is_cancelled():
    cluster = Cluster([], broken=((1, 1),))
    with pytest.raises(DataError, match="^1.png: is broken$"):
        results(cluster)
    assert cluster.cancelled[-2:] == ((2, 1), (3, 1))

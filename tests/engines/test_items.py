"""Items on a cluster that is made up: their order, and machines that are lost."""

import logging
from dataclasses import dataclass, field

import pytest

from common.engines.items import Shift
from common.engines.remote import Lost
from common.errors import DataError, ProjectError


@dataclass
class Workers:
    """Ends items at once, the last one first; a worker is a number, a reference has worker, item and turn."""

    dying: tuple = ()  # (item, turn) that end their worker
    cut_off: tuple = ()  # workers without network: their items never end
    broken: tuple = ()
    without_room: tuple = ()
    hired: list = field(default_factory=list)
    given: list = field(default_factory=list)
    dismissed: list = field(default_factory=list)
    most_at_a_time: int = 0

    def hire(self):
        self.hired.append(len(self.hired))
        return self.hired[-1]

    def is_ready(self, worker):
        return worker not in self.without_room

    def give(self, worker, item):
        self.given.append(item)
        return worker, item, self.given.count(item)

    def ended(self, references, seconds):
        self.most_at_a_time = max(self.most_at_a_time, len(references))
        found = [one for one in references if one[0] in self.dismissed or one[0] not in self.cut_off]
        return found[::-1]

    def result(self, reference):
        worker, item, turn = reference
        if (item, turn) in self.dying or worker in self.dismissed:
            raise Lost
        if item in self.broken:
            raise DataError(f"{item}.png: is broken")
        return item * 10

    def is_lost(self, worker):
        return worker in self.cut_off

    def dismiss(self, worker):
        self.dismissed.append(worker)


def results(workers, count=20, number=3):
    return list(Shift(workers, range(count), number).results())


TENS = [10 * number for number in range(20)]


def test_results_come_in_the_order_of_the_items():
    workers = Workers()
    assert results(workers) == TENS
    assert (workers.hired, sorted(workers.dismissed)) == ([0, 1, 2], [0, 1, 2])


def test_a_worker_that_has_no_room_yet_gets_no_item():
    workers = Workers(without_room=(0, 2))
    assert results(workers) == TENS
    assert workers.most_at_a_time == 2


def test_a_worker_has_two_items_at_most():
    workers = Workers()
    results(workers)
    assert workers.most_at_a_time == 6


def test_items_of_a_lost_worker_are_done_by_another_one_and_counted(caplog):
    caplog.set_level(logging.WARNING)
    workers = Workers(dying=((7, 1), (7, 2)))
    assert results(workers) == TENS
    assert len(workers.hired) == 5
    assert "started again elsewhere, because a machine was lost" in caplog.text


def test_so_are_those_of_a_machine_without_network():
    workers = Workers(cut_off=(1,))
    assert results(workers) == TENS
    assert len(workers.hired) == 4


def test_an_item_that_ends_every_worker_stops_the_work():
    with pytest.raises(ProjectError, match="worker processes ended 6 times at the same items"):
        results(Workers(dying=tuple((7, turn) for turn in range(1, 99))))


def test_what_an_item_raises_is_raised_here_and_all_workers_end():
    workers = Workers(broken=(3,))
    with pytest.raises(DataError, match="^3.png: is broken$"):
        results(workers)
    assert set(workers.dismissed) == {0, 1, 2}


def test_only_a_few_results_wait_for_the_first_one():
    workers = Workers()
    shift = Shift(workers, range(1000), 2).results()
    assert [next(shift) for _ in range(10)] == TENS[:10]
    # Four items for each of two workers ahead of the last one that was taken.
    assert max(workers.given) < 10 + 8
    shift.close()

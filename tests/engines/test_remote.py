"""Commands on other machines, with a cluster that is this machine."""

import itertools
import os
import sys
import threading

import pytest

from common.engines import remote
from common.engines.remote import MOST_RESTARTS, ClaimedCommand, Lost, run_command
from common.engines.sharing import Sharing
from common.errors import ProjectError
from tests.support.running import wait_for


class Threads:
    """Runs each command in a thread; `lose` makes it look as if the machine of the last one was gone."""

    def __init__(self, fault=None):
        self.ends, self.released, self.lost, self._fault = [], 0, False, fault

    def submit(self, command):
        end = []
        threading.Thread(target=lambda: end.append(run_command(Sharing(), {}, command))).start()
        self.ends.append(end)
        return end

    def status(self, submitted):
        if self._fault:
            raise self._fault
        if self.lost:
            self.lost = False
            raise Lost
        return submitted[0] if submitted else None

    def release(self, submitted):
        self.released += 1


def start(cluster, folder, code):
    return ClaimedCommand(cluster, [sys.executable, "-c", code], folder, folder / "log.txt")


@pytest.mark.parametrize(("code", "status"), [("", 0), ("raise SystemExit(3)", 3), ("os.kill(os.getpid(), 9)", -9)])
def test_its_exit_status_is_handed_on(tmp_path, code, status):
    command = start(Threads(), tmp_path, f"import os\n{code}")
    wait_for(lambda: command.exit_status() is not None)
    command.end()
    assert (command.exit_status(), command.restarts) == (status, 0)


WAIT = "import sys, time; print('started', flush=True); sys.stdin.read()"


def test_what_is_cut_off_ends_when_it_was_started_again_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_PAUSE_SECONDS", 0)
    cluster = Threads()
    command = start(cluster, tmp_path, WAIT)
    wait_for(lambda: (tmp_path / "log.txt").exists() and (tmp_path / "log.txt").read_text() == "started\n")
    cluster.lost = True
    assert (command.exit_status(), command.restarts) == (None, 1)
    wait_for(lambda: cluster.ends[0] == [-9], seconds=10)
    assert command.exit_status() is None
    assert cluster.ends[1] == []
    command.end()
    wait_for(lambda: cluster.ends[1] == [-9], seconds=10)
    assert cluster.released == 1


class Clock:
    """A second goes by each time somebody looks."""

    now = 0.0

    def monotonic(self):
        self.now += 1
        return self.now


def test_a_command_that_is_lost_again_and_again_waits_longer_each_time_and_then_counts_as_killed(tmp_path, monkeypatch):
    class Losing:
        starts = ()

        def submit(self, command):
            self.starts += (clock.now,)

        def status(self, submitted):
            raise Lost

        def release(self, submitted):
            pass

    clock, cluster = Clock(), Losing()
    monkeypatch.setattr(remote, "time", clock)
    command = start(cluster, tmp_path, "")
    while command.exit_status() is None:
        pass
    command.end()
    assert (command.exit_status(), command.restarts, len(cluster.starts)) == (-9, MOST_RESTARTS, MOST_RESTARTS + 1)
    # One second more than the pause, because to note the time takes one too.
    pauses = [after - before - 1 for before, after in itertools.pairwise(cluster.starts)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]


def test_a_restart_that_cannot_be_given_to_the_cluster_fails_this_training_only(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_PAUSE_SECONDS", 0)
    cluster = Threads(Lost())
    command = start(cluster, tmp_path, "")
    assert command.exit_status() is None
    monkeypatch.setattr(cluster, "submit", lambda _: (_ for _ in ()).throw(ProjectError("no cluster")))
    assert command.exit_status() == 1
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == "error: no cluster"
    command.end()


def test_an_error_of_the_cluster_is_the_last_line_of_the_log(tmp_path):
    command = start(Threads(ProjectError("memory ran out")), tmp_path, "")
    assert command.exit_status() == 1
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == "error: memory ran out"
    command.end()


def test_threads_of_workers_are_not_those_of_commands(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    command = start(Threads(), tmp_path, "import os; print('OMP_NUM_THREADS' in os.environ)")
    wait_for(lambda: command.exit_status() is not None)
    command.end()
    assert (tmp_path / "log.txt").read_text() == "False\n"
    assert os.environ["OMP_NUM_THREADS"] == "1"

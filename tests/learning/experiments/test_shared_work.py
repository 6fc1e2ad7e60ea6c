"""Chains that ask for the same piece of work."""

import sys

import pytest

from common.engines.local import LocalEngine
from common.engines.sharing import Sharing
from common.files.models import FileModel
from common.learning.experiments.processes import Work, run_chains


class Nothing(FileModel):
    """A job that says nothing."""


class Counting(LocalEngine):
    """Counts what is started; a piece of work named "bad" fails."""

    def __init__(self):
        super().__init__(Sharing(at_a_time=2))
        self.started = []

    def start(self, command, folder, log):
        self.started.append(log.parent.name)
        code = "import sys; sys.exit('bad' in sys.argv[1] and 'the reason')"
        return super().start([sys.executable, "-c", code, command[-1]], folder, log)


@pytest.fixture
def engine():
    return Counting()


def test_it_is_done_once_and_then_all_of_them_go_on(tmp_path, engine):
    def chain(number):
        yield [Work("shared", tmp_path / "shared", "module", Nothing())]
        yield [Work(str(number), tmp_path / str(number), "module", Nothing())]

    assert run_chains([chain(1), chain(2)], "", 0, 3, engine) == []
    assert engine.started[0] == "shared"
    assert sorted(engine.started[1:]) == ["1", "2"]


def test_if_it_fails_none_of_them_goes_on(tmp_path, engine):
    def chain():
        yield [Work("bad", tmp_path / "bad", "module", Nothing())]
        yield [Work("later", tmp_path / "later", "module", Nothing())]

    (failure,) = run_chains([chain(), chain()], "", 0, 4, engine)
    assert (failure.name, failure.reason) == ("bad", "the reason")
    assert engine.started == ["bad"]

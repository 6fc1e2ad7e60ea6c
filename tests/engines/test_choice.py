"""An engine that is asked for and cannot be had."""

import sys
from types import SimpleNamespace

import pytest

from common.engines import ray as ray_engine
from common.engines.choice import EngineChoice, choice_of_environment, make_engine
from common.errors import ConfigError
from common.parallel import chosen_engine, run_all, use_engine
from common.tools import check_cluster, stats


@pytest.fixture
def no_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)


def test_that_ray_is_missing_is_said_in_one_sentence_when_there_is_work(no_ray):
    engine = make_engine(EngineChoice("ray"))
    with use_engine(engine), pytest.raises(ConfigError) as error:
        list(run_all(abs, [-1, -2], workers=2))
    assert str(error.value).startswith("ENGINE = ray: Ray is not installed")
    assert "-r requirements-ray.lock, on every machine" in str(error.value)


def test_the_option_of_a_tool_sets_the_environment(no_ray, monkeypatch):
    monkeypatch.setenv("CITYSCAPES_ENGINE", "local")
    assert "engine" not in vars(stats.parser().parse_args(["tree", "--engine", "ray"]))
    assert choice_of_environment().name == "ray"
    with pytest.raises(ConfigError, match="Ray is not installed"):
        check_cluster.main([])


def test_a_ray_that_knows_no_token_is_refused(monkeypatch):
    old = SimpleNamespace(__version__="2.51.1", __path__=[])
    for name, module in (("ray", old), ("ray.util", old), ("ray.util.scheduling_strategies", old)):
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(ConfigError, match="Ray 2.51.1 cannot keep strangers out; 2.52 or newer is needed"):
        ray_engine._connect("")


def test_a_program_uses_one_engine_and_closes_it():
    class Recording:
        calls = ()

        def processes(self, workers):
            return workers

        def map(self, function, items, workers):
            self.calls += ("map",)
            yield from map(function, items)

        def close(self):
            self.calls += ("close",)

    engine = Recording()
    with use_engine(engine):
        assert chosen_engine() is engine
        assert list(run_all(abs, [-1, -2], workers=2)) == [1, 2]
    assert engine.calls == ("map", "close")
    assert chosen_engine() is not engine


def test_a_cluster_is_not_asked_before_there_is_work(no_ray):
    make_engine(EngineChoice("ray")).close()

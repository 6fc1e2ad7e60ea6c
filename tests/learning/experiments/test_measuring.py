"""Ten steps that are measured before a training."""

from types import SimpleNamespace

import pytest

from common.learning.experiments import measuring


def test_they_use_no_other_gpus_than_trainings_may_use(monkeypatch):
    class Started(Exception):
        pass

    def engine(sharing):
        raise Started(sharing.gpus)

    monkeypatch.setattr(measuring, "LocalEngine", engine)
    with pytest.raises(Started, match=r"\('3',\)"):
        measuring._measure(SimpleNamespace(model_dump=lambda mode: {}), ("3",))

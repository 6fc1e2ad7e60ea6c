"""Identities of trainings as they were first: a change here trains every model of a user again."""

from types import SimpleNamespace

import pytest

from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.learning.experiments.experiment import Experiment, training_job


@pytest.mark.parametrize(
    ("name", "train", "overrides", "identity"),
    [
        ("full_dataset", "train_full", (), "df1c69e29d475153"),
        ("subset", "train_labeled", (), "edca752a18f887ec"),
        ("subset_aug", "train_labeled_aug", (), "64a2cefc457e117f"),
        ("subset", "train_labeled", ("RECIPE=modern",), "f111fbd109cf4514"),
        ("subset", "train_labeled", ("LABEL_MAP=cityscapes19", "NUM_CLASSES=19", "ALPHA=2"), "404575e6d79018bf"),
        ("subset", "train_labeled", ("PREPARATION=aligned", "ONLINE_SCALE=0.5, 2", "LR=1"), "085778674a6704e7"),
    ],
)
def test_the_identity_of_a_training_stays(name, train, overrides, identity):
    val, test = (SimpleNamespace(name=name, fingerprint=f"of {name}") for name in ("val", "test"))
    trained_on = SimpleNamespace(name=train, fingerprint=f"of {train}")
    config = load_config("CITYSCAPES", SHIPPED_CONFIG, overrides)
    assert training_job(Experiment(name, (trained_on,), val, (val, test)), config, 1, 0).identity == identity

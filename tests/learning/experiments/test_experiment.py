"""What an experiment asks of its trainings."""

from types import SimpleNamespace

from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.learning.experiments.experiment import Experiment, training_job


def split(name):
    return SimpleNamespace(name=name, fingerprint=f"of {name}")


def test_each_run_may_have_its_own_sum_of_splits():
    config = load_config("CITYSCAPES", SHIPPED_CONFIG, ())
    own = {2: (split("train_labeled"), split("pseudo_2"))}
    experiment = Experiment("IM", (split("train_labeled"),), split("val"), (split("val"),), train_of_run=own)
    first, second = (training_job(experiment, config, run, 0) for run in (1, 2))
    assert [key.name for key in first.train] == ["train_labeled"]
    assert [key.name for key in second.train] == ["train_labeled", "pseudo_2"]


def test_a_part_of_an_approach_has_names_and_seeds_of_its_own():
    config = load_config("CITYSCAPES", SHIPPED_CONFIG, ("RECIPE=modern",))
    parts = [
        training_job(Experiment("IM", (split("a"),), split("val"), (split("val"),), part=part), config, 1, 0)
        for part in ("", "n2_gen0", "n2_gen1")
    ]
    assert [job.model for job in parts] == [
        "CITYSCAPES_IM_modern_1_0", "CITYSCAPES_IM_modern_1_n2_gen0_0", "CITYSCAPES_IM_modern_1_n2_gen1_0"]  # fmt: skip
    assert len({job.training.seed for job in parts}) == 3

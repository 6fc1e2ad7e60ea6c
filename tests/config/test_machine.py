"""Keys that say where and how trainings run; none of them changes a score."""

import pytest

from common.config.config import Config
from common.config.keys import KEYS
from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.engines.choice import EngineChoice, choice_of_environment, named_folders
from common.errors import ConfigError
from common.parallel import usable_cores


def machine(*overrides):
    return load_config("CITYSCAPES", SHIPPED_CONFIG, overrides).machine


def test_no_score_depends_on_them():
    assert not [name for name, key in KEYS.items() if key.group == "machine" and key.scores]
    assert len([name for name, key in KEYS.items() if key.group == "machine"]) == 11


@pytest.mark.parametrize(
    ("text", "gpus", "slots"),
    [("none", (), 1), ("0", ("0",), 2), ("0, 2", ("0", "2"), 4), ("GPU-7f,MIG-1/2", ("GPU-7f", "MIG-1/2"), 4)],
)
def test_trainings_at_a_time_follow_from_the_gpus(text, gpus, slots):
    sharing = machine(f"GPUS={text}", "TRAININGS_PER_GPU=2").sharing
    assert (sharing.gpus, sharing.local_slots) == (gpus, slots)


def test_a_number_of_trainings_that_is_set_wins():
    sharing = machine("GPUS=0,1", "TRAININGS_PER_GPU=2", "TRAININGS_AT_A_TIME=3").sharing
    assert sharing.local_slots == 3


@pytest.mark.parametrize("text", ["0,0", "0;1", "", "0,"])
def test_names_of_gpus_that_are_none_are_refused(text):
    with pytest.raises(ConfigError, match="GPUS = .*expected auto, none, or different names with commas between"):
        machine(f"GPUS={text}")


def test_threads_are_a_share_of_this_machine_or_what_is_set():
    assert machine("GPUS=none").threads == usable_cores()
    assert machine("GPUS=none", "TRAININGS_AT_A_TIME=4000").threads == 1
    assert machine("CORES_PER_TRAINING=3", "ENGINE=ray").threads == 3


@pytest.mark.parametrize("key", ["ENGINE=ray", "TRAINING_LAUNCHER=srun -n1"])
def test_threads_are_left_to_the_machine_that_trains_if_it_is_another_one(key):
    assert machine(key).threads == 0


def test_a_launcher_is_read_as_words_and_refused_together_with_ray():
    assert machine("TRAINING_LAUNCHER=srun --comment='a b' -n1").sharing.launcher == ("srun", "--comment=a b", "-n1")
    with pytest.raises(ConfigError, match="TRAINING_LAUNCHER = srun: ENGINE = ray starts trainings itself"):
        machine("TRAINING_LAUNCHER=srun", "ENGINE=ray")
    with pytest.raises(ConfigError, match="TRAINING_LAUNCHER = 'srun: expected nothing, or a command"):
        machine("TRAINING_LAUNCHER='srun")


def test_ray_chooses_gpus_itself():
    with pytest.raises(ConfigError, match="GPUS = 0,1: ENGINE = ray gives trainings the GPUs of all machines"):
        machine("GPUS=0,1", "ENGINE=ray")


def test_config_and_environment_choose_the_same_engine(monkeypatch):
    monkeypatch.setenv("CITYSCAPES_ENGINE", "ray")
    monkeypatch.setenv("CITYSCAPES_ENGINE_ADDRESS", "10.0.0.1:6379")
    monkeypatch.setenv("CITYSCAPES_ENGINE_TOKEN", "none")
    chosen = machine("ENGINE=ray", "ENGINE_ADDRESS=10.0.0.1:6379", "ENGINE_TOKEN=none").engine_choice
    assert chosen == choice_of_environment()
    assert Config.__dataclass_fields__["machine"].default_factory().engine_choice == EngineChoice()
    monkeypatch.setenv("CITYSCAPES_ENGINE", "dask")
    with pytest.raises(ConfigError, match="CITYSCAPES_ENGINE = dask .environment.: expected one of local, ray"):
        choice_of_environment()


def test_the_folders_of_a_command_line_are_those_that_hold_what_it_names(tmp_path):
    (tmp_path / "a.zip").touch()
    (tmp_path / "data").mkdir()
    words = [str(tmp_path / "a.zip"), str(tmp_path / "new"), "--splits", str(tmp_path / "data"), "/no/such/place"]
    assert named_folders(words) == [tmp_path.resolve(), (tmp_path / "data").resolve()]

import os
import subprocess
import sys

import keras
import pytest

from common.errors import ConfigError
from common.learning.backend import machine as backend
from tests.support.running import PROJECT
from tests.support.toy_training import digest_of_training

pytestmark = pytest.mark.backend


@pytest.fixture
def machine(monkeypatch):
    """Pretends to be another machine."""

    def pretend(gpu=False, bfloat16=False, name="tensorflow"):
        monkeypatch.setattr(backend, "has_gpu", lambda: gpu)
        monkeypatch.setattr(backend, "has_bfloat16_processor", lambda: bfloat16)
        monkeypatch.setattr(backend, "backend_name", lambda: name)

    return pretend


@pytest.mark.parametrize(
    "pretended, expected",
    [
        ({"gpu": True, "bfloat16": True}, "mixed_float16"),
        ({"bfloat16": True}, "mixed_bfloat16"),
        ({"bfloat16": True, "name": "jax"}, "float32"),
        ({}, "float32"),
    ],
)
def test_precision_follows_the_device(machine, pretended, expected):
    machine(**pretended)
    assert backend.choose_precision("auto") == expected


def test_precision_asked_for_is_taken(machine):
    machine(gpu=True)
    assert [backend.choose_precision(name) for name in backend.PRECISIONS[1:]] == list(backend.PRECISIONS[1:])


def test_float16_on_a_processor_is_refused_with_the_reason(machine):
    machine()
    with pytest.raises(ConfigError, match="180 times slower"):
        backend.choose_precision("mixed_float16")


def test_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match="float64"):
        backend.choose_precision("float64")


@pytest.mark.parametrize("flags, expected", [("fpu avx512_bf16", True), ("fpu amx_bf16", True), ("fpu avx2", False)])
def test_bfloat16_is_read_off_the_processor_flags(tmp_path, flags, expected):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert backend.has_bfloat16_processor(tmp_path / "cpuinfo") is expected


def test_a_system_without_cpuinfo_has_no_bfloat16(tmp_path):
    assert not backend.has_bfloat16_processor(tmp_path / "missing")


def test_xla_is_left_out_on_a_processor_under_tensorflow(machine):
    choices = []
    for pretended in ({}, {"gpu": True}, {"name": "jax"}):
        machine(**pretended)
        choices.append(backend.jit_compile())
    assert choices == [False, "auto", "auto"]


def test_description_names_what_ran():
    facts = backend.describe()
    assert facts["keras"] == keras.__version__
    assert facts["backend"].startswith(keras.backend.backend())


@pytest.mark.slow
def test_trainings_in_two_processes_give_the_same_bits_and_start_without_a_message():
    """With the toy network, here and in a new process. That the U-Net does too is shown by scripts that are killed."""
    precisions = ["float32"] + ["mixed_bfloat16"] * (keras.backend.backend() == "tensorflow")
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-m", "tests.support.toy_training", *precisions]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == [digest_of_training(precision) for precision in precisions], done.stderr
    if keras.backend.backend() == "tensorflow":  # XLA, which JAX uses, reports slow compilations
        assert done.stderr == ""

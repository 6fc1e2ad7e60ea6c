import os
import sys

import pytest

from common.engines import sharing
from common.engines.local import LocalEngine
from common.engines.sharing import CORES, PER_GPU, Sharing
from tests.support.running import wait_for

SAY = "import os, sys; print({}, flush=True); sys.stdin.read()"


def start(engine, folder, code, number=0):
    return engine.start([sys.executable, "-c", code], folder, folder / f"log_{number}.txt")


def outputs(engine, folder, what, count):
    """What commands print that run at the same time."""
    commands = [start(engine, folder, SAY.format(what), number) for number in range(count)]
    logs = [folder / f"log_{number}.txt" for number in range(count)]
    wait_for(lambda: all(log.read_text().endswith("\n") for log in logs))
    for command in commands:
        command.end()
    return [log.read_text().strip() for log in logs]


VISIBLE = "os.environ.get('CUDA_VISIBLE_DEVICES')"


def test_a_command_gets_its_folder_and_log_and_ends_when_it_is_told_to(tmp_path):
    command = start(LocalEngine(), tmp_path, SAY.format("os.getcwd()"))
    wait_for(lambda: (tmp_path / "log_0.txt").read_text().strip() == str(tmp_path.resolve()))
    assert command.exit_status() is None
    command.end()
    assert command.exit_status() != 0


def test_each_command_gets_one_gpu_and_they_are_shared_evenly(tmp_path):
    engine = LocalEngine(Sharing(gpus=("0", "3"), per_gpu=2))
    assert engine.slots == 4
    assert sorted(outputs(engine, tmp_path, VISIBLE, 4)) == ["0", "0", "3", "3"]


def test_the_gpu_of_an_ended_command_is_free_again(tmp_path):
    engine = LocalEngine(Sharing(gpus=("0", "1")))
    first = start(engine, tmp_path, SAY.format("0"), 8)
    assert outputs(engine, tmp_path, VISIBLE, 1) == ["1"]
    first.end()
    second = start(engine, tmp_path, SAY.format("0"), 9)
    assert (second.gpu, engine.slots) == ("0", 2)
    second.end()


def test_without_gpus_none_is_visible_and_one_command_runs(tmp_path):
    engine = LocalEngine(Sharing(gpus=()))
    assert (engine.slots, outputs(engine, tmp_path, VISIBLE, 1)) == (1, ["-1"])


@pytest.mark.parametrize(("value", "gpus"), [("0,1", ("0", "1")), ("", ()), ("-1", ()), ("2,-1,3", ("2",))])
def test_the_gpus_that_are_found_are_those_that_are_visible(monkeypatch, value, gpus):
    sharing.found_gpus.cache_clear()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert Sharing().local_gpus == gpus
    sharing.found_gpus.cache_clear()


def test_a_command_is_told_how_many_share_its_gpu():
    made = Sharing(gpus=("0",), per_gpu=4).environment({}, "0")
    assert (made[PER_GPU], made["CUDA_VISIBLE_DEVICES"], CORES in made) == ("4", "0", False)


def test_without_gpus_and_settings_a_command_gets_the_environment_as_it_is():
    base = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "7"}
    assert Sharing().environment(base) == {**base, "PYTHONUTF8": "1"}


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for nvidia-smi is a shell script")
@pytest.mark.parametrize(
    ("prints", "gpus"),
    [("echo GPU 0: A; echo '  MIG 1g.5gb Device 0'; echo GPU 1: B", ("0", "1")), ("echo No devices were found", ())],
)
def test_nvidias_tool_is_asked_which_gpus_there_are(tmp_path, monkeypatch, prints, gpus):
    sharing.found_gpus.cache_clear()
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{prints}\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert Sharing().local_gpus == gpus
    sharing.found_gpus.cache_clear()

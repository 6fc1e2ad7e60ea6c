"""TRAINING_LAUNCHER: a program stands in for srun, which like it runs the command as a process of its own."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from common.engines.choice import EngineChoice, make_engine
from common.engines.local import LocalEngine
from common.engines.sharing import Sharing
from common.errors import ConfigError
from tests.support.running import PROJECT, wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in for srun is a shell script")
SRUN = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do echo "$1"; shift; done
"$@"
"""
WAIT = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read(); os._exit(1)"


@pytest.fixture
def engine(tmp_path):
    program = tmp_path / "srun"
    program.write_text(SRUN)
    program.chmod(0o755)
    return LocalEngine(Sharing(launcher=(str(program), "-n1", "--quiet")))


def start(engine, folder, code):
    return engine.start([sys.executable, "-c", code], folder, folder / "log.txt")


def process_in(log):
    """The process that prints its number as the last line."""
    wait_for(lambda: log.exists() and log.read_text().endswith("\n") and log.read_text().split()[-1].isdecimal())
    return psutil.Process(int(log.read_text().split()[-1]))


def has_ended(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_its_words_stand_before_the_command(engine, tmp_path):
    command = start(engine, tmp_path, "print('trained')")
    wait_for(lambda: command.exit_status() is not None)
    command.end()
    assert (tmp_path / "log.txt").read_text().split() == ["-n1", "--quiet", "trained"]


@pytest.mark.parametrize(("code", "status"), [("", 0), ("raise SystemExit(3)", 3), ("os.kill(os.getpid(), 9)", 137)])
def test_it_hands_on_how_the_command_ended(engine, tmp_path, code, status):
    command = start(engine, tmp_path, f"import os\n{code}")
    wait_for(lambda: command.exit_status() is not None)
    command.end()
    assert command.exit_status() == status


def test_it_leaves_the_choice_of_a_gpu_to_the_launcher(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6")
    command = start(engine, tmp_path, "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])")
    wait_for(lambda: command.exit_status() is not None)
    command.end()
    assert (engine.slots, (tmp_path / "log.txt").read_text().split()[-1]) == (1, "5,6")


def test_what_it_started_ends_with_it(engine, tmp_path):
    command = start(engine, tmp_path, WAIT)
    process = process_in(tmp_path / "log.txt")
    command.end()
    wait_for(lambda: has_ended(process), seconds=5)


SCRIPT = """
import sys, time
from pathlib import Path
from common.engines.local import LocalEngine
from common.engines.sharing import Sharing

folder = Path(sys.argv[1])
command = LocalEngine(Sharing(launcher=(str(folder / "srun"),))).start(
    [sys.executable, "-c", sys.argv[2]], folder, folder / "log.txt"
)
try:
    time.sleep(60)
finally:
    command.end()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_script_is_ended(engine, tmp_path, number):
    script = subprocess.Popen([sys.executable, "-c", SCRIPT, tmp_path, WAIT], cwd=PROJECT, stderr=subprocess.DEVNULL)
    process = process_in(tmp_path / "log.txt")
    script.send_signal(number)
    script.wait(10)
    wait_for(lambda: has_ended(process), seconds=5)


def test_a_launcher_is_found_from_the_folder_in_which_the_step_was_started(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    found = make_engine(EngineChoice(sharing=Sharing(launcher=("./srun", "-n1"))))
    command = start(found, tmp_path / "run", "print('trained')")
    wait_for(lambda: command.exit_status() is not None)
    command.end()
    assert (tmp_path / "run" / "log.txt").read_text().split() == ["-n1", "trained"]


def test_a_launcher_that_is_not_installed_is_named_before_work():
    with pytest.raises(ConfigError, match="TRAINING_LAUNCHER = no-such-program -n1: there is no program"):
        make_engine(EngineChoice(sharing=Sharing(launcher=("no-such-program", "-n1"))))

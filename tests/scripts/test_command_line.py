"""What a user sees of any numbered script: its help, its messages, outputs that are special."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.in_process import run_step_here
from tests.support.running import PROJECT, run_script, values_of


def test_help_needs_no_data():
    for script in PROJECT.glob("[0-9][0-9]_*.py"):
        output = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True).stdout
        assert "KEY=VALUE" in output
        assert "Reads" in output


def test_a_message_is_shown_once(base_dir):
    assert run_script("00", base_dir, NUM_EPOCHS=0, expect=1).stderr.count("NUM_EPOCHS = 0") == 1


def test_an_output_without_umlauts_or_closed_stops_nothing(ready, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    renamed = ready.rename(ready.with_name("bäse"))
    assert "nothing has changed" in run_script("00", renamed).stdout
    command = [sys.executable, next(PROJECT.glob("00_*.py")), *values_of(renamed)]
    with Path(os.devnull).open() as nothing:
        closed = subprocess.run(command, stdout=nothing, stderr=subprocess.PIPE, text=True)
    assert (closed.returncode, closed.stderr) == (0, "")


def test_a_back_end_that_is_not_there_is_refused_before_anything_is_touched(ready, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "nonsense")
    assert "KERAS_BACKEND = nonsense" in run_step_here("03", ready, expect=1).stderr
    assert not (ready / "models").exists()

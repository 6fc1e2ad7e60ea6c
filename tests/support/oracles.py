"""Runs code of other projects in an environment of its own, `.venv-oracles`, which `make test` sets up."""

import json
import subprocess
from pathlib import Path

import pytest

_PYTHON = Path(__file__).resolve().parents[2] / ".venv-oracles" / "bin" / "python"


def ask_oracle(code, *arguments):
    """Runs Python code there and returns what it wrote to standard output as JSON, its last line.

    Args:
        code: The program; its arguments are in `sys.argv[1:]`.
        arguments: Turned into text.
    """
    if not _PYTHON.exists():
        pytest.skip("the environment of the oracles is not set up; make test does it")
    command = [_PYTHON, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])

"""Runs the numbered scripts as a user does."""

import subprocess
import sys
import time
from pathlib import Path

from common.files.disk import read_json

PROJECT = Path(__file__).resolve().parents[2]

# Small enough to train on in seconds: 64x32 pixels after step 00, 2 labelled and 18 unlabelled frames, 4 + 4 to judge.
SMALL = {
    "RESIZE_FACTOR": 0.5,
    "IMAGE_WIDTH": 64,
    "IMAGE_HEIGHT": 32,
    "NUM_RUNS": 1,
    "MODELS_PER_RUN": 2,
    "TOP_Ks": 1,
    "NUM_EPOCHS": 2,
    "BATCH_SIZE": 2,
    "ALPHA": 0.25,
    "NUM_AUGMENTED_COPIES": 2,
    "NUM_WORKERS": 2,
}


def values_of(base_dir, **changes):
    """Makes the KEY=VALUE arguments of a script: `SMALL` with some changes."""
    return [f"{key}={value}" for key, value in {**SMALL, "BASE_DIR": base_dir, **changes}.items()]


def run_script(step, base_dir, *arguments, expect=0, **changes):
    """Runs a numbered script as a user does, from a folder that is not the project's.

    Returns:
        The finished process; its output is text.
    """
    script = next(PROJECT.glob(f"{step}_*.py"))
    command = [sys.executable, script, *arguments, *values_of(base_dir, **changes)]
    process = subprocess.run(command, cwd=base_dir.parent, capture_output=True, text=True, timeout=300)
    assert process.returncode == expect, process.stdout + process.stderr
    assert "Traceback" not in process.stderr, process.stderr
    return process


def start_script(step, base_dir, **changes):
    """Starts a numbered script that is to be killed, with its processes in a group of their own."""
    script = next(PROJECT.glob(f"{step}_*.py"))
    command = [sys.executable, script, *values_of(base_dir, **changes)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def wait_for(condition, seconds=120):
    """Waits until a condition is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise TimeoutError


def scores_of(base_dir, approach):
    """Everything a user compares: the CSV, the order of the best, and the scores in the result files."""
    table = (base_dir / "csv" / f"results_CITYSCAPES_{approach}_1.csv").read_text(encoding="utf-8")
    models = base_dir / "models"
    best = sorted(models.glob(f"CITYSCAPES_{approach}_1_topK_*.keras"))
    ranked = [next(m.name for m in models.glob("*_?.keras") if m.samefile(b) and m != b) for b in best]
    results = [read_json(path) for path in sorted(models.glob(f"CITYSCAPES_{approach}_1_*.json"))]
    without_times = [
        [{**entry, "seconds": 0, "seconds_validation": 0} for entry in result["history"]] for result in results
    ]
    return table, ranked, [result["scores"] for result in results], without_times

"""Runs the numbered scripts as a user does."""

import subprocess
import sys
from pathlib import Path

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


def run_script(step, base_dir, *arguments, expect=0, **changes):
    """Runs a numbered script as a user does, from a folder that is not the project's.

    Returns:
        The finished process; its output is text.
    """
    script = next(PROJECT.glob(f"{step}_*.py"))
    values = [f"{key}={value}" for key, value in {**SMALL, "BASE_DIR": base_dir, **changes}.items()]
    process = subprocess.run(
        [sys.executable, script, *arguments, *values], cwd=base_dir.parent, capture_output=True, text=True, timeout=300
    )
    assert process.returncode == expect, process.stdout + process.stderr
    assert "Traceback" not in process.stderr, process.stderr
    return process

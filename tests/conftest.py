import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.dataset.demo import DemoSettings, draw_demo_dataset

PROJECT = Path(__file__).resolve().parent.parent

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


@pytest.fixture(scope="session")
def demo_tree(tmp_path_factory):
    """A drawn original_data: 20 training and 8 validation frames of 128x64 pixels; read only."""
    folder = tmp_path_factory.mktemp("demo") / "original_data"
    draw_demo_dataset(folder, DemoSettings(train=20, val=8, size_wh=(128, 64), seed=1), workers=2)
    return folder


@pytest.fixture
def base_dir(tmp_path, demo_tree):
    """A BASE_DIR whose original_data is the drawn one."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "original_data").symlink_to(demo_tree, target_is_directory=True)
    return tmp_path / "base"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, demo_tree):
    """A BASE_DIR after steps 00 and 01; copy it before you change it."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(demo_tree, folder / "original_data")
    for step in ("00", "01"):
        run_script(step, folder)
    return folder


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

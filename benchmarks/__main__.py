"""Runs every benchmark and keeps the rows: `python -m benchmarks [--quick]`, which is `make bench`."""

import importlib
import platform
from pathlib import Path

from benchmarks.timing import main

_PARTS = (
    "resize", "polygons", "coco", "conversion", "around", "splitting", "augmenting", "scoring", "evaluating",
    "panoptic", "predicting", "labelling", "reporting", "training", "training_step",
)  # fmt: skip


def measure(quick=False):
    """Runs all parts, each on its own; returns their rows."""
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; this takes some minutes")
    rows = []
    for part in _PARTS:
        print(f"measuring: {part}", flush=True)
        rows += importlib.import_module(f"benchmarks.{part}").measure(quick)
    return rows


if __name__ == "__main__":
    main(__doc__, measure, Path(__file__).parent / "results" / "results.json")

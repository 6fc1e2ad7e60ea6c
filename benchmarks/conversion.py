"""Whole conversions of 2048x1024 frames against Datumaro, and the memory they take.

    python -m benchmarks.conversion [--quick] [--json FILE]

Both read the same drawn Cityscapes tree and write ground truth only, without images: what is measured is the work on
annotations. Times are wall clock a frame, ours with two workers that are started before, Datumaro's in its one process
without its start. Datumaro 1.13 finds no object in such a tree; ours keeps them all, which costs it time, not us.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.formats.conversion import convert

_ORACLE = Path(__file__).resolve().parent.parent / ".venv-oracles" / "bin" / "python"
_TARGETS = (("cityscapes", "cityscapes", {}), ("voc", "voc", {}), ("coco", "coco_instances", {}))
_DATUMARO = """
import json, sys, tempfile, time, warnings
warnings.simplefilter("ignore")
import datumaro as dm
root, form = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    dataset = dm.Dataset.import_from(root, "cityscapes")
    dataset.export(folder, form, save_media=False)
    print(json.dumps([time.perf_counter() - start, len(dataset)]))
"""
_MEMORY = """
import resource, sys
from common.formats.conversion import convert
convert(sys.argv[1], sys.argv[2], sys.argv[3], images="none", workers=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def measure(quick=False):
    """Measures every pair; returns rows of `timing.row`."""
    count, repeats = (12, 1) if quick else (48, 3)
    tree = drawn_frames(count)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder, str(number)) for number in range(1000))
        convert(tree, next(places), "cityscapes", images="none", workers=2)
        for name, form, options in _TARGETS:
            ours, against = [], []
            for _ in range(repeats):
                call = partial(convert, images="none", workers=2, **options)
                ours.append(1000 * seconds(call, tree, next(places), name) / (count + 1))
                if _ORACLE.exists():
                    against.append(1000 * _ask_datumaro(tree, form))
            rows.append(row(f"Cityscapes -> {name}, ms a frame, against Datumaro", ours, against, 3))
        for name in ("cityscapes", "coco"):
            peaks = [_peak_memory(tree, next(places), name) for _ in range(1)]
            rows.append(row(f"Cityscapes -> {name}, memory of the process, MB", peaks, None, 400))
    return rows


def _ask_datumaro(tree, form):
    """Seconds a frame."""
    done = subprocess.run([_ORACLE, "-c", _DATUMARO, tree, form], capture_output=True, text=True, check=True)
    duration, frames = json.loads(done.stdout.splitlines()[-1])
    return duration / frames


def _peak_memory(tree, target, name):
    command = [sys.executable, "-c", _MEMORY, tree, target, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return statistics.fmean([int(done.stdout.splitlines()[-1])])


if __name__ == "__main__":
    main(__doc__, measure)

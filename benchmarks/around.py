"""What is done around a conversion, merging, dividing and resizing 2048x1024 frames, against Datumaro.

    python -m benchmarks.around [--quick] [--json FILE]

Photographs are written too. Both merge two halves of the same drawn tree and divide the whole tree at random into VOC.
Datumaro 1.13 cannot resize what it reads of a Cityscapes tree, so both resize a COCO dataset. Times are wall clock a
frame, ours with two workers that are started before, Datumaro's in its one process without its start. Without a rival
stands how long ours takes over converting the same frames, and the memory of a process.
"""

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.formats.conversion import convert, read

_ORACLE = Path(__file__).resolve().parent.parent / ".venv-oracles" / "bin" / "python"
_SHARES = {"train": 0.8, "val": 0.2}
_SIZE = (1024, 512)
# What is done, the plain conversion of the same frames, and the largest ratio asked for. A conversion copies
# photographs, but one that is resized has to be decoded and encoded, so that no ratio is asked for there.
_PAIRS = (
    ("merge", "convert", 1.1),
    ("resize truth alone", "convert truth alone", 1.3),
    ("resize outlines", "convert", None),
    ("resize", "convert COCO", None),
)
_DATUMARO = """
import json, sys, tempfile, time, warnings
warnings.simplefilter("ignore")
import datumaro as dm
what, *roots = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    form = "coco_instances" if what == "resize" else "cityscapes"
    datasets = [dm.Dataset.import_from(root, form) for root in roots]
    dataset = datasets[0] if len(datasets) == 1 else dm.HLOps.merge(*datasets, merge_policy="union")
    if what == "divide":
        dataset.transform("random_split", splits=[("train", 0.8), ("val", 0.2)])
    if what == "resize":
        dataset.transform("resize", width=1024, height=512)
    dataset.export(folder, form if what == "resize" else "voc", save_media=True)
    print(json.dumps([time.perf_counter() - start, len(dataset)]))
"""
_MEMORY = """
import resource, sys
from common.formats.conversion import convert
source, target, width, height = sys.argv[1:]
convert(source, target, "voc", size=(int(width), int(height)), workers=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def measure(quick=False):
    """Measures every pair; returns rows of `timing.row`."""
    count, repeats = (12, 1) if quick else (48, 3)
    tree, frames = drawn_frames(count), count + 1
    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder, str(number)) for number in range(1000))
        halves = [next(places), next(places)]
        names = [frame.name for frame in read(tree)]
        for half, start in zip(halves, (0, 1), strict=True):
            convert(tree, half, "cityscapes", frames=names[start::2], images="link", workers=2)
        coco = next(places)
        convert(tree, coco, "coco", images="link", json_name="instances_{split}.json", workers=2)
        jobs = {
            "convert": (partial(convert, tree, to="voc"), None),
            "merge": (partial(convert, halves, to="voc"), halves),
            "divide": (partial(convert, tree, to="voc", shares=_SHARES), [tree]),
            "convert COCO": (partial(convert, coco, to="coco"), None),
            "resize": (partial(convert, coco, to="coco", size=_SIZE), [coco]),
            "resize outlines": (partial(convert, tree, to="voc", size=_SIZE), None),
            "convert truth alone": (partial(convert, tree, to="voc", images="none"), None),
            "resize truth alone": (partial(convert, tree, to="voc", images="none", size=_SIZE), None),
        }
        ours, against = {name: [] for name in jobs}, {name: [] for name in jobs}
        for _ in range(repeats):
            for name, (call, roots) in jobs.items():
                ours[name].append(1000 * seconds(lambda call=call: call(target=next(places), workers=2)) / frames)
                if roots and _ORACLE.exists():
                    against[name].append(1000 * _ask_datumaro(name, roots))
        rows = [
            row(f"{name} with photographs, ms a frame, against Datumaro", ours[name], against[name], asked)
            for name, asked in (("merge", 3), ("divide", 3), ("resize", 1.3))
        ]
        for name, base, asked in _PAIRS:
            shares = [mine / other for mine, other in zip(ours[name], ours[base], strict=True)]
            rows.append(row(f"{name}, time over that of converting the frames", shares, None, asked))
        peak = _peak_memory(tree, next(places))
        rows.append(row("resize outlines, memory of the process, MB", [peak], None, 400))
    return rows


def _ask_datumaro(what, roots):
    """Seconds a frame."""
    done = subprocess.run([_ORACLE, "-c", _DATUMARO, what, *roots], capture_output=True, text=True, check=True)
    duration, frames = json.loads(done.stdout.splitlines()[-1])
    return duration / frames


def _peak_memory(tree, target):
    command = [sys.executable, "-c", _MEMORY, tree, target, *map(str, _SIZE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main(__doc__, measure)

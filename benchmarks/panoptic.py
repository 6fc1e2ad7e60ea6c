"""Panoptic quality against the official script: milliseconds a frame of 2048x1024.

    python -m benchmarks.panoptic [--quick] [--json FILE]

Both sides run as a user runs them, wall clock, on two processes: the official script starts a process per core, so its
count of cores is set to two. The truth is written by the official preparation and read by both; a prediction is the
truth of the frame moved by some pixels, with segments merged, split and dropped, and with ragged borders. Frames are
drawn once and kept in the temporary folder.
"""

import contextlib
import io
import json
import tempfile
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.evaluation.panoptic.frames import colors_to_segments
from common.evaluation.panoptic.matching import count_overlaps
from common.evaluation.panoptic.quality import evaluate_panoptic
from common.images.png import encode_image, read_image

WORKERS = 2
NAME = "cityscapes_panoptic_train"


def measure(quick=False):
    """Measures everything this file measures; returns rows of `timing.row`."""
    count, repeats = (12, 2) if quick else (48, 5)
    tree = drawn_frames(count)
    with tempfile.TemporaryDirectory() as folder:
        truth, prediction = write_truth(tree, Path(folder)), Path(folder) / "prediction" / f"{NAME}.json"
        write_prediction(truth, prediction)
        return [*measure_quality(truth, prediction, repeats), *measure_parts(truth, repeats)]


def write_truth(tree, folder):
    """Writes the truth with the official preparation; returns the JSON file."""
    from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

    with contextlib.redirect_stdout(io.StringIO()):
        convert2panoptic(str(tree / "gtFine"), str(folder), setNames=["train"])
    return folder / f"{NAME}.json"


def write_prediction(truth, prediction):
    """Damages the segments of each frame and writes them in the same form."""
    prediction.with_suffix("").mkdir(parents=True)
    content = json.loads(truth.read_text(encoding="utf-8"))
    for number, item in enumerate(content["annotations"]):
        rng = np.random.default_rng(number)
        ids = _damage(read_image(truth.with_suffix("") / item["file_name"]), rng)
        category_of = {info["id"]: info["category_id"] for info in item["segments_info"]}
        left = [int(id_) for id_ in np.unique(ids) if id_]
        item["segments_info"] = [{"id": id_, "category_id": category_of[id_ % 2**16]} for id_ in left]
        colors = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], -1).astype(np.uint8)
        (prediction.with_suffix("") / item["file_name"]).write_bytes(encode_image(colors))
    prediction.write_text(json.dumps({"annotations": content["annotations"]}), encoding="utf-8")


def _damage(colors, rng):
    ids = colors_to_segments(colors)
    height, width = ids.shape
    # Borders as of a network: each pixel is taken from a place some pixels away, nearby pixels from nearby places.
    small = rng.normal(0, 4, (2, height // 8, width // 8)).astype(np.float32)
    dx, dy = (cv2.resize(part, (width, height)) for part in small)
    ys, xs = np.mgrid[:height, :width]
    ids = ids[np.clip(ys + dy, 0, height - 1).astype(int), np.clip(xs + dx, 0, width - 1).astype(int)]
    for id_ in np.unique(ids)[1:]:
        here, damage = ids == id_, rng.integers(0, 10)
        if damage == 0:
            ids[here] = 0
        elif damage == 1:
            ids[here] = rng.choice(np.unique(ids)[1:])
        elif damage == 2:
            half = xs > np.median(xs[here])
            ids[here & half] = 2**16 + id_
    return ids


def measure_quality(truth, prediction, repeats):
    """Times both evaluations, and holds their results against each other."""
    ours, theirs, result = [], [], {}
    evaluate_panoptic(prediction, truth, WORKERS)  # starts the workers
    for _ in range(repeats):
        ours.append(1000 * seconds(lambda: result.update(ours=evaluate_panoptic(prediction, truth, WORKERS))))
        theirs.append(1000 * seconds(lambda: result.update(theirs=_evaluate_officially(truth, prediction))))
    scores = result["ours"].as_json()
    count = scores["frames"]
    difference = max(
        abs(scores[name][key] - result["theirs"][name][key])
        for name in ("All", "Things", "Stuff")
        for key in ("pq", "sq", "rq")
    )
    ours, theirs = ([value / count for value in values] for values in (ours, theirs))
    return [
        row(f"panoptic quality, ms a frame, {WORKERS} processes", ours, theirs, 2),
        row("panoptic quality, largest difference", [difference], None, 1e-9),
    ]


def _evaluate_officially(truth, prediction):
    from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official

    folders = [str(path.with_suffix("")) for path in (truth, prediction)]
    with (
        contextlib.redirect_stdout(io.StringIO()),
        mock.patch("multiprocessing.cpu_count", return_value=WORKERS),
    ):
        target = prediction.with_name("official.json")
        return official.evaluatePanoptic(str(truth), folders[0], str(prediction), folders[1], str(target))


def measure_parts(truth, repeats):
    """Times in one process what a frame consists of: two pictures, and the pixels of each pair of segments."""
    reading, counting = [], []
    paths = sorted(truth.with_suffix("").glob("*.png"))[:8]
    for _ in range(repeats):
        for path in paths:
            reading.append(1000 * seconds(read_image, path))
            ids = colors_to_segments(read_image(path))
            counting.append(1000 * seconds(count_overlaps, ids, np.roll(ids, 3, 1)))
    return [
        row("panoptic picture, ms to read one", reading),
        row("panoptic quality, ms to count a frame's pairs", counting),
    ]


if __name__ == "__main__":
    main(__doc__, measure)

"""Cityscapes to COCO: milliseconds a frame, and how many pixels the instances keep.

    python -m benchmarks.coco [--quick] [--json FILE]

Ours is measured as a user runs it: two workers, wall clock, instanceIds.png and the JSON file on disk included, the
photographs left out. The others run in one process, as they come. "The usual way" draws each instance as a mask of its
own, follows it with `cv2.findContours` through the centres of its border pixels, and leaves out holes, groups and
instances with a contour of fewer than three points. Panoptic is held against the official converter, which runs as it
is. Frames are drawn once at 2048x1024 and kept in the temporary folder.
"""

import contextlib
import io
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.dataset.original.layouts import find_frames
from common.files.listing import list_files_of
from common.formats import cityscapes
from common.formats.coco import instances as coco
from common.formats.coco import panoptic as coco_panoptic
from common.formats.format import WriteOptions
from common.images.outlines import trace_outlines
from common.images.png import read_instance_mask
from common.images.runs import find_runs

WORKERS = 2
EVALUATED = (24, 25, 26, 27, 28, 31, 32, 33)


def measure(quick=False):
    """Measures everything this file measures; returns rows of `timing.row`."""
    count, repeats = (12, 2) if quick else (48, 5)
    folder = drawn_frames(count)
    dataset = cityscapes.read(list_files_of(folder))
    dataset = replace(dataset, frames=tuple(frame for frame in dataset if frame.split == "train"))
    paths = [frame.files["instanceIds"].path for frame in find_frames(folder) if frame.split == "train"]
    with tempfile.TemporaryDirectory() as target:
        return [
            *measure_instances(dataset, paths, Path(target), repeats),
            *measure_panoptic(dataset, folder, Path(target), repeats),
            *measure_parts(paths, repeats),
        ]


def measure_instances(dataset, paths, target, repeats):
    """Times both ways of writing instances, and decodes what they wrote."""
    options = WriteOptions(images="none", workers=WORKERS)
    coco.write(dataset, target / "first", options)  # starts the workers
    ours, usual = [], []
    for turn in range(repeats):
        ours.append(1000 * seconds(coco.write, dataset, target / f"ours{turn}", options) / len(paths))
        usual.append(1000 * seconds(write_usually, paths, target / f"usual{turn}.json") / len(paths))
    written = next((target / "ours0").rglob("*.json"))
    overlaps = [mean_overlap(path, paths) for path in (written, target / "usual0.json")]
    return [
        row(f"COCO instances, ms a frame, {WORKERS} workers against one loop", ours, usual, 1),
        row(f"COCO instances, ms a frame, {WORKERS} workers", ours, None, 18),
        row("COCO instances, mean IoU with instanceIds", overlaps[:1], overlaps[1:], 1, higher_is_better=True),
    ]


def measure_panoptic(dataset, folder, target, repeats):
    """Times panoptic against the official converter, if that is installed and runs."""
    options = WriteOptions(images="none", workers=WORKERS)
    ours, official = [], []
    for turn in range(repeats):
        ours.append(1000 * seconds(coco_panoptic.write, dataset, target / f"panoptic{turn}", options))
        with contextlib.suppress(ImportError, AttributeError):
            official.append(1000 * seconds(_convert_officially, folder, target / f"official{turn}"))
    count = len(dataset.frames)
    ours, official = ([value / count for value in values] for values in (ours, official))
    rows = [row(f"COCO panoptic, ms a frame, {WORKERS} workers", ours, None, 29)]
    if len(official) == len(ours):
        rows.append(row(f"COCO panoptic, ms a frame, {WORKERS} workers against one loop", ours, official, 6))
    return rows


def _convert_officially(folder, target):
    from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

    target.mkdir()
    with contextlib.redirect_stdout(io.StringIO()):
        convert2panoptic(str(folder / "gtFine"), str(target), setNames=["train"])


def measure_parts(paths, repeats):
    """Times in one process what a frame of instances consists of: its file, and the outlines of its instances."""
    reading, tracing = [], []
    for _ in range(repeats):
        for path in paths[:8]:
            reading.append(1000 * seconds(read_instance_mask, path))
            pixels = read_instance_mask(path)
            tracing.append(1000 * seconds(_trace, pixels))
    return [
        row("read instanceIds.png, ms", reading),
        row("outlines of all instances of a frame, ms", tracing, None, 8),
    ]


def _trace(pixels):
    runs = find_runs(pixels)
    trace_outlines(runs.of(np.unique(runs.keys[runs.keys >= 24000])))


def write_usually(paths, target):
    """Writes instances as converters for Cityscapes commonly do: a mask and `cv2.findContours` for each."""
    images, annotations = [], []
    for image_id, path in enumerate(paths):
        values = cv2.imread(os.fspath(path), cv2.IMREAD_UNCHANGED)
        images.append({"id": image_id, "file_name": path.name, "width": values.shape[1], "height": values.shape[0]})
        for value in np.unique(values):
            if value // 1000 not in EVALUATED:
                continue
            mask = (values == value).astype(np.uint8)
            contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
            if any(len(contour) < 3 for contour in contours):
                continue
            polygons = [contour.ravel().tolist() for contour in contours]
            box = cv2.boundingRect(mask)
            area = float(sum(cv2.contourArea(contour) for contour in contours))
            annotations.append(
                {"id": len(annotations), "image_id": image_id, "category_id": int(value // 1000), "iscrowd": 0}
                | {"segmentation": polygons, "area": area, "bbox": list(box)}
            )
    categories = [{"id": id_, "name": str(id_)} for id_ in EVALUATED]
    target.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def mean_overlap(json_file, paths):
    """Computes the mean IoU of all instances with the annotation of their label that covers them best; 0 if none does.

    Args:
        json_file: What was written; its images are in the order of `paths`.
        paths: Of `*_instanceIds.png`.
    """
    content = json.loads(json_file.read_text())
    order = {entry["id"]: number for number, entry in enumerate(content["images"])}
    found = {}
    for entry in content["annotations"]:
        if not entry["iscrowd"]:
            found.setdefault((order[entry["image_id"]], entry["category_id"]), []).append(entry["segmentation"])
    overlaps = []
    for number, path in enumerate(paths):
        values = read_instance_mask(path)
        height, width = values.shape
        for value in np.unique(values[values >= 1000]):
            if value // 1000 not in EVALUATED:
                continue
            mask = coco_mask.encode(np.asfortranarray(values == value, np.uint8))
            candidates = [_packed(item, height, width) for item in found.get((number, int(value // 1000)), [])]
            overlaps.append(coco_mask.iou([mask], candidates, [0] * len(candidates)).max() if candidates else 0.0)
    return float(np.mean(overlaps))


def _packed(segmentation, height, width):
    if isinstance(segmentation, dict):
        return segmentation
    return coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))


if __name__ == "__main__":
    main(__doc__, measure)

"""Polygons to masks against the official converters: milliseconds a frame, and where the time goes.

    python -m benchmarks.polygons [--quick] [--json FILE]

The whole way from polygons.json to PNG files is wall clock with two workers for ours and one process for the official
scripts, which have no workers. They draw with Pillow and so do not give the pixels that Cityscapes ships; painting
alone is compared with a plain numpy version of the rule, which gives the same pixels, both on one core.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.dataset.original.layouts import find_frames
from common.dataset.original.polygons import counted_values, find_label, paint_polygons, read_polygons
from common.formats.mask_files.writing import MaskOptions, write_masks
from common.images.png import encode_instance_mask, read_instance_mask

WORKERS = 2
# Asked of painting label ids and instance ids of one frame of 2048x1024.
PAINTING_MS = 4


def measure(quick=False):
    """Measures everything this file measures; returns rows of `timing.row`."""
    count, repeats = (12, 2) if quick else (48, 5)
    folder = drawn_frames(count)
    files = [frame.files for frame in find_frames(folder) if frame.split == "train"]
    images = [read_polygons(kinds["polygons"]) for kinds in files]
    with tempfile.TemporaryDirectory() as out:
        return [
            *measure_converting(folder, [kinds["polygons"].path for kinds in files], Path(out), repeats),
            *measure_painting(images, 1 + repeats // 2),
            *measure_files(files[:8], repeats),
        ]


def convert_officially(paths, folder, encoding):
    """Does what the official scripts do with a folder, one frame after the other."""
    from cityscapesscripts.helpers.annotation import Annotation
    from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
    from cityscapesscripts.preparation.json2labelImg import json2labelImg
    from PIL import Image

    folder.mkdir()
    for path in paths:
        target = str(folder / path.name.replace("polygons.json", f"{encoding}.png"))
        if encoding == "labelIds":
            json2labelImg(str(path), target)
            continue
        # As json2instanceImg, but its last line fails: Pillow writes no 32-bit picture as PNG any more.
        annotation = Annotation()
        annotation.fromJsonFile(str(path))
        drawn = createInstanceImage(annotation, "ids")
        Image.fromarray(np.asarray(drawn).astype(np.uint16)).save(target)


def measure_converting(source, paths, out, repeats):
    """Compares the way from polygons.json to PNG files, in milliseconds a frame."""
    rows = []
    options = MaskOptions(splits=("train",), workers=WORKERS)
    write_masks(source, out / "warm", "labelIds", options)
    for encoding in ("labelIds", "instanceIds"):
        ours, theirs = [], []
        for turn in range(repeats):
            own, other = out / f"ours_{encoding}{turn}", out / f"theirs_{encoding}{turn}"
            theirs.append(1000 * seconds(convert_officially, paths, other, encoding) / len(paths))
            ours.append(1000 * seconds(write_masks, source, own, encoding, options) / len(paths))
        name = f"polygons to {encoding}, ms a frame, {WORKERS} workers against one loop"
        rows.append(row(name, ours, theirs, 2.5))
    return rows


def paint_plainly(image):
    """Paints instance ids by the rule, polygon by polygon and run by run; `uint16` of shape `(height, width)`."""
    width, height = image.size_wh
    painted = np.zeros((height, width), np.uint16)
    counted = (value for value, _ in counted_values(image))
    for polygon in image.polygons:
        label, is_group = find_label(polygon.label)
        if polygon.deleted or label.id < 0:
            continue
        value = next(counted) if label.has_instances and not is_group else label.id
        points = np.array(polygon.points, np.float64).reshape(-1, 2)
        ends = np.roll(points, -1, axis=0)
        used = points[:, 1] != ends[:, 1]
        (x0, y0), (x1, y1) = points[used].T, ends[used].T
        low, high = np.minimum(y0, y1), np.maximum(y0, y1)
        rows = np.arange(max(0, low.min(initial=height)), min(height, high.max(initial=0)))[:, None]
        crossed = (low <= rows + 0.5) & (rows + 0.5 <= high)
        x = np.where(crossed, (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0) + x0, np.inf)
        x.sort(axis=1)
        row, pair = np.nonzero(np.isfinite(x[:, 1::2]))
        first = np.maximum(np.ceil(x[row, 2 * pair] - 0.5), 0).astype(int).tolist()
        behind = np.maximum(np.floor(x[row, 2 * pair + 1] + 0.5) + 1, 0).astype(int).tolist()
        for y, a, b in zip(rows[row, 0].astype(int).tolist(), first, behind, strict=True):
            painted[y, a:b] = value
    return painted


def measure_painting(images, repeats):
    """Compares painting alone with the plain version, on one core, in milliseconds a frame."""
    ours, plain = [], []
    for image in images:
        if not np.array_equal(paint_polygons(image).instance_ids, paint_plainly(image)):
            raise RuntimeError(f"{image.name}: the plain version paints other pixels")
        for _ in range(repeats):
            plain.append(1000 * seconds(paint_plainly, image))
            ours.append(1000 * seconds(paint_polygons, image))
    return [
        row("paint ids and instance ids, ms, against plain numpy", ours, plain, 3),
        row("paint ids and instance ids, ms", ours, None, PAINTING_MS),
    ]


def measure_files(files, repeats):
    """Times reading polygons.json, and 16-bit masks against OpenCV's own settings, in milliseconds."""
    times = [[] for _ in range(5)]
    for _ in range(repeats):
        for kinds in files:
            times[0].append(1000 * seconds(read_polygons, kinds["polygons"]))
            values = read_instance_mask(kinds["instanceIds"])
            encoded = encode_instance_mask(values)
            plain = cv2.imencode(".png", values)[1]
            times[1].append(1000 * seconds(encode_instance_mask, values))
            times[2].append(1000 * seconds(cv2.imencode, ".png", values))
            times[3].append(1000 * seconds(read_instance_mask, encoded))
            times[4].append(1000 * seconds(cv2.imdecode, plain, cv2.IMREAD_UNCHANGED))
    return [
        row("read and check polygons.json, ms", times[0]),
        row("encode instance ids, ms", times[1], times[2], 0.9),
        row("decode instance ids, ms", times[3], times[4], 1.5),
    ]


if __name__ == "__main__":
    main(__doc__, measure)

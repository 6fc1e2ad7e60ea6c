"""Pseudo-labels with inconsistency masks against one `predict` an image and teacher, as the reference makes them.

    python -m benchmarks.labelling [--quick] [--json FILE]

Two U-Nets of the study, 208 x 416, alpha 1, on drawn images of that size; images, labels and masks are written. Then
the inconsistency mask alone, of four networks.
"""

import tempfile
from pathlib import Path

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.learning.backend import machine as backend

backend.quiet_start()

import cv2
import keras
import numpy as np

from common.config.settings import NetworkSettings
from common.dataset.original.layouts import find_frames
from common.dataset.prepared.folders import Sample
from common.images.png import encode_image, read_image
from common.learning.labelling.sources import Agreeing
from common.learning.labelling.writing import write_frame
from common.learning.network.unet import plain_form
from common.methods.agreement import AgreementRules, combine
from common.methods.jobs import LabelJob
from common.results.job import SplitKey

SIZE = 416, 208
BATCH = 8


def measure(quick=False):
    """Measures frames a second and milliseconds a frame; returns rows of `timing.row`."""
    count, turns = (8, 1) if quick else (32, 5)
    frames = [frame for frame in find_frames(drawn_frames(12 if quick else 48)) if frame.split == "train"][:count]
    teachers = []
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        teachers.append(plain_form(NetworkSettings(height=SIZE[1], width=SIZE[0])))
    with tempfile.TemporaryDirectory() as folder:
        samples = _write_images(frames, Path(folder) / "images")
        return [_labelling(teachers, samples, Path(folder), turns), _mask(quick)]


def _write_images(frames, folder):
    folder.mkdir()
    samples = []
    for frame in frames:
        path = folder / f"{frame.name}.png"
        path.write_bytes(encode_image(cv2.resize(read_image(frame.image), SIZE, interpolation=cv2.INTER_LINEAR)))
        samples.append(Sample(frame.name, path, path))
    return samples


def _labelling(teachers, samples, folder, turns):
    source, ours, plain = Agreeing(teachers, AgreementRules()), [], []
    for turn in range(-1, turns):
        first = seconds(_label, source, samples, folder / f"ours_{turn}")
        second = seconds(_label_plainly, teachers, samples, folder / f"plain_{turn}")
        if turn >= 0:  # the turn before compiles the networks
            ours.append(len(samples) / first)
            plain.append(len(samples) / second)
    return row("pseudo-labels of two teachers, 208x416, frames/s", ours, plain, 4, higher_is_better=True)


def _label(source, samples, out):
    key = SplitKey("", "")
    job = LabelJob(
        base_dir="", name="", step="", folder="", source=key, measured_on=(), size_wh=SIZE, seed_of_split=0,
        label_map=None, preparation="study", teachers=(), kind="agreement",
    )  # fmt: skip
    for part in ("images", "masks", "im"):
        (out / part).mkdir(parents=True)
    for start in range(0, len(samples), BATCH):
        batch = samples[start : start + BATCH]
        images = np.stack([read_image(sample.image) for sample in batch])
        labels = source.label([sample.name for sample in batch], images)
        for sample, image, label in zip(batch, images, labels, strict=True):
            write_frame(out, job, sample, image, label)


def _label_plainly(teachers, samples, out):
    """One image after the other: a `predict` for each teacher, comparisons in numpy, three files."""
    for part in ("images", "masks", "im"):
        (out / part).mkdir(parents=True)
    for sample in samples:
        image = cv2.cvtColor(cv2.imread(str(sample.image)), cv2.COLOR_BGR2RGB)
        found = [np.argmax(teacher.predict(image[None], verbose=0)[0], axis=-1) for teacher in teachers]
        differs = found[0] != found[1]
        mask = np.where(differs, 0, found[0]).astype(np.uint8)
        image[differs] = 0
        cv2.imwrite(str(out / "images" / sample.image.name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        cv2.imwrite(str(out / "masks" / sample.image.name), mask)
        cv2.imwrite(str(out / "im" / sample.image.name), np.where(differs, 255, 0).astype(np.uint8))


def _mask(quick):
    """Predictions as networks give them: areas of one class, with differences at their edges."""
    rng = np.random.default_rng(0)
    areas = cv2.resize(rng.integers(0, 35, (13, 26)).astype(np.uint8), SIZE, interpolation=cv2.INTER_NEAREST)
    moved = [np.roll(areas, shift, axis=(0, 1)) for shift in ((0, 0), (2, 1), (0, 3), (-1, 2))]
    predictions, rules = np.stack(moved), AgreementRules()
    times = [1000 * seconds(combine, predictions, rules, False) for _ in range(20 if quick else 200)]
    return row("inconsistency mask of four networks, 208x416, ms", times, None, 0.3)


if __name__ == "__main__":
    main(__doc__, measure)

"""Offline augmentation of step 04 against a plain loop over images and copies, as the reference's.

python -m benchmarks.augmenting [--quick] [--json FILE]
"""

import random
import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.config.settings import AugmentationConfig
from common.dataset.original.layouts import find_frames
from common.dataset.prepared.augment import AugmentJob, write_augmented
from common.dataset.prepared.folders import Sample
from common.dataset.prepared.resize import ResizeSettings, resize_frames
from common.parallel import run_all

_COPIES = 9
_AUGMENTATION = AugmentationConfig(
    num_copies=_COPIES,
    free_rotation=False,
    brightness_alpha=(0.6, 1.4),
    brightness_beta=(-15, 15),
    max_blur=1,
    max_noise=15,
)


def measure(quick=False):
    """Compares pairs of image and mask a second; returns rows of `timing.row`."""
    count, repeats = (8, 2) if quick else (48, 5)
    frames = [frame for frame in find_frames(drawn_frames(12 if quick else 48)) if frame.split == "train"][:count]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        resize_frames(frames, folder, ResizeSettings(0.2))
        samples = [Sample(f.name, *(folder / kind / f"{f.name}.png" for kind in ("images", "masks"))) for f in frames]
        pairs = count * (_COPIES + 1)
        ours, alone, plain = [], [], []
        for turn in range(repeats):
            plain.append(pairs / seconds(_augment_plainly, samples, folder / f"plain{turn}"))
            for values, workers in ((ours, 2), (alone, 1)):
                jobs = [AugmentJob(s, folder / f"ours{turn}_{workers}", _AUGMENTATION, 42) for s in samples]
                values.append(pairs / seconds(lambda jobs=jobs, n=workers: list(run_all(write_augmented, jobs, n))))
        sizes = [_bytes(folder / f"{name}") for name in ("ours0_2", "plain0")]
    return [
        row("augmentation, pairs/s, 2 workers against one loop", ours, plain, 2, higher_is_better=True),
        row("augmentation, pairs/s, one process", alone, plain, None, higher_is_better=True),
        row("augmentation, MB on disk", [sizes[0] / 1e6], [sizes[1] / 1e6]),
    ]


def _augment_plainly(samples, folder):
    """Flip, brightness, blur, noise, write: one copy after the other, three-channel masks."""
    rng, choose = np.random.RandomState(42), random.Random(42)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for sample in samples:
        image, mask = cv2.imread(str(sample.image)), cv2.imread(str(sample.mask))
        cv2.imwrite(str(folder / "images" / sample.image.name), image)
        cv2.imwrite(str(folder / "masks" / sample.mask.name), mask)
        for copy in range(_COPIES):
            new, new_mask = image, mask
            if choose.randint(0, 1):
                new, new_mask = cv2.flip(new, 1), cv2.flip(new_mask, 1)
            if choose.randint(0, 1):
                new = cv2.convertScaleAbs(new, alpha=rng.uniform(0.6, 1.4), beta=rng.uniform(-15, 15))
            if choose.randint(0, 1):
                new = cv2.GaussianBlur(new, (3, 3), 0)
            noise = rng.randint(-15, 15, size=new.shape)
            new = np.clip(new.astype(np.int16) + noise, 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / "images" / f"{sample.name}_aug_{copy}.png"), new)
            cv2.imwrite(str(folder / "masks" / f"{sample.name}_aug_{copy}.png"), new_mask)


def _bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.png"))


if __name__ == "__main__":
    main(__doc__, measure)

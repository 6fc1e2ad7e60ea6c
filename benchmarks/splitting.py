"""Step 01 against reading and writing every file again, as the reference does.

python -m benchmarks.splitting [--quick] [--json FILE]
"""

import logging
import shutil
import tempfile
from pathlib import Path

import cv2

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.config.settings import DatasetConfig
from common.dataset.prepared.folders import PreparedDataset
from common.dataset.prepared.split import SplitRule
from common.dataset.prepared.steps import divide, prepare_originals

_RULES = {"train_full": SplitRule("train_labeled", "train_unlabeled", 0.9)}
# So many copies of the drawn frames make up the folder that is divided.
_COPIES = 12


def measure(quick=False):
    """Compares images a second; returns rows of `timing.row`."""
    repeats = 2 if quick else 5
    with tempfile.TemporaryDirectory() as folder:
        base_dir = _prepare(Path(folder), 12 if quick else 48)
        images = sorted((base_dir / "train_full" / "images").iterdir())
        logging.getLogger("common").setLevel(logging.CRITICAL)
        dataset = PreparedDataset(base_dir, (416, 208), 42)
        divide(dataset, _RULES)  # imports scikit-learn
        ours, plain = [], []
        for turn in range(repeats):
            for name in ("train_labeled", "train_unlabeled"):
                shutil.rmtree(base_dir / name)
            ours.append(len(images) / seconds(divide, dataset, _RULES))
            plain.append(len(images) / seconds(_copy_plainly, images, Path(folder) / f"plain{turn}"))
        linked = sum(path.stat().st_nlink > 1 for path in (base_dir / "train_unlabeled" / "images").iterdir())
        second_copies = len(list((base_dir / "train_unlabeled" / "images").iterdir())) - linked
    return [
        row(f"step 01, images/s, {len(images)} images", ours, plain, 20, higher_is_better=True),
        row("step 01, files with a second copy on disk", [second_copies], None, 0),
    ]


def _prepare(folder, count):
    """Prepares the drawn frames, several times over under other names."""
    original = folder / "original_data"
    drawn = drawn_frames(count)
    for copy in range(_COPIES):
        for path in sorted(drawn.rglob("*_leftImg8bit.png")) + sorted(drawn.rglob("*_labelIds.png")):
            if "train" not in path.parts:
                continue
            target = original / path.relative_to(drawn)
            target = target.with_name(
                f"{target.name.split('_')[0]}_{copy}{target.name[len(target.name.split('_')[0]) :]}"
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    config = DatasetConfig("CITYSCAPES", folder, 0.2, 208, 416, 3, 35)
    prepare_originals(config, {"train": "train_full"})
    return folder


def _copy_plainly(images, folder):
    """Decodes and encodes images and masks, as the reference does, one after the other."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for image in images:
        for path in (image, image.parent.parent / "masks" / image.name):
            cv2.imwrite(str(folder / path.parent.name / path.name), cv2.imread(str(path)))


if __name__ == "__main__":
    main(__doc__, measure)

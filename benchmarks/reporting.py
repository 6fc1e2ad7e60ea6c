"""The report of a whole study: 3 approaches x 3 runs x 10 models of 50 epochs, made up, with frames of 416x208.

python -m benchmarks.reporting [--quick] [--json FILE]
"""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.timing import main, row, seconds
from common.config.settings import NetworkSettings, TrainingSettings
from common.dataset.prepared.stages import Stage
from common.evaluation.metrics.registry import score_split
from common.files.disk import link_or_copy, write_bytes
from common.images.png import encode_image, encode_mask
from common.labels.maps import study_label_map
from common.report.study import write_report
from common.results.job import Job
from common.results.paths import ModelName
from common.results.result import Result, SplitScores

_SIZE_WH = 416, 208
_FRAMES = {"train_labeled": 297, "train_unlabeled": 2678, "val": 250, "test": 250}
_APPROACHES = {"subset": 0.35, "subset_aug": 0.55, "full_dataset": 0.7}
_CLASSES = 35
# Different pictures; the others are links to them.
_PICTURES = 20


def measure(quick=False):
    """Takes the seconds of a first and of a second report and the size of the page; returns rows of `timing.row`."""
    with tempfile.TemporaryDirectory() as folder:
        base_dir = Path(folder)
        make_study(base_dir)
        first, second, sizes = [], [], []
        for _ in range(1 if quick else 5):
            (base_dir / "report" / "class_pixels.json").unlink(missing_ok=True)
            first.append(seconds(write_report, base_dir))
            second.append(seconds(write_report, base_dir))
            sizes.append((base_dir / "report" / "report.html").stat().st_size / 1e6)
    return [
        row("report of 90 models, s", first, None, 20),
        row("report of 90 models, pixels counted before, s", second, None, 20),
        row("report of 90 models, MB", sizes, None, 10),
    ]


def make_study(base_dir):
    """Fills a BASE_DIR with prepared folders, results and predictions as large as the study's."""
    rng = np.random.default_rng(0)
    pictures = base_dir / "pictures"
    for index in range(_PICTURES):
        blocks = rng.integers(0, _CLASSES, (26, 52), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
        write_bytes(pictures / f"mask_{index}.png", encode_mask(blocks))
        photo = rng.integers(0, 255, (26, 52, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
        write_bytes(pictures / f"image_{index}.png", encode_image(photo))
    names = {split: [f"{split}_{index:04}" for index in range(amount)] for split, amount in _FRAMES.items()}
    for split, frames in names.items():
        _make_folder(base_dir, split, frames)
    scored = {split: frames for split, frames in names.items() if split != "train_labeled"}
    for approach, quality in _APPROACHES.items():
        for run in range(1, 4):
            for index in range(10):
                name = ModelName(dataset="CITYSCAPES", approach=approach, run=run, index=index)
                result = _make_result(rng, name, quality, scored)
                result.write(base_dir / "models" / f"{name}.json")
                folder = base_dir / "test_predictions" / approach / str(name)
                folder.mkdir(parents=True)
                for place, name in enumerate(scored["test"]):
                    link_or_copy(pictures / f"mask_{(place + 1) % _PICTURES}.png", folder / f"{name}.png")


def _make_folder(base_dir, split, frames):
    stage = Stage(base_dir / split, "step 01", {"seed": 42, "size_wh": list(_SIZE_WH)}, "made up")
    files = [f"{kind}/{name}.png" for name in frames for kind in ("images", "masks")]
    with stage.build(files) as folder:
        for place, name in enumerate(frames):
            for kind in ("image", "mask"):
                source = base_dir / "pictures" / f"{kind}_{place % _PICTURES}.png"
                link_or_copy(source, folder / f"{kind}s" / f"{name}.png")


def _make_result(rng, name, quality, frames):
    history = [
        {"epoch": epoch, "loss": 3 / (epoch + 1), "mIoU_val": quality * epoch / 60, "mPA_val": 0.5, "seconds": 60.1}
        for epoch in range(50)
    ]
    job = Job(
        base_dir="",
        name=name,
        network=NetworkSettings(height=208, width=416),
        training=TrainingSettings(num_epochs=50, batch_size=32, learning_rate=0.003, weight_decay=1e-4, seed=1),
        precision="auto",
        seed_of_split=42,
        train=(("train_labeled", "made up"),),
        validate=("val", "made up"),
        report_on=tuple((split, "made up") for split in frames),
        save_predictions=("test",),
        threads=1,
        label_map=None,
        preparation="study",
        recipe="paper",
        variant="",
    )
    return Result(
        model=str(name),
        approach=name.approach,
        identity="made up",
        scores={split: _make_scores(rng, quality, split_frames) for split, split_frames in frames.items()},
        best_epoch=49,
        history=history,
        seconds={"training": 3005.0, "scoring": 60.0},
        precision="float32",
        model_bytes=1,
        peak_memory_mb=5000,
        job=job,
        versions={"keras": "3", "backend": "made up"},
        predictions=["test"],
    )


def _make_scores(rng, quality, frames):
    confusion = rng.integers(0, 20_000, (_CLASSES, _CLASSES)) + (np.eye(_CLASSES) * 400_000 * quality).astype(int)
    images = {
        name: (float(a), float(b))
        for name, (a, b) in zip(frames, rng.normal(quality, 0.05, (len(frames), 2)), strict=True)
    }
    return SplitScores.model_validate(score_split(images, confusion, study_label_map()))


if __name__ == "__main__":
    main(__doc__, measure)

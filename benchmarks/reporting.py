"""The report of a whole study: 3 approaches x 3 runs x 10 models of 50 epochs, made up, with frames of 416x208.

python -m benchmarks.reporting [--quick] [--json FILE]
"""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.timing import main, row, seconds
from common.evaluation.metrics import confusion as pooled_metric
from common.evaluation.metrics import official as official_metric
from common.evaluation.metrics import paper as paper_metric
from common.files.disk import link_or_copy, write_bytes, write_json
from common.files.stages import Stage
from common.images.png import encode_image, encode_mask
from common.labels.maps import study_label_map
from common.report.study import write_report

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
                result = _make_result(rng, (approach, f"CITYSCAPES_{approach}_{run}_{index}"), quality, scored)
                write_json(base_dir / "models" / f"{result['model']}.json", result)
                folder = base_dir / "test_predictions" / approach / result["model"]
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


def _make_result(rng, names, quality, frames):
    approach, model = names
    history = [
        {"epoch": epoch, "loss": 3 / (epoch + 1), "mIoU_val": quality * epoch / 60, "mPA_val": 0.5, "seconds": 60.1}
        for epoch in range(50)
    ]
    network = {"height": 208, "width": 416, "channels": 3, "num_classes": 35, "alpha": 1.0, "activation": "relu"}
    training = {"num_epochs": 50, "batch_size": 32, "learning_rate": 0.003, "weight_decay": 1e-4, "seed": 1}
    return {
        "model": model,
        "approach": approach,
        "identity": "made up",
        "scores": {split: _make_scores(rng, quality, split_frames) for split, split_frames in frames.items()},
        "best_epoch": 49,
        "history": history,
        "seconds": {"training": 3005.0, "scoring": 60.0},
        "precision": "float32",
        "model_bytes": 1,
        "peak_memory_mb": 5000,
        "job": {
            "network": network,
            "training": training,
            "seed_of_split": 42,
            "train": ["train_labeled", "made up"],
            "report_on": [[split, "made up"] for split in frames],
            "label_map": None,
        },
        "versions": {"keras": "3", "backend": "made up"},
        "predictions": ["test"],
    }


def _make_scores(rng, quality, frames):
    confusion = rng.integers(0, 20_000, (_CLASSES, _CLASSES)) + (np.eye(_CLASSES) * 400_000 * quality).astype(int)
    label_map = study_label_map()
    official = official_metric.class_iou_of_map(confusion, label_map)
    images = {
        name: [float(a), float(b)]
        for name, (a, b) in zip(frames, rng.normal(quality, 0.05, (len(frames), 2)), strict=True)
    }
    miou, mpa = paper_metric.mean_scores([tuple(pair) for pair in images.values()])
    return {
        "mIoU": miou,
        "mPA": mpa,
        "official_mIoU": official_metric.mean_iou(official),
        "official_IoU": official,
        "class_IoU": dict(zip(label_map.names, pooled_metric.class_iou(confusion), strict=True)),
        "images": images,
        "confusion": confusion.tolist(),
    }


if __name__ == "__main__":
    main(__doc__, measure)

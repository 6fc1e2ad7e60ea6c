"""Studies with made-up results: small, with numbers that can be checked by hand."""

import numpy as np

from common.evaluation.metrics import confusion as pooled_metric
from common.evaluation.metrics import official as official_metric
from common.files.disk import write_bytes, write_json
from common.files.stages import Stage
from common.images.png import encode_image, encode_mask
from common.labels.maps import study_label_map

SIZE_WH = 16, 8
# Of the studies that tests make up.
FRAMES = ("a", "b", "c", "d")
SPLITS = ("val", "test", "train_unlabeled")


def write_result(base_dir, name, scores, /, **changes):
    """Writes the result JSON of one model.

    Args:
        base_dir: BASE_DIR.
        name: Approach, run and index, as in ("subset", 1, 0).
        scores: `{frame: IoU}`, the same on every split.
        **changes: Keys of the result that differ; those of the job as `job={...}`.

    Returns:
        The result as written.
    """
    approach, run, index = name
    job = {
        "network": {"height": 8, "width": 16, "channels": 3, "num_classes": 35, "alpha": 1.0, "activation": "relu"},
        "training": {"num_epochs": 2, "batch_size": 2, "learning_rate": 0.003, "weight_decay": 1e-4, "seed": index},
        "seed_of_split": 42,
        "train": ["train_labeled", "made up"],
        "report_on": [[split, "made up"] for split in SPLITS],
        "label_map": None,
        **changes.pop("job", {}),
    }
    result = {
        "model": f"CITYSCAPES_{approach}_{run}_{index}",
        "approach": approach,
        "identity": "made up",
        "scores": {split: split_scores(scores) for split in SPLITS},
        "best_epoch": 1,
        "history": [{"epoch": epoch, "loss": 2.0 - epoch, "mIoU_val": 0.1 * epoch, "seconds": 3.0} for epoch in (0, 1)],
        "seconds": {"training": 60.0, "scoring": 30.0},
        "precision": "float32",
        "model_bytes": 1,
        "peak_memory_mb": 500,
        "job": job,
        "versions": {"keras": "3.15", "backend": "tensorflow 2.21"},
        "predictions": [],
        **changes,
    }
    write_json(base_dir / "models" / f"{result['model']}.json", result)
    return result


def split_scores(scores):
    """Makes the scores of a split from `{frame: IoU}`.

    60 pixels of road are right, 20 are taken for sky, 20 of sky are right. The class of road is 8, of sky 24.
    """
    confusion = np.zeros((35, 35), np.int64)
    confusion[8, 8], confusion[8, 24], confusion[24, 24] = 60, 20, 20
    official = official_metric.class_iou_of_map(confusion, study_label_map())
    return {
        "mIoU": float(np.mean(list(scores.values()))),
        "mPA": 0.8,
        "official_mIoU": official_metric.mean_iou(official),
        "official_IoU": official,
        "class_IoU": dict(zip(study_label_map().names, pooled_metric.class_iou(confusion), strict=True)),
        "images": {name: [score, 0.8] for name, score in scores.items()},
        "confusion": confusion.tolist(),
    }


def write_split(base_dir, name, frames, noise=False, size_wh=SIZE_WH):
    """Writes a prepared folder: the left half of every mask is road (8), the right half sky (24)."""
    width, height = size_wh
    mask = np.full((height, width), 24, np.uint8)
    mask[:, : width // 2] = 8
    rng = np.random.default_rng(0)
    stage = Stage(base_dir / name, "step 01", {"seed": 42, "size_wh": [width, height]}, "made up")
    with stage.build([f"{kind}/{frame}.png" for frame in frames for kind in ("images", "masks")]) as folder:
        for frame in frames:
            photo = (
                rng.integers(0, 256, (height, width, 3), np.uint8) if noise else np.zeros((*mask.shape, 3), np.uint8)
            )
            write_bytes(folder / "images" / f"{frame}.png", encode_image(photo))
            write_bytes(folder / "masks" / f"{frame}.png", encode_mask(mask))


def write_predictions(base_dir, split, result, frames, size_wh=SIZE_WH):
    """Writes predictions of a model: everything is road."""
    folder = base_dir / f"{split}_predictions" / result["approach"] / result["model"]
    for frame in frames:
        write_bytes(folder / f"{frame}.png", encode_mask(np.full(size_wh[::-1], 8, np.uint8)))

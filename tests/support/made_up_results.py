"""Studies with made-up results: small, with numbers that can be checked by hand."""

import numpy as np

from common.config.settings import NetworkSettings, TrainingSettings
from common.dataset.prepared.stages import Stage
from common.evaluation.metrics.registry import score_split
from common.files.disk import write_bytes
from common.images.png import encode_image, encode_mask
from common.labels.maps import LabelMap, study_label_map
from common.results.job import Job
from common.results.paths import ModelName
from common.results.result import SPLITS, Result, SplitScores

SIZE_WH = 16, 8
# Three classes: road and car are labels of Cityscapes, everything else is void.
THREE = LabelMap(
    ("void", "road", "car"),
    ((0, 0, 0), (128, 64, 128), (0, 0, 142)),
    tuple({7: 1, 26: 2}.get(id_, 0) for id_ in range(34)),
)
# Of the studies that tests make up.
FRAMES = ("a", "b", "c", "d")


def make_result(approach, run=1, index=0, scores=None, training=None, job=None, **changes):
    """Makes the result of one model.

    Args:
        approach: As in file names.
        run: Number of the run.
        index: Of the model in its run.
        scores: `{frame: IoU}` or a `SplitScores`, the same on every split.
        training: Choices of the training that differ.
        job: Values of the job that differ.
        **changes: Values of the result that differ.
    """
    name = ModelName(dataset="CITYSCAPES", approach=approach, run=run, index=index)
    choices = {"num_epochs": 2, "batch_size": 2, "learning_rate": 0.003, "weight_decay": 1e-4, "seed": index}
    values = {
        "base_dir": "",
        "name": name,
        "network": NetworkSettings(height=8, width=16),
        "training": TrainingSettings(**{**choices, **(training or {})}),
        "precision": "auto",
        "seed_of_split": 42,
        "train": (("train_labeled", "made up"),),
        "validate": ("val", "made up"),
        "report_on": tuple((split, "made up") for split in SPLITS),
        "save_predictions": (),
        "threads": 1,
        "label_map": None,
        "preparation": "study",
        "recipe": "paper",
        "variant": "",
        **(job or {}),
    }
    found = scores if isinstance(scores, SplitScores) else split_scores(scores or dict.fromkeys(FRAMES, 0.5))
    result = {
        "model": str(name),
        "approach": approach,
        "identity": "made up",
        "scores": dict.fromkeys(SPLITS, found),
        "best_epoch": 1,
        "history": [{"epoch": epoch, "loss": 2.0 - epoch, "mIoU_val": 0.1 * epoch, "seconds": 3.0} for epoch in (0, 1)],
        "seconds": {"training": 60.0, "scoring": 30.0},
        "precision": "float32",
        "model_bytes": 1,
        "peak_memory_mb": 500,
        "job": Job(**values),
        "versions": {"keras": "3.15", "backend": "tensorflow 2.21"},
        "predictions": [],
    }
    return Result.model_validate({**result, **changes})


def write_result(base_dir, name, scores, **changes):
    """Writes the result of one model, `name` is (approach, run, index); the rest as for `make_result`; returns it."""
    result = make_result(*name, scores, **changes)
    result.write(base_dir / "models" / f"{result.model}.json")
    return result


def split_scores(scores, confusion=None, accuracy=0.8, label_map=None, **changes):
    """Makes the scores of a split.

    Without a confusion matrix 60 pixels of road are right, 20 are taken for sky, 20 of sky are right. The class of road
    is 8, of sky 24.

    Args:
        scores: `{frame: IoU}`, None for a frame without a score; or `{frame: all scores of the frame}`.
        confusion: In class indices.
        accuracy: Of every frame, or a function of its IoU.
        label_map: The classes, the study's by default.
        **changes: Keys that differ.
    """
    if confusion is None:
        confusion = np.zeros((35, 35), np.int64)
        confusion[8, 8], confusion[8, 24], confusion[24, 24] = 60, 20, 20
    right = accuracy if callable(accuracy) else lambda iou: accuracy
    images = {
        name: iou if isinstance(iou, tuple) else (None, None) if iou is None else (iou, right(iou))
        for name, iou in scores.items()
    }
    return SplitScores.model_validate(
        {**score_split(images, np.array(confusion), label_map or study_label_map()), **changes}
    )


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
    folder = base_dir / f"{split}_predictions" / result.approach / result.model
    for frame in frames:
        write_bytes(folder / f"{frame}.png", encode_mask(np.full(size_wh[::-1], 8, np.uint8)))

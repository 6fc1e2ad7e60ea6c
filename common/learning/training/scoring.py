"""Predictions of a network for a whole split: scored, and written as PNG when they are wanted."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics import confusion as pooled_metric
from common.evaluation.metrics import official as official_metric
from common.evaluation.metrics import paper as paper_metric
from common.evaluation.metrics.confusion import confusion_matrix
from common.files.disk import write_bytes
from common.images.png import encode_image, encode_mask
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap
from common.learning.training.batches import LoadedSplit

# Small enough for 35 float channels of a batch to fit beside a training, large enough to keep a processor busy.
_BATCH = 8


@dataclass
class SplitScores:
    """The scores of one network on one split, collected image by image."""

    label_map: LabelMap
    images: dict[str, tuple[float, float]] = field(default_factory=dict)
    confusion: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.confusion = np.zeros((len(self.label_map), len(self.label_map)), np.int64)

    def add(self, name: str, truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> None:
        """Adds one image: class indices of shape `(height, width)`; `IGNORE` in the truth does not count."""
        if self.label_map.ignores:
            counted = truth != IGNORE
            truth, prediction = truth[counted], prediction[counted]
        counts = confusion_matrix(truth, prediction, len(self.label_map))
        self.images[name] = paper_metric.image_scores(counts)
        self.confusion += counts

    @property
    def mean(self) -> tuple[float, float]:
        """mIoU and mPA of the study."""
        return paper_metric.mean_scores(list(self.images.values()))

    def as_json(self) -> dict[str, Any]:
        """Makes JSON-able values of all that later tables and intervals need."""
        official = official_metric.class_iou_of_map(self.confusion, self.label_map)
        miou, mpa = self.mean
        return {
            "mIoU": miou,
            "mPA": mpa,
            "official_mIoU": None if official is None else official_metric.mean_iou(official),
            "official_IoU": official,
            "class_IoU": dict(zip(self.label_map.names, pooled_metric.class_iou(self.confusion), strict=True)),
            "images": {name: list(scores) for name, scores in self.images.items()},
            "confusion": self.confusion.tolist(),
        }


def predict(model: keras.Model, images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Predicts class indices, a few images at a time.

    Args:
        model: From images to class indices (`networks.class_index_model`).
        images: Shape `(n, height, width, 3)`.

    Yields:
        Class indices of shape `(height, width)` for each image.
    """
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        missing = _BATCH - len(batch)
        # The last batch is filled up, so that the network is compiled for one shape only.
        filled = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.uint8)]) if missing else batch
        yield from np.asarray(model.predict_on_batch(filled))[: len(batch)]


def score(model: keras.Model, split: LoadedSplit, label_map: LabelMap) -> SplitScores:
    """Scores a network on a split."""
    scores = SplitScores(label_map)
    for name, truth, prediction in zip(split.names, split.masks, predict(model, split.images), strict=True):
        scores.add(name, truth, prediction)
    return scores


def write_predictions(
    predictions: Iterable[NDArray[np.uint8]], names: Sequence[str], folder: Path, label_map: LabelMap
) -> None:
    """Writes predictions as `<name>.png` (class indices) and `<name>_color.png`.

    Args:
        predictions: Class indices, each of shape `(height, width)`.
        names: The name of each.
        folder: Made if needed.
        label_map: For the colours.
    """

    def write(name: str, prediction: NDArray[np.uint8]) -> None:
        write_bytes(folder / f"{name}.png", encode_mask(prediction))
        write_bytes(folder / f"{name}_color.png", encode_image(label_map.colorize(prediction)))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(write, name, mask) for name, mask in zip(names, predictions, strict=True)]:
            done.result()

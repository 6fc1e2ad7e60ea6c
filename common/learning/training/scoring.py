"""Predictions of a network for a whole split: scored, and written as PNG when they are wanted."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import keras
import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics.confusion import confusion_matrix
from common.evaluation.metrics.metric import ClassAreas, Counts, Score, mean_over_classes
from common.evaluation.metrics.registry import ImageScores, area_metric, image_means, score_image, score_split
from common.files.disk import write_bytes
from common.images.png import encode_image, encode_mask
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap
from common.learning.experiments.jobs import ProgressEntry
from common.learning.training.batches import LoadedSplit
from common.results.areas import ImageAreas
from common.results.result import SplitScores

# Small enough for 35 float channels of a batch to fit beside a training, large enough to keep a processor busy.
_BATCH = 8


@dataclass
class CollectedScores:
    """The scores of one network on one split, collected image by image.

    Attributes:
        keeps_areas: Whether the areas of classes in each image are collected too; they take more time and memory.
    """

    label_map: LabelMap
    keeps_areas: bool = False
    images: dict[str, ImageScores] = field(default_factory=dict)
    areas: dict[str, ClassAreas] = field(default_factory=dict)
    confusion: Counts = field(init=False)

    def __post_init__(self) -> None:
        self._area_metric = area_metric(self.label_map)
        self.confusion = np.zeros((len(self.label_map), len(self.label_map)), np.int64)

    def add(self, name: str, truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> None:
        """Adds one image: class indices of shape `(height, width)`; `IGNORE` in the truth does not count."""
        if self.label_map.ignores:
            counted = truth != IGNORE
            truth, prediction = truth[counted], prediction[counted]
        counts = confusion_matrix(truth, prediction, len(self.label_map))
        self.images[name] = score_image(counts)
        self.confusion += counts
        metric = self._area_metric
        if self.keeps_areas and metric is not None and metric.of_areas is not None:
            found = metric.of_areas(counts, self.label_map)
            if found is not None:
                self.areas[name] = found

    @property
    def means(self) -> dict[str, Score]:
        """The means over images, by key of the metric: mIoU and mPA."""
        return image_means(self.images)

    def with_pooled(self, entry: ProgressEntry) -> ProgressEntry:
        """Adds the score of all pixels together, by `area_metric`; 0 if no class has a score."""
        metric = self._area_metric
        if metric is not None and metric.of_classes is not None:
            score = mean_over_classes(metric.of_classes(self.confusion, self.label_map) or {}) or 0.0
            entry = cast(ProgressEntry, {**entry, f"{metric.key}_val": score})
        return entry

    def of_split(self) -> SplitScores:
        """Computes all scores, as the result keeps them."""
        scores = score_split(self.images, self.confusion, self.label_map)
        if self._area_metric is not None and self.areas:
            scores["areas"] = ImageAreas.pack(self._area_metric.key, self.areas)
        return SplitScores.model_validate(scores)


def predict(model: keras.Model, images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Predicts images `(n, height, width, 3)`, a few at a time; yields class indices `(height, width)` for each.

    The model is one from `networks.class_index_model`.
    """
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        missing = _BATCH - len(batch)
        # The last batch is filled up, so that the network is compiled for one shape only.
        filled = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.uint8)]) if missing else batch
        yield from np.asarray(model.predict_on_batch(filled))[: len(batch)]


def score(model: keras.Model, split: LoadedSplit, label_map: LabelMap, keeps_areas: bool = False) -> CollectedScores:
    """Scores a network on a split; for `keeps_areas` see `CollectedScores`."""
    scores = CollectedScores(label_map, keeps_areas)
    for name, truth, prediction in zip(split.names, split.masks, predict(model, split.images), strict=True):
        scores.add(name, truth, prediction)
    return scores


def validate(
    model: keras.Model, split: LoadedSplit, masks: NDArray[np.uint8], label_map: LabelMap
) -> tuple[CollectedScores, float]:
    """Scores a network on a split and computes its loss there, in one pass.

    Args:
        model: From `networks.validation_model`.
        split: Images, and the masks that the scores are computed with.
        masks: Class indices for the loss, shape `(n, height, width)`, `IGNORE` for pixels that do not count in it.
        label_map: The classes.

    Returns:
        The scores, and the mean loss over the pixels that count.
    """
    scores, total, counted = CollectedScores(label_map), 0.0, 0
    for start in range(0, len(split.images), _BATCH):
        images, truth = split.images[start : start + _BATCH], masks[start : start + _BATCH]
        missing = _BATCH - len(images)
        # As in `predict`; images that only fill up count neither in the scores nor in the loss.
        filled = np.concatenate([images, np.zeros((missing, *images.shape[1:]), np.uint8)])
        filled_truth = np.concatenate([truth, np.full((missing, *truth.shape[1:]), IGNORE, np.uint8)])
        predictions, losses = map(np.asarray, model.predict_on_batch([filled, filled_truth]))
        pixels = int(np.count_nonzero(truth != IGNORE))
        total, counted = total + float(losses[0]) * pixels, counted + pixels
        for place, prediction in enumerate(predictions[: len(images)], start):
            scores.add(split.names[place], split.masks[place], prediction)
    return scores, total / counted if counted else 0.0


def write_predictions(
    predictions: Iterable[NDArray[np.uint8]], names: Sequence[str], folder: Path, label_map: LabelMap
) -> None:
    """Writes predictions, each of shape `(height, width)`, as `<name>.png` (class indices) and `<name>_color.png`."""

    def write(name: str, prediction: NDArray[np.uint8]) -> None:
        write_bytes(folder / f"{name}.png", encode_mask(prediction))
        write_bytes(folder / f"{name}_color.png", encode_image(label_map.colorize(prediction)))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(write, name, mask) for name, mask in zip(names, predictions, strict=True)]:
            done.result()

"""Bootstrap confidence interval of a mean over images: what other images of the same kind would change.

Percentile bootstrap of 95 %: images are drawn with replacement, as many as there are, and averaged, many times. Two
approaches are compared image by image, because an image that is hard for one is hard for the other. An interval says
nothing about other trainings; the standard deviation over models does.

A mean over classes of pooled pixels is drawn the same way: the pixels of the drawn images are added, then divided.

Written with numpy: `scipy.stats.bootstrap` takes a second to import and fills one matrix of draws x images, which for
2,678 images is a hundred megabytes; the tests compare the intervals with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics.metric import Score

_SHARES = (0.025, 0.975)
# Images drawn at once: keeps the memory at a few megabytes, however many images and draws there are.
_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Difference:
    """First minus second, over the images both have.

    Attributes:
        mean: Mean of the differences; None if there are none.
        low: Lower end of its 95 % interval; None for fewer than two images.
        high: Upper end, likewise.
        count: Number of images.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int = 0

    @property
    def differs(self) -> bool:
        """Whether 0 lies outside of the interval."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def mean_interval(values: Iterable[Score], seed: int = 0, draws: int = 2000) -> tuple[float, float] | tuple[None, None]:
    """Computes the 95 % interval of a mean over images.

    Args:
        values: One score per image; None for an image without a score, which is left out.
        seed: Of the draws; the same seed and values give the same interval.
        draws: How often the images are drawn.

    Returns:
        `(low, high)`; None and None for fewer than two scores.
    """
    scores = np.array([value for value in values if value is not None], float)
    if len(scores) < 2:
        return None, None
    rng = np.random.default_rng(seed)
    means, block = np.empty(draws), max(1, _AT_ONCE // len(scores))
    for start in range(0, draws, block):
        part = means[start : start + block]
        part[:] = scores[rng.integers(0, len(scores), (len(part), len(scores)), np.int32)].mean(axis=1)
    return interval_of_draws(means)


def pooled_draws(models: Sequence[NDArray[np.integer]], seed: int = 0, draws: int = 1000) -> NDArray[np.float64]:
    """Draws images and computes mean IoU of their pooled pixels, averaged over models.

    Args:
        models: Intersections and unions of each model, shape `(images, 2, classes)`; the same images in the same order.
        seed: Of the draws; the same seed draws the same images, so that two results can be subtracted draw by draw.
        draws: How often the images are drawn.

    Returns:
        A mean for each draw, shape `(draws,)`. A class without a pixel in a draw does not count in it.
    """
    images, _, classes = models[0].shape
    # Whole numbers stay exact in `float32` up to 16 million pixels; beyond it the error is far below an interval's.
    areas = np.concatenate([model.reshape(images, 2 * classes) for model in models], axis=1).astype(np.float32)
    rng = np.random.default_rng(seed)
    means, block = np.empty(draws), max(1, _AT_ONCE // images)
    for start in range(0, draws, block):
        part = means[start : start + block]
        drawn = rng.integers(0, images, (len(part), images), np.int32) + images * np.arange(len(part))[:, None]
        times = np.bincount(drawn.ravel(), minlength=len(part) * images).reshape(len(part), images)
        sums = (times.astype(np.float32) @ areas).reshape(len(part), len(models), 2, classes)
        part[:] = _mean_iou(sums[:, :, 0], sums[:, :, 1]).mean(axis=1)
    return means


def _mean_iou(intersections: NDArray[np.float32], unions: NDArray[np.float32]) -> NDArray[np.float64]:
    """Averages the IoU over the last axis, classes without a union left out; 0 where none has one."""
    iou = np.divide(intersections, unions, out=np.zeros_like(unions, np.float64), where=unions > 0)
    return iou.sum(axis=-1) / np.maximum(np.count_nonzero(unions, axis=-1), 1)


def interval_of_draws(draws: NDArray[np.float64]) -> tuple[float, float]:
    """Computes the ends between which 95 % of the draws lie."""
    low, high = np.quantile(draws, _SHARES)
    return float(low), float(high)


def difference_interval(
    first: Mapping[str, Score], second: Mapping[str, Score], seed: int = 0, draws: int = 2000
) -> Difference:
    """Compares two sets of scores by name of the image, in pairs, over the images for which both have a score."""
    pairs = ((first[name], second.get(name)) for name in sorted(first))
    differences = [one - other for one, other in pairs if one is not None and other is not None]
    mean = float(np.mean(differences)) if differences else None
    low, high = mean_interval(differences, seed, draws)
    return Difference(mean, low, high, len(differences))

"""Bootstrap confidence interval of a mean over images: what other images of the same kind would change.

Percentile bootstrap of 95 %: images are drawn with replacement, as many as there are, and averaged, many times. Two
approaches are compared image by image, because an image that is hard for one is hard for the other. An interval says
nothing about other trainings; the standard deviation over models does.

Written with numpy: `scipy.stats.bootstrap` takes a second to import and fills one matrix of draws x images, which for
2,678 images is a hundred megabytes; the tests compare the intervals with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

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
    low, high = np.quantile(means, _SHARES)
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

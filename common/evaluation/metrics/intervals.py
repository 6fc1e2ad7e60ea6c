"""How far a mean over images could lie elsewhere had other images of the same kind been drawn: bootstrap intervals.

Percentile bootstrap of 95 %: images are drawn with replacement, as many as there are, and the mean is taken again and
again. Two approaches are compared image by image, because an image that is hard for one is hard for the other. Says
nothing about other trainings: that is what the standard deviation over models is for.

Written with numpy: `scipy.stats.bootstrap` takes a second to import and fills one matrix of draws x images, which for
2,678 images is a hundred megabytes; the tests hold the intervals against it.
"""

from dataclasses import dataclass

import numpy as np

_SHARES = (0.025, 0.975)
# Images drawn at once: what keeps the memory at a few megabytes, however many images and draws there are.
_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Difference:
    """First minus second.

    Attributes:
        mean: Mean of the differences of the images both have; None if there are none.
        low: Lower end of its interval of 95 %; None for fewer than two images.
        high: Upper end, likewise.
        count: The images both have.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int = 0

    @property
    def differs(self):
        """Whether 0 lies outside of the interval."""
        return self.low is not None and not self.low <= 0 <= self.high


def mean_interval(values, seed=0, draws=2000):
    """Computes the interval of 95 % of a mean over images.

    Args:
        values: One score per image; None for an image without a score, which is left out.
        seed: Of the draws; the same seed and values give the same interval.
        draws: How often the images are drawn.

    Returns:
        `(low, high)`; None and None for fewer than two scores.
    """
    values = np.array([value for value in values if value is not None], float)
    if len(values) < 2:
        return None, None
    rng = np.random.default_rng(seed)
    means, block = np.empty(draws), max(1, _AT_ONCE // len(values))
    for start in range(0, draws, block):
        part = means[start : start + block]
        part[:] = values[rng.integers(0, len(values), (len(part), len(values)), np.int32)].mean(axis=1)
    low, high = np.quantile(means, _SHARES)
    return float(low), float(high)


def difference_interval(first, second, seed=0, draws=2000):
    """Compares two sets of scores of the same images, in pairs.

    Args:
        first: `{image name: score or None}`.
        second: Likewise.
        seed: As for `mean_interval`.
        draws: As for `mean_interval`.

    Returns:
        The `Difference`, over the images for which both have a score.
    """
    names = [name for name in sorted(first) if first[name] is not None and second.get(name) is not None]
    differences = [first[name] - second[name] for name in names]
    mean = float(np.mean(differences)) if differences else None
    return Difference(mean, *mean_interval(differences, seed, draws), len(names))

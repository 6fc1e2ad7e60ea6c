"""Approaches compared over images: what other images of the same kind would make of a score or a difference.

Scores of images are drawn as they are. A score of pooled pixels is computed again for each draw, from the areas of the
classes in every image that the results hold.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics.intervals import (
    Difference,
    difference_interval,
    interval_of_draws,
    mean_interval,
    pooled_draws,
)
from common.evaluation.metrics.metric import Metric, Score
from common.evaluation.metrics.registry import RANKING, image_metrics
from common.results.image_scores import mean_column
from common.results.result import Result, SplitScores


@dataclass(frozen=True)
class Sample:
    """The mean over models of an approach by one metric on one split, and what other images would make of it.

    Attributes:
        mean: Over the models.
        images: Score of each image, the mean over models; empty if the metric does not score images.
        draws: The mean over models for images that were drawn at random; None if the metric scores images, or the
            results do not hold the areas of its classes.
    """

    mean: float | None
    images: Mapping[str, float] = field(hash=False)
    draws: NDArray[np.float64] | None = field(hash=False, default=None)

    @property
    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """The 95 % interval over images; None and None if there is none."""
        return mean_interval(self.images.values()) if self.draws is None else interval_of_draws(self.draws)


def sample(results: Sequence[Result], metric: Metric, split: str) -> Sample:
    """Takes the scores of an approach apart by images; the results are of the same images (`same_images`)."""
    found = [value for result in results if (value := result.scores[split].mean(metric)) is not None]
    mean = statistics.fmean(found) if found else None
    if metric.of_image is not None:
        return Sample(mean, _mean_of_images(results, metric, split))
    areas = [one for result in results if (one := result.scores[split].image_areas(metric)) is not None]
    enough = len(areas) == len(results) and len(areas[0]) > 1 and len({one.shape for one in areas}) == 1
    return Sample(mean, {}, pooled_draws(areas) if enough else None)


def compare_samples(first: Sample, second: Sample) -> Difference:
    """Compares two approaches by one metric: the difference of the means over models, paired over images.

    First minus second; both are of the same images. For a metric of images, over the images that every model has a
    score of.
    """
    if first.images and second.images:
        return difference_interval(first.images, second.images)
    if first.mean is None or second.mean is None:
        return Difference(None, None, None)
    ends: tuple[float, float] | tuple[None, None] = (None, None)
    if first.draws is not None and second.draws is not None:
        ends = interval_of_draws(first.draws - second.draws)
    return Difference(first.mean - second.mean, *ends)


def compare(first: Sequence[Result], second: Sequence[Result], split: str) -> Difference:
    """Compares two approaches by the paper metric, see `compare_samples`."""
    return compare_samples(*(sample(results, RANKING, split) for results in (first, second)))


def same_images(results: Iterable[Result], split: str) -> bool:
    """Tells whether all results are of the same images of a split, by name and by content."""
    seen = {(frozenset(result.scores[split].images), dict(result.job.report_on).get(split)) for result in results}
    return len(seen) == 1


def scores_of_images(scores: SplitScores, metric: Metric) -> dict[str, Score]:
    """Scores each image by its name; by a metric of pooled pixels with the pixels of this image alone.

    Empty if the result does not hold what that needs.
    """
    areas = scores.image_areas(metric)
    if metric.of_image is not None or areas is None:
        return scores.of_images(metric)
    hits, unions = areas[:, 0], areas[:, 1]
    iou = np.divide(hits, unions, out=np.zeros(hits.shape), where=unions > 0).sum(axis=1)
    classes = np.count_nonzero(unions, axis=1)
    rows = zip(sorted(scores.images), iou.tolist(), classes.tolist(), strict=True)
    return {name: total / among if among else None for name, total, among in rows}


def _mean_of_images(results: Sequence[Result], metric: Metric, split: str) -> dict[str, float]:
    """Averages the scores of every image over models; images that not all models have a score of are left out."""
    place = [each.key for each in image_metrics()].index(metric.key)
    return mean_column([result.scores[split].image_table for result in results], place)

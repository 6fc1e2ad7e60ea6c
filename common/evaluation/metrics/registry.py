"""The metrics every model is scored by. CSV files, tables, report and result JSON follow from this list.

To add one: write a `Metric` beside its formula, and put it at the end of `METRICS`. The end, because a result lists
the scores of an image in this order. Results that were written before have no score by it.
"""

from collections.abc import Mapping

import numpy as np

from common.evaluation.metrics import official, paper, pooled
from common.evaluation.metrics.metric import ClassScores, Counts, Metric, Score, mean_over_classes, mean_over_images
from common.labels.maps import LabelMap

# Decides the best epoch, the ranking and the comparison of approaches.
RANKING = paper.MIOU
METRICS: tuple[Metric, ...] = (RANKING, paper.MPA, official.MIOU, pooled.MIOU)

ImageScores = tuple[Score, ...]


def metrics() -> tuple[Metric, ...]:
    """Lists all metrics."""
    return METRICS


def image_metrics() -> tuple[Metric, ...]:
    """Lists the metrics that score every image, in the order of the numbers in `ImageScores`."""
    return tuple(metric for metric in METRICS if metric.of_image is not None)


def class_metrics() -> tuple[Metric, ...]:
    """Lists the metrics that score every class."""
    return tuple(metric for metric in METRICS if metric.of_classes is not None)


def area_metric(label_map: LabelMap) -> Metric | None:
    """Finds the metric whose areas are kept for each image: the first one that the label map allows; None for none."""
    nothing = np.zeros((len(label_map), len(label_map)), np.int64)
    return next((one for one in METRICS if one.of_areas is not None and one.of_areas(nothing, label_map)), None)


def leading_metrics() -> tuple[Metric, ...]:
    """Lists the first metric of each definition."""
    return tuple({metric.definition: metric for metric in reversed(METRICS)}.values())[::-1]


def score_image(counts: Counts) -> ImageScores:
    """Scores the counts of one image by each of `image_metrics`."""
    return tuple(metric.of_image(counts) for metric in METRICS if metric.of_image is not None)


def image_means(images: Mapping[str, ImageScores]) -> dict[str, Score]:
    """Averages over images: the score of a split by key, of each of `image_metrics`."""
    return {
        metric.key: mean_over_images(scores[place] for scores in images.values() if place < len(scores))
        for place, metric in enumerate(image_metrics())
    }


def score_split(images: Mapping[str, ImageScores], counts: Counts, label_map: LabelMap) -> dict[str, object]:
    """Computes all scores of a model on a split, with the keys of the result JSON; `counts` are of all images."""
    means = image_means(images)
    by_class: dict[str, ClassScores | None] = {}
    for metric in METRICS:
        if metric.of_classes is not None:
            found = by_class[metric.class_key] = metric.of_classes(counts, label_map)
            means[metric.key] = None if found is None else mean_over_classes(found)
        elif metric.of_split is not None:
            means[metric.key] = metric.of_split(counts, label_map)
    return {**means, **by_class, "images": dict(images), "confusion": counts}

"""Many result JSONs in a few numbers: mean, spread over models and interval over images, per metric, split and class.

The table at the end of a step, the table of classes and the report take their numbers from here.
The paper metric, the official one and the pooled one stand in rows of their own and are never mixed.
"""

import statistics
from dataclasses import dataclass

from common.evaluation.metrics import confusion as pooled_metric
from common.evaluation.metrics.intervals import difference_interval, mean_interval
from common.labels.maps import study_label_map

SPLITS = ("val", "test", "train_unlabeled")
# Places in the pair of scores that a result JSON has of every image.
_IOU, _ACCURACY = 0, 1


@dataclass(frozen=True)
class Spread:
    """A score of several models.

    Attributes:
        mean: Over the models that have it.
        deviation: Standard deviation over them, or over runs where the row is about runs; None for one.
        low: Lower end of the interval of 95 % of the mean over images; None where the score is not one of images, or
            the models were scored on different ones.
        high: Upper end, likewise.
        count: The values the deviation is over.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True)
class Row:
    """One score on every split.

    Attributes:
        title: For people; of what is scored, the metric included.
        metric: `paper`, `official` or `pooled`.
        values: `{split: Spread}`; None where no model has the score.
    """

    title: str
    metric: str
    values: dict


@dataclass(frozen=True)
class ClassRow:
    """One class on every split.

    Attributes:
        name: Of the class.
        official: `{split: Spread}` of its official IoU; None where it has none.
        pooled: Likewise, of its IoU over all pixels that count.
    """

    name: str
    official: dict
    pooled: dict


def rank(results):
    """Sorts result JSONs by validation mIoU of the paper metric, best first, equals in the order given."""
    return sorted(results, key=lambda result: -result["scores"]["val"]["mIoU"])


def summarize(runs, top_ks):
    """Computes the rows of the table of an approach.

    Args:
        runs: One list of result JSONs per run.
        top_ks: How many of the best of each run, by validation mIoU, the second row is about.

    Returns:
        A tuple of `Row`.
    """
    runs = [run for run in runs if run]
    every = [result for run in runs for result in run]
    if not every:
        return ()
    best = [result for run in runs for result in rank(run)[:top_ks]]
    pooled = f"mIoU, all pixels pooled ({_count_classes(every)} classes)"
    return (
        Row("mIoU, paper metric", "paper", _of_images(every, "mIoU", _IOU)),
        Row(f"mIoU of the best {top_ks} of each run by val, paper metric", "paper", _of_images(best, "mIoU", _IOU)),
        Row("mIoU of the means of runs, paper metric", "paper", _of_runs(runs)),
        Row("mPA, paper metric", "paper", _of_images(every, "mPA", _ACCURACY)),
        Row("mIoU, official definition (19 classes)", "official", _of_models(every, _official_mean)),
        Row(pooled, "pooled", _of_models(every, _pooled_mean)),
    )


def per_class(runs):
    """Computes the IoU of every class.

    Args:
        runs: One list of result JSONs per run.

    Returns:
        A tuple of `ClassRow` in the order of classes; behind them labels that only the official IoU knows by this name.
    """
    every = [result for run in runs for result in run]
    if not every:
        return ()
    first = every[0]["scores"][SPLITS[0]]
    names = dict.fromkeys([*_class_iou(first), *(first["official_IoU"] or {})])
    return tuple(
        ClassRow(name, _of_class(every, _official_iou, name), _of_class(every, _class_iou, name)) for name in names
    )


def compare(first, second, split):
    """Compares two approaches by the paper metric: the difference of the means over models, paired over images.

    Args:
        first: Result JSONs of one approach.
        second: Result JSONs of the other.
        split: On which they are compared.

    Returns:
        The `Difference`, first minus second, over the images that every model was scored on.
    """
    return difference_interval(_mean_of_images(first, split, _IOU), _mean_of_images(second, split, _IOU))


def same_images(results, split):
    """Tells whether all results are of the same images of a split, by name and, where it is noted, by content."""
    names = {frozenset(result["scores"][split].get("images", ())) for result in results}
    content = {dict(result["job"]["report_on"]).get(split) for result in results if "job" in result}
    return len(names) == 1 and len(content) <= 1


def _spread(values, interval=(None, None)):
    values = [value for value in values if value is not None]
    if not values:
        return None
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), deviation, *interval, len(values))


def _of_models(results, score):
    return {split: _spread([score(result["scores"][split]) for result in results]) for split in SPLITS}


def _of_class(results, iou_of_class, name):
    return _of_models(results, lambda scores: iou_of_class(scores).get(name))


def _of_images(results, metric, place):
    return {
        split: _spread([result["scores"][split][metric] for result in results], _interval(results, split, place))
        for split in SPLITS
    }


def _of_runs(runs):
    every = [result for run in runs for result in run]
    # The mean of means of runs is the mean over models only if all runs are as large.
    equal = len({len(run) for run in runs}) == 1
    values = {}
    for split in SPLITS:
        means = [statistics.fmean(result["scores"][split]["mIoU"] for result in run) for run in runs]
        values[split] = _spread(means, _interval(every, split, _IOU) if equal else (None, None))
    return values


def _interval(results, split, place):
    if not same_images(results, split):
        return None, None
    return mean_interval(_mean_of_images(results, split, place).values())


def _mean_of_images(results, split, place):
    """Averages the scores of every image over models: `{name: score}` of the images that all models have scores of."""
    scores = [result["scores"][split].get("images", {}) for result in results]
    names = [name for name in scores[0] if all(name in one and one[name][place] is not None for one in scores)]
    return {name: statistics.fmean(one[name][place] for one in scores) for name in names}


def _official_mean(scores):
    return scores["official_mIoU"]


def _official_iou(scores):
    return scores["official_IoU"] or {}


def _pooled_mean(scores):
    # From the matrix, because results of older versions have no class_IoU.
    return pooled_metric.mean_iou(scores["confusion"])


def _class_iou(scores):
    if "class_IoU" in scores:
        return scores["class_IoU"]
    # Older versions knew the study's classes alone.
    return dict(zip(study_label_map().names, pooled_metric.class_iou(scores["confusion"]), strict=False))


def _count_classes(results):
    return len(results[0]["scores"][SPLITS[0]]["confusion"])

"""Many results in a few numbers: mean, spread over models and interval over images, per metric, split and class.

The table at the end of a step, the table of classes and the report take their numbers from here. Scores of different
definitions stand in rows of their own and are never mixed.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.evaluation.metrics.metric import Metric, Score
from common.evaluation.metrics.registry import RANKING, class_metrics, metrics
from common.results.result import SPLITS, Result
from common.results.samples import same_images, sample

_NO_INTERVAL = (None, None)


@dataclass(frozen=True)
class Spread:
    """A score of several models.

    Attributes:
        mean: Over the models that have it.
        deviation: Standard deviation over them, or over runs where the row is about runs; None for one.
        low: Lower end of the 95 % interval over images; None where the results do not hold what it needs, or the models
            were scored on different images.
        high: Upper end, likewise.
        count: How many values the deviation is over.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    count: int


SpreadBySplit = dict[str, Spread | None]


@dataclass(frozen=True)
class Row:
    """One score by split, None where no model has it; the title names what is scored, with the definition."""

    title: str
    metric: Metric
    values: SpreadBySplit


@dataclass(frozen=True)
class ClassRow:
    """The scores of one class by the metric's key and split, None where it has none."""

    name: str
    values: dict[str, SpreadBySplit]


def rank(results: Iterable[Result]) -> list[Result]:
    """Sorts results by mIoU_val of the paper metric, best first, equals in the order given."""
    sign = -1 if RANKING.higher_is_better else 1
    return sorted(results, key=lambda result: sign * result.scores["val"].ranking_score)


def summarize(runs: Iterable[Sequence[Result]], top_ks: int) -> tuple[Row, ...]:
    """Computes the rows of the table of an approach; the second is about the `top_ks` best of each run, by mIoU_val."""
    runs = [run for run in runs if run]
    every = [result for run in runs for result in run]
    if not every:
        return ()
    best = [result for run in runs for result in rank(run)[:top_ks]]
    num_classes = len(every[0].label_map)
    others = (metric for metric in metrics() if metric != RANKING)
    first, *rest = (Row(each.title(num_classes), each, _of_models(every, each)) for each in (RANKING, *others))
    what, by = RANKING.quantity, RANKING.definition
    return (
        first,
        Row(f"{what} of the best {top_ks} of each run by val, {by}", RANKING, _of_models(best, RANKING)),
        Row(f"{what} of the means of runs, {by}", RANKING, _of_runs(runs, first.values)),
        *rest,
    )


def score_of_models(results: Sequence[Result], metric: Metric, split: str) -> Spread | None:
    """Computes one score of some models on one split, with its interval; None where no model has one."""
    return _spread([result.scores[split].mean(metric) for result in results], _interval(results, metric, split))


def ranking_scores(results: Sequence[Result]) -> SpreadBySplit:
    """Computes mIoU by the paper metric of some models, by split; None where no model has one."""
    return _of_models(results, RANKING) if results else dict.fromkeys(SPLITS)


def per_class(runs: Iterable[Sequence[Result]]) -> tuple[ClassRow, ...]:
    """Computes the scores of every class, in their order; then labels that only the official definition knows so."""
    every = [result for run in runs for result in run]
    if not every:
        return ()
    first = every[0].scores[SPLITS[0]]
    names = dict.fromkeys(every[0].label_map.names)
    names |= dict.fromkeys(name for metric in class_metrics() for name in first.of_classes(metric))
    return tuple(
        ClassRow(name, {metric.key: _of_class(every, metric, name) for metric in class_metrics()}) for name in names
    )


def _spread(values: Iterable[Score], interval: tuple[float | None, float | None] = _NO_INTERVAL) -> Spread | None:
    found = [value for value in values if value is not None]
    if not found:
        return None
    deviation = statistics.stdev(found) if len(found) > 1 else None
    return Spread(statistics.fmean(found), deviation, *interval, len(found))


def _of_models(results: Sequence[Result], metric: Metric) -> SpreadBySplit:
    return {split: score_of_models(results, metric, split) for split in SPLITS}


def _of_class(results: Sequence[Result], metric: Metric, name: str) -> SpreadBySplit:
    return {split: _spread(result.scores[split].of_classes(metric).get(name) for result in results) for split in SPLITS}


def _of_runs(runs: Sequence[Sequence[Result]], of_models: SpreadBySplit) -> SpreadBySplit:
    # The mean of means of runs is the mean over models only if all runs are as large.
    equal = len({len(run) for run in runs}) == 1
    values = {}
    for split in SPLITS:
        means = [statistics.fmean(result.scores[split].ranking_score for result in run) for run in runs]
        same = of_models[split]
        values[split] = _spread(means, (same.low, same.high) if same and equal else _NO_INTERVAL)
    return values


def _interval(results: Sequence[Result], metric: Metric, split: str) -> tuple[float | None, float | None]:
    return sample(results, metric, split).interval if same_images(results, split) else _NO_INTERVAL

"""The scores of a study as tables and charts; each metric has its own tables and charts."""

from collections.abc import Mapping

from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import RANKING, leading_metrics
from common.report.charts.bars import ScoreRow, score_chart
from common.report.content import Figure, Section, Table, interval, number
from common.report.material import HEADLINE, Material, Scores
from common.report.steps import differ_in_steps
from common.results.result import SPLITS
from common.results.summary import Spread
from common.text import first_few

# A longer table of pairs is shown on demand.
_MANY_PAIRS = 15
_NAMED = 3
# The split the report is about comes first, so that a phone shows it without scrolling.
_SPLITS = (HEADLINE, *(split for split in SPLITS if split != HEADLINE))


def score_section(material: Material) -> Section | None:
    """Makes the section of results; None if there are no models."""
    if not material.scores:
        return None
    scores, differences = material.scores, material.differences
    blocks: list[Table | Figure | None] = []
    for metric in material.metrics:
        blocks += [_chart(material, metric), _metric_table(material, metric), _differences(material, metric)]
    others = [_metric_table(material, metric) for metric in leading_metrics() if metric not in material.metrics]
    more = [_more_rows(scores, material.metric_of(RANKING)), *others, _models(scores), _reasons(differences)]
    sentences = [
        "The mark is the mean over all models of an approach, the small dots are the models. The line is a 95 % "
        "interval: how far the mean could move if other frames of the same kind had been scored. It says nothing about "
        "other trainings; the dots and the deviation (±) in the tables show those."
    ]
    if differences:
        sentences.append(
            f"The study's own number is not shown for {first_few(differences, _NAMED)}: settings, frames or the number "
            "of models are not the study's, so the numbers cannot be compared."
        )
    found = tuple(block for block in (*blocks, *more) if block is not None)
    return Section("results", "Results", tuple(sentences), found)


def _reasons(differences: dict[str, tuple[str, ...]]) -> Table | None:
    rows = tuple((name, reason) for name, reasons in differences.items() for reason in reasons)
    title = "What is not as in the study"
    return Table(title, ("approach", "what"), rows, text_columns=2, folded=True) if rows else None


def _described(metric: Metric) -> str:
    return metric.definition + (f", {metric.classes.format(count='all')}" if metric.classes else "")


def _chart(material: Material, metric: Metric) -> Figure | None:
    split, rows = material.split, []
    for entry in material.scores.values():
        if (spread := entry.first(metric).get(split)) is None:
            continue
        values = ((result.model, result.scores[split].mean(metric)) for result in entry.results)
        models = tuple((name, value) for name, value in values if value is not None)
        study = material.study_values.get(entry.name) if metric == RANKING else None
        steps = material.steps.get(entry.name) if differ_in_steps(material.steps.values()) else None
        rows.append(ScoreRow(entry.name, spread.mean, spread.low, spread.high, models, study, steps))
    title = f"{metric.quantity} on {split}, {_described(metric)}"
    note = _about_steps(material)
    return Figure(title, (score_chart(title, rows),), None, note, metric=material.metric_of(metric)) if rows else None


def _about_steps(material: Material) -> str:
    if not differ_in_steps(material.steps.values()):
        return ""
    return (
        "The number below a name is how many optimiser steps a training of it had. They differ, and more steps alone "
        "raise scores: compare approaches of about as many steps, or train one again with NUM_STEPS and a VARIANT."
    )


def _metric_table(material: Material, metric: Metric) -> Table | None:
    studies = material.study_values if metric == RANKING else {}
    with_interval = False
    rows = []
    for entry in material.scores.values():
        found = entry.first(metric)
        if not found:
            continue
        with_interval |= any(spread.low is not None for spread in found.values())
        steps = material.steps.get(entry.name)
        study = (number(studies.get(entry.name)),) if studies else ()
        split = _spread(found.get(_SPLITS[0]))
        others = (_spread(found.get(one)) for one in _SPLITS[1:])
        rows.append((entry.name, split, *study, "–" if steps is None else f"{steps:,}", *others))
    columns = ("approach", _SPLITS[0], *(("test, the study",) if studies else ()), "steps", *_SPLITS[1:])
    note = f"Mean ± standard deviation over models{', [95 % interval over frames]' if with_interval else ''}."
    if not with_interval and metric.of_areas is not None:
        note += " There is no interval: an earlier version scored these models, and did not keep the areas of classes."
    note += " Steps: optimiser steps of one training."
    title = f"{metric.quantity}, {_described(metric)}"
    folded = metric not in material.metrics
    return Table(title, columns, tuple(rows), note, 1, folded, material.metric_of(metric)) if rows else None


def _more_rows(scores: dict[str, Scores], metric: str) -> Table:
    rows = tuple(
        (entry.name, row.title.removesuffix(f", {RANKING.definition}"), *_cells(row.values))
        for entry in scores.values()
        for row in [row for row in entry.rows if row.metric.definition == RANKING.definition][1:]
    )
    note = "As above; the deviation of means of runs is over runs."
    title = "Best models, means of runs and mPA, paper metric"
    return Table(title, ("approach", "what", *_SPLITS), rows, note, 2, folded=True, metric=metric)


def _cells(values: Mapping[str, Spread | None]) -> tuple[str, ...]:
    return tuple(_spread(values.get(split)) for split in _SPLITS)


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.3f}"
    return f"{spread.mean:.3f}{deviation} {interval(spread.low, spread.high)}".strip()


def _differences(material: Material, metric: Metric) -> Table | None:
    names, rows = list(material.scores), []
    for place, second in enumerate(names):
        for first in names[place + 1 :]:
            if (found := material.difference(metric, first, second)) is not None:
                verdict = "–" if found.low is None else ("yes" if found.differs else "not by these frames")
                cells = f"{found.mean:+.3f}", interval(found.low, found.high), verdict
                rows.append((f"{first} − {second}", *cells))
    title = f"Differences on {material.split}, {metric.definition}"
    note = (
        "Frame by frame, mean over models; the interval is over frames."
        if metric.of_image
        else "Mean over models; the interval is over frames, the same draws of frames for both."
    )
    columns = ("pair", metric.quantity, "95 % interval", "do they differ")
    many = len(rows) > _MANY_PAIRS
    return Table(title, columns, tuple(rows), note, folded=many, metric=material.metric_of(metric)) if rows else None


def _models(scores: dict[str, Scores]) -> Table:
    shown = [metric for metric in leading_metrics() if not metric.in_detail]
    columns = [(metric, split) for metric in shown for split in (_SPLITS if metric == RANKING else _SPLITS[:2])]
    rows = []
    for entry in scores.values():
        for result in entry.results:
            numbers = [number(result.scores[split].mean(metric)) for metric, split in columns]
            rows.append((result.model, *numbers, str(result.best_epoch + 1)))
    names = [f"{metric.key}_{split}" for metric, split in columns]
    return Table("Every model", ("model", *names, "best epoch"), tuple(rows), folded=True)

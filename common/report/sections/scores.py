"""The scores of a study as tables and charts; each metric has its own tables and charts."""

from collections.abc import Mapping

from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import RANKING, leading_metrics
from common.report.charts.bars import ScoreRow, score_chart
from common.report.content import Figure, Section, Table, interval, number
from common.report.material import Material, Scores
from common.report.sections.overview import difference
from common.results.result import SPLITS
from common.results.summary import Spread


def score_section(material: Material) -> Section | None:
    """Makes the section of results; None if there are no models."""
    if not material.scores:
        return None
    scores, split, differences = material.scores, material.split, material.differences
    blocks = [_chart(material, metric) for metric in leading_metrics() if not metric.in_detail]
    tables = [_metric_table(scores, metric, material.study_values) for metric in leading_metrics()]
    more = [_more_rows(scores), _differences(scores, split), _models(scores), _reasons(differences)]
    sentences = [
        "The mark is the mean over all models of an approach, the small dots are the models. The line is a 95 % "
        "interval: how far the mean could move if other frames of the same kind had been scored. It says nothing about "
        "other trainings; the dots and the deviation (±) in the tables show those."
    ]
    if differences:
        sentences.append(
            f"The study's own number is not shown for {', '.join(differences)}: settings, frames or the number of "
            "models are not the study's, so the numbers cannot be compared."
        )
    found = tuple(block for block in (*blocks, *tables, *more) if block is not None)
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
        rows.append(ScoreRow(entry.name, spread.mean, spread.low, spread.high, models, study))
    title = f"{metric.quantity} on {split}, {_described(metric)}"
    return Figure(title, (score_chart(title, rows),), None) if rows else None


def _metric_table(scores: dict[str, Scores], metric: Metric, study_values: dict[str, float]) -> Table | None:
    with_study = metric == RANKING and study_values
    rows = []
    for entry in scores.values():
        cells = _cells(entry.first(metric))
        if any(cell != "–" for cell in cells):
            study = (number(study_values.get(entry.name)),) if with_study else ()
            rows.append((entry.name, *cells, *study))
    columns = ("approach", *SPLITS, *(("test, the study",) if with_study else ()))
    note = "Mean ± standard deviation over models" + (", [95 % interval over frames]." if metric.of_image else ".")
    title = f"{metric.quantity}, {_described(metric)}"
    return Table(title, columns, tuple(rows), note, folded=metric.in_detail) if rows else None


def _more_rows(scores: dict[str, Scores]) -> Table:
    rows = tuple(
        (entry.name, row.title.removesuffix(f", {RANKING.definition}"), *_cells(row.values))
        for entry in scores.values()
        for row in [row for row in entry.rows if row.metric.definition == RANKING.definition][1:]
    )
    note = "As above; the deviation of means of runs is over runs."
    title = "Best models, means of runs and mPA, paper metric"
    return Table(title, ("approach", "what", *SPLITS), rows, note, text_columns=2, folded=True)


def _cells(values: Mapping[str, Spread | None]) -> tuple[str, ...]:
    return tuple(_spread(values.get(split)) for split in SPLITS)


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.3f}"
    return f"{spread.mean:.3f}{deviation} {interval(spread.low, spread.high)}".strip()


def _differences(scores: dict[str, Scores], split: str) -> Table | None:
    entries, rows = list(scores.values()), []
    for place, second in enumerate(entries):
        for first in entries[place + 1 :]:
            found = difference(first.results, second.results, split)
            if found is not None:
                verdict = "–" if found.low is None else ("yes" if found.differs else "not by these frames")
                cells = f"{found.mean:+.3f}", interval(found.low, found.high), verdict
                rows.append((f"{first.name} − {second.name}", *cells))
    title = f"Differences on {split}, paper metric"
    note = "Frame by frame, mean over models; the interval is over frames."
    return Table(title, ("pair", "mIoU", "95 % interval", "do they differ"), tuple(rows), note) if rows else None


def _models(scores: dict[str, Scores]) -> Table:
    shown = [metric for metric in leading_metrics() if not metric.in_detail]
    columns = [(metric, split) for metric in shown for split in (SPLITS if metric == RANKING else SPLITS[:2])]
    rows = []
    for entry in scores.values():
        for result in entry.results:
            numbers = [number(result.scores[split].mean(metric)) for metric, split in columns]
            rows.append((result.model, str(result.best_epoch + 1), *numbers))
    names = [f"{metric.key}_{split}" for metric, split in columns]
    return Table("Every model", ("model", "best epoch", *names), tuple(rows), folded=True)

"""The scores of a study as tables and charts; each metric has its own tables and charts."""

from collections.abc import Mapping

from common.report.charts.bars import ScoreRow, score_chart
from common.report.content import Figure, Section, Table, interval, number
from common.report.material import Material, Scores
from common.report.sections.overview import difference
from common.results.summary import SPLITS, Spread

_METRICS = {
    "paper": "paper metric",
    "official": "official definition, 19 classes",
    "pooled": "all pixels pooled, every class of the label map",
}


def score_section(material: Material) -> Section | None:
    """Makes the section of results; None if there are no models."""
    if not material.scores:
        return None
    scores, split, differences = material.scores, material.split, material.differences
    blocks = [_chart(material, metric) for metric in ("paper", "official")]
    tables = [_metric_table(scores, metric, material.study_values) for metric in _METRICS]
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


def _chart(material: Material, metric: str) -> Figure | None:
    split, rows = material.split, []
    key = "mIoU" if metric == "paper" else f"{metric}_mIoU"
    for entry in material.scores.values():
        if (spread := entry.first(metric).get(split)) is None:
            continue
        values = ((result["model"], result["scores"][split][key]) for result in entry.results)
        models = tuple((name, value) for name, value in values if value is not None)
        study = material.study_values.get(entry.name) if metric == "paper" else None
        rows.append(ScoreRow(entry.name, spread.mean, spread.low, spread.high, models, study))
    title = f"mIoU on {split}, {_METRICS[metric]}"
    return Figure(title, (score_chart(title, rows),), None) if rows else None


def _metric_table(scores: dict[str, Scores], metric: str, study_values: dict[str, float]) -> Table | None:
    with_study = metric == "paper" and study_values
    rows = []
    for entry in scores.values():
        cells = _cells(entry.first(metric))
        if any(cell != "–" for cell in cells):
            study = (number(study_values.get(entry.name)),) if with_study else ()
            rows.append((entry.name, *cells, *study))
    columns = ("approach", *SPLITS, *(("test, the study",) if with_study else ()))
    note = "Mean ± standard deviation over models" + (", [95 % interval over frames]." if metric == "paper" else ".")
    title = f"mIoU, {_METRICS[metric]}"
    return Table(title, columns, tuple(rows), note, folded=metric == "pooled") if rows else None


def _more_rows(scores: dict[str, Scores]) -> Table:
    rows = tuple(
        (entry.name, row.title.removesuffix(", paper metric"), *_cells(row.values))
        for entry in scores.values()
        for row in [row for row in entry.rows if row.metric == "paper"][1:]
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
    rows = []
    for entry in scores.values():
        for result in entry.results:
            by_split = [result["scores"][split] for split in SPLITS]
            paper = [number(found["mIoU"]) for found in by_split]
            official = [number(found["official_mIoU"]) for found in by_split[:2]]
            rows.append((result["model"], str(result["best_epoch"] + 1), *paper, *official))
    columns = ("model", "best epoch", *(f"mIoU_{split}" for split in SPLITS), "official val", "official test")
    return Table("Every model", columns, tuple(rows), "mIoU by the paper metric, then the official one.", folded=True)

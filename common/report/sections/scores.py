"""The scores of a study as tables and charts; paper, official and pooled metric in tables of their own."""

from dataclasses import dataclass, field

from common.report.charts.bars import ScoreRow, score_chart
from common.report.content import Figure, Section, Table, interval, number
from common.report.sections.overview import difference
from common.results.summary import SPLITS, summarize

_METRICS = {
    "paper": "paper metric",
    "official": "official definition, 19 classes",
    "pooled": "all pixels pooled, every class of the label map",
}


@dataclass(frozen=True)
class Scores:
    """The summary of one approach.

    Attributes:
        name: The approach.
        results: Its result JSONs.
        rows: `summary.Row` of each line.
    """

    name: str
    results: list = field(hash=False)
    rows: tuple = field(hash=False)

    def first(self, metric):
        """Gives the values of the first row of a metric, mIoU over all models: `{split: Spread or None}`."""
        return next((row.values for row in self.rows if row.metric == metric), {})

    @property
    def paper(self):
        """mIoU by the paper metric, `{split: Spread}`."""
        return self.first("paper")

    @property
    def official(self):
        """mIoU by the official definition, `{split: Spread or None}`."""
        return self.first("official")


def score_approaches(approaches, top_ks):
    """Summarizes every approach: `{name: Scores}`."""
    return {
        approach.name: Scores(approach.name, approach.results, summarize(list(approach.runs.values()), top_ks))
        for approach in approaches
    }


def score_section(scores, split, study_values, why_not):
    """Makes the section of results.

    Args:
        scores: `{approach: Scores}`.
        split: The split the charts are about.
        study_values: `{approach: the study's value}` of those where it may stand beside.
        why_not: `{approach: what speaks against it}` of the others.
    """
    blocks = [
        _chart(f"mIoU on {split}, {_METRICS[metric]}", scores, metric, split, study_values if metric == "paper" else {})
        for metric in ("paper", "official")
    ]
    tables = [_metric_table(scores, metric, study_values) for metric in _METRICS]
    blocks += [*tables, _more_rows(scores), _differences(scores, split), _models(scores), _reasons(why_not)]
    sentences = [
        "The mark is the mean over all models of an approach, small dots are the models. The line is a 95 % interval: "
        "it says how far the mean could move if other frames of the same kind had been scored. It says nothing about "
        "other trainings; for that there are the dots, and the deviation (±) in the tables."
    ]
    if why_not:
        names = ", ".join(why_not)
        sentences.append(
            f"The study's own number is not shown for {names}: settings, frames or the number of models are not the "
            "study's, so the two could not be compared."
        )
    return Section("results", "Results", tuple(sentences), tuple(block for block in blocks if block is not None))


def _reasons(why_not):
    rows = tuple((name, reason) for name, reasons in why_not.items() for reason in reasons)
    title = "What is not as in the study"
    return Table(title, ("approach", "what"), rows, text_columns=2, folded=True) if rows else None


def _chart(title, scores, metric, split, study_values):
    rows = []
    for entry in scores.values():
        spread = entry.first(metric).get(split)
        key = "mIoU" if metric == "paper" else f"{metric}_mIoU"
        if spread is not None:
            models = tuple(
                (result["model"], value)
                for result in entry.results
                if (value := result["scores"][split][key]) is not None
            )
            rows.append(
                ScoreRow(entry.name, spread.mean, spread.low, spread.high, models, study_values.get(entry.name))
            )
    return Figure(title, (score_chart(title, rows),), None) if rows else None


def _metric_table(scores, metric, study_values):
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


def _more_rows(scores):
    rows = tuple(
        (entry.name, row.title.removesuffix(", paper metric"), *_cells(row.values))
        for entry in scores.values()
        for row in [row for row in entry.rows if row.metric == "paper"][1:]
    )
    note = "As above; the deviation of means of runs is over runs."
    title = "Best models, means of runs and mPA, paper metric"
    return Table(title, ("approach", "what", *SPLITS), rows, note, text_columns=2, folded=True)


def _cells(values):
    return tuple(_spread(values.get(split)) for split in SPLITS)


def _spread(spread):
    if spread is None:
        return "–"
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.3f}"
    return f"{spread.mean:.3f}{deviation} {interval(spread.low, spread.high)}".strip()


def _differences(scores, split):
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


def _models(scores):
    rows = []
    for entry in scores.values():
        for result in entry.results:
            by_split = [result["scores"][split] for split in SPLITS]
            paper = [number(found["mIoU"]) for found in by_split]
            official = [number(found["official_mIoU"]) for found in by_split[:2]]
            rows.append((result["model"], str(result["best_epoch"] + 1), *paper, *official))
    columns = ("model", "best epoch", *(f"mIoU_{split}" for split in SPLITS), "official val", "official test")
    return Table("Every model", columns, tuple(rows), "mIoU by the paper metric, then the official one.", folded=True)

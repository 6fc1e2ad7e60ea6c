"""Results of many models as CSV files and as tables for people.

Columns and rows follow from the metrics of the registry. Scores of different definitions stand in rows or columns of
their own and are never mixed.
"""

from collections.abc import Iterable, Sequence

from common.evaluation.metrics.registry import class_metrics, metrics
from common.results.result import SPLITS, Result
from common.results.summary import Spread, per_class, summarize
from common.text import csv_text

# The columns of the study, in its order; those of further metrics follow.
_STUDY_COLUMNS = ("mPA", "mIoU")
# Test mIoU of the study by the paper metric, mean of 3 runs, read off its figure to about 0.0005.
STUDY_TEST_MIOU = {"subset": 0.310, "subset_aug": 0.372, "full_dataset": 0.453}
# Of the methods, by generation; the flat line of the consistency loss is one value. Which n the figure shows it does
# not say. The input ensemble lies below its axis, under 0.306.
STUDY_GENERATIONS = {
    "consistency_loss": (0.336,),
    "model_ensemble": (0.338, 0.342, 0.343, 0.344, 0.345),
    "noisy_student": (0.346, 0.369, 0.382, 0.392, 0.398),
    "IM": (0.3825, 0.394, 0.399, 0.402, 0.404),
    "segnet": (0.3355, 0.342, 0.348, 0.351, 0.352),
    "IM_plus": (0.381, 0.404, 0.411, 0.417, 0.423),
    "IM_plus_plus": (0.3785, 0.402, 0.415, 0.421, 0.4255),
    "aug_IM_plus": (0.391, 0.398, 0.404, 0.406, 0.411),
    "aug_IM_plus_plus": (0.393, 0.401, 0.408, 0.415, 0.422),
}
# Frames it trained on.
STUDY_FRAMES = {"subset": 297, "subset_aug": 2970, "full_dataset": 2975}
_TITLE, _COLUMN = 56, 18
_CLASSES_PER_LINE = 3


def results_csv(results: Iterable[Result]) -> str:
    """Writes the CSV of one run: `;`-separated, one row per model, six decimals.

    Has a column for each split and each metric that does not score classes; for the others there is `classes_csv`.
    """
    by_key = {metric.key: metric for metric in metrics() if metric.of_classes is None}
    columns = [(by_key[key], split) for key in dict.fromkeys((*_STUDY_COLUMNS, *by_key)) for split in SPLITS]
    header = ["modelname", *(f"{metric.key}_{split}" for metric, split in columns)]
    rows = [
        [result.model, *(_decimals(result.scores[split].mean(metric)) for metric, split in columns)]
        for result in results
    ]
    return csv_text([header, *rows], ";")


def classes_csv(results: Sequence[Result]) -> str:
    """Writes the CSV of the classes of one run: `;`-separated, one row per class, six decimals.

    For each metric that scores classes and each split there is a column of the mean over models and one of their
    standard deviation; a cell is empty where there is none.
    """
    columns = [(metric, split) for metric in class_metrics() for split in SPLITS]
    names = [f"{metric.class_column}_{split}" for metric, split in columns]
    rows = []
    for row in per_class([results]):
        spreads = [row.values[metric.key][split] for metric, split in columns]
        pairs = [(spread.mean, spread.deviation) if spread else (None, None) for spread in spreads]
        rows.append([row.name, *(_decimals(value) for pair in pairs for value in pair)])
    header = ["class", *(column for name in names for column in (name, f"{name}_deviation"))]
    return csv_text([header, *rows], ";")


def summary_table(runs: Iterable[Sequence[Result]], top_ks: int, study_value: float | None = None) -> list[str]:
    """Makes the table shown at the end of a step.

    Spread is the standard deviation over models; in the row "means of runs" over runs. In brackets stands the 95 %
    interval over images; it is not repeated where the row has the mean of one above. `study_value` is the study's test
    mIoU, where the settings are the study's.
    """
    lines = [_line("", SPLITS)]
    shown: list[list[str]] = []
    for row in summarize(runs, top_ks):
        spreads = [row.values[split] for split in SPLITS]
        lines.append(_line(row.title, map(mean_and_deviation, spreads)))
        intervals = [_interval(spread) for spread in spreads]
        if any(intervals) and intervals not in shown:
            lines.append(_line("  95 % over images", intervals))
            shown.append(intervals)
    if study_value is not None:
        lines.append(_line("mIoU of the study, paper metric", ("", f"{study_value:.3f}", "")))
    return lines


def class_table(runs: Iterable[Sequence[Result]], split: str) -> list[str]:
    """Makes a compact table of the IoU of the classes on one split, with a headline.

    The scores are by the first metric that has any. That is the official definition; where the label map does not allow
    it, all pixels pooled.
    """
    rows = per_class(runs)
    definition, found = "", []
    for metric in class_metrics():
        definition = metric.definition
        if found := [(row.name, spread) for row in rows if (spread := row.values[metric.key][split])]:
            break
    width = max((len(title) for title, _ in found), default=0) + 2
    cells = [f"{title:<{width}}{mean_and_deviation(spread):<15}" for title, spread in found]
    rows_of_cells = (cells[start : start + _CLASSES_PER_LINE] for start in range(0, len(cells), _CLASSES_PER_LINE))
    lines = ["  " + "  ".join(row).rstrip() for row in rows_of_cells]
    return [f"IoU of classes on {split} (those that occur or are predicted), {definition}:", *lines]


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _line(title: str, cells: Iterable[str]) -> str:
    return (f"{title:<{_TITLE}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)).rstrip()


def mean_and_deviation(spread: Spread | None) -> str:
    """Writes a mean and its standard deviation, "0.310 ± 0.004"; "-" if there is none."""
    if spread is None:
        return "-"
    return f"{spread.mean:.3f}" + ("" if spread.deviation is None else f" ± {spread.deviation:.3f}")


def _interval(spread: Spread | None) -> str:
    return "" if spread is None or spread.low is None else f"[{spread.low:.3f}, {spread.high:.3f}]"

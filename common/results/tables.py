"""Result JSONs of many models to CSV files and to tables for people.

The paper metric, the official one and the pooled one stand in rows or columns of their own and are never mixed.
"""

import csv
import io

from common.results.summary import SPLITS, per_class, summarize

COLUMNS = (
    "modelname", "mPA_val", "mPA_test", "mPA_train_unlabeled", "mIoU_val", "mIoU_test", "mIoU_train_unlabeled",
)  # fmt: skip
# Test mIoU of the study by its own metric, mean of 3 runs, read off its figure to about 0.0005.
STUDY_TEST_MIOU = {"subset": 0.310, "subset_aug": 0.372, "full_dataset": 0.453}
# Frames it trained on.
STUDY_FRAMES = {"subset": 297, "subset_aug": 2970, "full_dataset": 2975}
_TITLE, _COLUMN = 56, 18
_CLASSES_PER_LINE = 3


def results_csv(results):
    """Makes the CSV of one run: `;`-separated, one row per model, six decimals.

    Args:
        results: Result JSONs of the run in the order of training.
    """
    rows = []
    for result in results:
        scores = result["scores"]
        row = [f"{scores[split][metric]:.6f}" for metric in ("mPA", "mIoU") for split in SPLITS]
        rows.append([result["model"], *row])
    return _csv(COLUMNS, rows)


def classes_csv(results):
    """Makes the CSV of the classes of one run: `;`-separated, one row per class, six decimals.

    Per metric and split there is a column of the mean over models and one of their standard deviation; a cell is empty
    where there is none.

    Args:
        results: Result JSONs of the run.
    """
    columns = [f"{metric}_{split}" for metric in ("official_IoU", "pooled_IoU") for split in SPLITS]
    header = ["class", *(name for column in columns for name in (column, f"{column}_deviation"))]
    rows = []
    for row in per_class([results]):
        spreads = [values[split] for values in (row.official, row.pooled) for split in SPLITS]
        cells = [(spread.mean, spread.deviation) if spread else (None, None) for spread in spreads]
        rows.append([row.name, *("" if cell is None else f"{cell:.6f}" for pair in cells for cell in pair)])
    return _csv(header, rows)


def summary_table(runs, top_ks, study_value=None):
    """Makes the table shown at the end of a step.

    Args:
        runs: One list of result JSONs per run.
        top_ks: How many of the best of each run the second part is about.
        study_value: The study's test mIoU, where the settings are the study's.

    Returns:
        Lines of text. Spread is the standard deviation over models; in the row "means of runs" over runs. In brackets
        the interval of 95 % over images, not said again where the row has the mean of one above.
    """
    lines, shown = [_line("", SPLITS)], []
    for row in summarize(runs, top_ks):
        spreads = [row.values[split] for split in SPLITS]
        lines.append(_line(row.title, map(_mean_and_deviation, spreads)))
        intervals = [_interval(spread) for spread in spreads]
        if any(intervals) and intervals not in shown:
            lines.append(_line("  95 % over images", intervals))
            shown.append(intervals)
    if study_value is not None:
        lines.append(_line("mIoU of the study, paper metric", ("", f"{study_value:.3f}", "")))
    return lines


def class_table(runs, split):
    """Makes a compact table of the IoU of the classes on one split.

    Args:
        runs: One list of result JSONs per run.
        split: Name of the split.

    Returns:
        Lines of text with a headline: the official IoU of the classes that have one; where the label map allows none,
        the IoU over all pixels of all classes that occur.
    """
    rows = per_class(runs)
    name, found = "official definition", [(row.name, row.official[split]) for row in rows if row.official[split]]
    if not found:
        name, found = "all pixels pooled", [(row.name, row.pooled[split]) for row in rows if row.pooled[split]]
    width = max((len(title) for title, _ in found), default=0) + 2
    cells = [f"{title:<{width}}{_mean_and_deviation(spread):<15}" for title, spread in found]
    lines = [
        "  " + "  ".join(cells[start : start + _CLASSES_PER_LINE]).rstrip()
        for start in range(0, len(cells), _CLASSES_PER_LINE)
    ]
    return [f"IoU of classes on {split} (those that occur or are predicted), {name}:", *lines]


def _csv(header, rows):
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def _line(title, cells):
    return (f"{title:<{_TITLE}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)).rstrip()


def _mean_and_deviation(spread):
    if spread is None:
        return "-"
    return f"{spread.mean:.3f}" + ("" if spread.deviation is None else f" ± {spread.deviation:.3f}")


def _interval(spread):
    return "" if spread is None or spread.low is None else f"[{spread.low:.3f}, {spread.high:.3f}]"

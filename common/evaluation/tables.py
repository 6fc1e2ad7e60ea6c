"""Result JSONs of many models to CSV rows, a ranking and a table for people.

The paper metric, the official one and the pooled one stand in rows of their own and are never mixed.
"""

import csv
import io
import statistics

from common.evaluation import pooled_metric

COLUMNS = (
    "modelname", "mPA_val", "mPA_test", "mPA_train_unlabeled", "mIoU_val", "mIoU_test", "mIoU_train_unlabeled",
)  # fmt: skip
SPLITS = ("val", "test", "train_unlabeled")

# Test mIoU of the study by its own metric, mean of 3 runs, read off its figure to about 0.0005.
STUDY_TEST_MIOU = {"subset": 0.310, "subset_aug": 0.372, "full_dataset": 0.453}


def results_csv(results):
    """Makes the CSV of one run: `;`-separated, one row per model, six decimals.

    Args:
        results: Result JSONs of the run in the order of training.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        scores = result["scores"]
        row = [f"{scores[split][metric]:.6f}" for metric in ("mPA", "mIoU") for split in SPLITS]
        writer.writerow([result["model"], *row])
    return buffer.getvalue()


def rank(results):
    """Sorts result JSONs by validation mIoU of the paper metric, best first, equals in the order given."""
    return sorted(results, key=lambda result: -result["scores"]["val"]["mIoU"])


def summary_table(runs, top_ks, study_value=None):
    """Makes the table shown at the end of a step.

    Args:
        runs: One list of result JSONs per run.
        top_ks: How many of the best of each run the second part is about.
        study_value: The study's test mIoU, where the settings are the study's.

    Returns:
        Lines of text. Spread is the standard deviation over models; in the row "means of runs" over runs.
    """
    every = [result for run in runs for result in run]
    best = [result for run in runs for result in rank(run)[:top_ks]]
    lines = ["{:<44}{:>18}{:>18}{:>18}".format("", *SPLITS)]
    rows = [
        ("mIoU, paper metric", _scores(every, "mIoU")),
        (f"  of the best {top_ks} of each run (by val)", _scores(best, "mIoU")),
        ("  of the means of runs", _run_means(runs)),
        ("mPA, paper metric", _scores(every, "mPA")),
        ("mIoU, official definition (19 classes)", _scores(every, "official_mIoU")),
        (f"mIoU, all pixels pooled ({_count_classes(every)} classes)", _pooled(every)),
    ]
    for name, columns in rows:
        lines.append(f"{name:<44}" + "".join(f"{_mean_and_spread(values):>18}" for values in columns))
    if study_value is not None:
        lines.append(f"{'mIoU of the study, paper metric':<44}{'':>18}{study_value:>18.3f}")
    return lines


def _scores(results, metric):
    return [[result["scores"][split][metric] for result in results] for split in SPLITS]


def _count_classes(results):
    return len(results[0]["scores"][SPLITS[0]]["confusion"])


def _pooled(results):
    # From the matrix, because results of older versions have no class_IoU.
    return [[pooled_metric.mean_iou(result["scores"][split]["confusion"]) for result in results] for split in SPLITS]


def _run_means(runs):
    return [[statistics.fmean(_scores(run, "mIoU")[index]) for run in runs] for index in range(len(SPLITS))]


def _mean_and_spread(values):
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3f}{spread}"

"""What a step of trainings shows at its end: scores with their spread, classes, differences from other approaches.

Two approaches are compared only if their models are the same network, were scored on the same images and were trained
with the same settings; recipe and variant say that settings are meant to differ.
"""

from collections.abc import Hashable, Sequence
from pathlib import Path

from common.config.settings import StudyPlan
from common.evaluation.metrics.intervals import Difference
from common.results.reading import read_results
from common.results.result import Result
from common.results.samples import compare, same_images
from common.results.tables import class_table, summary_table
from common.text import count

_ABOUT_DIFFERENCES = "differences in mIoU; in brackets 95 % over images, for these models, not for other trainings:"
Runs = Sequence[Sequence[Result]]


def closing_table(
    finished: Runs, base_dir: Path, dataset: str, plan: StudyPlan, study_value: float | None = None
) -> list[str]:
    """Makes the lines a step shows at its end.

    Args:
        finished: The approach's results, one list per finished run.
        base_dir: BASE_DIR.
        dataset: The first part of the models' names, for example `CITYSCAPES`.
        plan: How many runs and models an approach has.
        study_value: The reference study's test mIoU, where the settings are its own.
    """
    differences = comparisons(finished, base_dir, dataset, plan, "test")
    models, approach = sum(map(len, finished)), finished[0][0].approach
    return [
        f"{approach}: {count(models, 'model')} of {count(len(finished), 'finished run')}, mean ± standard deviation",
        *summary_table(finished, plan.top_ks, study_value),
        *class_table(finished, "test"),
        *([_ABOUT_DIFFERENCES] if any(" [" in line for line in differences) else []),
        *differences,
    ]


def comparisons(finished: Runs, base_dir: Path, dataset: str, plan: StudyPlan, split: str) -> list[str]:
    """Compares an approach with every other one that is finished in the same BASE_DIR, on one split.

    The arguments are those of `closing_table`. Gives a line for each other approach, which says why where they cannot
    be compared; no lines while the approach itself is not finished.
    """
    if len(finished) < plan.num_runs:
        return []
    ours = [result for run in finished for result in run]
    name, lines = ours[0].approach, []
    for other, theirs in _finished_approaches(base_dir, dataset, plan).items():
        if other == name:
            continue
        if not same_images(ours + theirs, split):
            lines.append(f"{name} is not compared with {other}: they were scored on different images of {split}")
        elif _network(ours[0]) != _network(theirs[0]) or (
            _recipe(ours[0]) == _recipe(theirs[0]) and _training(ours[0]) != _training(theirs[0])
        ):
            lines.append(f"{name} is not compared with {other}: they were trained with different settings")
        else:
            lines.append(f"{name} - {other}, {split}, paper metric: {_in_words(compare(ours, theirs, split))}")
    return lines


def _in_words(difference: Difference) -> str:
    if difference.mean is None:
        return "no image has a score"
    if difference.low is None:
        return f"{difference.mean:+.3f}"
    interval = f"[{difference.low:.3f}, {difference.high:.3f}]"
    verdict = "" if difference.differs else "; 0 is inside: these images do not tell them apart"
    return f"{difference.mean:+.3f} {interval}{verdict}"


def _network(result: Result) -> tuple[Hashable, ...]:
    return result.job.network, result.job.label_map, result.precision


def _recipe(result: Result) -> tuple[str, str]:
    return result.job.recipe, result.job.variant


def _training(result: Result) -> dict[str, object]:
    """All choices of the training except the seed, which is different in every training."""
    return vars(result.job.training) | {"seed": None}


def _finished_approaches(base_dir: Path, dataset: str, plan: StudyPlan) -> dict[str, list[Result]]:
    """Finds the approaches without generations of which every model has a result."""
    wanted = {(run, index) for run in range(1, plan.num_runs + 1) for index in range(plan.models_per_run)}
    found = {}
    for approach in sorted(read_results(base_dir).approaches, key=lambda approach: approach.name):
        names = [(result, result.job.name) for result in approach.results]
        results = [result for result, name in names if name.dataset == dataset and not name.part]
        results = [result for result in results if (result.run, result.index) in wanted]
        if len(results) == len(wanted):
            found[approach.name] = results
    return found

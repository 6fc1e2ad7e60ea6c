"""What a step of trainings shows at its end: scores with their spread, classes, differences from other approaches.

Knows the result JSONs of a BASE_DIR; what is compared with what follows from them. Two approaches are compared only if
their models are the same network, were scored on the same images and, unless recipe or variant say that they are meant
to differ, were trained with the same settings.
"""

import re
from pathlib import Path

from common.config.settings import StudyPlan, all_choices
from common.results.paths import read_result_file
from common.results.summary import compare, same_images
from common.results.tables import class_table, summary_table

_WHAT_DIFFERENCES_SAY = "differences in mIoU; in brackets 95 % over images, for these models, not for other trainings:"


def closing_table(finished, base_dir: Path, dataset: str, plan: StudyPlan, study_value=None):
    """Makes the lines a step shows at its end.

    Args:
        finished: The approach's result JSONs, one list per finished run.
        base_dir: BASE_DIR.
        dataset: The first part of the models' names, for example `CITYSCAPES`.
        plan: How many runs and models an approach has.
        study_value: The reference study's test mIoU, where the settings are its own.

    Returns:
        Lines of text.
    """
    differences = comparisons(finished, base_dir, dataset, plan, "test")
    models, approach = sum(map(len, finished)), finished[0][0]["approach"]
    return [
        f"{approach}: {models} models of {len(finished)} finished runs, mean ± standard deviation",
        *summary_table(finished, plan.top_ks, study_value),
        *class_table(finished, "test"),
        *([_WHAT_DIFFERENCES_SAY] if any(" [" in line for line in differences) else []),
        *differences,
    ]


def comparisons(finished, base_dir: Path, dataset: str, plan: StudyPlan, split):
    """Compares an approach with every other one that is finished in the same BASE_DIR.

    Args:
        finished: As for `closing_table`.
        base_dir: BASE_DIR.
        dataset: The first part of the models' names.
        plan: How many runs and models an approach has.
        split: On which they are compared.

    Returns:
        A line for each; why not, where they cannot be compared. None while the approach itself is not finished.
    """
    if len(finished) < plan.num_runs:
        return []
    ours = [result for run in finished for result in run]
    name, lines = ours[0]["approach"], []
    for other, theirs in _finished_approaches(base_dir / "models", dataset, plan).items():
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


def _in_words(difference):
    if difference.mean is None:
        return "no image has a score"
    if difference.low is None:
        return f"{difference.mean:+.3f}"
    interval = f"[{difference.low:.3f}, {difference.high:.3f}]"
    verdict = "" if difference.differs else "; 0 is inside: these images do not tell them apart"
    return f"{difference.mean:+.3f} {interval}{verdict}"


def _network(result):
    job = result["job"]
    return job["network"], job["label_map"], result["precision"]


def _recipe(result):
    """Names of recipe and variant; results of older versions are those of the paper."""
    return result["job"].get("recipe", "paper"), result["job"].get("variant", "")


def _training(result):
    """All choices of the training; every training has a seed of its own."""
    return all_choices(result["job"]["training"]) | {"seed": None}


def _finished_approaches(models: Path, dataset: str, plan: StudyPlan):
    """Finds the approaches of which every model has a result: `{approach: [result, ...]}`."""
    pattern = re.compile(rf"{re.escape(dataset)}_(.+)_1_0")
    names = sorted(match[1] for path in models.glob("*_1_0.json") if (match := pattern.fullmatch(path.stem)))
    numbers = [(run, index) for run in range(1, plan.num_runs + 1) for index in range(plan.models_per_run)]
    found = {}
    for name in names:
        results = [read_result_file(models / f"{dataset}_{name}_{run}_{index}.json") for run, index in numbers]
        if all(result is not None and result.get("approach") == name and "job" in result for result in results):
            found[name] = results
    return found

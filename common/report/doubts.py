"""What makes the numbers of a study doubtful: mixed settings, splits that changed, missing or damaged results.

Each doubt is one sentence for the top of the report. Assumes results and folders that were read and checked.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields

from common.config.settings import Recipe, StudyPlan
from common.report.folders import Folder
from common.report.steps import steps_of_approaches, unequal_steps
from common.results.reading import Approach, Results
from common.results.result import Result
from common.text import count, first_few

_MOST_NAMES = 3
_CHOICES = {each.name for each in fields(Recipe)}
# Methods change these from generation to generation.
_BY_DESIGN = {"alpha", "num_epochs", "num_steps"}


def find_doubts(results: Results, folders: dict[str, Folder], plan: StudyPlan | None) -> tuple[str, ...]:
    """Lists what a reader has to know before the numbers, one sentence each; `plan` is None if it is not known."""
    found = [f"{folder.problem}." for folder in folders.values() if folder.problem]
    if results.damaged:
        names = first_few((f"{damaged.file} ({damaged.reason})" for damaged in results.damaged), _MOST_NAMES)
        found.append(f"{count(len(results.damaged), 'result file')} cannot be used: {names}.")
    found += _mixed(results)
    found += _outdated(results.approaches, folders)
    if sentence := unequal_steps(steps_of_approaches(results.approaches, folders)):
        found.append(sentence)
    found += [line for approach in results.approaches for line in _incomplete(approach, plan)]
    if results.under_way:
        names = first_few(results.under_way, _MOST_NAMES)
        found.append(
            f"{count(len(results.under_way), 'training')} began and did not end, or is running now: {names}. "
            "An interrupted training continues when its step is started again."
        )
    return tuple(found)


def settings_of(result: Result) -> dict[str, str]:
    """Lists what a training depends on and its models should have in common, as text by name."""
    job, label_map = result.job, result.label_map
    settings = {**vars(job.network), **{key: value for key, value in vars(job.training).items() if key != "seed"}}
    study = job.label_map is None
    return {
        "recipe": job.recipe,
        "variant": job.variant or "–",
        **{str(key): setting_text(value) for key, value in settings.items()},
        "classes": f"{len(label_map)}, {'those of the study' if study else 'by LABEL_MAP'}",
        "preparation": job.preparation,
        "ground truth": job.truth,
        "seed of the split": str(job.seed_of_split),
        "precision": result.precision,
    }


def setting_text(value: object) -> str:
    """Writes the value of a setting; several numbers are joined by commas."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def values_by_key(results: Iterable[Result], describe: Callable[[Result], dict[str, str]]) -> dict[str, list[str]]:
    """Collects what `describe` says of results: by key, the different texts in sorted order."""
    found: dict[str, set[str]] = {}
    for result in results:
        for key, value in describe(result).items():
            found.setdefault(key, set()).add(value)
    return {key: sorted(values) for key, values in found.items()}


def _mixed(results: Results) -> Iterator[str]:
    """Compares settings within a recipe, and across recipes those that are not choices of a recipe."""
    groups: dict[tuple[str, str], list[Result]] = {}

    def describe(result: Result) -> dict[str, str]:
        changes = _BY_DESIGN if result.job.name.part else ()
        return {key: value for key, value in settings_of(result).items() if key not in changes}

    for result in results.all:
        groups.setdefault((result.job.recipe, result.job.variant), []).append(result)
    differing: dict[str, list[str]] = {}
    for group in groups.values():
        differing |= {key: values for key, values in values_by_key(group, describe).items() if len(values) > 1}
    everywhere = values_by_key(results.all, describe)
    everywhere = {key: values for key, values in everywhere.items() if key not in {"recipe", "variant", *_CHOICES}}
    everywhere |= values_by_key(results.all, lambda result: result.versions)
    differing |= {key: values for key, values in everywhere.items() if len(values) > 1}
    for key, values in differing.items():
        names = first_few(values, _MOST_NAMES)
        yield f"The models differ in {key}: {names}. Compare approaches only where nothing else differs."


def _outdated(approaches: Iterable[Approach], folders: dict[str, Folder]) -> Iterator[str]:
    for approach in approaches:
        used = {split for result in approach.results for split in result.job.train}
        for name, fingerprint in sorted(used):
            if name in folders and folders[name].fingerprint not in ("", fingerprint):
                yield f"{approach.name}: was trained on an older {name} than the one that is there now."


def _incomplete(approach: Approach, plan: StudyPlan | None) -> Iterator[str]:
    if approach.best.job.name.part:  # a series of a method, which has a plan of its own
        return
    there = {(result.run, result.index) for result in approach.results}
    if plan is not None:
        runs, models = plan.num_runs, plan.models_per_run
    else:  # at least as many as the largest numbers that are there
        runs, models = max(run for run, _ in there), max(index for _, index in there) + 1
    wanted = {(run, index) for run in range(1, runs + 1) for index in range(models)}
    if missing := wanted - there:
        yield f"{approach.name}: {len(missing)} of {count(len(wanted), 'training')} are missing."

"""What makes the numbers of a study doubtful: mixed settings, other splits than now, missing or damaged results."""

from dataclasses import dataclass, fields

from common.recipes import Recipe
from common.report.content import count
from common.report.results import label_map_of

_SHOWN = 3
_CHOICES = {each.name for each in fields(Recipe)}


@dataclass(frozen=True)
class Plan:
    """What config.ini asks for.

    Attributes:
        runs: Runs per approach.
        models: Models per run.
        top_ks: How many of the best of a run are kept.
    """

    runs: int
    models: int
    top_ks: int


def find_warnings(results, folders, plan):
    """Lists what a reader has to know before the numbers, a sentence each.

    Args:
        results: `Results`.
        folders: As `folders.read_folders` gives them.
        plan: A `Plan`; None if it is not known.
    """
    found = [f"{folder.problem}." for folder in folders.values() if folder.problem]
    if results.damaged:
        names = _some(f"{damaged.file} ({damaged.reason})" for damaged in results.damaged)
        found.append(f"{count(len(results.damaged), 'result file')} cannot be used and are left out: {names}.")
    found += _mixed(results.approaches)
    found += _outdated(results.approaches, folders)
    found += [line for approach in results.approaches for line in _incomplete(approach, plan)]
    if results.under_way:
        found.append(
            f"{count(len(results.under_way), 'training')} began and did not end, or is running now: "
            f"{_some(results.under_way)}. The step goes on with it when it is started again."
        )
    return tuple(found)


def settings_of(result):
    """Lists what a training depends on and its models should have in common: `{name: text}`."""
    job = result["job"]
    settings = {**job["network"], **{key: value for key, value in job["training"].items() if key != "seed"}}
    label_map = label_map_of(result)
    study = job["label_map"] is None
    return {
        "recipe": job["recipe"],
        "variant": job["variant"] or "–",
        **{str(key): _text(value) for key, value in settings.items()},
        "classes": f"{len(label_map)}, {'those of the study' if study else 'by LABEL_MAP'}",
        "preparation": job["preparation"],
        "seed of the split": str(job["seed_of_split"]),
        "precision": result["precision"],
    }


def _text(value):
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def values_by_key(results, describe):
    """Collects the values that results have: `{key: sorted different texts}`.

    Args:
        results: Result JSONs.
        describe: Function of one that gives `{key: text}`.
    """
    found = {}
    for result in results:
        for key, value in describe(result).items():
            found.setdefault(key, set()).add(value)
    return {key: sorted(values) for key, values in found.items()}


def _mixed(approaches):
    every = [result for approach in approaches for result in approach.results]
    advice = "Compare approaches only where nothing else differs."
    # Other recipes and variants are meant to differ, in choices of the training alone.
    groups = {}
    for result in every:
        groups.setdefault((result["job"]["recipe"], result["job"]["variant"]), []).append(result)
    differing = {}
    for group in groups.values():
        differing |= {key: values for key, values in values_by_key(group, settings_of).items() if len(values) > 1}
    for key, values in values_by_key(every, settings_of).items():
        if len(values) > 1 and key not in {"recipe", "variant", *_CHOICES}:
            differing[key] = values
    differing |= {
        key: values
        for key, values in values_by_key(every, lambda result: result["versions"]).items()
        if len(values) > 1
    }
    return [f"The models differ in {key}: {_some(values)}. {advice}" for key, values in differing.items()]


def _outdated(approaches, folders):
    for approach in approaches:
        used = {result["job"]["train"] for result in approach.results}
        for name, fingerprint in sorted(used):
            if name in folders and folders[name].fingerprint not in ("", fingerprint):
                yield f"{approach.name}: was trained on an older {name} than the one that is there now."


def _incomplete(approach, plan):
    there = {(result["run"], result["index"]) for result in approach.results}
    if plan is not None:
        wanted = {(run, index) for run in range(1, plan.runs + 1) for index in range(plan.models)}
    else:  # the largest numbers there are say how many there must have been
        runs, models = max(run for run, _ in there), max(index for _, index in there) + 1
        wanted = {(run, index) for run in range(1, runs + 1) for index in range(models)}
    if missing := wanted - there:
        yield f"{approach.name}: {len(missing)} of {count(len(wanted), 'training')} are missing."


def _some(texts):
    texts = list(texts)
    more = f", and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more

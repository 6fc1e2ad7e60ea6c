"""What makes the numbers of a study doubtful: mixed settings, other splits than now, missing or damaged results."""

from dataclasses import fields

from common.config.keys import KEYS, RECIPE_KEYS
from common.config.settings import Recipe
from common.report.content import count
from common.results.reading import label_map_of
from common.results.tables import STUDY_FRAMES, STUDY_TEST_MIOU

_SHOWN = 3
_CHOICES = {each.name for each in fields(Recipe)}


def find_warnings(results, folders, plan):
    """Lists what a reader has to know before the numbers, a sentence each.

    Args:
        results: `Results`.
        folders: As `folders.read_folders` gives them.
        plan: The `StudyPlan` of config.ini; None if it is not known.
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
        wanted = {(run, index) for run in range(1, plan.num_runs + 1) for index in range(plan.models_per_run)}
    else:  # the largest numbers there are say how many there must have been
        runs, models = max(run for run, _ in there), max(index for _, index in there) + 1
        wanted = {(run, index) for run in range(1, runs + 1) for index in range(models)}
    if missing := wanted - there:
        yield f"{approach.name}: {len(missing)} of {count(len(wanted), 'training')} are missing."


def _some(texts):
    texts = list(texts)
    more = f", and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


_OF_NETWORK = {
    "IMAGE_HEIGHT": "height",
    "IMAGE_WIDTH": "width",
    "IMAGE_CHANNELS": "channels",
    "NUM_CLASSES": "num_classes",
    "ALPHA": "alpha",
    "ACTIFU": "activation",
}
_OF_TRAINING = {key: entry.place.removeprefix("training.") for key, entry in RECIPE_KEYS.items()}
_OF_AUGMENTATION = {
    "BRIGHTNESS_ALPHA": "brightness_alpha",
    "BRIGHTNESS_BETA": "brightness_beta",
    "MAX_BLUR": "max_blur",
    "MAX_NOISE": "max_noise",
    "FREE_ROTATION": "free_rotation",
}


def study_value(approach, folders):
    """Gives the study's test mIoU for an approach.

    Args:
        approach: A `results.Approach`.
        folders: `folders.Folder` by name, of which the sizes and settings are used.

    Returns:
        Pair of the value, None where it may not stand beside, and of what speaks against it, a tuple of texts.
    """
    value = STUDY_TEST_MIOU.get(approach.name)
    if value is None:
        return None, ("the study has no such approach",)
    against = _differences(approach, folders)
    return (None, against) if against else (value, ())


def _differences(approach, folders):
    found = []
    for result in approach.results:
        job = result["job"]
        places = [(_OF_NETWORK, job["network"]), (_OF_TRAINING, job["training"])]
        found += [line for keys, values in places for line in _unlike(keys, values)]
        if job["label_map"] is not None:
            found.append("LABEL_MAP is not empty")
        found += _unlike({"SEED": "seed_of_split", "PREPARATION": "preparation"}, job)
    source = folders.get("train_full")
    if source is not None:
        found += _unlike({"RESIZE_FACTOR": "resize_factor"}, source.settings)
    split = approach.results[0]["job"]["train"][0]
    trained_on = folders.get(split)
    if trained_on is None:
        found.append("the training frames are not there any more")
    elif trained_on.frames != STUDY_FRAMES[approach.name]:
        found.append(f"{trained_on.frames:,} training frames (the study: {STUDY_FRAMES[approach.name]:,})")
    if trained_on is not None and "copies" in trained_on.settings:
        found += _unlike(_OF_AUGMENTATION, trained_on.settings.get("ranges", {}))
    runs, models = (int(KEYS[key].study_value) for key in ("NUM_RUNS", "MODELS_PER_RUN"))
    if [len(run) for run in approach.runs.values()] != [models] * runs:
        found.append(f"{len(approach.results)} models of {len(approach.runs)} runs (the study: {runs} x {models})")
    return tuple(dict.fromkeys(found))


def _unlike(keys, values):
    for key, name in keys.items():
        asked = KEYS[key].kind.read(KEYS[key].study_value)
        found = values.get(name)
        found = tuple(found) if isinstance(found, list) else found
        if found != asked:
            yield f"{key} = {_setting_text(found)} (the study: {_setting_text(asked)})"


def _setting_text(value):
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

"""Whether the models of an approach may stand beside the study's number: same settings, as many frames, all trained."""

from common.config_keys import KEYS, RECIPE_KEYS
from common.evaluation.tables import STUDY_FRAMES, STUDY_TEST_MIOU

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
            yield f"{key} = {_text(found)} (the study: {_text(asked)})"


def _text(value):
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

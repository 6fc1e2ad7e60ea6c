"""The numbers of the reference study, and whether they can be compared with an approach of this study.

The study's value stands beside an approach only if everything that changes scores is as in the study: settings,
classes, training frames, and the number of models.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.config.keys import KEYS, RECIPE_KEYS
from common.report.doubts import setting_text
from common.report.folders import Folder
from common.results.reading import Approach
from common.results.tables import STUDY_FRAMES, STUDY_GENERATIONS, STUDY_TEST_MIOU

_OF_IMAGES = {"IMAGE_HEIGHT": "height", "IMAGE_WIDTH": "width", "IMAGE_CHANNELS": "channels"}
_OF_NETWORK = {**_OF_IMAGES, "NUM_CLASSES": "num_classes", "ALPHA": "alpha", "ACTIFU": "activation"}
_OF_TRAINING = {key: entry.field for key, entry in RECIPE_KEYS.items() if entry.group == "training"}
_OF_AUGMENTATION = {key: entry.field for key, entry in KEYS.items() if entry.group == "augmentation"}
# The number of copies is seen in the number of frames.
del _OF_AUGMENTATION["NUM_AUGMENTED_COPIES"]


def study_value(approach: Approach, folders: dict[str, Folder]) -> tuple[float | None, tuple[str, ...]]:
    """Gives the study's test mIoU for an approach, None if it cannot be compared; and what differs, one text each.

    The sizes and settings of the prepared folders are compared with the study's too.
    """
    value = STUDY_TEST_MIOU.get(approach.name)
    if value is None:
        of_method = approach.best.approach in STUDY_GENERATIONS
        return None, (
            "its values are in the figure of the generations" if of_method else "the study has no such approach",
        )
    differences = tuple(dict.fromkeys(_differences(approach, folders)))
    return (None, differences) if differences else (value, ())


def _differences(approach: Approach, folders: dict[str, Folder]) -> Iterator[str]:
    for result in approach.results:
        job = result.job
        yield from _unlike(_OF_NETWORK, vars(job.network))
        yield from _unlike(_OF_TRAINING, vars(job.training))
        if job.label_map is not None:
            yield "LABEL_MAP is not empty"
        yield from _unlike({"SEED": "seed_of_split", "PREPARATION": "preparation", "TRUTH": "truth"}, vars(job))
    if (source := folders.get("train_full")) is not None:
        yield from _unlike({"RESIZE_FACTOR": "resize_factor"}, source.settings)
    trained_on = [folders.get(split.name) for split in approach.results[0].job.train]
    frames = sum(folder.frames for folder in trained_on if folder is not None)
    if None in trained_on:
        yield "the training frames are not there any more"
    elif frames != STUDY_FRAMES[approach.name]:
        yield f"{frames:,} training frames (the study: {STUDY_FRAMES[approach.name]:,})"
    for folder in trained_on:
        if folder is not None and isinstance(ranges := folder.settings.get("ranges"), dict):
            yield from _unlike(_OF_AUGMENTATION, ranges)
    runs, models = (KEYS[key].study for key in ("NUM_RUNS", "MODELS_PER_RUN"))
    if [len(run) for run in approach.runs.values()] != [models] * runs:
        yield f"{len(approach.results)} models of {len(approach.runs)} runs (the study: {runs} x {models})"


def _unlike(keys: dict[str, str], values: Mapping[str, Any]) -> Iterator[str]:
    for key, name in keys.items():
        wanted = KEYS[key].study
        found = values.get(name)
        found = tuple(found) if isinstance(found, list) else found
        if found != wanted:
            yield f"{key} = {setting_text(found)} (the study: {setting_text(wanted)})"

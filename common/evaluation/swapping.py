"""Recognises that predictions and truth were given in the wrong order, by the names of the files in them.

Only what leaves no doubt counts: no network writes polygons, and nobody annotates a folder that `predict` or a
training wrote. Nothing but lists and manifests is read.
"""

from collections.abc import Collection
from pathlib import Path

from common.dataset.prepared.folders import find_folders
from common.errors import ConfigError, DataError
from common.files.listing import list_files_of
from common.formats.registry import recognise

# Endings of names, in lower case, that only an official tree has.
_POLYGONS = ("_gtfine_polygons.json", "_gtcoarse_polygons.json")
_OF_TRUTH = (*_POLYGONS, "_gtfine_instanceids.png", "_gtcoarse_instanceids.png")
# The steps whose folders hold the labels of the dataset; those of the others hold labels of networks.
_OF_PEOPLE = {"step 00", "step 01", "step 04"}
_RECORD = "prediction.json"
_OF_COLORS = "_color.png"


def refuse_swapped(predictions: Path, truth: Path) -> None:
    """Refuses a dataset as predictions whose truth was predicted, or has less than the predictions have.

    What cannot be listed tells nothing; it is an error where it is read.

    Raises:
        ConfigError: If the two are swapped; says what was found in both.
    """
    given = _names(predictions)
    has_polygons = any(name.lower().endswith(_POLYGONS) for name in given)
    if not has_polygons and not _is_prepared(predictions, by_people=True):
        return
    held = _names(truth)
    if _is_predicted(held) or _is_prepared(truth, by_people=False):
        found = "was written by a network"
    elif has_polygons and truth.suffix.lower() == ".json" and truth.is_file():
        found = "is one file of segments"
    elif has_polygons and held and not _is_dataset(truth, held):
        found = "has only masks"
    else:
        return
    what = "has polygons that people drew" if has_polygons else "is a prepared folder of the study"
    raise ConfigError(
        f"PREDICTIONS {predictions}: {what}, and TRUTH {truth}: {found}; are they swapped? The order is PREDICTIONS "
        "TRUTH; --not-swapped keeps this order"
    )


def _names(path: Path) -> Collection[str]:
    try:
        return list_files_of(path).sources
    except DataError:
        return ()


def _is_prepared(path: Path, by_people: bool) -> bool:
    """Tells whether this is a prepared folder, with labels of people or of networks, or a BASE_DIR with some."""
    steps = {folder.manifest.written_by for folder in find_folders(path) if folder.manifest}
    return bool(steps and steps <= _OF_PEOPLE) if by_people else bool(steps - _OF_PEOPLE)


def _is_predicted(names: Collection[str]) -> bool:
    """Tells whether `predict` wrote these files, or a training, which writes colours beside each mask."""
    if _RECORD in {name.rpartition("/")[2] for name in names}:
        return True
    masks = {name for name in names if not name.endswith(_OF_COLORS)}
    return bool(masks) and {name.removesuffix(".png") + _OF_COLORS for name in masks} == set(names) - masks


def _is_dataset(path: Path, names: Collection[str]) -> bool:
    """Tells whether this can be a truth that people made: an official tree, a prepared folder, any other format."""
    if any(name.lower().endswith(_OF_TRUTH) for name in names) or _is_prepared(path, by_people=True):
        return True
    try:
        return recognise(list_files_of(path)) != "cityscapes"
    except DataError:
        return False

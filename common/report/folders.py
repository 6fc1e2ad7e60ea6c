"""The prepared folders of a study: how many frames, of what size, and how many pixels each class has.

Reads manifests and masks. Keeps the counted pixels in BASE_DIR/report by the fingerprint of the content, so that the
next report does not count again. A folder without a manifest is not part of the study and is not read.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.dataset.prepared.folders import PreparedFolder, find_folders
from common.dataset.prepared.stages import Settings
from common.errors import DataError
from common.files.disk import read_json, write_json
from common.images.png import read_mask
from common.labels.maps import LabelMap
from common.parallel import run_all, usable_cores

_CACHE = "class_pixels.json"
# As a reader expects them: what is trained on, then what is scored; other folders come after these, by name.
_ORDER = ("train_full", "train_labeled", "train_labeled_aug", "train_unlabeled", "val_test", "val", "test")
# For fewer masks counting here is faster than starting processes.
_WORTH_PROCESSES = 1_500
_MASKS_AT_A_TIME = 100


@dataclass(frozen=True)
class Folder:
    """One prepared folder.

    Attributes:
        step: The step that wrote it, for example "step 01"; "" if its manifest cannot be used.
        frames: How many; 0 if its manifest cannot be used.
        size_wh: Width and height of its images in pixels; None if the manifest does not say.
        settings: What it was made with, as the manifest says.
        fingerprint: Of the content; "" if its manifest cannot be used.
        problem: Why it cannot be used, "" for nothing.
        masks: Names of the mask files.
        label_map: The classes of the masks; None if the manifest does not say.
        same_frames: Names of the folders that hold the same frames: the parts it was divided into, or the folder whose
            images it holds with augmented copies of them.
    """

    name: str
    step: str
    frames: int = 0
    size_wh: tuple[int, int] | None = None
    settings: Settings = field(default_factory=dict, hash=False)
    fingerprint: str = ""
    problem: str = ""
    masks: tuple[str, ...] = field(default=(), repr=False)
    label_map: LabelMap | None = None
    same_frames: tuple[str, ...] = ()


def read_folders(base_dir: Path) -> dict[str, Folder]:
    """Reads the manifests of BASE_DIR; gives the folders that have one by name: training folders, then val and test."""
    there = sorted((folder for folder in find_folders(base_dir) if folder.has_manifest), key=_place)
    parts_of = {each.source: each.manifest.parts for each in there if each.manifest is not None and each.manifest.parts}
    return {folder.name: _read_folder(folder, parts_of.get(folder.path, ())) for folder in there}


def _place(folder: PreparedFolder) -> tuple[int, str]:
    return _ORDER.index(folder.name) if folder.name in _ORDER else len(_ORDER), folder.name


def _read_folder(folder: PreparedFolder, parts: tuple[str, ...]) -> Folder:
    manifest = folder.manifest
    if manifest is None:
        return Folder(folder.name, "", problem=folder.problem)
    if folder.source is not None and manifest.copies is not None:
        parts = (folder.source.name,)
    masks = tuple(f"{name}.png" for name in manifest.names("masks"))
    return Folder(
        folder.name,
        manifest.written_by,
        len(masks),
        manifest.size_wh,
        manifest.settings,
        manifest.content_fingerprint,
        masks=masks,
        label_map=manifest.label_map,
        same_frames=parts,
    )


def count_classes(base_dir: Path, folders: Iterable[Folder]) -> dict[str, NDArray[np.int64]]:
    """Counts the pixels of every value of the masks, shape `(256,)`, by name of the folder.

    A folder with a mask that cannot be read is left out.
    """
    cache_file = base_dir / "report" / _CACHE
    cache = _read_cache(cache_file)
    there = [folder for folder in folders if folder.frames]
    missing = [folder for folder in there if folder.fingerprint not in cache]
    if missing:
        cache |= _count(base_dir, missing)
        kept = {folder.fingerprint: cache[folder.fingerprint] for folder in there if folder.fingerprint in cache}
        # Where BASE_DIR cannot be written to, the report may be written elsewhere; it counts again next time.
        with suppress(DataError):
            write_json(cache_file, {key: pixels.tolist() for key, pixels in kept.items()})
    return {folder.name: cache[folder.fingerprint] for folder in there if folder.fingerprint in cache}


def _count(base_dir: Path, folders: Iterable[Folder]) -> dict[str, NDArray[np.int64]]:
    """Counts folders by fingerprint; leaves out one with a mask that cannot be read, which check_data names."""
    jobs, owners = [], []
    for folder in folders:
        for start in range(0, folder.frames, _MASKS_AT_A_TIME):
            names = folder.masks[start : start + _MASKS_AT_A_TIME]
            jobs.append([base_dir / folder.name / "masks" / name for name in names])
            owners.append(folder.fingerprint)
    workers = usable_cores() if len(jobs) * _MASKS_AT_A_TIME >= _WORTH_PROCESSES else 1
    counted: dict[str, NDArray[np.int64]] = {}
    damaged = set()
    parts = run_all(_count_masks, jobs, workers, "counting pixels", f"{_MASKS_AT_A_TIME} masks")
    for owner, pixels in zip(owners, parts, strict=True):
        if pixels is None:
            damaged.add(owner)
        else:
            counted[owner] = counted.get(owner, np.int64(0)) + pixels
    return {owner: pixels for owner, pixels in counted.items() if owner not in damaged}


def _count_masks(masks: Sequence[Path]) -> NDArray[np.int64] | None:
    total = np.zeros(256, np.int64)
    try:
        for mask in masks:
            total += np.bincount(read_mask(mask).ravel(), minlength=256)
    except DataError:
        return None
    return total


def _read_cache(path: Path) -> dict[str, NDArray[np.int64]]:
    if not path.is_file():
        return {}
    try:
        found = {str(key): np.array(value, np.int64) for key, value in read_json(path).items()}
    except (DataError, AttributeError, TypeError, ValueError, OverflowError):
        return {}
    return {key: pixels for key, pixels in found.items() if pixels.shape == (256,) and pixels.min() >= 0}

"""The prepared folders of a study: how many frames, of what size, and which share of the pixels each class has.

Reads manifests and masks, and keeps the counted pixels in BASE_DIR/report, by the content's fingerprint, so that the
next report does not count again. A folder without a manifest is somebody else's and is not looked at.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from common.dataset.prepared.folders import STEP_OF_SPLIT
from common.errors import DataError
from common.files.disk import read_json, write_json
from common.files.stages import content_fingerprint, read_manifest
from common.images.png import read_mask
from common.parallel import run_all, usable_cores

_CACHE = "class_pixels.json"
# Below that many masks counting them here is faster than starting processes.
_WORTH_PROCESSES = 1_500
_MASKS_AT_A_TIME = 100


@dataclass(frozen=True)
class Folder:
    """One prepared folder.

    Attributes:
        name: As `train_labeled`.
        step: The step that writes it.
        frames: How many; 0 if it is not there.
        size_wh: Width and height of its images in pixels; None if the manifest does not say.
        settings: What it was made with, as the manifest says.
        fingerprint: Of the content; "" if it is not there.
        problem: Why it cannot be used, "" for nothing.
        masks: Names of the mask files.
    """

    name: str
    step: str
    frames: int = 0
    size_wh: tuple[int, int] | None = None
    settings: dict = field(default_factory=dict, hash=False)
    fingerprint: str = ""
    problem: str = ""
    masks: tuple[str, ...] = field(default=(), repr=False)


def read_folders(base_dir):
    """Reads the manifests of BASE_DIR.

    Returns:
        `{name: Folder}` of those that are there, in the order the steps write them.
    """
    found = {}
    for name, step in STEP_OF_SPLIT.items():
        folder = Path(base_dir) / name
        try:
            manifest = read_manifest(folder)
        except DataError as error:
            found[name] = Folder(name, step, problem=str(error))
            continue
        if manifest is not None:
            found[name] = _from_manifest(name, step, manifest)
    return found


def _from_manifest(name, step, manifest):
    masks = [Path(file).name for file in manifest["files"] if file.startswith("masks/")]
    size = manifest["settings"].get("size_wh")
    size = tuple(size) if isinstance(size, list) and len(size) == 2 else None
    fingerprint = content_fingerprint(manifest)
    return Folder(name, step, len(masks), size, manifest["settings"], fingerprint, masks=tuple(sorted(masks)))


def count_classes(base_dir, folders):
    """Counts the pixels of every value of the masks of all folders.

    Args:
        base_dir: BASE_DIR.
        folders: As `read_folders` gives them.

    Returns:
        `{name: pixels}`, `int64` of shape `(256,)`, by value of the mask; folders with a mask that cannot be read are
        left out.
    """
    cache_file = Path(base_dir) / "report" / _CACHE
    cache = _read_cache(cache_file)
    there = [folder for folder in folders.values() if folder.frames]
    missing = [folder for folder in there if folder.fingerprint not in cache]
    cache |= {name: pixels for name, pixels in _count(base_dir, missing).items() if pixels is not None}
    if missing:
        kept = {folder.fingerprint: cache.get(folder.fingerprint) for folder in there}
        # A report of a folder that cannot be written to may go elsewhere; it only counts again.
        with suppress(DataError):
            write_json(cache_file, {key: pixels.tolist() for key, pixels in kept.items() if pixels is not None})
    return {folder.name: cache[folder.fingerprint] for folder in there if folder.fingerprint in cache}


def _count(base_dir, folders):
    """Counts folders by fingerprint; None for one with a mask that cannot be read, which check_data names."""
    jobs = [
        (folder.fingerprint, Path(base_dir) / folder.name / "masks", folder.masks[start : start + _MASKS_AT_A_TIME])
        for folder in folders
        for start in range(0, folder.frames, _MASKS_AT_A_TIME)
    ]
    if not jobs:
        return {}
    workers = usable_cores() if len(jobs) * _MASKS_AT_A_TIME >= _WORTH_PROCESSES else 1
    counted = {}
    parts = run_all(_count_group, jobs, workers, "counting pixels", f"{_MASKS_AT_A_TIME} masks")
    for (fingerprint, *_), pixels in zip(jobs, parts, strict=True):
        before = counted.get(fingerprint, 0)
        counted[fingerprint] = None if pixels is None or before is None else before + pixels
    return counted


def _count_group(job):
    _, folder, names = job
    total = np.zeros(256, np.int64)
    try:
        for name in names:
            total += np.bincount(read_mask(folder / name).ravel(), minlength=256)
    except DataError:
        return None
    return total


def _read_cache(path):
    if not path.is_file():
        return {}
    try:
        found = {str(key): np.array(value, np.int64) for key, value in read_json(path).items()}
    except (DataError, AttributeError, TypeError, ValueError, OverflowError):
        return {}
    return {key: pixels for key, pixels in found.items() if pixels.shape == (256,) and pixels.min() >= 0}

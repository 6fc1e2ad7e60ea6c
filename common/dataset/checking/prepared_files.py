"""Checks one file of a prepared folder: its checksum, that it is a whole picture, its size, the classes of a mask."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.dataset.checking.agreement import count_and_place
from common.dataset.checking.report import Problem
from common.dataset.prepared.folders import FOLDERS
from common.errors import ProjectError
from common.files.disk import entry_of
from common.images.png import read_image, read_mask
from common.labels.cityscapes import IGNORE


@dataclass(frozen=True)
class FileJob:
    """A file of a prepared folder; picklable.

    Attributes:
        split: Name of the folder.
        path: The file.
        written: Size in bytes and checksum by the manifest; None without one.
        size_wh: What it must measure in pixels; None if nothing says so.
        classes: The class indices a mask may hold; None if nothing says so.
        way_out: How to fix a file that was changed.
    """

    split: str
    path: Path
    written: tuple[int, int] | None
    size_wh: tuple[int, int] | None
    classes: tuple[int, ...] | None
    way_out: str


def check_file(job: FileJob) -> list[Problem]:
    """Checks one file: checksum, picture, size, and the values of a mask."""
    try:
        if job.written is not None and entry_of(job.path) != job.written:
            message = f"{job.path}: was changed after it was written, its checksum is different; {job.way_out}"
            return [problem_of(job.split, "changed", job.path, message)]
        pixels = (read_image if job.path.parent.name == "images" else read_mask)(job.path)
    except (ProjectError, OSError) as error:
        text = str(error) if isinstance(error, ProjectError) else f"{job.path}: cannot be read: {error.strerror}"
        return [problem_of(job.split, "unreadable", job.path, f"{text}; {job.way_out}")]
    height, width = pixels.shape[:2]
    if job.size_wh not in (None, (width, height)):
        wanted = f"{job.size_wh[0]}x{job.size_wh[1]}"
        message = f"{job.path}: has {width}x{height} pixels, the manifest says {wanted}; {job.way_out}"
        return [problem_of(job.split, "size", job.path, message)]
    if pixels.ndim == 2 and job.classes is not None:
        wrong = np.logical_not(_are_known(job.classes)[pixels])
        if wrong.any():
            count, (x, y) = count_and_place(wrong)
            first = f"the first at x = {x}, y = {y} with {pixels[y, x]}"
            largest = max((index for index in job.classes if index != IGNORE), default=0)
            wanted = f"expected classes {min(job.classes)} to {largest}"
            wanted += f", or {IGNORE} for none" if IGNORE in job.classes else ""
            message = f"{job.path}: has pixels of no class ({count:,}), {first}; {wanted}; {job.way_out}"
            return [problem_of(job.split, "unknown class", job.path, message)]
    return []


@functools.cache
def _are_known(classes: tuple[int, ...]) -> NDArray[np.bool_]:
    table = np.zeros(256, bool)
    table[list(classes)] = True
    return table


def problem_of(split: str, kind: str, path: Path, message: str) -> Problem:
    """Makes a `Problem` of a file or folder below a prepared folder."""
    frame = path.stem if path.parent.name in FOLDERS else ""
    return Problem(kind, str(path), message, split, frame)

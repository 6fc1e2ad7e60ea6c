"""What a script looks up of a training: whether its result and predictions are complete; and how progress is noted.

Progress is a file of JSON lines; the result JSON is written last, so that its existence means that the model and its
scores are complete.
"""

import json
import zipfile
from pathlib import Path
from typing import TypedDict

from common.errors import DataError
from common.results.job import Job
from common.results.reading import find_result
from common.results.result import Result


def read_result(job: Job) -> Result | None:
    """Reads the result of a job; None if there is none for exactly this job, or its model file is gone or cut off."""
    paths = job.paths
    result = find_result(paths.result)
    if result is None or result.identity != job.identity or not paths.keras.is_file():
        return None
    return result if paths.keras.stat().st_size == result.model_bytes else None


def missing_predictions(job: Job, result: Result) -> list[str]:
    """Lists the splits whose predictions are asked for and not complete."""
    return [split for split in job.save_predictions if not _has_predictions(job, result, split)]


def _has_predictions(job: Job, result: Result, split: str) -> bool:
    folder = job.paths.predictions(split)
    if split not in result.predictions or not folder.is_dir():
        return False
    there = {path.name for path in folder.iterdir()}
    return all({f"{name}.png", f"{name}_color.png"} <= there for name in result.scores[split].images)


def weights_digest(path: Path) -> str:
    """Gives a digest of the weights of a `.keras` file, without reading them: checksum and size as the zip lists them.

    Raises:
        DataError: If the file is missing, or is not a zip with weights; names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo("model.weights.h5")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: cannot be read as a Keras model ({error}); run the step that made it again"
        ) from error
    return f"{member.CRC:08x}-{member.file_size}"


class ProgressEntry(TypedDict, total=False):
    """One line of a progress file: an epoch of the history, a step of the next one, what is being done, or the end.

    `steps` are the optimiser steps of an epoch.

    Step 05 adds its consistency loss, and the loss on val after the labelled images and at the end of the epoch.
    """

    epoch: int
    loss: float
    consistency_loss: float
    loss_val_labeled: float
    loss_val: float
    mIoU_val: float
    mPA_val: float
    official_mIoU_val: float
    pooled_mIoU_val: float
    learning_rate: float
    seconds: float
    seconds_validation: float
    done_before: bool
    step: int
    steps: int
    images_per_second: float
    seconds_left: float
    doing: str
    done: str


def append_progress(path: Path, entry: ProgressEntry) -> None:
    """Adds one JSON line to a progress file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")

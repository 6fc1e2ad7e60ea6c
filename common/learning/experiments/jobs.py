"""What a training process is told, and where it leaves what: the only things that script and process share.

A job is a JSON file; progress is a file of JSON lines; the result JSON is written last, so that its existence means
that the model and its scores are complete.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from common.config.settings import NetworkSettings, TrainingSettings
from common.errors import DataError
from common.files.disk import fingerprint, read_json, write_json
from common.labels.maps import LabelMap, study_label_map
from common.results.paths import ModelPaths, read_result_file

# Raised when the same job gives other weights than before, so that models trained by older code are trained anew.
TRAINING_VERSION = 1


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        base_dir: BASE_DIR, as text.
        approach: As in file names.
        model: Name of the model.
        network: What is built.
        training: How it is trained.
        precision: As in config.ini.
        seed_of_split: SEED of config.ini; the prepared folders must have been made with it.
        train: Name and fingerprint of the split to train on.
        validate: Likewise, for the choice of the best epoch.
        report_on: Likewise, a tuple of the splits that are scored.
        save_predictions: Names of the splits whose predictions are written.
        threads: Processor threads the training may use.
        label_map: `LabelMap.as_json`; None for the study's, whose jobs are thus the same as before there were others.
        preparation: How frames were made smaller, as in config.ini; the fingerprints of the splits hold it too.
        recipe: Name of the recipe that `training` began as.
        variant: What the user calls a changed one.
    """

    base_dir: str
    approach: str
    model: str
    network: NetworkSettings
    training: TrainingSettings
    precision: str
    seed_of_split: int
    train: tuple[str, str]
    validate: tuple[str, str]
    report_on: tuple[tuple[str, str], ...]
    save_predictions: tuple[str, ...]
    threads: int
    label_map: dict | None = None
    preparation: str = "study"
    recipe: str = "paper"
    variant: str = ""

    @property
    def classes(self):
        """The `LabelMap` of the masks and predictions."""
        return study_label_map() if self.label_map is None else LabelMap.from_json(self.label_map)

    @property
    def paths(self):
        """`ModelPaths` of the model."""
        return ModelPaths(Path(self.base_dir), self.approach, self.model)

    @property
    def identity(self):
        """Fingerprint of all that the weights and scores depend on."""
        network = dataclasses.asdict(self.network)
        if self.network.name == "unet":  # as before there were others
            del network["name"]
        return fingerprint(
            [TRAINING_VERSION, self.model, network, self.training.what_counts]
            + [self.precision, self.train, self.validate, self.report_on]
            + ([] if self.label_map is None else [self.label_map])
        )

    def write(self, path):
        """Writes the job as JSON."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path):
        """Reads a job; raises DataError if the file is no job."""
        content = read_json(path)
        try:
            content["network"] = NetworkSettings(**content["network"])
            content["training"] = TrainingSettings.from_json(content["training"])
            for field in ("train", "validate", "save_predictions"):
                content[field] = tuple(content[field])
            content["report_on"] = tuple(tuple(pair) for pair in content["report_on"])
            return cls(**content)
        except (TypeError, KeyError) as error:
            raise DataError(f"{path}: is no job of a training: {error}; run the numbered script") from error


def read_result(job):
    """Reads the result of a job.

    Returns:
        The result JSON; None if there is none for this very job, or its model file is gone or cut off.
    """
    paths = job.paths
    result = read_result_file(paths.result)
    if result is None or result["identity"] != job.identity or not paths.keras.is_file():
        return None
    return result if paths.keras.stat().st_size == result["model_bytes"] else None


def missing_predictions(job, result):
    """Lists the splits whose predictions are asked for and not all there."""
    return [split for split in job.save_predictions if not _has_predictions(job, result, split)]


def _has_predictions(job, result, split):
    folder = job.paths.predictions(split)
    if split not in result["predictions"] or not folder.is_dir():
        return False
    there = {path.name for path in folder.iterdir()}
    return all({f"{name}.png", f"{name}_color.png"} <= there for name in result["scores"][split]["images"])


class ProgressEntry(TypedDict, total=False):
    """One line of a progress file: an epoch of the history, the start of scoring, or the end."""

    epoch: int
    loss: float
    mIoU_val: float
    mPA_val: float
    seconds: float
    seconds_validation: float
    done_before: bool
    scoring: bool
    done: str


def append_progress(path: Path, entry: ProgressEntry) -> None:
    """Adds one JSON line to a progress file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")

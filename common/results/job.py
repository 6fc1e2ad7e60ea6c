"""What one training is told; part of its result, so that a result says how its model came about."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

from pydantic import ConfigDict, Field

from common.config.settings import NetworkSettings, TrainingSettings
from common.files.disk import fingerprint, write_json
from common.files.models import FileModel
from common.labels.maps import LabelMap, study_label_map
from common.results.paths import ModelName, ModelPaths

# Raised when the same job gives other weights than before, so that models trained by older code are trained again.
TRAINING_VERSION = 1


class SplitKey(NamedTuple):
    """Which split it is: the name of its folder, and the fingerprint of its content."""

    name: str
    fingerprint: str


class Job(FileModel):
    """One training.

    Attributes:
        precision: As in config.ini.
        seed_of_split: SEED of config.ini; the prepared folders must have been made with it.
        train: The splits whose sum is trained on.
        validation: The split that decides the best epoch.
        report_on: The splits that are scored.
        save_predictions: Names of the splits whose predictions are written.
        threads: Processor threads the training may use.
        label_map: The classes; None for the study's.
        preparation: How frames were made smaller, as in config.ini; the fingerprints of the splits contain it too.
        recipe: Name of the recipe that `training` began as.
        variant: What the user calls a changed recipe.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    base_dir: str
    name: ModelName
    network: NetworkSettings
    training: TrainingSettings
    precision: str
    seed_of_split: int
    train: tuple[SplitKey, ...] = Field(min_length=1)
    validation: SplitKey = Field(alias="validate")
    report_on: tuple[SplitKey, ...]
    save_predictions: tuple[str, ...]
    threads: int
    label_map: LabelMap | None
    preparation: str
    recipe: str
    variant: str

    @property
    def classes(self) -> LabelMap:
        """The classes of the masks and predictions."""
        return study_label_map() if self.label_map is None else self.label_map

    @property
    def model(self) -> str:
        """Name of the model in one piece, as in file names."""
        return str(self.name)

    @property
    def paths(self) -> ModelPaths:
        """Where the files of the model are."""
        return ModelPaths(Path(self.base_dir), self.name)

    @property
    def identity(self) -> str:
        """Fingerprint of everything that the weights and scores depend on."""
        network = dataclasses.asdict(self.network)
        if self.network.name == "unet":  # so that models of the first network keep their identity
            del network["name"]
        train = self.train[0] if len(self.train) == 1 else self.train
        return fingerprint(
            [TRAINING_VERSION, self.model, network, self.training.what_counts]
            + [self.precision, train, self.validation, self.report_on]
            + ([] if self.label_map is None else [self.label_map.as_json()])
        )

    def write(self, path: Path) -> None:
        """Writes the job as JSON."""
        write_json(path, self.model_dump(mode="json"))

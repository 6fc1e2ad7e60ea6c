"""What one training is told; part of its result, so that a result says how its model came about."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

from pydantic import ConfigDict, Field

from common.config.settings import AugmentationConfig, NetworkSettings, TrainingSettings
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


class PseudoLabels(FileModel):
    """Pairs of an image and a label that networks made, and what of them is trained on beside the labelled pairs.

    Attributes:
        split: The folder of the pairs.
        pairs: Whether the pairs are trained on as they are.
        noise: What noisy copies are drawn from, `num_copies` of each pair; None for no copies.
        copies_by_frame: Whether the folder says how many copies each pair has, instead of `noise`.
        seed: SEED of config.ini, for the copies.
        ignores: Whether the labels hold `IGNORE`.
        labeled_share: Smallest share of labelled pairs in each batch.
        generation: Which generation of the method this is, from 0.
        chain: What tells chains of generations of one method apart, for example "n2_e0_d0_bi_True_bo_True".
    """

    split: SplitKey
    pairs: bool = True
    noise: AugmentationConfig | None = None
    copies_by_frame: bool = False
    seed: int = 0
    ignores: bool = False
    labeled_share: float = 0.0
    generation: int = 0
    chain: str = ""


class Consistency(FileModel):
    """What step 05 does beside the training on labels: equal answers to two noisy views of an unlabelled image.

    Attributes:
        unlabeled: The split of the unlabelled images; its masks are not used.
        start: File of the network that goes on training, below BASE_DIR.
        start_digest: Of the weights in that file.
        noise: What the views are drawn from.
        weight: Of the consistency loss.
    """

    unlabeled: SplitKey
    start: str
    start_digest: str
    noise: AugmentationConfig
    weight: float


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
        truth: Which annotation the masks come from; the fingerprints of the splits contain it too.
        recipe: Name of the recipe that `training` began as.
        variant: What the user calls a changed recipe.
        pseudo: Pairs with labels that networks made, added to the training set by steps 06 to 14.
        consistency: What step 05 does besides.
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
    truth: str = "gtFine"
    recipe: str
    variant: str
    pseudo: PseudoLabels | None = None
    consistency: Consistency | None = None

    @property
    def classes(self) -> LabelMap:
        """The classes of the masks and predictions."""
        return study_label_map() if self.label_map is None else self.label_map

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the images, in pixels."""
        return self.network.size_wh

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
            + [part.model_dump(mode="json") for part in (self.pseudo, self.consistency) if part is not None]
        )

    def write(self, path: Path) -> None:
        """Writes the job as JSON."""
        write_json(path, self.model_dump(mode="json"))

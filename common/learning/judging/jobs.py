"""What is known of EvalNets without Keras: their kinds, what their processes are told, and their results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, JsonValue

from common.config.settings import TrainingSettings
from common.dataset.prepared.folders import Split
from common.dataset.prepared.stages import Settings, Stage
from common.errors import ConfigError, DataError
from common.files.disk import fingerprint, write_json
from common.files.models import FileModel, read_model
from common.labels.maps import LabelMap, study_label_map
from common.methods.jobs import ModelFile
from common.results.job import SplitKey
from common.results.paths import ModelName

LABELS = "labels.csv"
# Raised when the same job gives other files or weights than before.
_DATA_VERSION = 1
_TRAINING_VERSION = 1
_SMALLEST_SIDE = 64


@dataclass(frozen=True)
class EvalNetKind:
    """One of the three kinds of EvalNets.

    Attributes:
        name: As in file names.
        step: The step that trains them.
        folder: Of their data, below BASE_DIR.
        with_holes: Whether they judge masks with holes, together with images with holes.
        ranked_by: The score that ranks them, lowest first.
        confidence: What the tables of the study call the presence of a class.
    """

    name: str
    step: str
    folder: str
    with_holes: bool
    ranked_by: Literal["iou_mae", "total_loss"]
    confidence: str


KINDS = {
    kind.name: kind
    for kind in (
        EvalNetKind("miou", "step 10", "evalnet_miou_ensemble", False, "iou_mae", "detection"),
        EvalNetKind("miou_im", "step 12", "evalnet_im", True, "total_loss", "conf"),
        EvalNetKind("miou_aug_im", "step 14", "evalnet_aug_im", True, "total_loss", "conf"),
    )
}


def check_size(size_wh: tuple[int, int]) -> None:
    """Refuses images that are too small for an EvalNet, which halves them six times."""
    width, height = size_wh
    if min(size_wh) < _SMALLEST_SIDE:
        raise ConfigError(
            f"images of {width}x{height} pixels: an EvalNet halves them six times and needs {_SMALLEST_SIDE} pixels "
            "or more on each side; set a larger RESIZE_FACTOR with its IMAGE_WIDTH and IMAGE_HEIGHT and run the steps "
            "from 00 on again, or choose a method without EvalNets (all but 10, 12 and 14)"
        )


class EvalNetsOfRun(FileModel):
    """What the jobs of a run have in common.

    Attributes:
        base_dir: BASE_DIR.
        name: Of the EvalNet, or of the first one of the run.
        kind: A key of `KINDS`.
        size_wh: Width and height of the images, in pixels.
        seed_of_split: SEED of config.ini.
        label_map: The classes; None for the study's.
        preparation: PREPARATION of config.ini.
        threads: Processor threads the process may use.
        train: The split that the training data are made from.
        validation: Likewise, for the data that decide the best epoch.
        data: Folder of the data below BASE_DIR, which holds `train` and `val`.
    """

    base_dir: str
    name: ModelName
    kind: str
    size_wh: tuple[int, int]
    seed_of_split: int
    label_map: LabelMap | None
    preparation: str
    threads: int
    train: SplitKey
    validation: SplitKey
    data: str

    @property
    def classes(self) -> LabelMap:
        """The classes of the masks."""
        return study_label_map() if self.label_map is None else self.label_map

    @property
    def what(self) -> EvalNetKind:
        """The kind of the EvalNet."""
        return KINDS[self.kind]

    def folder(self, part: str) -> Path:
        """Folder of the data of `train` or `val`."""
        return Path(self.base_dir) / self.data / part


class PartOfData(NamedTuple):
    """How the data of a part are made: numbers of the networks, and how many pairs with holes of each frame."""

    labelers: tuple[int, ...]
    passes: int


class DataJob(EvalNetsOfRun):
    """Makes the data of the EvalNets of a run.

    Attributes:
        series: Name of the run for the random draws, the same for all recipes.
        labelers: The networks whose labels are judged, in the order of their numbers.
        parts: By the name of the part, `train` and `val`.
        ignore: Whether holes are of no class, instead of class 0.
        block_input: Whether the image is black in the holes.
    """

    series: str
    labelers: tuple[ModelFile, ...] = Field(min_length=1)
    parts: dict[str, PartOfData]
    ignore: bool
    block_input: bool

    def split_key(self, part: str) -> SplitKey:
        """Names the split that a part is made from."""
        return self.train if part == "train" else self.validation

    def stage(self, part: str, split: Split) -> Stage:
        """Describes the folder of a part, made from `split`."""
        numbers, passes = self.parts[part]
        networks: list[JsonValue] = [[number, self.labelers[number].digest] for number in numbers]
        settings: Settings = {"version": _DATA_VERSION, "kind": self.kind, "networks": networks}
        if self.what.with_holes:
            settings |= {
                "passes": passes,
                "seed": self.seed_of_split,
                "series": self.series,
                "ignore": self.ignore,
                "block_input": self.block_input,
            }
        return split.stage(self.folder(part), self.what.step, settings)

    def files(self, part: str, names: Sequence[str]) -> list[str]:
        """Lists the files of the rows of a part, without their folder, in the order of `LABELS`."""
        numbers, passes = self.parts[part]
        if self.what.with_holes:
            return [f"{name}_aug_{number}.png" for number in range(passes) for name in names]
        files = [f"{name}___{number}.png" for number in numbers for name in names]
        return files + [f"{name}.png" for name in names]


class EvalNetJob(EvalNetsOfRun):
    """Trains one EvalNet.

    Attributes:
        alpha: Its width.
        training: How it is trained; only what AdamW needs, epochs, batch size and seed are used.
        precision: As in config.ini.
        content: Fingerprints of the content of `train` and `val` of the data.
    """

    alpha: float
    training: TrainingSettings
    precision: str
    content: tuple[str, str]

    @property
    def paths(self) -> "EvalNetPaths":
        """Where the files of the EvalNet are."""
        return EvalNetPaths(Path(self.base_dir), self.name)

    @property
    def identity(self) -> str:
        """Fingerprint of everything that the weights depend on."""
        return fingerprint(
            [_TRAINING_VERSION, str(self.name), self.kind, self.size_wh, self.alpha, self.training.what_counts]
            + [self.precision, self.train, self.validation, self.content, len(self.classes)]
        )


@dataclass(frozen=True)
class EvalNetPaths:
    """The files of one EvalNet below BASE_DIR; in a folder of their own, because no other model is like them."""

    base_dir: Path
    name: ModelName

    @property
    def models(self) -> Path:
        """Folder of all EvalNets."""
        return self.base_dir / "models" / "evalnets"

    @property
    def keras(self) -> Path:
        """The saved EvalNet."""
        return self.models / f"{self.name}.keras"

    @property
    def result(self) -> Path:
        """The result JSON."""
        return self.models / f"{self.name}.json"

    @property
    def work(self) -> Path:
        """Folder of a training under way."""
        return self.base_dir / "models" / "in_progress" / str(self.name)

    @property
    def table(self) -> Path:
        """The CSV file of the run."""
        return self.base_dir / "csv" / f"results_{self.name.of_run}.csv"

    def ranked(self, place: int) -> Path:
        """The link of the EvalNet that is at a place of the ranking of its run, from 1."""
        return self.models / f"{self.name.of_run}_topK_{place}.keras"


class EvalNetScores(FileModel):
    """How well an EvalNet judges its validation data; the lower, the better.

    Attributes:
        total_loss: Sum of the two losses.
        iou_loss: Mean squared error of the IoU.
        detection_loss: Binary cross-entropy of the presence.
        iou_mae: Mean absolute error of the IoU.
        detection_mae: Mean absolute error of the presence.
    """

    total_loss: float
    iou_loss: float
    detection_loss: float
    iou_mae: float
    detection_mae: float


class EvalNetResult(FileModel):
    """What the training of an EvalNet leaves beside the model; see `common.results.result.Result`."""

    model: str
    identity: str
    scores: EvalNetScores
    best_epoch: int = Field(ge=0)
    history: list[dict[str, int | float]]
    seconds: float
    precision: str
    model_bytes: int
    job: EvalNetJob
    machine: dict[str, str] = Field(default_factory=dict)
    versions: dict[str, str]

    def write(self, path: Path) -> None:
        """Writes the result as JSON."""
        write_json(path, self.model_dump(mode="json"))


def find_evalnet(path: Path) -> EvalNetResult | None:
    """Reads a result; None if it is missing or damaged."""
    try:
        return read_model(path, EvalNetResult)
    except DataError:
        return None


def read_evalnet(job: EvalNetJob) -> EvalNetResult | None:
    """Reads the result of a job; None if there is none for exactly this job, or its model file is gone or cut off."""
    result, path = find_evalnet(job.paths.result), job.paths.keras
    if result is None or result.identity != job.identity or not path.is_file():
        return None
    return result if path.stat().st_size == result.model_bytes else None

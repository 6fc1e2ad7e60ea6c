"""What a process is told that writes a folder of pseudo-labels."""

from pathlib import Path

from common.config.settings import AugmentationConfig
from common.dataset.prepared.folders import Split
from common.dataset.prepared.stages import Settings, Stage
from common.files.models import FileModel
from common.labels.maps import LabelMap, study_label_map
from common.methods.agreement import AgreementRules
from common.methods.method import LabelKind
from common.results.job import SplitKey

# Raised when the same job gives other labels than before.
LABEL_VERSION = 1


class ModelFile(FileModel):
    """A model: its file below BASE_DIR, and a digest of its weights."""

    path: str
    digest: str


class Views(FileModel):
    """The noisy views of step 07: how many, whether each is made from the one before, and what they are drawn from."""

    number: int
    cumulative: bool
    noise: AugmentationConfig


class Judging(FileModel):
    """How EvalNets decide on labels.

    Attributes:
        evalnets: The networks that judge.
        low: Up to this predicted mIoU a label gets one copy; None: the 20 % quantile. Not used by step 10.
        high: Above it five copies, or the least that step 10 keeps; None: the 80 % quantile, in step 10 the median.
        skip_void: Whether class 0 is left out of the predicted mIoU.
    """

    evalnets: tuple[ModelFile, ...]
    low: float | None
    high: float | None
    skip_void: bool


class LabelJob(FileModel):
    """One folder of pseudo-labels.

    Attributes:
        name: Name of the series of models that is trained on it, as in file names.
        step: The numbered script.
        folder: The folder to write, below BASE_DIR.
        source: The split of the unlabelled images; its masks are only used to score the labels.
        measured_on: Further splits on which the labels of the teachers are scored and not kept.
        teachers: The networks that label; for "judged" those that make candidates.
        kind: How labels are made, see `Method`.
        rules: For "agreement".
        filter_classes: For "agreement": leaves out frames in which the teachers found different classes.
        views: For "mean_of_views".
        judging: For "judged", or if EvalNets decide on the number of copies.
        earlier: For "judged": the folder of the generation before, whose labels are candidates too; "" for none.
        threads: Processor threads the process may use.
    """

    base_dir: str
    name: str
    step: str
    folder: str
    source: SplitKey
    measured_on: tuple[SplitKey, ...]
    size_wh: tuple[int, int]
    seed_of_split: int
    label_map: LabelMap | None
    preparation: str
    teachers: tuple[ModelFile, ...]
    kind: LabelKind
    rules: AgreementRules = AgreementRules()
    filter_classes: bool = False
    views: Views | None = None
    judging: Judging | None = None
    earlier: SplitKey | None = None
    threads: int = 1

    @property
    def classes(self) -> LabelMap:
        """The classes of the labels."""
        return study_label_map() if self.label_map is None else self.label_map

    @property
    def target(self) -> Path:
        """The folder to write."""
        return Path(self.base_dir) / self.folder

    @property
    def work(self) -> Path:
        """Folder of the job while it is under way."""
        return Path(self.base_dir) / "models" / "in_progress" / f"{self.name}.labels"

    @property
    def agrees(self) -> bool:
        """Whether there are inconsistency masks."""
        return self.kind == "agreement"

    def stage(self, source: Split) -> Stage:
        """Describes the folder: what it depends on decides whether it is up to date."""
        left_out = {"base_dir", "name", "folder", "size_wh", "label_map", "threads", "source"}
        settings: Settings = self.model_dump(mode="json", exclude=left_out)
        return source.stage(self.target, self.step, {**settings, "labels": LABEL_VERSION})

"""Names of models, and where the files of a model are below BASE_DIR."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from common.files.models import FileModel

# Part of file names, so without "/".
NamePart = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
# Settings in the name of a series that are the study's, and say nothing to people.
_USUAL = re.compile(r"(?:^|_)(?:e0|d0|bi_True|bo_True)(?=_|$)")


def part_in_words(part: str) -> str:
    """Writes the part of a series' name for people: "n2 gen0"; settings that are the study's are left out."""
    return _USUAL.sub("", part).strip("_").replace("_", " ")


class ModelName(FileModel):
    """The name of a model in parts; a result carries it, so that nobody has to take file names apart.

    Attributes:
        dataset: As in config.ini, `CITYSCAPES`.
        approach: What is trained: `full_dataset`, `subset`, `subset_aug`; a recipe or variant is part of it.
        part: Which series of models of the run, for example "n2_gen0"; "" where there is one only.
        run: From 1.
        index: Of the model in its run, from 0.
    """

    dataset: NamePart
    approach: NamePart
    part: NamePart | Literal[""] = ""
    run: int = Field(ge=1)
    index: int = Field(ge=0)

    @property
    def series(self) -> str:
        """What the names of all models of the approach begin with: `CITYSCAPES_subset`."""
        return f"{self.dataset}_{self.approach}"

    @property
    def of_run(self) -> str:
        """What the names of all models of its run and part begin with: `CITYSCAPES_subset_1`."""
        return "_".join(part for part in (self.series, str(self.run), self.part) if part)

    @property
    def title(self) -> str:
        """Approach and part, for people: `IM n2 gen0`."""
        return f"{self.approach} {part_in_words(self.part)}".strip()

    def __str__(self) -> str:
        return f"{self.of_run}_{self.index}"


@dataclass(frozen=True)
class ModelPaths:
    """All files of one model below BASE_DIR."""

    base_dir: Path
    name: ModelName

    @property
    def keras(self) -> Path:
        """The saved model."""
        return self.base_dir / "models" / f"{self.name}.keras"

    def ranked(self, place: int) -> Path:
        """The link of the model that is at a place of the ranking of its run, from 1."""
        return self.base_dir / "models" / f"{self.name.of_run}_topK_{place}.keras"

    @property
    def result(self) -> Path:
        """The result JSON."""
        return self.base_dir / "models" / f"{self.name}.json"

    @property
    def work(self) -> Path:
        """Folder of a training under way: job, checkpoint, progress, log."""
        return self.base_dir / "models" / "in_progress" / str(self.name)

    @property
    def events(self) -> Path:
        """Folder of the event file for TensorBoard."""
        return self.base_dir / "tensorboard" / self.name.approach / str(self.name)

    def predictions(self, split: str) -> Path:
        """Folder of the predictions on a split."""
        return self.base_dir / f"{split}_predictions" / self.name.approach / str(self.name)

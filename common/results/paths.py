"""Where the files of a model are below BASE_DIR, and its result JSON."""

from dataclasses import dataclass
from pathlib import Path

from common.errors import DataError
from common.files.disk import read_json


@dataclass(frozen=True)
class ModelPaths:
    """All files of one model below BASE_DIR.

    Attributes:
        base_dir: BASE_DIR.
        approach: As in file names: full_dataset, subset, subset_aug.
        model: Name of the model, `CITYSCAPES_subset_1_0`.
    """

    base_dir: Path
    approach: str
    model: str

    @property
    def keras(self):
        """The saved model."""
        return self.base_dir / "models" / f"{self.model}.keras"

    @property
    def result(self):
        """The result JSON."""
        return self.base_dir / "models" / f"{self.model}.json"

    @property
    def work(self):
        """Folder of a training under way: job, checkpoint, progress, log."""
        return self.base_dir / "models" / "in_progress" / self.model

    @property
    def events(self):
        """Folder of the event file for TensorBoard."""
        return self.base_dir / "tensorboard" / self.approach / self.model

    def predictions(self, split):
        """Folder of the predictions on a split."""
        return self.base_dir / f"{split}_predictions" / self.approach / self.model


def read_result_file(path):
    """Reads a result JSON; None if there is none, or it is damaged and the training has to be done again."""
    if not path.exists():
        return None
    try:
        result = read_json(path)
    except DataError:
        return None
    needed = {"identity", "scores", "history", "predictions", "model_bytes"}
    return result if isinstance(result, dict) and needed <= result.keys() else None

"""Predicts photographs that are arrays, with the same pixels as the tool `predict` writes for their files.

from common.learning.predicting.arrays import open_models

models = open_models("cityscapes/models/CITYSCAPES_subset_1_0.keras")
print(models.predict(image).ids)
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.errors import ConfigError
from common.images.in_memory import as_image
from common.labels.maps import LabelMap
from common.learning.predicting.ensembles import Ensemble, load_ensemble
from common.learning.predicting.members import list_models, without_equal
from common.learning.predicting.prediction import Loaded, choose_classes, prepare

_IMAGE = "the image"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What was predicted for one image.

    Attributes:
        class_indices: Of the label map, `uint8` of shape `(height, width)`, as large as the image.
        label_map: The classes.
    """

    class_indices: NDArray[np.uint8]
    label_map: LabelMap

    @property
    def ids(self) -> NDArray[np.uint8]:
        """Label ids, shape `(height, width)`; the smallest one where a class stands for several."""
        return self.label_map.decode(self.class_indices)

    @property
    def colors(self) -> NDArray[np.uint8]:
        """Red, green, blue of the classes, shape `(height, width, 3)`."""
        return self.label_map.colorize(self.class_indices)

    def __repr__(self) -> str:
        height, width = self.class_indices.shape
        classes = len(np.unique(self.class_indices))
        return f"Prediction({width} x {height} pixels, {classes} of {len(self.label_map)} classes)"


class Models:
    """One or several loaded models, whose mean counts; they stay loaded.

    Attributes:
        label_map: The classes of all of them.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.label_map = ensemble.label_map
        self._ensemble = ensemble

    def predict(self, image: ArrayLike) -> Prediction:
        """Predicts the class of every pixel.

        Args:
            image: Red, green, blue, `uint8` of shape `(height, width, 3)`, of any size.

        Raises:
            DataError: If it is not such an array; tells what was found.
        """
        (choose,) = choose_classes(self._ensemble, [self._prepare(image)])
        return Prediction(choose(), self.label_map)

    def probabilities(self, image: ArrayLike) -> NDArray[np.float32]:
        """Predicts the probability of every class, `float32` of shape `(height, width, classes)`.

        They are those of the networks, interpolated; 2048x1024 pixels of 35 classes take 294 MB. `predict` takes the
        largest one, up to rounding, and does not need the memory. Arguments and errors are those of `predict`.
        """
        loaded = self._prepare(image)
        width, height = loaded.size_wh
        grids = self._ensemble.probabilities([one[np.newaxis] for one in loaded.inputs])
        resized = (cv2.resize(grid[0], loaded.size_wh, interpolation=cv2.INTER_LINEAR) for grid in grids)
        return np.asarray(sum(resized), np.float32).reshape(height, width, len(self.label_map))

    def __repr__(self) -> str:
        return f"Models({', '.join(self._ensemble.names)}: {len(self.label_map)} classes)"

    def _prepare(self, image: ArrayLike) -> Loaded:
        return prepare(self._ensemble, _IMAGE, as_image(image, _IMAGE))


def open_models(
    *models: Path | str, size_wh: tuple[int, int] | None = None, mirror: bool = False, mixed: bool = False
) -> Models:
    """Loads one or several models.

    Args:
        models: `.keras` files, or folders of them.
        size_wh: Width and height to run the networks at, in pixels; None for the size of their training.
        mirror: Whether the mean of an image and its mirror image counts; `--tta` of the tool.
        mixed: Whether models of different recipes, preparations and names of classes may be used together.

    Raises:
        DataError: If a file cannot be used, or two do not predict the same classes; names them.
        ConfigError: If no network can take the size, or the models differ in something that `mixed` allows.
    """
    if not models:
        raise ConfigError("there is no model to open; give .keras files, for example from BASE_DIR/models")
    return Models(load_ensemble(without_equal(list_models(map(Path, models))), size_wh, mirror, mixed))

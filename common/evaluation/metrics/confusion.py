"""Confusion matrices: how many pixels of each true class were given each predicted class."""

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.evaluation.metrics.metric import Counts


def confusion_matrix(truth: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int) -> Counts:
    """Counts the pixels for every pair of true and predicted class.

    Args:
        truth: Class indices, any shape.
        prediction: Class indices, same shape.
        num_classes: Both hold values below it.

    Returns:
        `[truth, prediction]`, of shape `(num_classes, num_classes)`.

    Raises:
        DataError: If the shapes differ or a value is too large; says what was found.
    """
    if truth.shape != prediction.shape:
        raise DataError(f"the prediction has the shape {prediction.shape}, the truth {truth.shape}; they must be equal")
    for what, values in (("truth", truth), ("prediction", prediction)):
        if (largest := int(values.max(initial=0))) >= num_classes:
            raise DataError(f"the {what} holds the class {largest}; expected classes from 0 to {num_classes - 1}")
    pairs = truth.astype(np.uint16) * np.uint16(num_classes) + prediction
    return np.bincount(pairs.ravel(), minlength=num_classes**2).reshape(num_classes, num_classes)

"""Confusion matrices: how many pixels of each true class were given each predicted class.

`confusion_matrix` counts pixel by pixel. `equal_runs` divides masks of large areas, so that runs are counted instead.
"""

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


def equal_runs(*masks: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Finds the runs of pixels, row after row, in which no mask changes: first pixel of each, and length in pixels."""
    flat = [mask.ravel() for mask in masks]
    is_start = np.ones(flat[0].size, bool)
    np.not_equal(flat[0][1:], flat[0][:-1], out=is_start[1:])
    for values in flat[1:]:
        is_start[1:] |= values[1:] != values[:-1]
    starts = np.flatnonzero(is_start)
    return starts, np.diff(starts, append=flat[0].size)


def regroup(counts: Counts, rows: NDArray[np.integer], columns: NDArray[np.integer], size: int) -> Counts:
    """Sums a matrix into one of shape `(size, size)`, given the new place of each row and each column."""
    result = np.zeros((size, size), np.int64)
    np.add.at(result, (rows[:, None], columns[None, :]), counts)
    return result

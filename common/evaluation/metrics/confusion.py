"""Confusion matrices: how many pixels of each true class were given each predicted class."""

import numpy as np

from common.errors import DataError


def confusion_matrix(truth, prediction, num_classes):
    """Counts the pixels for every pair of true and predicted class.

    Args:
        truth: Class indices, `uint8` of any shape.
        prediction: Class indices, same shape and type.
        num_classes: Both hold values below it.

    Returns:
        `int64` of shape `(num_classes, num_classes)`, `[truth, prediction]`.

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


def class_iou(confusion):
    """Computes TP / (TP + FP + FN) of each class.

    Args:
        confusion: `[truth, prediction]` in class indices, shape `(classes, classes)`.

    Returns:
        A list by class index; None for a class that neither occurs nor is predicted.
    """
    confusion = np.asarray(confusion)
    hits = confusion.diagonal()
    unions = confusion.sum(axis=0) + confusion.sum(axis=1) - hits
    return [int(hit) / int(union) if union else None for hit, union in zip(hits, unions, strict=True)]


def mean_iou(confusion):
    """Averages the IoU of the classes that have one; None if there is none at all."""
    found = [iou for iou in class_iou(confusion) if iou is not None]
    return sum(found) / len(found) if found else None

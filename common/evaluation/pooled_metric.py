"""IoU of each class of a label map, from one confusion matrix over the pixels of all images.

The plain definition, whatever the classes are: every pixel that is counted in the matrix counts the same.
"""

import numpy as np


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

"""The metric of the study: IoU averaged over the classes of one image, then over images.

It is not the metric of the Cityscapes benchmark and its numbers must not be compared with benchmark numbers: every
image counts the same, and so does every class that occurs in its ground truth, void included; classes that are only
predicted count through the unions. Source: the reference implementation, which in addition rounds each image to 4 and
the mean to 3 decimals; here nothing is rounded.
"""

import numpy as np

# Keeps the reference's values to the last digit; a class that occurs has a union of at least one pixel anyway.
_EPSILON = 1e-7


def image_scores(confusion):
    """Scores one image.

    Args:
        confusion: Of one image, `[truth, prediction]`, shape `(classes, classes)`.

    Returns:
        IoU averaged over the classes of the ground truth, and the share of right pixels, both from 0 to 1; None and
        None for an image in which no pixel counts.
    """
    if not confusion.any():
        return None, None
    hits = confusion.diagonal()
    in_truth = confusion.sum(axis=1)
    unions = in_truth + confusion.sum(axis=0) - hits
    present = in_truth > 0
    iou = hits[present] / (unions[present] + _EPSILON)
    return float(iou.mean()), float(hits.sum() / confusion.sum())


def mean_scores(scores):
    """Averages `(iou, accuracy)` pairs over images, those without scores left out; None and None if none has one."""
    found = [pair for pair in scores if pair != (None, None)]
    if not found:
        return None, None
    iou, accuracy = np.mean(found, axis=0)
    return float(iou), float(accuracy)

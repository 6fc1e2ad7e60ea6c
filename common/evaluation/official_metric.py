"""Class IoU as the Cityscapes benchmark defines it: one confusion matrix over all images, void pixels left out.

Knows the pixel-level class score only. At prepared size it is not the benchmark's number, which is computed on
2048x1024 pixels, but it is the same definition.
"""

from collections import Counter

import numpy as np

from common.labels import IGNORE, LABEL_OF_ID, LARGEST_ID

_EVALUATED = tuple(id_ for id_ in range(LARGEST_ID + 1) if not LABEL_OF_ID[id_].ignore_in_eval)


def is_defined(label_map):
    """Tells whether the score can be told from the classes of a map.

    It can if each of the 19 evaluated labels has a class of its own, with no other label in it, be it one that the
    benchmark ignores: of a class of road and parking nobody can say which pixels were taken for road.
    """
    own = Counter(label_map.class_of_id)
    classes = [label_map.class_of_id[id_] for id_ in _EVALUATED]
    return all(class_index != IGNORE and own[class_index] == 1 for class_index in classes)


def class_iou_of_map(confusion, label_map):
    """Computes what `class_iou` does from a confusion matrix of classes; None where it is not defined."""
    return class_iou(confusion_of_ids(confusion, label_map)) if is_defined(label_map) else None


def confusion_of_ids(confusion, label_map):
    """Sums a confusion matrix of classes into one of label ids.

    Args:
        confusion: `[truth, prediction]` in class indices.
        label_map: The `LabelMap` of the classes.

    Returns:
        `int64` of shape `(34, 34)` in label ids.
    """
    ids = label_map.decode(np.arange(len(label_map), dtype=np.uint8))
    result = np.zeros((LARGEST_ID + 1, LARGEST_ID + 1), np.int64)
    np.add.at(result, (ids[:, None], ids[None, :]), confusion)
    return result


def class_iou(confusion):
    """Computes the IoU of each of the 19 evaluated classes.

    TP / (TP + FP + FN). FN holds all other predictions on pixels of the class, ignored labels included; FP only pixels
    of other evaluated classes, so that whatever is predicted on void costs nothing.

    Args:
        confusion: `[truth, prediction]` in label ids, shape `(34, 34)`.

    Returns:
        `{label name: IoU}`; None for a class that neither occurs nor is predicted on an evaluated pixel.
    """
    false_positives_of = confusion[list(_EVALUATED)].sum(axis=0)
    result = {}
    for id_ in _EVALUATED:
        hits = int(confusion[id_, id_])
        denominator = int(confusion[id_].sum() + false_positives_of[id_]) - hits
        result[LABEL_OF_ID[id_].name] = hits / denominator if denominator else None
    return result


def mean_iou(iou_of_class):
    """Averages class IoUs, leaving out classes without one; None if there is none at all."""
    found = [iou for iou in iou_of_class.values() if iou is not None]
    return sum(found) / len(found) if found else None

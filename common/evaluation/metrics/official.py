"""The definition of the Cityscapes benchmark: IoU from one matrix over all images, void left out.

Needs a confusion matrix only; `instance_iou` has the scores that need objects. At prepared size it is not the
benchmark's number, which is computed on 2048x1024 pixels, but it is the same definition.
"""

from collections import Counter

import numpy as np

from common.evaluation.metrics.confusion import regroup
from common.evaluation.metrics.metric import ClassAreas, ClassScores, Counts, Metric
from common.labels.cityscapes import IGNORE, LABEL_OF_ID, LABELS, LARGEST_ID
from common.labels.maps import LabelMap

# Label ids of the 19 classes that are evaluated.
EVALUATED = tuple(id_ for id_ in range(LARGEST_ID + 1) if not LABEL_OF_ID[id_].ignore_in_eval)
# In the order of the label table; void is one of them and has no score.
CATEGORIES = tuple(dict.fromkeys(label.category for label in LABELS))


def is_defined(label_map: LabelMap) -> bool:
    """Tells whether the score can be computed for the classes of a map.

    It can if each of the 19 evaluated labels has a class of its own, with no other label in it, not even one that the
    benchmark ignores: in a class of road and parking nobody can tell which pixels were taken for road.
    """
    own = Counter(label_map.class_of_id)
    classes = [label_map.class_of_id[id_] for id_ in EVALUATED]
    return all(class_index != IGNORE and own[class_index] == 1 for class_index in classes)


def class_iou_of_map(confusion: Counts, label_map: LabelMap) -> ClassScores | None:
    """Computes the IoU of the 19 evaluated classes from a confusion matrix of classes; None where it is not defined."""
    areas = class_areas_of_map(confusion, label_map)
    return None if areas is None else areas.iou


def class_areas_of_map(confusion: Counts, label_map: LabelMap) -> ClassAreas | None:
    """Counts the areas of the 19 evaluated classes from a confusion matrix of classes; None where it is not defined."""
    return class_areas(confusion_of_ids(confusion, label_map)) if is_defined(label_map) else None


def confusion_of_ids(confusion: Counts, label_map: LabelMap) -> Counts:
    """Sums a confusion matrix of classes into one of label ids, shape `(34, 34)`."""
    ids = label_map.decode(np.arange(len(label_map), dtype=np.uint8))
    return regroup(confusion, ids, ids, LARGEST_ID + 1)


def class_iou(confusion: Counts) -> ClassScores:
    """Computes the IoU of each of the 19 evaluated classes: intersection divided by union, see `class_areas`."""
    return class_areas(confusion).iou


def class_areas(confusion: Counts) -> ClassAreas:
    """Counts intersection and union of each of the 19 evaluated classes.

    The union is TP + FP + FN. FN counts all other predictions on pixels of the class, ignored labels included; FP
    counts only pixels of other evaluated classes, so that a prediction on void costs nothing.

    Args:
        confusion: `[truth, prediction]` in label ids, shape `(34, 34)`.

    Returns:
        By label name; a class that neither occurs nor is predicted on an evaluated pixel has no union.
    """
    evaluated = list(EVALUATED)
    in_truth = confusion[evaluated]
    hits = in_truth[:, evaluated].diagonal().copy()  # a view would keep the whole matrix
    wrong = in_truth[:, evaluated].sum(axis=0) - hits
    names = tuple(LABEL_OF_ID[id_].name for id_ in EVALUATED)
    return ClassAreas(names, hits, in_truth.sum(axis=1) + wrong)


def category_iou(confusion: Counts) -> ClassScores:
    """Computes the IoU of each of the 7 evaluated categories; a label taken for another one of its category is right.

    Labels that the benchmark ignores belong to no category here: as predictions they are misses. Arguments and result
    are like those of `class_iou`, by category.
    """
    result = {}
    for category in CATEGORIES:
        if ids := ids_of_category(category):
            hits = int(confusion[np.ix_(ids, ids)].sum())
            denominator = int(confusion[ids].sum()) + false_positives_of_category(confusion, category, ids)
            result[category] = hits / denominator if denominator else None
    return result


def ids_of_category(category: str, ignored_too: bool = False) -> list[int]:
    """Lists the label ids of a category, those the benchmark ignores only if asked for."""
    of_category = (label for label in LABELS if label.category == category and label.id >= 0)
    return [label.id for label in of_category if ignored_too or not label.ignore_in_eval]


def false_positives(confusion: Counts, id_: int) -> int:
    """Counts the pixels of other evaluated classes that were taken for a class."""
    return int(confusion[list(EVALUATED), id_].sum() - confusion[id_, id_])


def false_positives_of_category(confusion: Counts, category: str, ids: list[int]) -> int:
    """Counts the pixels of evaluated classes of other categories that were taken for one of some label ids."""
    others = [id_ for id_ in EVALUATED if LABEL_OF_ID[id_].category != category]
    return int(confusion[np.ix_(others, ids)].sum())


MIOU = Metric(
    "official_mIoU", "mIoU", "official definition",
    "counts the pixels of all frames together, for 19 classes and without void", "19 classes",
    of_classes=class_iou_of_map, of_areas=class_areas_of_map, class_key="official_IoU", class_column="official_IoU",
)  # fmt: skip

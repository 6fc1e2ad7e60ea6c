"""iIoU: the official IoU in which every object counts the same, whatever its size.

The pixels of an object are weighted by the average size of its class divided by the object's own size, right ones and
missed ones alike. False positives belong to no object and have the weight 1. Groups count in neither. Source of the
definition and of the sizes: the official evaluation script, whose sizes are averages over the training set.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.evaluation.metrics.metric import ClassScores, Counts, Score
from common.evaluation.metrics.official import EVALUATED, false_positives, false_positives_of_category, ids_of_category
from common.labels.cityscapes import LABEL_OF_ID, LABELS, LARGEST_ID, Label

# In pixels of 2048x1024.
AVERAGE_SIZE = {
    "bicycle": 4672.3249222261,
    "caravan": 36771.8241758242,
    "motorcycle": 6298.7200839748,
    "rider": 3930.4788056518,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "car": 12794.0202738185,
    "person": 3462.4756337644,
    "truck": 27855.1264367816,
    "trailer": 16926.9763313609,
}
# Columns of the sums: weighted pixels that were found and missed, judged by class and by category.
HITS, MISSES, CATEGORY_HITS, CATEGORY_MISSES = range(4)
_PER_CLASS = 1000
_COUNTED = tuple(id_ for id_ in EVALUATED if LABEL_OF_ID[id_].has_instances)
_CATEGORIES = ("human", "vehicle")


def _table(value_of_label: Callable[[Label], float]) -> NDArray[np.float64]:
    table = np.zeros(256)
    for label in LABELS:
        if label.id >= 0:
            table[label.id] = value_of_label(label)
    return table


_SIZE_OF_ID = _table(lambda label: AVERAGE_SIZE.get(label.name, 0) * (not label.ignore_in_eval))
# No category has the id 255, so values without a label match none.
_CATEGORY_OF_ID = np.where(np.arange(256) <= LARGEST_ID, _table(lambda label: label.category_id), 255)


def empty_sums() -> NDArray[np.float64]:
    """Makes sums of nothing, of shape `(34, 4)`: by label id, then by the columns named above."""
    return np.zeros((LARGEST_ID + 1, 4))


def weigh_instances(
    instances: NDArray[np.uint16], prediction: NDArray[np.uint8], lengths: NDArray[np.int64], where: object
) -> NDArray[np.float64]:
    """Sums the weighted pixels of the objects of one frame.

    Args:
        instances: Values as in instanceIds, of runs of pixels.
        prediction: Label ids of the same runs.
        lengths: Number of pixels of each run.
        where: What error messages call the file of instances.

    Returns:
        Sums with the rows and columns of `empty_sums`.

    Raises:
        DataError: If an object is of a label that has none; names the value.
    """
    counted = instances > _PER_CLASS
    values, of_run = np.unique(instances[counted], return_inverse=True)
    ids = values.astype(int) // _PER_CLASS
    for value, id_ in zip(values.tolist(), ids.tolist(), strict=True):
        if id_ > LARGEST_ID or not LABEL_OF_ID[id_].has_instances:
            raise DataError(f"{where}: holds the value {value:,}, an object of label id {id_}, which has no objects")
    prediction, lengths = prediction[counted], lengths[counted]
    sizes = np.bincount(of_run, lengths, len(values))
    hits = np.bincount(of_run, lengths * (prediction == ids[of_run]), len(values))
    in_category = _CATEGORY_OF_ID[prediction] == _CATEGORY_OF_ID[ids][of_run]
    category_hits = np.bincount(of_run, lengths * in_category, len(values))
    weights = _SIZE_OF_ID[ids] / sizes
    columns = np.stack([hits, sizes - hits, category_hits, sizes - category_hits], axis=1)
    sums = empty_sums()
    np.add.at(sums, ids, columns * weights[:, None])
    return sums


def class_iiou(confusion: Counts, sums: NDArray[np.float64]) -> ClassScores:
    """Computes the iIoU of each of the 8 evaluated classes with objects.

    Args:
        confusion: `[truth, prediction]` in label ids, shape `(34, 34)`.
        sums: Of all frames, as `weigh_instances` gives them.

    Returns:
        iIoU by label name; None for a class that neither occurs as an object nor is predicted by mistake.
    """
    return {
        LABEL_OF_ID[id_].name: _ratio(sums[id_, HITS], sums[id_, MISSES], false_positives(confusion, id_))
        for id_ in _COUNTED
    }


def category_iiou(confusion: Counts, sums: NDArray[np.float64]) -> ClassScores:
    """Computes the iIoU of the categories of objects, human and vehicle.

    A pixel of an object is found if any label of its category was predicted, those the benchmark ignores included.
    Arguments and result are like those of `class_iiou`, by category.
    """
    result = {}
    for category in _CATEGORIES:
        ids = ids_of_category(category, ignored_too=True)
        hits, misses = sums[ids, CATEGORY_HITS].sum(), sums[ids, CATEGORY_MISSES].sum()
        result[category] = _ratio(hits, misses, false_positives_of_category(confusion, category, ids))
    return result


def _ratio(hits: float, misses: float, wrong: float) -> Score:
    total = hits + misses + wrong
    return float(hits / total) if total else None

"""Recognises predictions whose values mean something else than was thought, as train ids given for label ids.

Every reading of the values is held against the truth: a wrong one agrees with it on next to nothing, so that the right
one stands out. What is looked at is the share of evaluated pixels that agree, and on how many classes they do, because
a network that calls everything one thing fits some reading by accident.
"""

from dataclasses import dataclass

import numpy as np

from common.evaluation.metrics.official import EVALUATED
from common.evaluation.pixels.mask_values import IDS
from common.labels.cityscapes import IGNORE
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map

TRAIN_IDS_MAP = "cityscapes19"
# A reading is taken for the right one from here on: as much agreement, that many times the other's, on that many
# classes, of each of which this much is found.
ENOUGH = 0.3
_TIMES, _CLASSES, _FOUND = 2, 2, 0.3


@dataclass(frozen=True)
class Reading:
    """One way to read values.

    Attributes:
        what: What the values are then, as "train ids".
        option: What says so on the command line.
        value_of_id: The value that means each label id, 0 to 33.
    """

    what: str
    option: str
    value_of_id: tuple[int, ...]


def readings():
    """Lists the readings that are known."""
    train_ids = load_label_map(TRAIN_IDS_MAP).class_of_id
    return (
        Reading("label ids", "--encoding ids", tuple(range(len(train_ids)))),
        Reading("train ids", f"--encoding classes --label-map {TRAIN_IDS_MAP}", train_ids),
        Reading("class indices of the study", "--encoding classes", study_label_map().class_of_id),
    )


def find_mistake(counts, truth, prediction):
    """Finds another reading that fits the truth far better than the one taken.

    Args:
        counts: `[truth, value]`, of shape `(truth values, 256)`.
        truth: `ValueCode` of the rows.
        prediction: `ValueCode` that was taken for the columns.

    Returns:
        A `Reading`, or None.
    """
    taken = agreement(counts, truth, prediction)
    if taken is None:
        return None
    best, most = None, max(ENOUGH, _TIMES * taken)
    for reading in readings():
        share, classes = _agreement(counts, truth, reading.value_of_id)
        if share >= most and classes >= _CLASSES and _allows(reading, counts):
            best, most = reading, share
    return best


def agreement(counts, truth, prediction):
    """Computes the share of evaluated pixels on which predictions and truth agree; None if there are none.

    The arguments are those of `find_mistake`.
    """
    own = readings()[0].value_of_id if prediction.kind == IDS else prediction.label_map.class_of_id
    return _agreement(counts, truth, own)[0]


def describe_mistake(reading, prediction):
    """Says what was found, and which option to give."""
    taken = describe_kind(prediction)
    return (
        f"the values fit the truth as {reading.what}, not as {taken}; if that is what they are, give {reading.option}"
    )


def describe_kind(code):
    """Names what the values of a `ValueCode` are."""
    return "label ids" if code.kind == IDS else "class indices of the label map"


def _agreement(counts, truth, value_of_id):
    """Computes the share of evaluated pixels that agree, and the number of classes that are mostly found."""
    pixels = found = classes = 0
    for row, id_ in zip(counts, truth.ids.tolist(), strict=True):
        total = int(row.sum())
        if id_ in EVALUATED and total and value_of_id[id_] != IGNORE:
            hits = int(row[value_of_id[id_]])
            pixels, found = pixels + total, found + hits
            classes += hits >= _FOUND * total
    return (found / pixels if pixels else None), classes


def _allows(reading, counts):
    """Tells whether all values have a meaning in a reading."""
    return set(np.flatnonzero(counts.sum(axis=0)).tolist()) <= set(reading.value_of_id)

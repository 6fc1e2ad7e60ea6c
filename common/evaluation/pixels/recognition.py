"""Recognises predictions whose values do not mean what was assumed, for example train ids in place of label ids.

Each possible meaning ("reading") of the values is compared with the truth: a wrong one agrees on almost nothing, so the
right one stands out. It is judged by the share of evaluated pixels that agree and by the number of classes they are in,
because a network that predicts one class everywhere fits some reading by accident.
"""

from dataclasses import dataclass

import numpy as np

from common.evaluation.metrics.metric import Counts
from common.evaluation.metrics.official import EVALUATED
from common.evaluation.pixels.mask_values import IDS, MaskValues
from common.labels.cityscapes import IGNORE
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map

TRAIN_IDS_MAP = "cityscapes19"
# A reading is the right one if it has at least this agreement, and this many times the agreement of the assumed one, on
# this many classes, of each of which this share is found.
ENOUGH = 0.3
_TIMES, _CLASSES, _FOUND = 2, 2, 0.3


@dataclass(frozen=True)
class Reading:
    """One way to read values.

    Attributes:
        what: What the values are, for example "train ids".
        option: How to say so on the command line.
        value_of_id: The value of each label id, 0 to 33.
    """

    what: str
    option: str
    value_of_id: tuple[int, ...]


def readings() -> tuple[Reading, ...]:
    """Lists the known readings."""
    train_ids = load_label_map(TRAIN_IDS_MAP).class_of_id
    return (
        Reading("label ids", "--encoding ids", tuple(range(len(train_ids)))),
        Reading("train ids", f"--encoding classes --label-map {TRAIN_IDS_MAP}", train_ids),
        Reading("class indices of the study", "--encoding classes", study_label_map().class_of_id),
    )


def find_mistake(counts: Counts, truth: MaskValues, prediction: MaskValues) -> Reading | None:
    """Finds another reading that fits the truth far better than the assumed one; None if there is none.

    `counts` are pixels `[truth, value]`, of shape `(truth values, 256)`.
    """
    assumed = agreement(counts, truth, prediction)
    if assumed is None:
        return None
    best, most = None, max(ENOUGH, _TIMES * assumed)
    for reading in readings():
        share, classes = _agreement(counts, truth, reading.value_of_id)
        if share is not None and share >= most and classes >= _CLASSES and _allows(reading, counts):
            best, most = reading, share
    return best


def agreement(counts: Counts, truth: MaskValues, prediction: MaskValues) -> float | None:
    """Computes the share of evaluated pixels on which predictions and truth agree; None if there are none."""
    own = readings()[0].value_of_id if prediction.kind == IDS else prediction.label_map.class_of_id
    return _agreement(counts, truth, own)[0]


def describe_mistake(reading: Reading, prediction: MaskValues) -> str:
    """Says what was found, and which option to give."""
    found = f"the values fit the truth as {reading.what}, not as {describe_kind(prediction)}"
    return f"{found}; if that is what they are, give {reading.option}"


def describe_kind(values: MaskValues) -> str:
    """Names what the values are."""
    return "label ids" if values.kind == IDS else "class indices of the label map"


def _agreement(counts: Counts, truth: MaskValues, value_of_id: tuple[int, ...]) -> tuple[float | None, int]:
    """Computes the share of evaluated pixels that agree, and the number of classes that are mostly found."""
    pixels = found = classes = 0
    for row, id_ in zip(counts, truth.ids.tolist(), strict=True):
        total = int(row.sum())
        if id_ in EVALUATED and total and value_of_id[id_] != IGNORE:
            hits = int(row[value_of_id[id_]])
            pixels, found = pixels + total, found + hits
            classes += hits >= _FOUND * total
    return (found / pixels if pixels else None), classes


def _allows(reading: Reading, counts: Counts) -> bool:
    """Tells whether all values have a meaning in a reading."""
    return set(np.flatnonzero(counts.sum(axis=0)).tolist()) <= set(reading.value_of_id)

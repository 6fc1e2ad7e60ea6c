"""Scores predictions that are arrays, with the same numbers as `evaluate_pixels` gives for the same masks in files.

from common.evaluation.pixels.arrays import evaluate_arrays

scores = evaluate_arrays(zip(masks, predictions), models.label_map)
print(scores)
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from common.dataset.original.polygons import instances_to_ids
from common.errors import ConfigError, DataError, LabelError
from common.evaluation.pixels.evaluation import look_for_mistakes, why_not_official
from common.evaluation.pixels.frame_counts import FrameMasks, count_masks
from common.evaluation.pixels.frame_truth import INSTANCE_IDS
from common.evaluation.pixels.mask_values import CLASSES, IDS, MaskValues
from common.evaluation.pixels.scores import BOTH, PROTOCOLS, PixelScores
from common.images.in_memory import as_values
from common.labels.maps import LabelMap, study_label_map

_NO_OBJECTS = "the truth does not tell objects apart"


def evaluate_arrays(
    pairs: Iterable[tuple[ArrayLike, ArrayLike]],
    label_map: LabelMap | None = None,
    truth: str = CLASSES,
    predictions: str = CLASSES,
    protocol: str = BOTH,
) -> PixelScores:
    """Scores pairs of masks, one after the other, so that a generator of any length takes little memory.

    Args:
        pairs: True mask and predicted mask of each frame, whole numbers of shape `(height, width)`. Frames are called
            "0", "1", ... in the scores.
        label_map: The classes; None takes the 35 classes of the study. Classes that stand for no label ids have scores
            by the paper metric.
        truth: What true masks hold: "classes" (class indices of the label map), "ids" (label ids), or "instanceIds",
            which tells objects apart and gives iIoU.
        predictions: "classes" or "ids".
        protocol: One of `PROTOCOLS`.

    Raises:
        DataError: If there is no pair, masks are not such arrays, or those of a pair differ in size; says which pair.
        LabelError: If a mask holds a value without a meaning; says which pair, the value and its place.
        ConfigError: If `truth`, `predictions` or `protocol` is none of those above.
    """
    for name, value, allowed in (
        ("truth", truth, (CLASSES, IDS, INSTANCE_IDS)),
        ("predictions", predictions, (CLASSES, IDS)),
        ("protocol", protocol, PROTOCOLS),
    ):
        if value not in allowed:
            raise ConfigError(f"{name} = {value!r}: expected one of {', '.join(allowed)}")
    chosen = label_map or study_label_map()
    of_truth, of_prediction = MaskValues(CLASSES if truth == CLASSES else IDS, chosen), MaskValues(predictions, chosen)
    scores = PixelScores("arrays", "arrays", of_truth, of_prediction, protocol)
    scores.no_official = why_not_official(of_truth, of_prediction)
    scores.no_instances = "" if truth == INSTANCE_IDS else _NO_OBJECTS
    for number, (true, predicted) in enumerate(pairs):
        masks = _frame_masks(number, true, predicted, truth == INSTANCE_IDS, scores.has_instances)
        counted = count_masks(masks, of_truth, of_prediction)
        if counted.fault:
            raise LabelError(counted.fault)
        scores.add(counted)
    if not scores.frames:
        raise DataError("there is no pair to score; expected pairs of a true and a predicted mask")
    if not scores.no_official:
        look_for_mistakes(scores, predictions, is_last=True)
    return scores


def _frame_masks(
    number: int, truth: ArrayLike, prediction: ArrayLike, tells_objects: bool, with_objects: bool
) -> FrameMasks:
    true_name, name = f"pair {number}: the truth", f"pair {number}: the prediction"
    predicted = as_values(prediction, name, np.uint8)
    if not tells_objects:
        return FrameMasks(f"{number}", as_values(truth, true_name, np.uint8), predicted, None, true_name, name, "")
    values = as_values(truth, true_name, np.uint16)
    objects = values if with_objects else None
    return FrameMasks(f"{number}", instances_to_ids(values), predicted, objects, true_name, name, true_name)

"""How much a pseudo-label is used, by the mIoU that EvalNets predict for it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MOST_COPIES = 5
_PRESENT = 0.5


def predicted_miou(iou: NDArray[np.float32], presence: NDArray[np.float32], skip_void: bool) -> float:
    """Computes the mIoU that EvalNets predict for one label: the mean over the classes that are probably there.

    Args:
        iou: Predicted IoU, of shape `(evalnets, classes)`.
        presence: Predicted probability that a class is there, of the same shape.
        skip_void: Whether class 0 is left out, as in steps 12 and 14.

    Returns:
        The mean IoU of the classes whose mean presence is at least 0.5; 0 if there is none.
    """
    means = iou.astype(np.float64).mean(axis=0)
    present = presence.astype(np.float64).mean(axis=0) >= _PRESENT
    if skip_void:
        present[0] = False
    return float(means[present].mean()) if present.any() else 0.0


def copies_of(predicted: float, low: float, high: float, most: int = _MOST_COPIES) -> int:
    """Decides how many noisy copies a label deserves: 1 up to `low`, `most` above `high`, equal steps between."""
    if predicted <= low:
        return 1
    if predicted > high:
        return most
    return min(most, 1 + math.floor((predicted - low) / ((high - low) / most)))


def best_candidate(predicted: Sequence[float], threshold: float) -> int | None:
    """Chooses the candidate with the highest predicted mIoU, the first of equals; None if it is below the threshold."""
    if not predicted:
        return None
    best = int(np.argmax(predicted))
    return best if predicted[best] >= threshold else None

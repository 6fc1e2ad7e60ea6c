"""The paper metric of one image against a loop over its classes, as the reference's.

python -m benchmarks.scoring [--quick] [--json FILE]
"""

import numpy as np

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.dataset.original.layouts import find_frames
from common.dataset.prepared.resize import ResizeJob, ResizeSettings, prepare_frame
from common.evaluation.metrics.confusion import confusion_matrix
from common.evaluation.metrics.registry import score_image


def measure(quick=False):
    """Compares milliseconds an image of 208x416; returns rows of `timing.row`."""
    frames = [frame for frame in find_frames(drawn_frames(12 if quick else 48)) if frame.split == "train"][:12]
    masks = [prepare_frame(ResizeJob(frame, None, None, ResizeSettings(0.2)))[1] for frame in frames]
    predictions = masks[1:] + masks[:1]
    ours, plain, difference = [], [], 0.0
    for _ in range(2 if quick else 10):
        for truth, prediction in zip(masks, predictions, strict=True):
            ours.append(1000 * seconds(_score, truth, prediction))
            plain.append(1000 * seconds(_score_plainly, truth, prediction))
    for truth, prediction in zip(masks, predictions, strict=True):
        pairs = zip(_score(truth, prediction), _score_plainly(truth, prediction), strict=True)
        difference = max(difference, *(abs(a - b) for a, b in pairs))
    return [
        row("paper metric, ms an image of 208x416", ours, plain, 10),
        row("paper metric, largest difference", [difference], None, 1e-6),
    ]


def _score(truth, prediction):
    return score_image(confusion_matrix(truth, prediction, 35))


def _score_plainly(truth, prediction):
    """For every class of the truth: two masks, their intersection and union; then the share of right pixels."""
    ious = []
    for class_index in np.unique(truth):
        here = np.array(truth == class_index, dtype=np.float32)
        there = np.array(prediction == class_index, dtype=np.float32)
        ious.append(np.logical_and(here, there).sum() / (np.logical_or(here, there).sum() + 1e-7))
    return sum(ious) / len(ious), np.sum(truth == prediction) / np.prod(truth.shape)


if __name__ == "__main__":
    main(__doc__, measure)

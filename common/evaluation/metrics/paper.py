"""The paper metric, the metric of the study: IoU averaged over the classes of one image, then over images.

It is not the metric of the Cityscapes benchmark and its numbers must not be compared with benchmark numbers: every
image counts the same, and so does every class that occurs in its ground truth, void included; classes that are only
predicted count through the unions. Source: the reference implementation, which also rounds each image to 4 and the mean
to 3 decimals; here nothing is rounded.
"""

from common.evaluation.metrics.metric import Counts, Metric, Score

# Keeps the reference's values to the last digit; a class that occurs has a union of at least one pixel anyway.
_EPSILON = 1e-7


def image_iou(counts: Counts) -> Score:
    """Averages the IoU of the classes in the truth of one image; None for an image in which no pixel counts."""
    if not counts.any():
        return None
    hits = counts.diagonal()
    in_truth = counts.sum(axis=1)
    unions = in_truth + counts.sum(axis=0) - hits
    present = in_truth > 0
    return float((hits[present] / (unions[present] + _EPSILON)).mean())


def image_accuracy(counts: Counts) -> Score:
    """Computes the share of right pixels of one image; None for an image in which no pixel counts."""
    pixels = counts.sum()
    return float(counts.diagonal().sum() / pixels) if pixels else None


MIOU = Metric(
    "mIoU", "mIoU", "paper metric",
    "averages the IoU over the classes of each frame, void included, and then over the frames", of_image=image_iou,
)  # fmt: skip
MPA = Metric(
    "mPA", "mPA", "paper metric", "averages the share of right pixels over the frames", of_image=image_accuracy
)

"""IoU of the classes of any label map, from the pixels of all images together."""

from common.evaluation.metrics.metric import ClassAreas, ClassScores, Counts, Metric
from common.labels.maps import LabelMap


def class_iou(counts: Counts, label_map: LabelMap) -> ClassScores:
    """Computes TP / (TP + FP + FN) of each class by its name.

    Args:
        counts: `[truth, prediction]` in class indices; rows and columns behind those of the classes stand for pixels of
            no class.
        label_map: The classes.

    Returns:
        None for a class that neither occurs nor is predicted.
    """
    return class_areas(counts, label_map).iou


def class_areas(counts: Counts, label_map: LabelMap) -> ClassAreas:
    """Counts intersection and union of each class; for the arguments see `class_iou`."""
    hits = counts.diagonal().copy()  # a view would keep the whole matrix
    unions = counts.sum(axis=0) + counts.sum(axis=1) - hits
    classes = len(label_map)
    return ClassAreas(tuple(label_map.names), hits[:classes], unions[:classes])


MIOU = Metric(
    "pooled_mIoU", "mIoU", "all pixels pooled",
    "counts the pixels of all frames together, for every class", "{count} classes",
    of_classes=class_iou, of_areas=class_areas, class_key="class_IoU", class_column="pooled_IoU", in_detail=True,
    in_sentence="the score of all pixels pooled",
)  # fmt: skip

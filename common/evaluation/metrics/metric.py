"""What a metric is: its names, and how its score is computed from counted pixels.

Each metric is one value beside its formula; `registry` lists those that every model is scored by. Counts are confusion
matrices in class indices, `[truth, prediction]`, of shape `(classes, classes)`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.labels.maps import LabelMap

Counts = NDArray[np.int64]
# From 0 to 1; None where no pixel or class has a score.
Score = float | None
ClassScores = dict[str, Score]


@dataclass(frozen=True)
class ClassAreas:
    """Pixels of each class in one image or several. Sums over images give the IoU of any choice of images.

    Attributes:
        names: Of the classes.
        intersections: Pixels of the class in truth and prediction, shape `(classes,)`.
        unions: Pixels of the class in truth or prediction, as the definition counts them, likewise.
    """

    names: tuple[str, ...]
    intersections: NDArray[np.int64]
    unions: NDArray[np.int64]

    @property
    def iou(self) -> ClassScores:
        """The IoU of each class by its name; None for a class that neither occurs nor is predicted."""
        pairs = zip(self.intersections.tolist(), self.unions.tolist(), strict=True)
        scores = (intersection / union if union else None for intersection, union in pairs)
        return dict(zip(self.names, scores, strict=True))


@dataclass(frozen=True)
class Metric:
    """One way to score a model on a split. Exactly one of `of_image`, `of_split` and `of_classes` is given.

    Attributes:
        key: Name of the score in the result JSON, and in the CSV file with the split behind it: `mIoU_val`.
        quantity: What is measured, for a table.
        definition: By which definition. Scores of different definitions never share a table.
        explanation: What the definition does, to follow "which": "counts the pixels of all frames together".
        classes: Which classes count, for a title; `{count}` stands for the number of classes. "" says nothing of them.
        of_image: Scores the counts of one image; the score of a split is the mean over its images.
        of_split: Scores the counts of all images together.
        of_classes: Scores each class by name, from the counts of all images; None where the label map allows no score.
            The score of the split is the mean over the classes that have one.
        of_areas: Counts intersection and union of each class in the counts of one image, for an IoU of classes; None
            where the label map allows no score.
        class_key: Name of the scores of the classes in the result JSON.
        class_column: Their name in the CSV file of the classes.
        higher_is_better: Whether a better model has the higher score.
        in_detail: Whether a page shows it only on demand.
        in_sentence: The definition as a part of a sentence; "" for "the" and the definition.
    """

    key: str
    quantity: str
    definition: str
    explanation: str
    classes: str = ""
    of_image: Callable[[Counts], Score] | None = None
    of_split: Callable[[Counts, LabelMap], Score] | None = None
    of_classes: Callable[[Counts, LabelMap], ClassScores | None] | None = None
    of_areas: Callable[[Counts, LabelMap], ClassAreas | None] | None = None
    class_key: str = ""
    class_column: str = ""
    higher_is_better: bool = True
    in_detail: bool = False
    in_sentence: str = ""

    @property
    def named(self) -> str:
        """The definition as a part of a sentence: "the paper metric"."""
        return self.in_sentence or f"the {self.definition}"

    def title(self, num_classes: int) -> str:
        """Writes quantity, definition and classes: "mIoU, all pixels pooled (35 classes)"."""
        classes = self.classes.format(count=num_classes)
        return f"{self.quantity}, {self.definition}" + (f" ({classes})" if classes else "")


def mean_over_classes(scores: Mapping[str, Score] | Sequence[Score]) -> Score:
    """Averages the scores of classes, those without one left out; None if no class has one."""
    found = [score for score in (scores.values() if isinstance(scores, Mapping) else scores) if score is not None]
    return sum(found) / len(found) if found else None


def mean_over_images(scores: Iterable[Score]) -> Score:
    """Averages the scores of images, those without one left out; None if no image has one."""
    found = [score for score in scores if score is not None]
    # One by one in their order: a pairwise sum has other last digits, and the first of equal epochs would be another.
    return float(np.add.accumulate(found)[-1] / len(found)) if found else None

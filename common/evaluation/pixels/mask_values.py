"""What the values of a mask mean: label ids, or class indices of a label map; and how counts of one become the other.

Pixels are counted once, in the values that are in the files. What a metric needs, ids or classes, is summed from these
counts, so that no mask is translated pixel by pixel.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics.confusion import regroup
from common.evaluation.metrics.metric import Counts
from common.labels.cityscapes import IGNORE, LARGEST_ID
from common.labels.maps import LabelMap

IDS, CLASSES = "ids", "classes"


@dataclass(frozen=True)
class MaskValues:
    """The meaning of the values of masks; `kind` is `IDS` or `CLASSES`.

    Matrices of classes have one more row and column than `label_map` has classes, for pixels of no class.
    """

    kind: str
    label_map: LabelMap

    @cached_property
    def allowed(self) -> NDArray[np.int64]:
        """The values that are allowed, in the order of the rows or columns of a matrix."""
        if self.kind == IDS:
            return np.arange(LARGEST_ID + 1)
        classes = np.arange(len(self.label_map))
        return np.append(classes, IGNORE) if self.label_map.ignores else classes

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """The label id of each of `allowed`; 0 for what belongs to no class."""
        return self.allowed if self.kind == IDS else self.label_map.decode(self.allowed.astype(np.uint8)).astype(int)

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """The class index of each of `allowed`; the number of classes for what belongs to none."""
        found = self.label_map.encode(self.allowed.astype(np.uint8)) if self.kind == IDS else self.allowed
        return np.where(found == IGNORE, len(self.label_map), found).astype(int)

    @cached_property
    def id_of_value(self) -> NDArray[np.uint8]:
        """Label id by value, of shape `(256,)`; 0 where the value is not allowed."""
        table = np.zeros(256, np.uint8)
        table[self.allowed] = self.ids
        return table


def counts_in_ids(counts: Counts, truth: MaskValues, prediction: MaskValues) -> Counts:
    """Sums `[truth, prediction]` in the values of the masks into label ids, shape `(34, 34)`."""
    return regroup(counts, truth.ids, prediction.ids, LARGEST_ID + 1)


def counts_in_classes(counts: Counts, truth: MaskValues, prediction: MaskValues) -> Counts:
    """Sums `[truth, prediction]` in the values of the masks into class indices, shape `(classes + 1, classes + 1)`.

    The last column holds predictions of no class; the last row is empty, because pixels whose true label belongs to no
    class do not count.
    """
    number = len(truth.label_map)
    result = regroup(counts, truth.classes, prediction.classes, number + 1)
    result[number] = 0
    return result

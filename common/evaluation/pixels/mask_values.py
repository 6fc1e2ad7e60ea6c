"""What the values of a mask mean: label ids, or class indices of a label map; and matrices of one turned into another.

Counts are taken once, in the values that are in the files. What a metric needs, ids or classes, is summed from them, so
that no picture is translated pixel by pixel.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from common.labels.cityscapes import IGNORE, LARGEST_ID
from common.labels.maps import LabelMap

IDS, CLASSES = "ids", "classes"


@dataclass(frozen=True)
class ValueCode:
    """The values of masks.

    Attributes:
        kind: "ids" or "classes".
        label_map: Says which class an id belongs to. Matrices of classes have one more row and column, for pixels that
            belong to no class.
    """

    kind: str
    label_map: LabelMap

    @cached_property
    def values(self):
        """The values that are allowed, in the order of the rows or columns of a matrix."""
        if self.kind == IDS:
            return np.arange(LARGEST_ID + 1)
        classes = np.arange(len(self.label_map))
        return np.append(classes, IGNORE) if self.label_map.ignores else classes

    @cached_property
    def ids(self):
        """The label id of each of `values`; 0 for what belongs to no class."""
        return self.values if self.kind == IDS else self.label_map.decode(self.values.astype(np.uint8)).astype(int)

    @cached_property
    def classes(self):
        """The class index of each of `values`; the number of classes for what belongs to none."""
        found = self.label_map.encode(self.values.astype(np.uint8)) if self.kind == IDS else self.values
        return np.where(found == IGNORE, len(self.label_map), found).astype(int)

    @cached_property
    def id_of_value(self):
        """Label id by value, `uint8` of shape `(256,)`; 0 where the value is not allowed."""
        table = np.zeros(256, np.uint8)
        table[self.values] = self.ids
        return table


def regroup(counts, rows, columns, size):
    """Sums a matrix into one of other rows and columns.

    Args:
        counts: Of shape `(len(rows), len(columns))`.
        rows: The new row of each row.
        columns: The new column of each column.
        size: Number of new rows, and of new columns.

    Returns:
        `int64` of shape `(size, size)`.
    """
    result = np.zeros((size, size), np.int64)
    np.add.at(result, (rows[:, None], columns[None, :]), counts)
    return result


def counts_in_ids(counts, truth, prediction):
    """Sums `[truth, prediction]` in the values of two `ValueCode` into label ids, shape `(34, 34)`."""
    return regroup(counts, truth.ids, prediction.ids, LARGEST_ID + 1)


def counts_in_classes(counts, truth, prediction):
    """Sums `[truth, prediction]` in the values of two `ValueCode` into class indices.

    Returns:
        Of shape `(classes + 1, classes + 1)`. The last column holds predictions of no class; the last row is empty,
        because pixels whose true label belongs to no class do not count.
    """
    number = len(truth.label_map)
    result = regroup(counts, truth.classes, prediction.classes, number + 1)
    result[number] = 0
    return result

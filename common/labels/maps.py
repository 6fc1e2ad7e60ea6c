"""The Cityscapes label table, and maps from label ids to the classes a network predicts.

Source of the table: the Cityscapes label definitions (35 labels, ids 0 to 33, -1 for license plates). `LabelMap` says
what becomes of each id. Colour to label is not a function: five labels are black, two are (153, 153, 153) and two are
(0, 0, 142); `label_of_color` says which one a colour is read as.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from common.errors import LabelError
from common.labels.cityscapes import (
    IGNORE,
    LABEL_OF_ID,
    LABELS,
    LARGEST_ID,
)


@dataclass(frozen=True)
class LabelMap:
    """What a network predicts: the classes, and which label ids each stands for.

    Attributes:
        names: Class names by class index.
        colors: Red, green, blue by class index.
        class_of_id: Class index for the label ids 0 to 33, in order; `IGNORE` for a label that belongs to no class.
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    class_of_id: tuple[int, ...]

    def __len__(self):
        return len(self.names)

    @property
    def ignores(self):
        """Whether there are labels that belong to no class."""
        return IGNORE in self.class_of_id

    @property
    def void_classes(self):
        """Indices of the classes that stand for labels of the category void alone."""
        categories = [set() for _ in self.names]
        for id_, class_index in enumerate(self.class_of_id[: LARGEST_ID + 1]):
            if class_index != IGNORE:
                categories[class_index].add(LABEL_OF_ID[id_].category)
        return tuple(index for index, found in enumerate(categories) if found == {"void"})

    def as_json(self):
        """Makes JSON-able values of the map; `from_json` reads them."""
        return {
            "names": list(self.names),
            "colors": [list(color) for color in self.colors],
            "class_of_id": list(self.class_of_id),
        }

    @classmethod
    def from_json(cls, content):
        """Reads what `as_json` made; KeyError or TypeError if it is something else."""
        colors = tuple(tuple(color) for color in content["colors"])
        return cls(tuple(content["names"]), colors, tuple(content["class_of_id"]))

    @cached_property
    def _encoding(self):
        table = np.zeros(256, np.uint8)
        table[: len(self.class_of_id)] = self.class_of_id
        return table

    @cached_property
    def _decoding(self):
        table = np.zeros(256, np.uint8)
        for id_, class_index in reversed(tuple(enumerate(self.class_of_id))):
            if class_index != IGNORE:
                table[class_index] = id_
        return table

    @cached_property
    def _palette(self):
        table = np.zeros((256, 3), np.uint8)
        table[: len(self.colors)] = self.colors
        return table

    def encode(self, ids):
        """Replaces label ids by class indices.

        Args:
            ids: Label ids, `uint8` of shape `(height, width)`.

        Returns:
            Class indices, same shape and type; `IGNORE` for a label that belongs to no class.

        Raises:
            LabelError: If a value is not a label id of this map; names the value.
        """
        largest = int(ids.max(initial=0))
        if largest >= len(self.class_of_id):
            raise LabelError(f"the value {largest} is no label id; label ids go from 0 to {len(self.class_of_id) - 1}")
        return self._encoding[ids]

    def decode(self, class_indices):
        """Replaces class indices by label ids, the smallest id where a class stands for several.

        Args:
            class_indices: `uint8` of shape `(height, width)`.

        Returns:
            Label ids, same shape and type; 0 for a class no id belongs to, and for `IGNORE`.
        """
        return self._decoding[class_indices]

    def colorize(self, class_indices):
        """Paints class indices in the colours of their classes.

        Args:
            class_indices: `uint8` of shape `(height, width)`.

        Returns:
            Red, green, blue, `uint8` of shape `(height, width, 3)`; black for `IGNORE`.
        """
        return self._palette[class_indices]


def study_label_map():
    """Builds the 35 classes of the study: id 0 stays 0 and id k > 0 becomes class k + 1.

    Class 0 means "unlabeled" and, in the study's later steps, the inconsistency mask; class 1 never occurs. Class 8 is
    road, class 34 is bicycle. The colours are the official ones.
    """
    painted = LABELS[: LARGEST_ID + 1]
    names = ("unlabeled", "never used", *(label.name for label in painted[1:]))
    colors = ((0, 0, 0), (0, 0, 0), *(label.color for label in painted[1:]))
    return LabelMap(names, colors, (0, *range(2, LARGEST_ID + 2)))

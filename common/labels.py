"""The Cityscapes label table, and maps from label ids to the classes a network predicts.

Source of the table: the Cityscapes label definitions (35 labels, ids 0 to 33, -1 for license plates). `LabelMap` says
what becomes of each id. Colour to label is not a function: five labels are black, two are (153, 153, 153) and two are
(0, 0, 142); `label_of_color` says which one a colour is read as.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from common.errors import LabelError

LARGEST_ID = 33
# Value of pixels that belong to no class; they count neither in the loss nor in the scores.
IGNORE = 255


@dataclass(frozen=True)
class Label:
    """One row of the label table.

    Attributes:
        name: As in polygons.json, with spaces.
        id: Cityscapes id, the value in `*_labelIds.png`; -1 is never painted.
        train_id: The official 0-18; 255 (or -1) where the label is not evaluated.
        category: One of eight groups of labels, `category_id` its number.
        has_instances: Whether objects of it are counted one by one.
        ignore_in_eval: Whether the official evaluation leaves its pixels out.
        color: Red, green, blue.
    """

    name: str
    id: int
    train_id: int
    category: str
    category_id: int
    has_instances: bool
    ignore_in_eval: bool
    color: tuple[int, int, int]


_VOID, _FLAT, _CONSTRUCTION, _OBJECT = ("void", 0), ("flat", 1), ("construction", 2), ("object", 3)
_NATURE, _SKY, _HUMAN, _VEHICLE = ("nature", 4), ("sky", 5), ("human", 6), ("vehicle", 7)

# fmt: off
_ROWS = (
    # name                   id  train category       inst.  ignored color
    ("unlabeled",             0, 255, _VOID,          False, True,  (0, 0, 0)),
    ("ego vehicle",           1, 255, _VOID,          False, True,  (0, 0, 0)),
    ("rectification border",  2, 255, _VOID,          False, True,  (0, 0, 0)),
    ("out of roi",            3, 255, _VOID,          False, True,  (0, 0, 0)),
    ("static",                4, 255, _VOID,          False, True,  (0, 0, 0)),
    ("dynamic",               5, 255, _VOID,          False, True,  (111, 74, 0)),
    ("ground",                6, 255, _VOID,          False, True,  (81, 0, 81)),
    ("road",                  7,   0, _FLAT,          False, False, (128, 64, 128)),
    ("sidewalk",              8,   1, _FLAT,          False, False, (244, 35, 232)),
    ("parking",               9, 255, _FLAT,          False, True,  (250, 170, 160)),
    ("rail track",           10, 255, _FLAT,          False, True,  (230, 150, 140)),
    ("building",             11,   2, _CONSTRUCTION,  False, False, (70, 70, 70)),
    ("wall",                 12,   3, _CONSTRUCTION,  False, False, (102, 102, 156)),
    ("fence",                13,   4, _CONSTRUCTION,  False, False, (190, 153, 153)),
    ("guard rail",           14, 255, _CONSTRUCTION,  False, True,  (180, 165, 180)),
    ("bridge",               15, 255, _CONSTRUCTION,  False, True,  (150, 100, 100)),
    ("tunnel",               16, 255, _CONSTRUCTION,  False, True,  (150, 120, 90)),
    ("pole",                 17,   5, _OBJECT,        False, False, (153, 153, 153)),
    ("polegroup",            18, 255, _OBJECT,        False, True,  (153, 153, 153)),
    ("traffic light",        19,   6, _OBJECT,        False, False, (250, 170, 30)),
    ("traffic sign",         20,   7, _OBJECT,        False, False, (220, 220, 0)),
    ("vegetation",           21,   8, _NATURE,        False, False, (107, 142, 35)),
    ("terrain",              22,   9, _NATURE,        False, False, (152, 251, 152)),
    ("sky",                  23,  10, _SKY,           False, False, (70, 130, 180)),
    ("person",               24,  11, _HUMAN,         True,  False, (220, 20, 60)),
    ("rider",                25,  12, _HUMAN,         True,  False, (255, 0, 0)),
    ("car",                  26,  13, _VEHICLE,       True,  False, (0, 0, 142)),
    ("truck",                27,  14, _VEHICLE,       True,  False, (0, 0, 70)),
    ("bus",                  28,  15, _VEHICLE,       True,  False, (0, 60, 100)),
    ("caravan",              29, 255, _VEHICLE,       True,  True,  (0, 0, 90)),
    ("trailer",              30, 255, _VEHICLE,       True,  True,  (0, 0, 110)),
    ("train",                31,  16, _VEHICLE,       True,  False, (0, 80, 100)),
    ("motorcycle",           32,  17, _VEHICLE,       True,  False, (0, 0, 230)),
    ("bicycle",              33,  18, _VEHICLE,       True,  False, (119, 11, 32)),
    ("license plate",        -1,  -1, _VEHICLE,       False, True,  (0, 0, 142)),
)
# fmt: on

LABELS = tuple(
    Label(name, id_, train_id, *category, instances, ignored, color)
    for name, id_, train_id, category, instances, ignored, color in _ROWS
)
LABEL_OF_NAME = {label.name: label for label in LABELS}
LABEL_OF_ID = {label.id: label for label in LABELS}


def label_of_color(color):
    """Finds the label a colour is read as: the first row of the table that has it, license plates last.

    So black is `unlabeled`, (153, 153, 153) is `pole` and (0, 0, 142) is `car`.

    Raises:
        LabelError: If no label has the colour.
    """
    for label in LABELS:
        if label.color == tuple(color):
            return label
    raise LabelError(f"no label has the colour {tuple(color)}; the colours are those of the Cityscapes label table")


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

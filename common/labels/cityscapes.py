"""The label table of Cityscapes: ids, train ids, categories, colours.

Source: the Cityscapes label definitions (35 labels, ids 0 to 33, -1 for license plates). A colour does not always tell
the label: five labels are black, two are (153, 153, 153) and two are (0, 0, 142); see `LabelTable.of_color`.
"""

from dataclasses import dataclass

Color = tuple[int, int, int]
LARGEST_ID = 33
# Value of pixels that belong to no class; they count neither in the loss nor in the scores.
IGNORE = 255


@dataclass(frozen=True)
class Label:
    """One row of the label table.

    Attributes:
        name: The name in polygons.json, with spaces.
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
    color: Color


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

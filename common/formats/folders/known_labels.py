"""The labels of known datasets without a label file: SYNTHIA-RAND-CITYSCAPES and the India Driving Dataset (IDD)."""

from dataclasses import replace

from common.labels.tables import BACKGROUND, LabelTable, make_label

# In the order of the values.
SYNTHIA = (
    *("void", "sky", "building", "road", "sidewalk", "fence", "vegetation", "pole", "car", "traffic sign", "person"),
    *("bicycle", "motorcycle", "parking", "road work", "traffic light", "terrain", "rider", "truck", "bus", "train"),
    *("wall", "lane marking"),
)
# fmt: off
# Name and colour; Cityscapes' colour if there is none. In the order of IDD's ids.
_IDD = (
    ("road", None), ("parking", None), ("drivable fallback", (81, 0, 81)), ("sidewalk", None), ("rail track", None),
    ("non-drivable fallback", (152, 251, 152)), ("person", None), ("animal", (246, 198, 145)), ("rider", None),
    ("motorcycle", None), ("bicycle", None), ("autorickshaw", (255, 204, 54)), ("car", None), ("truck", None),
    ("bus", None), ("caravan", None), ("trailer", None), ("train", None), ("vehicle fallback", (136, 143, 153)),
    ("curb", (220, 190, 40)), ("wall", None), ("fence", None), ("guard rail", None), ("billboard", (174, 64, 67)),
    ("traffic sign", None), ("traffic light", None), ("pole", None), ("polegroup", None),
    ("obs-str-bar-fallback", (169, 187, 214)), ("building", None), ("bridge", None), ("tunnel", None),
    ("vegetation", None), ("sky", None), ("fallback background", (169, 187, 214)), (BACKGROUND, (0, 0, 0)),
    ("ego vehicle", None), ("rectification border", None), ("out of roi", None),
)
# fmt: on
_COUNTED_IN_IDD = ("animal", "autorickshaw", "vehicle fallback")
IDD = LabelTable(
    (
        *(
            replace(made, has_instances=made.has_instances or name in _COUNTED_IN_IDD)
            for id_, (name, color) in enumerate(_IDD)
            for made in [make_label(name, id_, color)]
        ),
        make_label("license plate", -1),
    ),
    BACKGROUND,
)

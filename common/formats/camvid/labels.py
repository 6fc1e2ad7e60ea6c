"""The labels of a CamVid dataset: its label file, or one of the two lists that are in use without one."""

from collections.abc import Sequence

from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.class_masks import MaskCode, code_of, has_values
from common.labels.table_files import find_label_table
from common.labels.tables import LabelTable, make_label

# fmt: off
# Of the masks with grey values that come with the SegNet tutorial, in the order of the values.
TUTORIAL = (
    ("Sky", (128, 128, 128)), ("Building", (128, 0, 0)), ("Pole", (192, 192, 128)), ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)), ("Tree", (128, 128, 0)), ("SignSymbol", (192, 128, 128)), ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)), ("Pedestrian", (64, 64, 0)), ("Bicyclist", (0, 128, 192)), ("Unlabelled", (0, 0, 0)),
)
# Of the masks with colours that the Cambridge-driving Labeled Video Database itself has.
CAMVID = (
    ("Void", (0, 0, 0)), ("Animal", (64, 128, 64)), ("Archway", (192, 0, 128)), ("Bicyclist", (0, 128, 192)),
    ("Bridge", (0, 128, 64)), ("Building", (128, 0, 0)), ("Car", (64, 0, 128)), ("CartLuggagePram", (64, 0, 192)),
    ("Child", (192, 128, 64)), ("Column_Pole", (192, 192, 128)), ("Fence", (64, 64, 128)),
    ("LaneMkgsDriv", (128, 0, 192)), ("LaneMkgsNonDriv", (192, 0, 64)), ("Misc_Text", (128, 128, 64)),
    ("MotorcycleScooter", (192, 0, 192)), ("OtherMoving", (128, 64, 64)), ("ParkingBlock", (64, 192, 128)),
    ("Pedestrian", (64, 64, 0)), ("Road", (128, 64, 128)), ("RoadShoulder", (128, 128, 192)),
    ("Sidewalk", (0, 0, 192)), ("SignSymbol", (192, 128, 128)), ("Sky", (128, 128, 128)),
    ("SUVPickupTruck", (64, 128, 192)), ("TrafficCone", (0, 0, 64)), ("TrafficLight", (0, 64, 64)),
    ("Train", (192, 64, 128)), ("Tree", (128, 128, 0)), ("Truck_Bus", (192, 128, 192)), ("Tunnel", (64, 0, 64)),
    ("VegetationMisc", (192, 192, 0)), ("Wall", (64, 192, 0)),
)
# fmt: on


def read_labels(tree: FileListing, masks: Sequence[Source]) -> tuple[LabelTable, MaskCode, list[str]]:
    """Reads the labels of a dataset in the order of the values in masks, what these values mean, and notes.

    Args:
        tree: The folder with the lists.
        masks: All masks; the first is looked at if there is no label file.

    Raises:
        DataError: If the label file is not understood; names the file and the line.
        LabelError: If it names a label twice.
    """
    table = find_label_table(tree)
    if table is not None:
        return table, code_of(table), []
    is_tutorial = bool(masks) and has_values(masks[0])
    rows, background = (TUTORIAL, "Unlabelled") if is_tutorial else (CAMVID, "Void")
    labels = tuple(make_label(name, place, color) for place, (name, color) in enumerate(rows))
    table = LabelTable(labels, background)
    source = "12 classes of the SegNet tutorial" if is_tutorial else "32 classes of CamVid"
    return table, code_of(table), [f"there is no label_colors.txt: masks were read as the {source}"]

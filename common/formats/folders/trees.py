"""Known datasets that have photographs and masks in folders, one line of data each, and how they are recognised.

Patterns are those of `patterns`; where a dataset has several kinds of masks, the first line that fits is taken. What
the values mean was taken from the public descriptions of the datasets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from common.dataset.original.polygon_json import read_objects
from common.errors import ProjectError
from common.files.listing import FileListing
from common.formats.camvid.labels import CAMVID
from common.formats.folders.known_labels import IDD, SYNTHIA
from common.formats.folders.labels import (
    IDS,
    TRAIN_IDS,
    Meaning,
    find_meaning,
    ids_meaning,
    list_meaning,
    read_vistas,
    train_ids_meaning,
)
from common.formats.folders.patterns import Key, Pattern, folders_of
from common.labels.tables import CITYSCAPES

CAMVID_LIST, SYNTHIA_LIST, IDD_POLYGONS = "CamVid", "SYNTHIA", "IDD"
CLASSES, OBJECTS, CHANNELS, POLYGONS = "classes", "objects", "channels", "polygons"
_LOOKED_AT = 8


@dataclass(frozen=True)
class KnownTree:
    """Where a dataset has its files, and what they hold.

    Attributes:
        name: The dataset.
        images: Pattern of the photographs.
        masks: Pattern of the masks.
        values: What masks mean: `ids`, `trainIds`, the name of a list of labels here, or of Mapillary's label file.
        kind: `classes`; `objects`, 16 bits of 256 times the label plus the object; `channels`, the same in two
            channels; or `polygons`, JSON files of Cityscapes' form.
        first: Number of the first object of a label; see `ObjectTruth`.
    """

    name: str
    images: str
    masks: str
    values: str
    kind: str = CLASSES
    first: int = 1


_ACDC = ("{folder}/{split}/*_rgb_anon.png", "{folder}/{split}/*_gt_")
_ZURICH = ("{split}/{folder}/*_rgb_anon.png", "{split}/{folder}/*_gt_")
TREES = (
    KnownTree("KITTI semantics", "{split}/image_2/*.png", "{split}/instance/*.png", IDS, OBJECTS),
    KnownTree("KITTI semantics", "{split}/image_2/*.png", "{split}/semantic/*.png", IDS),
    KnownTree("BDD100K", "images/10k/{split}/*.jpg", "labels/sem_seg/masks/{split}/*.png", TRAIN_IDS),
    KnownTree("BDD100K", "images/{split}/*.jpg", "labels/{split}/*_train_id.png", TRAIN_IDS),
    KnownTree("ACDC", f"rgb_anon/{_ACDC[0]}", f"gt/{_ACDC[1]}labelIds.png", IDS),
    KnownTree("ACDC", f"rgb_anon/{_ACDC[0]}", f"gt/{_ACDC[1]}labelTrainIds.png", TRAIN_IDS),
    KnownTree("Dark Zurich", f"rgb_anon/{_ZURICH[0]}", f"gt/{_ZURICH[1]}labelIds.png", IDS),
    KnownTree("Dark Zurich", f"rgb_anon/{_ZURICH[0]}", f"gt/{_ZURICH[1]}labelTrainIds.png", TRAIN_IDS),
    KnownTree("SYNTHIA", "RGB/*.png", "GT/LABELS/*.png", SYNTHIA_LIST, CHANNELS),
    KnownTree(
        "Mapillary Vistas", "{split}/images/*.jpg", "{split}/v2.0/instances/*.png", "config_v2.0.json", OBJECTS, 0
    ),
    KnownTree(
        "Mapillary Vistas", "{split}/images/*.jpg", "{split}/v1.2/instances/*.png", "config_v1.2.json", OBJECTS, 0
    ),
    KnownTree("Mapillary Vistas", "{split}/images/*.jpg", "{split}/instances/*.png", "config.json", OBJECTS, 0),
    KnownTree("CamVid (Kaggle)", "{split}/*.png", "{split}_labels/*_L.png", CAMVID_LIST),
    KnownTree("CamVid (Cambridge)", "701_StillsRaw_full/*.png", "LabeledApproved_full/*_L.png", CAMVID_LIST),
    KnownTree("CamVid (fast.ai)", "images/*.png", "labels/*_P.png", CAMVID_LIST),
    KnownTree(
        "IDD", "leftImg8bit/{split}/*_leftImg8bit", "gtFine/{split}/*_gtFine_polygons.json", IDD_POLYGONS, POLYGONS
    ),
)


class FoundTree(NamedTuple):
    """A dataset that was recognised: the folder it starts in, its line, and the names of its files by key."""

    root: str
    tree: KnownTree
    images: dict[Key, str]
    masks: dict[Key, str]


def find_tree(listing: FileListing) -> FoundTree | None:
    """Finds the known dataset that a folder or zip holds; None if it is none of them."""
    folders = folders_of(listing)
    for tree in TREES:
        images, masks = (Pattern(text, any_split=False) for text in (tree.images, tree.masks))
        for root in masks.roots(folders):
            below = listing.below(root)
            if not (found := masks.find(below)) or (tree.values.endswith(".json") and tree.values not in below):
                continue
            photographs = images.find(below)
            if (photographs.keys() & found.keys() or not photographs) and _holds(below, tree, found):
                return FoundTree(root, tree, photographs, found)
    return None


def _holds(listing: FileListing, tree: KnownTree, masks: dict[Key, str]) -> bool:
    """Tells IDD's polygons from Cityscapes' by their labels; all others are told by their names."""
    if tree.kind != POLYGONS:
        return True
    for name in list(masks.values())[:: max(1, len(masks) // _LOOKED_AT)]:
        try:
            _, objects = read_objects(listing[name])
        except ProjectError:
            continue  # the error is reported when the frame is read
        if any(CITYSCAPES.find(label) is None and IDD.find(label) is not None for label, _, _ in objects):
            return True
    return False


def meaning_of(found: FoundTree, listing: FileListing) -> Meaning:
    """Gives what the masks of a known dataset mean; raises DataError if its label file is damaged."""
    values = found.tree.values
    made: dict[str, Callable[[], Meaning]] = {
        IDS: ids_meaning,
        TRAIN_IDS: train_ids_meaning,
        SYNTHIA_LIST: lambda: list_meaning([(name, None) for name in SYNTHIA], "SYNTHIA's 23 labels"),
        CAMVID_LIST: lambda: find_meaning(listing, (), list_meaning(CAMVID, "the 32 classes of CamVid")),
        IDD_POLYGONS: lambda: Meaning(IDD, ids_meaning().code, "polygons of IDD's labels"),
    }
    return made[values]() if values in made else read_vistas(listing[values])

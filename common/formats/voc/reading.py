"""PASCAL VOC: a mask of classes and one of objects for each frame, and an XML file with a box for each object.

The files are `labelmap.txt`, `ImageSets/{Main,Segmentation}/<split>.txt`, `Annotations/<frame>.xml`,
`JPEGImages/<frame>.<ending>`, `SegmentationClass/<frame>.png` and `SegmentationObject/<frame>.png`; folders in a
frame's name are kept. A written value in SegmentationClass is the place of a label in labelmap.txt, background first,
and its colour in the palette is the label's, so that it can be read either way. SegmentationObject numbers the objects
of a frame from 1. Stuff is 0 there, and so is a group: its pixels have a class and no object, and in the XML it is an
object with `difficult` 1 and the attribute `is_crowd`. VOC's border of 255 is never written. Boxes count from 1 and
include their last pixel: Datumaro 1.13 reads them correctly with `coordinate_mode="voc-one-based"`; its default, which
takes `xmin` from 0 and `xmax` as exclusive, moves the upper left corner of each by one pixel.

A frame without ground truth is in Main and has no XML and no masks. One that is all background has both.

Masks may have a palette, grey values or colours when they are read. Without labelmap.txt, labels are VOC's own 20.
Boxes alone give no pixels, only boxes. The split of a frame is that in Segmentation, else that in Main.
"""

from collections import Counter

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.class_masks import table_as_read
from common.formats.frames import AnnotatedFrame, FrameDataset, missing_notes, split_item_id
from common.formats.voc.labels import read_labels
from common.formats.voc.lists import LISTS, read_splits
from common.formats.voc.truth import VocTruth
from common.images.pictures import IMAGE_ENDINGS
from common.text import count, first_few

BOXES, IMAGES = "Annotations", "JPEGImages"
CLASSES, OBJECTS = "SegmentationClass", "SegmentationObject"
_ENDINGS = {BOXES: (".xml",), IMAGES: IMAGE_ENDINGS, CLASSES: (".png",), OBJECTS: (".png",)}


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds VOC's folders."""
    return _root(tree) is not None


def _root(tree: FileListing) -> str | None:
    found = [tree.folder_with(f"{folder}/") for folder in (f"{LISTS}/Main", f"{LISTS}/Segmentation", CLASSES)]
    return min((folder for folder in found if folder is not None), key=lambda folder: folder.count("/"), default=None)


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset; frames without masks and boxes have no ground truth, and notes count them.

    Raises:
        DataError: If it is not a VOC dataset, or a path in a list leads out of it; names the file.
        LabelError: If labelmap.txt names a label twice.
    """
    root = _root(tree)
    if root is None:
        raise DataError(f"{tree}: is not a VOC dataset; expected the folders {LISTS} and {CLASSES}")
    notes = _other_roots(tree, root)
    tree = tree.below(root)
    table, code = read_labels(tree, has_objects=bool(tree.names(OBJECTS) or tree.names(BOXES)))
    notes += code.notes
    masks, objects, boxes, images = (_by_stem(tree, folder) for folder in (CLASSES, OBJECTS, BOXES, IMAGES))
    there = {*masks, *objects, *boxes, *images}
    splits = read_splits(tree, table, there, notes)
    if not tree.names(LISTS, ".txt"):
        splits = dict.fromkeys(sorted(there), "")
    frames: list[AnnotatedFrame] = []
    missing: Counter[str] = Counter()
    for item_id, split in splits.items():
        image = images.get(item_id)
        files = VocTruth(masks.get(item_id), objects.get(item_id), boxes.get(item_id), code, image)
        missing.update(_what_is_missing(files))
        city, name = split_item_id(item_id)
        has_truth = files.has_masks or files.boxes is not None
        frames.append(AnnotatedFrame(name, split, city, image, files if has_truth else None))
    notes += missing_notes(missing, len(frames))
    left_out = len(there - splits.keys())
    notes += [f"{count(left_out, 'frame')} in no list of {LISTS}, left out"] if left_out else []
    return FrameDataset(table_as_read(table), tuple(frames), "voc", tuple(notes))


def _what_is_missing(truth: VocTruth) -> list[str]:
    """Lists what of a frame is not there, as ends of sentences."""
    if not truth.has_masks:
        found = ["have no mask, only boxes" if truth.boxes is not None else "have no mask and no boxes"]
    elif truth.objects is None:
        found = [f"have no mask in {OBJECTS}; objects are not told apart there"]
    elif truth.classes is None:
        found = [f"have no mask in {CLASSES}; only objects are read there, all else is background"]
    else:
        found = []
    return found if truth.image is not None else [*found, "have no image"]


def _other_roots(tree: FileListing, root: str) -> list[str]:
    found = {name.split(f"{LISTS}/")[0] for name in tree.names() if f"/{LISTS}/" in f"/{name}"} - {root}
    return [f"{len(found)} more datasets are there and were left out: {first_few(sorted(found), 3)}"] if found else []


def _by_stem(tree: FileListing, folder: str) -> dict[str, Source]:
    """Lists the sources below a folder by their name without ending."""
    names = tree.names(folder, *_ENDINGS[folder])
    return {name[len(folder) + 1 :].rpartition(".")[0]: tree[name] for name in names}

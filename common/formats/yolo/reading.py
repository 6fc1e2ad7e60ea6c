"""YOLO segmentation as Ultralytics reads it: `data.yaml`, `images/<split>/...` and `labels/<split>/...`.

An image has a text file of the same name with a line for each object, `class x1 y1 x2 y2 ...`; `yolo_lines` says which
pixels that is, `data_yaml` what is understood of the index. Objects come back with the same pixels, numbered for each
class in the order of the lines. A frame without an object has an empty text file, a frame without ground truth none:
Ultralytics takes both for images without objects, so leave the latter out of a training.

Written are the labels asked for, or the eight evaluated ones with instances, or of another table all with instances; a
label without instances is written as one object. Groups are not written: a line would make one object of them.

When it is read, the text file of an image is found as Ultralytics does: the last `/images/` of its path becomes
`/labels/`. The size of an image comes from the image, so text files without one are counted in the notes and left out.
Boxes, lines of five or six numbers, are refused. Where objects overlap, a later line covers an earlier one. All that is
not an object is background. Nothing outside of the dataset's own files is looked at, whatever paths the index names.
"""

import posixpath
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, Segment, split_item_id
from common.formats.yolo.data_yaml import LARGEST_BYTES, read_data_yaml
from common.formats.yolo.lines import fill_polygon, read_lines
from common.images.pictures import IMAGE_ENDINGS, picture_size
from common.labels.tables import BACKGROUND, CITYSCAPES, FOREIGN_BACKGROUND, LabelTable, make_label

INDEX = "data.yaml"


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds a `data.yaml` and label files."""
    folder = tree.folder_with(INDEX)
    return folder is not None and any("labels" in name.split("/") for name in tree.names("", ".txt"))


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a YOLO segmentation dataset.

    Args:
        tree: `FileListing` of its folder or zip.

    Returns:
        `FrameDataset` with the labels that `data.yaml` names, and background.

    Raises:
        DataError: If there is no `data.yaml`, it cannot be understood, or there are no images where it says.
        LabelError: If a class is there twice.
    """
    folder = tree.folder_with(INDEX)
    if folder is None:
        raise DataError(f"{tree}: {INDEX} was expected, it is not there")
    tree = tree.below(folder)
    index = read_data_yaml(tree[INDEX])
    table = _table(index.names)
    names = {number: table.find(name).name for number, name in index.names.items()}
    frames, notes = {}, []
    for split in sorted(index.splits, key=lambda split: split in ("train", "val")):
        images, missing = _images_of_split(tree, index.path, index.splits[split])
        notes += [f"{split}: {count:,} images listed are not there" for count in (missing,) if count]
        notes += [] if images else [f"{split}: there is no image in {', '.join(index.splits[split])[:200]}"]
        for image in images:
            if image not in frames or split in image.split("/"):
                frames[image] = _frame(tree, image, split, names)
    if not frames:
        places = ", ".join(place for places in index.splits.values() for place in places)[:200] or "no folder"
        raise DataError(f"{tree[INDEX]}: names {places}, and no image is there; labels need images for their size")
    ordered = tuple(sorted(frames.values(), key=lambda frame: (frame.split, frame.item_id)))
    notes += _left_out(tree, frames)
    without = sum(frame.truth is None for frame in ordered)
    notes += [f"{without:,} of {len(ordered):,} frames have no ground truth"] if without else []
    return FrameDataset(table, ordered, "yolo", tuple(notes))


def _left_out(tree, frames):
    """Counts images that no split has, and label files without an image."""
    images = tree.names("", *IMAGE_ENDINGS)
    labels_of = {image: _labels_of(image) for image in images}
    unlisted = [
        image for image in images if image not in frames and ("/images/" in f"/{image}" or labels_of[image] in tree)
    ]
    has_image = set(labels_of.values())
    alone = sum("labels" in name.split("/") and name not in has_image for name in tree.names("", ".txt"))
    notes = [f"{alone:,} label files have no image and were left out"] if alone else []
    if unlisted:
        notes.append(
            f"{len(unlisted):,} images are in no split that {INDEX} names, and were left out, as {unlisted[0]}"
        )
    return notes


def _frame(tree, image, split, names):
    labels = _labels_of(image)
    truth = YoloTruth(tree[labels], tree[image], names) if labels in tree else None
    city, name = split_item_id(_item_id(image, split))
    return AnnotatedFrame(name, "" if split == NO_SPLIT else split, city, tree[image], truth)


def _table(names):
    """Makes the table of the classes: with Cityscapes' ids if all names are Cityscapes', else one above the index."""
    known = {index: CITYSCAPES.find(name) for index, name in names.items()}
    is_ours = all(known.values())
    background = BACKGROUND if is_ours else FOREIGN_BACKGROUND
    labels = [
        make_label(known[index].name, known[index].id, has_instances=True)
        if is_ours
        else make_label(name, index + 1, has_instances=True)
        for index, name in sorted(names.items())
    ]
    table = LabelTable(tuple(labels))
    if table.find(background) is None:
        table = LabelTable((make_label(background, 0, (0, 0, 0)), *labels))
    return LabelTable(table.labels, table.find(background).name)


def _images_of_split(tree, path, places):
    """Lists the images in folders and lists of images, and counts the listed ones that are not there."""
    found, missing = [], 0
    for place in places:
        bases = (posixpath.join(path, place), place)
        for name in (_inside(base) for base in bases):
            if name in tree and name.lower().endswith(".txt"):
                listed = _listed_images(tree, path, name)
                found += [image for image in listed if image]
                missing += listed.count(None)
                break
            if images := tree.names(name, *IMAGE_ENDINGS):
                found += images
                break
    return dict.fromkeys(found), missing


def _inside(path):
    """Makes a path relative to the dataset; what leads out of it, as in `../train/images`, starts in it."""
    parts = posixpath.normpath(path.replace("\\", "/")).split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _listed_images(tree, path, list_name):
    data = tree[list_name].read_bytes()
    if len(data) > 64 * LARGEST_BYTES:
        raise DataError(f"{tree[list_name]}: has {len(data):,} bytes, a list of images was expected")
    listed = []
    for line in data.decode("utf-8", "replace").splitlines():
        if line.strip():
            bases = (posixpath.join(posixpath.dirname(list_name), line.strip()), posixpath.join(path, line.strip()))
            places = (_inside(base) for base in (*bases, line.strip()))
            listed.append(next((place for place in places if place in tree), None))
    return listed


def _labels_of(image):
    before, found, after = f"/{image}".rpartition("/images/")
    place = f"{before}/labels/{after}" if found else f"/{image}"
    return place[1:].rpartition(".")[0] + ".txt"


def _item_id(image, split):
    """What names an image in its split: its path below `images` and below the folder called like the split."""
    before, found, place = f"/{image}".rpartition("/images/")
    parts = PurePosixPath(place if found else image).with_suffix("").parts
    return "/".join(parts[1:] if len(parts) > 1 and parts[0] == split else parts)


@dataclass(frozen=True)
class YoloTruth:
    """The label file of an image.

    Attributes:
        labels: Where it is.
        image: The image, for its size.
        names: Label by class index.
    """

    labels: Source
    image: Source
    names: dict[int, str] = field(hash=False)

    def load(self):
        """Paints the objects; see `AnnotatedFrame.annotation`."""
        size_wh = picture_size(self.image)
        lines = read_lines(self.labels, self.names)
        pixels = np.zeros(size_wh[::-1], np.uint16 if len(lines) < 2**16 else np.int32)
        segments, counts = {}, Counter()
        for key, (index, points) in enumerate(lines, 1):
            mask, (x, y) = fill_polygon(points * size_wh, size_wh)
            pixels[y : y + mask.shape[0], x : x + mask.shape[1]][mask] = key
            segments[key] = Segment(self.names[index], counts[index])
            counts[index] += 1
        return Annotation(pixels, segments)

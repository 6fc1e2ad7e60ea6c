"""YOLO segmentation as Ultralytics reads it: `data.yaml`, `images/<split>/...` and `labels/<split>/...`.

The index may have another name: without a `data.yaml`, it is the one .yaml or .yml file that has `names` and label
files below its folder; without any, `classes.txt` names the classes, one on each line, as Label Studio writes it.

An image has a text file of the same name with a line for each object; see `lines` for its pixels and `data_yaml` for
the index. Objects come back with the same pixels, numbered for each class in the order of the lines. A frame without
objects has an empty text file, a frame without ground truth has none. Ultralytics takes both for images without
objects, so leave the latter out of a training.

The labels that were asked for are written; by default the eight evaluated ones with instances, or all labels with
instances of another table. A label without instances is written as one object. Groups are not written, because a line
would make one object of them.

Reading looks for the text file of an image as Ultralytics does: the last `/images/` of its path becomes `/labels/`. The
size of an image comes from the image, so text files without one are counted in the notes and left out. Lines of five
numbers are boxes without an outline, and so are all lines where the index has `kpt_shape`. Where objects overlap, a
later line covers an earlier one. Pixels of no object are background. A split has the name of its folder below `images`
if that has the same role as the key in the index (`dataset.original.splits`), else that of the key. Only files of
the dataset are read, whatever paths the index names.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.frames import (
    NO_SPLIT,
    AnnotatedFrame,
    Annotation,
    BoxedObject,
    FrameDataset,
    Segment,
    missing_notes,
    split_item_id,
)
from common.formats.yolo.data_yaml import DataYaml, read_data_yaml
from common.formats.yolo.lines import fill_polygon, read_label_file
from common.formats.yolo.places import (
    CLASS_LIST,
    INDEX,
    find_indices,
    has_labels,
    images_of_split,
    item_id_of,
    labels_of,
    split_of,
    splits_without_index,
)
from common.images.pictures import IMAGE_ENDINGS, picture_size
from common.labels.table_files import read_names
from common.labels.tables import BACKGROUND, CITYSCAPES, FOREIGN_BACKGROUND, LabelTable, make_label, plain_name
from common.text import count, first_few


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds an index and label files."""
    return has_labels(tree) and bool(find_indices(tree))


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset with the labels that `data.yaml` names, and background.

    Raises:
        DataError: If there is no index or several, it is not understood, or there are no images in the places it names.
        LabelError: If a class is there twice.
    """
    found = find_indices(tree)
    if len(found) != 1:
        there = f"{INDEX} is not there" if not found else f"{first_few(found)} may each be the index of the classes"
        raise DataError(f"{tree}: {there}; expected one {INDEX}, or one YAML file with names, beside images and labels")
    folder, _, index_name = found[0].rpartition("/")
    tree = tree.below(folder)
    if index_name == CLASS_LIST:
        class_names = dict(enumerate(read_names(tree[index_name])))
        index = DataYaml("", class_names, splits_without_index(tree))
    else:
        index = read_data_yaml(tree[index_name])
    table, names = _make_table(index.names)
    frames: dict[str, AnnotatedFrame] = {}
    notes = [f"{index_name} has kpt_shape: key points were left out, boxes are read"] if index.key_point_numbers else []
    for split in sorted(index.splits, key=lambda split: split in ("train", "val")):
        images, missing = images_of_split(tree, index.path, index.splits[split])
        notes += [f"{split}: {count(missing, 'listed image')} not found"] if missing else []
        notes += [] if images else [f"{split}: there is no image in {', '.join(index.splits[split])[:200]}"]
        for image in images:
            name = split_of(image, split)
            if image not in frames or name in image.split("/"):
                frames[image] = _frame(tree, image, name, names, index.key_point_numbers)
    if not frames:
        places = ", ".join(place for places in index.splits.values() for place in places)[:200] or "no folder"
        raise DataError(f"{tree[index_name]}: names {places}, and no image is there; labels need images for their size")
    ordered = tuple(sorted(frames.values(), key=lambda frame: (frame.split, frame.item_id)))
    notes += _left_out(tree, frames, index_name)
    notes += missing_notes({"have no ground truth": sum(frame.truth is None for frame in ordered)}, len(ordered))
    return FrameDataset(table, ordered, "yolo", tuple(notes))


def _left_out(tree: FileListing, frames: dict[str, AnnotatedFrame], index_name: str) -> list[str]:
    """Writes notes on images that are in no split, and on label files without an image."""
    images = tree.names("", *IMAGE_ENDINGS)
    text_files = {image: labels_of(image) for image in images}
    unlisted = [
        image for image in images if image not in frames and ("/images/" in f"/{image}" or text_files[image] in tree)
    ]
    has_image = set(text_files.values())
    alone = sum("labels" in name.split("/") and name not in has_image for name in tree.names("", ".txt"))
    notes = [f"{count(alone, 'label file')} without an image left out"] if alone else []
    if unlisted:
        notes.append(
            f"{count(len(unlisted), 'image')} in no split that {index_name} names, left out, for example {unlisted[0]}"
        )
    return notes


def _frame(tree: FileListing, image: str, split: str, names: dict[int, str], key_point_numbers: int) -> AnnotatedFrame:
    labels = labels_of(image)
    truth = YoloTruth(tree[labels], tree[image], names, key_point_numbers) if labels in tree else None
    city, name = split_item_id(item_id_of(image, split))
    return AnnotatedFrame(name, "" if split == NO_SPLIT else split, city, tree[image], truth)


def _make_table(names: dict[int, str]) -> tuple[LabelTable, dict[int, str]]:
    """Makes the table of the classes, and the name of each label in it by class index.

    Ids are Cityscapes' if all names are, else one more than the index.
    """
    known = {index: label for index, name in names.items() if (label := CITYSCAPES.find(name)) is not None}
    is_ours = len(known) == len(names)
    background = BACKGROUND if is_ours else FOREIGN_BACKGROUND
    labels = {
        index: make_label(known[index].name, known[index].id, has_instances=True)
        if is_ours
        else make_label(name, index + 1, has_instances=True)
        for index, name in sorted(names.items())
    }
    same = [label for label in labels.values() if plain_name(label.name) == background]
    first = same[0] if same else make_label(background, 0, (0, 0, 0))
    others = labels.values() if same else (first, *labels.values())
    return LabelTable(tuple(others), first.name), {index: label.name for index, label in labels.items()}


@dataclass(frozen=True)
class YoloTruth:
    """The label file of an image, which gives the size, and the name of the label by class index.

    Attributes:
        key_point_numbers: See `DataYaml`.
    """

    labels: Source
    image: Source
    names: dict[int, str] = field(hash=False)
    key_point_numbers: int = 0

    def load(self) -> Annotation:
        """Paints the objects; see `AnnotatedFrame.annotation`."""
        size_wh = picture_size(self.image)
        lines = read_label_file(self.labels, self.names, self.key_point_numbers)
        pixels = np.zeros(size_wh[::-1], np.uint16 if len(lines) < 2**16 else np.int32)
        segments: dict[int, Segment] = {}
        boxes = []
        counts: Counter[int] = Counter()
        for key, line in enumerate(lines, 1):
            segment = Segment(self.names[line.class_index], counts[line.class_index])
            counts[line.class_index] += 1
            points = line.points * size_wh
            if line.is_box:
                (left, top), (right, bottom) = points.tolist()
                boxes.append(BoxedObject(segment, (left, top, right - left, bottom - top)))
                continue
            mask, (x, y) = fill_polygon(points, size_wh)
            pixels[y : y + mask.shape[0], x : x + mask.shape[1]][mask] = key
            segments[key] = segment
        return Annotation(pixels, segments, boxes=tuple(boxes))

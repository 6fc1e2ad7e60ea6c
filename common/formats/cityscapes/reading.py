"""Cityscapes' own tree: read from any layout or zip, written with the official names.

Assumes what `dataset.layouts` says about folders and names. Labels come from the label file beside the data, else they
are Cityscapes' 35 (`cityscapes_labels`). Pixels are read from instanceIds, else labelIds, else
polygons, else color. A value below 1000 is a label without objects, or a crowd; from 1000 on it is an object, number 0
included. LabelIds and color hold no objects, and a colour may be that of several labels (`dataset.truth`).

How it is written says `cityscapes_writing`.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from common.dataset.original.layouts import read_layout
from common.dataset.original.polygons import (
    INSTANCES_PER_CLASS,
    counted_values,
    find_label,
    paint_polygons,
    read_polygons,
)
from common.dataset.original.truth import KINDS, first_kind, read_truth
from common.errors import LabelError, ProjectError
from common.files.listing import FileListing
from common.formats.cityscapes.labels import read_table
from common.formats.cityscapes.writing import write
from common.formats.frames import NO_CITY, NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.runs import find_runs
from common.labels.tables import LabelTable

__all__ = ["CityscapesTruth", "matches", "read", "read_table", "segments_of_values", "write"]
_STAND_INS = {
    "instanceIds": "are read from instanceIds",
    "labelIds": "are read from labelIds, which do not tell objects apart",
    "polygons": "are painted from their polygons",
    "color": "are read from color, which does not tell objects apart, nor labels of one colour: black is background, "
    "(153, 153, 153) pole, (0, 0, 142) car",
}


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds files with Cityscapes' names."""
    endings = (
        "_leftimg8bit.png",
        "_leftimg8bit.jpg",
        "_labelids.png",
        "_instanceids.png",
        "_polygons.json",
        "_color.png",
    )
    return bool(tree.names("", *endings)) or any(
        name.lower().endswith(".zip") and ("gtfine" in name.lower() or "leftimg8bit" in name.lower())
        for name in tree.sources
    )


def read(tree: FileListing, truth: str | None = None, kinds: tuple[str, ...] = KINDS) -> FrameDataset:
    """Reads a tree, any part of one, or a zip.

    Args:
        tree: The folder or zip; zips inside the folder are looked through too.
        truth: "gtFine" or "gtCoarse"; None takes the fine annotation where there is any.
        kinds: What pixels are read from, the first that a frame has.

    Returns:
        `FrameDataset`; frames without image or without ground truth are in it and named in the notes.

    Raises:
        DataError: If nothing is found, or a frame is there twice.
    """
    layout = read_layout(tree.root, truth)
    table = read_table(tree, layout.frames)
    frames = tuple(_frame(frame, table, kinds) for frame in layout.frames)
    return FrameDataset(table, frames, "cityscapes", (*layout.problems, *_kinds_used(frames, kinds)), layout.truth)


def _kinds_used(frames, kinds):
    """Says what stands in for files that are missing."""
    used = Counter(first_kind(frame.truth.files, kinds) for frame in frames if frame.truth is not None)
    total = used.total()
    del used[kinds[0]]
    return [f"{count:,} of {total:,} frames {_STAND_INS[kind]}" for kind, count in sorted(used.items())]


def _frame(found, table, kinds):
    files = {kind: source for kind, source in found.files.items() if kind in KINDS}
    truth = CityscapesTruth(files, table, kinds) if files.keys() & set(kinds) else None
    split = "" if found.split == NO_SPLIT else found.split
    city = "" if found.city == NO_CITY else found.city
    return AnnotatedFrame(found.name, split, city, found.image, truth)


@dataclass(frozen=True)
class CityscapesTruth:
    """The annotation files of a frame.

    Attributes:
        files: `Source` by kind.
        table: What the ids in them mean.
        kinds: What pixels are read from, the first that is there.
    """

    files: dict = field(hash=False)
    table: LabelTable
    kinds: tuple[str, ...] = KINDS

    def load(self):
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        truth = read_truth(self.files, self.table, self.kinds)
        where = self.files[truth.kind]
        segments = segments_of_values(truth.values, self.table, where)
        dropped = Counter()
        if image := truth.polygons or self._polygons():
            for value, label in _hidden_objects(image, self.table):
                segments.setdefault(value, Segment(label.name, value % INSTANCES_PER_CLASS))
            plates = sum(_is_never_painted(polygon, self.table) for polygon in image.polygons)
            dropped = +Counter({"outlines of labels that are never painted (license plates)": plates})
        return Annotation(truth.values, segments, image, dropped)

    def _polygons(self):
        """Reads what stands in polygons.json alone; None without one, or if it is broken and pixels are there."""
        try:
            return read_polygons(self.files["polygons"], self.table) if "polygons" in self.files else None
        except ProjectError:
            return None

    def source_polygons(self, annotation):
        """Gives polygons.json as it is, if it paints the pixels of `annotation`; see `frames.source_polygons`."""
        source = self.files.get("polygons")
        if source is None:
            return None, ""
        if annotation.outlines is None:
            return None, "that are broken (outlines were drawn anew)"
        if first_kind(self.files, self.kinds) == "polygons":
            return source.read_bytes(), ""
        painted = paint_polygons(annotation.outlines, self.table).instance_ids
        if not np.array_equal(painted, annotation.pixels):
            return None, "that paint other pixels than the PNG files have (outlines were drawn anew)"
        return source.read_bytes(), ""


def segments_of_values(values, table, where):
    """Reads what the values of an instanceIds picture stand for.

    Args:
        values: `uint16` of shape `(height, width)`.
        table: `LabelTable` of the ids.
        where: Named in errors.

    Returns:
        `{value: Segment}`, sorted; background is left out.

    Raises:
        LabelError: If an id is not in the table.
    """
    segments = {}
    for value in np.unique(find_runs(values).keys).tolist():
        id_, number = divmod(value, INSTANCES_PER_CLASS) if value >= INSTANCES_PER_CLASS else (value, None)
        label = table.of_id(id_)
        if label is None:
            raise LabelError(f"{where}: holds the value {value}, and no label of the table has the id {id_}")
        if label.name != table.background:
            segments[value] = Segment(label.name, number, label.has_instances and number is None)
    return segments


def _hidden_objects(image, table):
    """Lists `(value, Label)` of counted objects that lie in the frame; those that fill gaps in numbers lie outside."""
    counted = []
    for polygon in image.polygons:
        label, is_group = find_label(polygon.label, table)
        if label is not None and label.has_instances and label.id >= 0 and not is_group and not polygon.deleted:
            counted.append(polygon)
    width, height = image.size_wh
    for polygon, item in zip(counted, counted_values(image, table), strict=True):
        xs, ys = zip(*polygon.points, strict=True) if polygon.points else ((-1,), (-1,))
        if max(xs) >= 0 and max(ys) >= 0 and min(xs) < width and min(ys) < height:
            yield item


def _is_never_painted(polygon, table):
    label, _ = find_label(polygon.label, table)
    return not polygon.deleted and label is not None and label.id < 0

"""Reads Cityscapes' own tree from any layout or zip.

Assumes the folders and names of `dataset.original.layouts`. Labels come from the label file beside the data, else they
are Cityscapes' 35 (`cityscapes.labels`). Pixels are read from instanceIds, else labelIds, else polygons, else color. A
value below 1000 is a label without objects, or a crowd; from 1000 on it is an object, also number 0. LabelIds and color
hold no objects, and several labels may have one colour (`dataset.original.truth`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.layouts import Frame, read_layout
from common.dataset.original.polygons import (
    INSTANCES_PER_CLASS,
    AnnotatedImage,
    Polygon,
    counted_values,
    find_label,
    paint_runs,
    read_polygons,
    scale_polygons,
)
from common.dataset.original.train_ids import TRAIN_IDS, train_id_notes, with_train_ids
from common.dataset.original.tree_files import IMAGE_KIND
from common.dataset.original.truth import KINDS, first_kind, read_truth
from common.errors import LabelError, ProjectError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.cityscapes.labels import read_table
from common.formats.frames import NO_CITY, NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, Segment
from common.images.runs import find_runs
from common.labels.cityscapes import Label
from common.labels.tables import CITYSCAPES, LabelTable

_ENDINGS = (
    "_leftimg8bit.png",
    "_leftimg8bit.jpg",
    "_labelids.png",
    "_labeltrainids.png",
    "_instanceids.png",
    "_polygons.json",
    "_color.png",
)
_STAND_INS = {
    "instanceIds": "are read from instanceIds",
    "labelIds": "are read from labelIds, which do not tell objects apart",
    TRAIN_IDS: "are read as train ids, which do not tell objects apart; what is not evaluated is unlabeled",
    "polygons": "are painted from their polygons",
    "color": "are read from color, which does not tell objects apart, nor labels of one colour: black is background, "
    "(153, 153, 153) pole, (0, 0, 142) car",
}
LOST = "pixels of train id 255, whose label is not known"


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds files with Cityscapes' names."""
    return bool(tree.names("", *_ENDINGS)) or any(
        name.lower().endswith(".zip") and ("gtfine" in name.lower() or "leftimg8bit" in name.lower())
        for name in tree.sources
    )


def read(
    tree: FileListing,
    truth: str | None = None,
    kinds: tuple[str, ...] = (*KINDS, TRAIN_IDS),
    train_ids: bool = False,
    images_as: str = IMAGE_KIND,
) -> FrameDataset:
    """Reads a dataset, any part of one, or a zip, with frames without image or ground truth; see `Format.read`.

    Args:
        tree: The folder or zip; zips inside the folder are looked through too.
        truth: "gtFine" or "gtCoarse"; None takes the fine annotation where there is any.
        kinds: Which files pixels are read from; the first that a frame has is taken.
        train_ids: Whether pixels are read from train ids instead, in labelTrainIds or else labelIds.
        images_as: How the photographs are called, or the folder they are in; see `tree_files.FileNames`.

    Raises:
        DataError: If nothing is found, or a frame is there twice.
    """
    layout = read_layout(tree.root, truth, (TRAIN_IDS, *KINDS) if train_ids else kinds, images_as)
    if train_ids:
        kinds = (TRAIN_IDS,)
        with_files = (replace(frame, files=with_train_ids(frame.files)) for frame in layout.frames)
        layout = replace(layout, frames=tuple(with_files))
    table = CITYSCAPES if train_ids else read_table(tree, layout.frames)
    if table is not CITYSCAPES:  # train ids are Cityscapes'
        kinds = tuple(kind for kind in kinds if kind != TRAIN_IDS)
    truths = {frame.name: found for frame in layout.frames if (found := _truth(frame, table, kinds))}
    frames = tuple(_frame(frame, truths.get(frame.name)) for frame in layout.frames)
    notes = (*layout.problems, *_kinds_used(tuple(truths.values()), kinds), *_odd_values(tuple(truths.values()), table))
    return FrameDataset(table, frames, "cityscapes", notes, layout.truth)


def _kinds_used(truths: "Sequence[CityscapesTruth]", kinds: tuple[str, ...]) -> list[str]:
    """Names the files that are read where the preferred ones are missing, a sentence for each kind."""
    used = Counter(truth.kind for truth in truths)
    total = used.total()
    if kinds[0] != TRAIN_IDS:
        del used[kinds[0]]
    return [f"{count:,} of {total:,} frames {_STAND_INS[kind]}" for kind, count in sorted(used.items())]


def _odd_values(truths: "Sequence[CityscapesTruth]", table: LabelTable) -> list[str]:
    masks = [truth.files["labelIds"] for truth in truths if truth.kind == "labelIds"]
    return train_id_notes(masks, "--train-ids reads them as such") if table is CITYSCAPES else []


def _truth(found: Frame, table: LabelTable, kinds: tuple[str, ...]) -> "CityscapesTruth | None":
    files = {kind: source for kind, source in found.files.items() if kind in (*KINDS, *kinds)}
    return CityscapesTruth(files, table, kinds) if files.keys() & set(kinds) else None


def _frame(found: Frame, truth: "CityscapesTruth | None") -> AnnotatedFrame:
    split = "" if found.split == NO_SPLIT else found.split
    city = "" if found.city == NO_CITY else found.city
    return AnnotatedFrame(found.name, split, city, found.image, truth)


@dataclass(frozen=True)
class CityscapesTruth:
    """The annotation files of a frame.

    Attributes:
        files: The files by kind.
        table: What the ids in them mean.
        kinds: Which files pixels are read from; the first that is there is taken.
    """

    files: Mapping[str, Source] = field(hash=False)
    table: LabelTable
    kinds: tuple[str, ...] = KINDS

    @property
    def kind(self) -> str:
        """The kind of file that pixels are read from."""
        return first_kind(self.files, self.kinds) or self.kinds[0]

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        truth = read_truth(self.files, self.table, self.kinds)
        where = self.files[truth.kind]
        segments = segments_of_values(truth.values, self.table, where)
        dropped: Counter[str] = Counter()
        if image := truth.polygons or self._polygons():
            for value, label in _objects_in_frame(image, self.table):
                segments.setdefault(value, Segment(label.name, value % INSTANCES_PER_CLASS))
            plates = sum(_is_never_painted(polygon, self.table) for polygon in image.polygons)
            dropped = Counter({"outlines of labels that are never painted (license plates)": plates})
        if truth.kind == TRAIN_IDS:
            dropped[LOST] += int((truth.values == self.table.background_id).sum())
        return Annotation(truth.values, segments, image, +dropped)

    def _polygons(self) -> AnnotatedImage | None:
        """Reads polygons.json beside the PNG file that gives the pixels; None without one or if it is broken."""
        try:
            return read_polygons(self.files["polygons"], self.table) if "polygons" in self.files else None
        except ProjectError:
            return None

    def source_polygons(self, annotation: Annotation) -> tuple[bytes | None, str]:
        """Gives polygons.json as it is, if it paints the pixels of `annotation`; see `frames.source_polygons`."""
        source = self.files.get("polygons")
        if source is None:
            return None, ""
        if annotation.outlines is None:
            return None, "that are broken (outlines were drawn again)"
        if not self._is_painted(annotation.outlines, annotation.pixels):
            return None, "that paint other pixels than the PNG files have (outlines were drawn again)"
        return source.read_bytes(), ""

    def resized(self, annotation: Annotation, size_wh: tuple[int, int]) -> Annotation | None:
        """Paints the outlines at another size if they give the pixels; see `resizing.ScalableTruth`."""
        outlines = annotation.outlines
        if outlines is None or not self._is_painted(outlines, annotation.pixels):
            return None
        pixels = self._paint(scale_polygons(outlines, size_wh))
        found = segments_of_values(pixels, self.table, self.files[self.kind])
        return replace(annotation, pixels=pixels, segments={**annotation.segments, **found})

    def _is_painted(self, outlines: AnnotatedImage, pixels: NDArray[np.integer]) -> bool:
        return self.kind == "polygons" or np.array_equal(self._paint(outlines), pixels)

    def _paint(self, outlines: AnnotatedImage) -> NDArray[np.uint16]:
        values, lengths = paint_runs(outlines, self.table)
        return np.repeat(values, lengths).reshape(outlines.size_wh[::-1])


def segments_of_values(values: NDArray[np.uint16], table: LabelTable, where: Source | str) -> dict[int, Segment]:
    """Finds what the values of an instanceIds picture, shape `(height, width)`, stand for.

    Returns:
        Segments by value, sorted, without background.

    Raises:
        LabelError: If an id is not in the table; names `where`, the file.
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


def _objects_in_frame(image: AnnotatedImage, table: LabelTable) -> Iterator[tuple[int, Label]]:
    """Lists value and label of counted objects inside the frame; polygons that fill gaps in numbers lie outside."""
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


def _is_never_painted(polygon: Polygon, table: LabelTable) -> bool:
    label, _ = find_label(polygon.label, table)
    return not polygon.deleted and label is not None and label.id < 0

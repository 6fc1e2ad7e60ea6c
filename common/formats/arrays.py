"""A dataset made from arrays, to be filtered, written and evaluated like one that was read.

    from common.formats.arrays import ArrayFrame, ArrayMask, from_arrays, make_table
    from common.formats.conversion import write

    labels = make_table({"background": (0, 0, 0), "road": (128, 64, 128), "car": (0, 0, 142)}, counted=["car"])
    frames = [ArrayFrame("street_1", image, [ArrayMask("road", road), ArrayMask("car", car)])]
    write(from_arrays(frames, labels), "out", "coco")

Frames are light: masks are painted and photographs are encoded where a frame is written. Frames of a generator are
taken one by one, so that a dataset of any size takes little memory. Knows no format.
"""

import itertools
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.errors import DataError, LabelError
from common.files.places import absolute_path
from common.files.sources import Source
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.streams import taken_once
from common.images.in_memory import ImageInMemory, as_area, as_image
from common.images.pictures import picture_size
from common.labels.cityscapes import Color, Label
from common.labels.tables import LabelTable, table_of

_UINT16 = 1 << 16


@dataclass(frozen=True, eq=False)
class ArrayMask:
    """One area of a frame.

    Attributes:
        label: Name of a label in the table.
        mask: True where the area is, shape `(height, width)`; 0 and 1, or 0 and 255, mean the same.
        number: Of an object, from 0; None takes the smallest number that is free for the label in the frame. Areas of
            labels that are not counted have no number.
        is_crowd: Whether it is a region of a counted label in which objects are not told apart.
    """

    label: str
    mask: ArrayLike
    number: int | None = None
    is_crowd: bool = False


@dataclass(frozen=True, eq=False)
class ArrayFrame:
    """One photograph and its ground truth; neither may change before it is written.

    Attributes:
        name: Without folder and ending, for example "street_1"; unique.
        image: Red, green, blue, `uint8` of shape `(height, width, 3)`; or the path of a photograph of any kind; or
            None.
        masks: Far to near: where areas overlap, later ones cover earlier ones. () is background alone, None is a frame
            without ground truth.
        split: `train`, `val`, ..., or "".
        city: Folder below the split, or "".
    """

    name: str
    image: ArrayLike | Path | str | None = None
    masks: Sequence[ArrayMask] | None = None
    split: str = ""
    city: str = ""


def from_arrays(frames: Iterable[ArrayFrame], labels: LabelTable) -> FrameDataset:
    """Makes a dataset of arrays.

    Args:
        frames: A sequence is checked at once; of anything else each frame is checked when it is taken.
        labels: From `make_table`, or for example `common.labels.tables.CITYSCAPES`.

    Raises:
        DataError: If an image or a mask is not what it should be, or their sizes differ; names the frame.
        LabelError: If a label is not in the table, or is not counted and has a number; names the frame.
    """
    made = _Frames(taken_once(frames), labels)
    return FrameDataset(labels, tuple(made) if isinstance(frames, Sequence) else made)


def make_table(
    colors: Mapping[str, Sequence[int]], counted: Collection[str] = (), background: str | None = None
) -> LabelTable:
    """Makes a label table by the rules of a label file: `common.labels.tables.table_of`.

    If all names are Cityscapes', they get its ids. Otherwise an id is a place, from 0.

    Args:
        colors: Red, green, blue, from 0 to 255, by name of the label.
        counted: Names of the labels whose objects are counted.
        background: Name of the label of pixels in no mask. None takes the first black one; if none is black, a label
            `background` is put at the start.

    Raises:
        LabelError: If a colour is wrong, a name is there twice, or one that is counted or the background is not there.
    """
    rows = [(name, _checked_color(name, color)) for name, color in colors.items()]
    table = table_of(rows, counted, add_background=background is None)
    table = table if background is None else LabelTable(table.labels, background)
    for name in counted:
        if (label := table.find(name)) is None or label == table.find(table.background or ""):
            there = ", ".join(label.name for label in table)
            raise LabelError(f"the label {name!r} cannot be counted: it is the background or not there ({there})")
    return table


def _checked_color(name: str, color: Sequence[int]) -> Color:
    try:
        red, green, blue = map(operator.index, color)
    except (TypeError, ValueError):
        red = green = blue = -1
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise LabelError(f"the label {name!r} has the colour {color!r}; expected red, green, blue from 0 to 255")
    return red, green, blue


@dataclass(frozen=True)
class _Frames:
    """Makes each frame when it is taken."""

    frames: Iterable[ArrayFrame]
    labels: LabelTable

    def __iter__(self) -> Iterator[AnnotatedFrame]:
        return (_to_frame(frame, self.labels) for frame in self.frames)


def _to_frame(frame: ArrayFrame, labels: LabelTable) -> AnnotatedFrame:
    if not isinstance(frame, ArrayFrame):
        raise DataError(f"expected frames of the type ArrayFrame, found {type(frame).__name__}")
    where, image = f"the frame {frame.name!r}", frame.image
    source: Source | None = None
    size_wh: tuple[int, int] | None = None
    if isinstance(image, str | Path):
        source = Source(absolute_path(image))  # workers may have been started in another folder
    elif image is not None:
        pixels = as_image(image, f"{where}: its image")
        size_wh = pixels.shape[1], pixels.shape[0]
        source = ImageInMemory(frame.name, pixels)
    truth = None if frame.masks is None else _truth(where, frame.masks, labels, size_wh or source)
    return AnnotatedFrame(frame.name, frame.split, frame.city, source, truth)


def _truth(
    where: str, masks: Sequence[ArrayMask], labels: LabelTable, size: tuple[int, int] | Source | None
) -> "ArrayTruth":
    """Checks the masks of a frame; `size` is as in `ArrayTruth`, or None if there is no photograph."""
    areas = []
    for place, (one, segment) in enumerate(zip(masks, _segments(where, masks, labels), strict=True)):
        area = as_area(one.mask, f"{where}: mask {place}, {one.label}")
        found = area.shape[1], area.shape[0]
        size = found if size is None or isinstance(size, Source) else size
        if found != size:
            raise DataError(
                f"{where}: mask {place}, {one.label}, has {found[0]} x {found[1]} pixels; expected {size[0]} x "
                f"{size[1]}, as its image or its first mask"
            )
        areas.append((segment, area))
    if size is None:
        raise DataError(f"{where}: has no image and no mask, so that its size is not known; give one of them")
    return ArrayTruth(tuple(areas), size)


def _segments(where: str, masks: Sequence[ArrayMask], labels: LabelTable) -> list[Segment | None]:
    """Names what masks stand for, and numbers objects that have no number; None is background."""
    found = [_checked_label(where, mask, labels) for mask in masks]
    taken = {(label.name, mask.number) for mask, label in zip(masks, found, strict=True) if mask.number is not None}
    if len(taken) < sum(mask.number is not None for mask in masks):
        raise DataError(f"{where}: two objects of one label have one number; leave the numbers out, or correct them")
    segments: list[Segment | None] = []
    for mask, label in zip(masks, found, strict=True):
        number = mask.number
        if label.has_instances and not mask.is_crowd and number is None:
            number = next(free for free in itertools.count() if (label.name, free) not in taken)
            taken.add((label.name, number))
        segments.append(None if label.name == labels.background else Segment(label.name, number, mask.is_crowd))
    return segments


def _checked_label(where: str, mask: ArrayMask, labels: LabelTable) -> Label:
    label = labels.find(mask.label)
    if label is None or label.id < 0:
        there = ", ".join(label.name for label in labels if label.id >= 0)
        raise LabelError(f"{where}: has the label {mask.label!r}, which is not one of {there}; add it to the table")
    if not label.has_instances and (mask.is_crowd or mask.number is not None):
        raise LabelError(
            f"{where}: has a number or is_crowd for {mask.label!r}, which is not counted; leave it out, or name the "
            "label in counted"
        )
    if mask.number is not None and (mask.is_crowd or mask.number < 0):
        raise DataError(
            f"{where}: {mask.label} has the number {mask.number}; expected 0 or more for an object, and None for a "
            "crowd"
        )
    return label


@dataclass(frozen=True)
class ArrayTruth:
    """The ground truth of a frame as areas; it can be sent to a worker.

    Attributes:
        areas: Far to near, with masks of shape `(height, width)`; None stands for background.
        size: Width and height in pixels, or the photograph that has this size.
    """

    areas: tuple[tuple[Segment | None, NDArray[np.bool_]], ...] = field(hash=False)
    size: tuple[int, int] | Source

    def load(self) -> Annotation:
        """Paints the areas; see `AnnotatedFrame.annotation`."""
        width, height = picture_size(self.size) if isinstance(self.size, Source) else self.size
        keys: dict[Segment | None, int] = {None: 0}
        for segment, _ in self.areas:
            keys.setdefault(segment, len(keys))
        pixels = np.zeros((height, width), np.uint16 if len(keys) <= _UINT16 else np.int32)
        for segment, area in self.areas:
            pixels[area] = keys[segment]
        return Annotation(pixels, {key: segment for segment, key in keys.items() if segment is not None})

"""The one form between all formats: a dataset is a table of labels and a stream of frames.

A frame is light: names, and where its files are. Its pixels are loaded when they are asked for and not kept, so that a
dataset of any size takes little memory and a frame can be sent to a worker. What is loaded is an `Annotation`: a
picture of keys, and what each key stands for. Every pixel belongs to one segment or to none; where objects of the
source overlap, later ones cover earlier ones. Outlines are kept beside the pixels where the source has them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import INSTANCES_PER_CLASS, LARGEST_COUNTED_ID, AnnotatedImage
from common.errors import DataError, LabelError
from common.files.sources import Source
from common.formats.streams import describe_frames, number_of, taken_once
from common.images.pictures import picture_size, turned_note
from common.images.runs import find_runs
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable
from common.text import count, one_line

# What is said of objects in `Annotation.boxes`, in the same words everywhere.
BOXES = "objects that have a box and no outline"
# Folders and lists of frames that have no split or city; Datumaro and CVAT use the same word.
NO_SPLIT, NO_CITY = "default", "default"
Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True)
class Segment:
    """What a key in an `Annotation` stands for.

    Attributes:
        label: Name of a label in the dataset's table.
        number: From 0, for an object that is counted; None for stuff and for crowds.
        is_crowd: Whether it is a region of a counted label in which objects were not told apart (a group).
    """

    label: str
    number: int | None = None
    is_crowd: bool = False


@dataclass(frozen=True)
class BoxedObject:
    """An object, or a group, that has a box and no outline.

    Attributes:
        box: `(x, y, width, height)` in pixels, x and y from the upper left corner of the picture; may be fractions.
    """

    segment: Segment
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Annotation:
    """The ground truth of a frame as pixels.

    Attributes:
        pixels: A key for each pixel, `uint16` or `int32` of shape `(height, width)`.
        segments: What the keys stand for; a key that is not in it means background. Far to near where the source
            has such an order. May hold segments without a pixel.
        outlines: The polygons of the source, if it has them; `source_polygons` tells whether they give exactly these
            pixels.
        dropped: What of the source this form cannot hold, by reason: {"objects without a visible pixel": 3}.
        boxes: Objects of the source that are in no pixel, because only their boxes are known.
        lacks_pixels: Whether only boxes are known, perhaps none: pixels of no segment are unknown, not background.
        lacks_objects: Whether the source has objects that are neither pixels nor boxes here, for example key points.
    """

    pixels: NDArray[np.integer]
    segments: dict[int, Segment] = field(hash=False)
    outlines: AnnotatedImage | None = None
    dropped: Counter[str] = field(default_factory=Counter, hash=False)
    boxes: tuple[BoxedObject, ...] = ()
    lacks_pixels: bool = False
    lacks_objects: bool = False

    def __repr__(self) -> str:
        size, objects = "{} x {}".format(*self.size_wh), count(len(self.objects), "object")
        return f"Annotation({size} pixels, {count(len(self.segments), 'segment')}, {objects} among them)"

    def load(self) -> "Annotation":
        """Returns itself, so that an annotation in memory can be used like one in a file."""
        return self

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def has_boxes_only(self) -> bool:
        """Whether boxes are all that is known, so that there is no ground truth in pixels."""
        return self.lacks_pixels or bool(self.boxes and not self.segments)

    @property
    def objects(self) -> list[tuple[int, Segment]]:
        """Keys and segments of the objects that are counted, without crowds, in the order of the segments."""
        return [(key, segment) for key, segment in self.segments.items() if segment.number is not None]

    def look_up(
        self, keys: NDArray[np.integer], value_of: Callable[[Segment], int | None], background: int, dtype: type[Value]
    ) -> NDArray[Value]:
        """Replaces keys, in any shape, by the values of their segments.

        Keys of no segment, and of those for which `value_of` gives None, become `background`. Raises LabelError if
        `dtype` cannot hold the value of one that is there.
        """
        table, largest = np.full(int(keys.max(initial=0)) + 1, background, dtype), np.iinfo(np.dtype(dtype).str).max
        for key, segment in self.segments.items():
            if (value := value_of(segment)) is not None and key < len(table):
                if 0 <= value <= largest:
                    table[key] = value
                elif key in keys:
                    raise LabelError(
                        f"{segment.label!r} cannot be painted as {value}; make background of it with --drop"
                    )
        return table[keys]

    def paint(self, value_of: Callable[[Segment], int | None], background: int, dtype: type[Value]) -> NDArray[Value]:
        """Replaces the keys of all pixels as `look_up` does; returns an array of shape `(height, width)`."""
        runs = find_runs(self.pixels)
        return runs.paint(self.look_up(runs.keys, value_of, background, dtype))

    def label_ids(self, table: LabelTable, where: str = "the frame") -> NDArray[np.uint8]:
        """Paints the id of each pixel's label, shape `(height, width)`; pixels of no segment get the background's.

        Raises LabelError if the label of a segment is not in the table; names `where`, the frame, and the label.
        """
        return self.paint(lambda segment: label_of(segment, table, where).id, table.background_id, np.uint8)

    def instance_ids(self, table: LabelTable, where: str = "the frame") -> NDArray[np.uint16]:
        """Paints the instance id of each pixel (`instance_id_of`), shape `(height, width)`; background as `label_ids`.

        Raises:
            DataError: If an object has a number above 999; names `where`, the frame, and the object.
            LabelError: If the label of a segment is not in the table.
        """
        return self.paint(lambda segment: instance_id_of(segment, table, where), table.background_id, np.uint16)


def label_of(segment: Segment, table: LabelTable, where: str) -> Label:
    """Finds the label of a segment; raises LabelError, with `where` as the frame's name, if it is not in the table."""
    label = table.find(segment.label)
    if label is None:
        raise LabelError(
            f"{where}: has the label {segment.label!r}, which is not in the dataset's table; add it to the table, "
            "or rename it"
        )
    return label


def instance_id_of(segment: Segment, table: LabelTable, where: str) -> int:
    """Gives `label id * 1000 + number` for a counted object, else the label id; see `Annotation.instance_ids`.

    Objects of labels with an id above 64 have the label id too, because 16 bits have no room for their number.
    """
    id_ = label_of(segment, table, where).id
    if segment.number is None or id_ > LARGEST_COUNTED_ID:
        return id_
    if segment.number >= INSTANCES_PER_CLASS:
        raise DataError(f"{where}: object {segment.number:,} of {segment.label}: instanceIds have room for 0 to 999")
    return id_ * INSTANCES_PER_CLASS + segment.number


class FrameTruth(Protocol):
    """The ground truth of a frame, not loaded yet; it can be pickled."""

    def load(self) -> Annotation:
        """Loads it; see `AnnotatedFrame.annotation`."""


@runtime_checkable
class TruthWithPolygons(Protocol):
    """A truth that may have a polygons.json."""

    def source_polygons(self, annotation: Annotation) -> tuple[bytes | None, str]:
        """Gives the polygons.json that paints an annotation it loaded; see the function `source_polygons`."""


@dataclass(frozen=True)
class AnnotatedFrame:
    """One photographed scene and its ground truth, not loaded yet.

    Attributes:
        name: As in Cityscapes, without folder and ending: `aachen_000000_000019`. No "/" in it.
        split: `train`, `val`, ..., or "".
        city: Folder below the split, may have several parts with "/" between, or "".
        image: The photograph, a file of any kind; None if there is none.
        truth: None if the frame has no ground truth.
    """

    name: str
    split: str = ""
    city: str = ""
    image: Source | None = None
    truth: FrameTruth | None = field(default=None, hash=False)

    def __repr__(self) -> str:
        has = [text for text, part in (("image", self.image), ("ground truth", self.truth)) if part is not None]
        place = "/".join(filter(None, (self.split, self.city, self.name)))
        return f"AnnotatedFrame({one_line(place, 80)!r}, {' and '.join(has) or 'neither image nor ground truth'})"

    @property
    def item_id(self) -> str:
        """Name for formats without city folders: the name, after the city if the name does not begin with it."""
        return f"{self.city}/{self.name}" if self.city and city_of(self.name) != self.city else self.name

    @property
    def place(self) -> str:
        """Split, city and name with "/" between them, as folders of Cityscapes' tree; "default" for none."""
        return "/".join((self.split or NO_SPLIT, self.city or city_of(self.name) or NO_CITY, self.name))

    def annotation(self) -> Annotation | None:
        """Loads the ground truth; None if the frame has none.

        Raises:
            DataError: If a file is missing or broken, or has another size than the photograph; names it.
            LabelError: If a value stands for no label; names file and value.
        """
        if self.truth is None:
            return None
        annotation = self.truth.load()
        if self.image is not None and (size_wh := picture_size(self.image)) != annotation.size_wh:
            sizes = ["{} x {}".format(*size) for size in (size_wh, annotation.size_wh)]
            advice = turned_note(self.image, annotation.size_wh) or (
                "both must be alike, get the right files or take the frame out"
            )
            raise DataError(f"{self.image}: has {sizes[0]} pixels, but its ground truth has {sizes[1]}; {advice}")
        return annotation


@dataclass(frozen=True)
class FrameDataset:
    """What a reader gives and a writer takes.

    Attributes:
        labels: The table that has the names of the segments' labels.
        frames: A sequence if it comes from a reader, any iterable if a user made it.
        format: The format it was read from, for example "coco"; "" if it was made by hand.
        notes: Sentences on what was found missing or odd while reading; shown once.
        truth: "gtFine" or "gtCoarse" where the source has one of these names; else "".
        classes: Labels that were chosen (`selection.filter`); () means all.
    """

    labels: LabelTable
    frames: Iterable[AnnotatedFrame] = field(hash=False)
    format: str = ""
    notes: tuple[str, ...] = ()
    truth: str = ""
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", taken_once(self.frames))

    def __iter__(self) -> Iterator[AnnotatedFrame]:
        return iter(self.frames)

    def __len__(self) -> int:
        return number_of(self.frames)

    def __repr__(self) -> str:
        labels, counted = count(len(self.labels), "label"), sum(label.has_instances for label in self.labels)
        made = self.format or "made by hand"
        return f"FrameDataset({made}: {describe_frames(self.frames)}, {labels}, {counted} of them counted)"


def source_polygons(truth: FrameTruth | None, annotation: Annotation) -> tuple[bytes | None, str]:
    """Asks a truth for the polygons.json that paints an annotation it loaded; most truths have none.

    Returns:
        The bytes of the file, or None; and if there is a file that cannot be used, the reason, as the end of a sentence
        that begins with "polygons.json files", else "".
    """
    return truth.source_polygons(annotation) if isinstance(truth, TruthWithPolygons) else (None, "")


def city_of(name: str) -> str:
    """Reads the city off a frame's name, `<city>_<sequence>_<frame>`; "" where it is not of that form."""
    parts = name.rsplit("_", 2)
    return parts[0] if len(parts) == 3 else ""


def split_item_id(item_id: str) -> tuple[str, str]:
    """Splits an `item_id` into city and name."""
    path = PurePosixPath(item_id)
    return (path.parent.as_posix() if path.parent.name else city_of(path.name)), path.name


def missing_notes(missing: Mapping[str, int], total: int) -> list[str]:
    """Writes notes on what frames lack: of 5 frames, {"have no image": 3} gives "3 of 5 frames have no image"."""
    return [f"{amount:,} of {total:,} frames {what}" for what, amount in missing.items() if amount]

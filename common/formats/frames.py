"""The one form between all formats: a dataset is a table of labels and a stream of frames.

A frame is light: names, and where its files are. Its pixels are loaded when asked for and not kept, so that a dataset
of any size takes little memory, and a frame can be sent to a worker. What is loaded is an `Annotation`: a picture of
keys, and what each key stands for. Every pixel belongs to one segment or to none; objects that overlap in the source
have been painted in its order. Outlines are kept beside the pixels where the source has them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy as np

from common.dataset.original.polygons import AnnotatedImage
from common.errors import DataError
from common.files.sources import Source
from common.images.pictures import picture_size
from common.images.runs import find_runs
from common.labels.tables import LabelTable

# Folders and lists of frames that have no split or city; Datumaro and CVAT say so too.
NO_SPLIT, NO_CITY = "default", "default"


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
class Annotation:
    """The ground truth of a frame as pixels.

    Attributes:
        pixels: A key per pixel, `uint16` or `int32` of shape `(height, width)`.
        segments: What the keys stand for; a key that is not in it means background. Far to near where the source
            says so. May hold segments without a pixel.
        outlines: The polygons of the source, if it has them; whether they paint these very pixels says
            `source_polygons`.
        lost: What of the source this form cannot hold, counted by reason, as {"objects without a visible pixel": 3}.
    """

    pixels: np.ndarray
    segments: dict[int, Segment] = field(hash=False)
    outlines: AnnotatedImage | None = None
    lost: Counter = field(default_factory=Counter, hash=False)

    def load(self):
        """Gives itself: an annotation in memory can stand where one that is still in a file can."""
        return self

    @property
    def size_wh(self):
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def paint(self, value_of, background=0, dtype=np.uint8):
        """Replaces the keys by other values.

        Args:
            value_of: Function of a `Segment`: its value, or None for background.
            background: The value of pixels of no segment.
            dtype: Of the result.

        Returns:
            Array of shape `(height, width)`.
        """
        runs = find_runs(self.pixels)
        table = np.full(int(runs.keys.max(initial=0)) + 1, background, dtype)
        for key, segment in self.segments.items():
            value = value_of(segment)
            if key < len(table) and value is not None:
                table[key] = value
        return runs.paint(table[runs.keys])


@dataclass(frozen=True)
class AnnotatedFrame:
    """One photographed scene and its ground truth, not loaded yet.

    Attributes:
        name: As in Cityscapes, without folder and ending: `aachen_000000_000019`. No "/" in it.
        split: `train`, `val`, ..., or "".
        city: Folder below the split, may have several parts with "/" between, or "".
        image: The photograph, a file of any kind; None if there is none.
        truth: Something with `load()` that gives an `Annotation`, picklable, and perhaps with `source_polygons` (see
            there); None if the frame has no ground truth.
    """

    name: str
    split: str = ""
    city: str = ""
    image: Source | None = None
    truth: object | None = field(default=None, hash=False)

    @property
    def item_id(self):
        """Name for formats without city folders: the name, with the city before it where the name does not say it."""
        return f"{self.city}/{self.name}" if self.city and city_of(self.name) != self.city else self.name

    def annotation(self):
        """Loads the ground truth.

        Returns:
            An `Annotation`, or None if the frame has none.

        Raises:
            DataError: If a file is missing or broken, or has another size than the photograph; names it.
            LabelError: If a value stands for no label; names file and value.
        """
        if self.truth is None:
            return None
        annotation = self.truth.load()
        if self.image is not None and (size_wh := picture_size(self.image)) != annotation.size_wh:
            sizes = ["{} x {}".format(*size) for size in (size_wh, annotation.size_wh)]
            raise DataError(
                f"{self.image}: has {sizes[0]} pixels, but its ground truth has {sizes[1]}; both must be alike, get "
                "the right files or take the frame out"
            )
        return annotation


@dataclass(frozen=True)
class FrameDataset:
    """What a reader gives and a writer takes.

    Attributes:
        labels: The table the segments' label names are from.
        frames: `AnnotatedFrame`s; a sequence where it comes from a reader, any iterable where a user made it.
        format: The format it was read from, as "coco"; "" if it was made by hand.
        notes: Sentences on what was found missing or odd while reading; shown once.
        truth: "gtFine" or "gtCoarse" where the source says which; else "".
        classes: Labels that were chosen (`selection.filter`); () means all.
    """

    labels: LabelTable
    frames: Iterable = field(hash=False)
    format: str = ""
    notes: tuple[str, ...] = ()
    truth: str = ""
    classes: tuple[str, ...] = ()

    def __iter__(self):
        return iter(self.frames)


@dataclass(frozen=True)
class WriteOptions:
    """How a format is written; a writer looks at what concerns it.

    Attributes:
        images: "copy", "link" (hard links, copies where that fails) or "none".
        image_ext: Ending to give to images, as "jpg"; other kinds are encoded anew. None keeps what there is.
        layout: Of a Cityscapes tree: "official" (leftImg8bit) or "imgsFine" (imgsFine/leftImg8bit).
        truth: Name in Cityscapes files: "gtFine" or "gtCoarse".
        classes: Labels an instance format writes; () takes the format's default.
        rle: All COCO segmentations as RLE.
        json_name: Name of COCO's files; "{split}" stands for the split.
        workers: Number of processes.
    """

    images: str = "copy"
    image_ext: str | None = None
    layout: str = "official"
    truth: str = "gtFine"
    classes: tuple[str, ...] = ()
    rle: bool = False
    json_name: str | None = None
    workers: int = 1


@dataclass
class Tally:
    """What a conversion wrote, left out and lost; every frame makes one and they are added up.

    Attributes:
        written: By what, as {"frames": 3, "instances": 57, "images": 3}.
        skipped: Frames left out by reason, as {"frames without ground truth": 1}.
        lost: Things the target cannot hold, by reason, as {"holes filled": 2}.
    """

    written: Counter = field(default_factory=Counter)
    skipped: Counter = field(default_factory=Counter)
    lost: Counter = field(default_factory=Counter)

    def __iadd__(self, other):
        self.written += other.written
        self.skipped += other.skipped
        self.lost += other.lost
        return self

    def __str__(self):
        parts = [
            f"{title} " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
            for title, counts in (("written:", self.written), ("skipped:", self.skipped), ("lost:", self.lost))
            if counts
        ]
        return "; ".join(parts) or "nothing was written"


def source_polygons(truth, annotation):
    """Asks a truth for the polygons.json that paints an annotation it gave; most truths have none.

    Args:
        truth: As in `AnnotatedFrame`.
        annotation: What its `load()` gave.

    Returns:
        The bytes of the file, or None; and if there is one that cannot be used, why not, as the end of a sentence that
        begins with "polygons.json files", else "".
    """
    ask = getattr(truth, "source_polygons", None)
    return ask(annotation) if ask else (None, "")


def city_of(name):
    """Reads the city off a frame's name, `<city>_<sequence>_<frame>`; "" where it is not of that form."""
    parts = name.rsplit("_", 2)
    return parts[0] if len(parts) == 3 else ""


def split_item_id(item_id):
    """Takes an `item_id` apart: `(city, name)`."""
    path = PurePosixPath(item_id)
    folder = path.parent.as_posix()
    return (city_of(path.name) if folder == "." else folder), path.name


def instance_segments(annotation):
    """Lists `(key, Segment)` of the objects that are counted, crowds left out, in the order of the segments."""
    return [(key, segment) for key, segment in annotation.segments.items() if segment.number is not None]


def with_frames(dataset, frames):
    """Copies a dataset with other frames."""
    return replace(dataset, frames=frames)

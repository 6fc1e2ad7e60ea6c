"""What a format is: something that recognises, reads and writes datasets, with options and a count of what it did.

A format is a module or package with the attributes of `Format`; `common.formats.registry` lists all of them.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from common.dataset.original.truth import TRUTH_KINDS
from common.errors import ConfigError
from common.files.listing import FileListing
from common.formats.frames import FrameDataset
from common.images.pictures import IMAGE_ENDINGS
from common.parallel import check_workers


@dataclass(frozen=True)
class WriteOptions:
    """How a dataset is written.

    Attributes:
        images: "copy", "link" (hard links, copies where that fails) or "none".
        image_ext: Ending of the images, for example "jpg"; images of other kinds are encoded again. None keeps the
            files as they are.
        layout: Of a Cityscapes tree: "official" (leftImg8bit) or "imgsFine" (imgsFine/leftImg8bit).
        truth: Name in Cityscapes files: "gtFine" or "gtCoarse".
        classes: Labels an instance format writes; () takes the format's default.
        rle: Whether all COCO segmentations are run lengths.
        json_name: Name of COCO's files; "{split}" stands for the split.

    Raises:
        ConfigError: If a value is not allowed; names it and those that are.
    """

    images: str = "copy"
    image_ext: str | None = None
    layout: str = "official"
    truth: str = "gtFine"
    classes: tuple[str, ...] = ()
    rle: bool = False
    json_name: str | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        for name, value, allowed in (
            ("images", self.images, ("copy", "link", "none")),
            ("layout", self.layout, ("official", "imgsFine")),
            ("truth", self.truth, TRUTH_KINDS),
        ):
            if value not in allowed:
                raise ConfigError(f"{name} = {value!r}: expected one of {', '.join(allowed)}")
        check_workers(self.workers)
        if self.image_ext and f".{self.image_ext.lower().removeprefix('.')}" not in IMAGE_ENDINGS:
            raise ConfigError(f"image_ext = {self.image_ext!r}: expected one of {', '.join(IMAGE_ENDINGS)}")


@dataclass
class Tally:
    """What a conversion wrote, skipped and dropped; every frame makes one and they are added up.

    Attributes:
        written: By what, for example {"frames": 3, "instances": 57, "images": 3}.
        skipped: Frames left out by reason, for example {"frames without ground truth": 1}.
        dropped: What the target format cannot hold, by reason, for example {"groups": 2}.
        found: What the frames of the source have, visible or not: "objects", "groups", "areas", "boxes", "others".
        kept: How much of it is in the target: objects in formats of objects, else regions of any kind.
    """

    written: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    kept: int = 0

    def __iadd__(self, other: "Tally") -> "Tally":
        self.written += other.written
        self.skipped += other.skipped
        self.dropped += other.dropped
        self.found += other.found
        self.kept += other.kept
        return self

    def __str__(self) -> str:
        parts = [
            f"{title} " + ", ".join(f"{amount:,} {what}" for what, amount in counts.items())
            for title, counts in (("written:", self.written), ("skipped:", self.skipped), ("dropped:", self.dropped))
            if counts
        ]
        return "; ".join(parts) or "nothing was written"


class Format(Protocol):
    """A format of ground truth.

    Attributes:
        FILE_ENDING: Ending of the one file a dataset is written to, for example ".zip"; "" for a folder.
    """

    FILE_ENDING: str

    def matches(self, tree: FileListing) -> bool:
        """Tells whether a folder or zip looks like a dataset of this format, by the names of its files."""

    def read(self, tree: FileListing, truth: str | None = None) -> FrameDataset:
        """Reads a dataset without loading its pixels; its `notes` tell what was missing or odd.

        Args:
            tree: A folder or zip.
            truth: The ground truth that is wanted of a tree that may hold several, "gtFine" or "gtCoarse"; formats
                that hold one do not use it.

        Raises:
            DataError: If it is not a dataset of this format, or an index file is damaged; names the file.
            LabelError: If its labels are not understood.
        """

    def write(self, dataset: FrameDataset, target: Path, options: WriteOptions) -> Tally:
        """Writes a dataset.

        Args:
            dataset: The dataset; it is read once, frame by frame.
            target: An empty folder; or a file that does not exist, if `FILE_ENDING` is not "".
            options: A format uses those that concern it.

        Raises:
            ConfigError: If an option does not fit the dataset.
            DataError: If a frame cannot be read or written, or two frames would have one name; names the frame.
            LabelError: If there are more labels than the format holds, or the label of a segment is not in the table.
        """

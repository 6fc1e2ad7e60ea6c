"""The true values of one frame: from Cityscapes' own files, from the mask of a prepared split, or through a format.

A frame is light and can be sent to a worker; it is read where it is scored.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import instances_to_ids
from common.dataset.original.truth import KINDS_FOR_IDS, first_kind, read_ids, read_truth
from common.errors import DataError
from common.evaluation.pixels.mask_values import CLASSES
from common.files.sources import Source
from common.formats.frames import AnnotatedFrame
from common.images.png import read_instance_mask, read_mask
from common.labels.tables import CITYSCAPES

LABEL_IDS, INSTANCE_IDS = "labelIds", "instanceIds"
_TELL_OBJECTS = (INSTANCE_IDS, "polygons")

# True values of shape `(height, width)`; and, if wanted and known, values as in instanceIds.
TrueValues = tuple[NDArray[np.uint8], NDArray[np.uint16] | None]


class TruthFrame(Protocol):
    """One frame of the truth."""

    @property
    def name(self) -> str:
        """`<city>_<sequence>_<frame>`, or what the file is called without its ending."""

    @property
    def split(self) -> str:
        """Name of its split; "" if none is known."""

    @property
    def file(self) -> Source:
        """The file that messages name."""

    @property
    def objects_file(self) -> Source:
        """The file that messages on objects name."""

    @property
    def tells_objects(self) -> bool:
        """Whether objects are told apart."""

    def read(self, with_objects: bool) -> TrueValues:
        """Reads the frame, if wanted with the values of instanceIds.

        Raises:
            ProjectError: If a file is missing or damaged, or a label is not one of Cityscapes; names it.
        """


@dataclass(frozen=True)
class FileFrame:
    """A frame of an official tree, a prepared split or a folder of masks.

    Attributes:
        files: By kind, as in `Frame.files`; a prepared mask is "classes".
    """

    name: str
    split: str
    files: dict[str, Source] = field(hash=False)

    @property
    def file(self) -> Source:
        """The file whose pixels are compared."""
        return self.files[first_kind(self.files, (CLASSES, *KINDS_FOR_IDS)) or LABEL_IDS]

    @property
    def objects_file(self) -> Source:
        """The file that objects are read from."""
        return self.files.get(INSTANCE_IDS, self.file)

    @property
    def tells_objects(self) -> bool:
        """Whether objects are told apart."""
        return INSTANCE_IDS in self.files or first_kind(self.files, KINDS_FOR_IDS) in _TELL_OBJECTS

    def read(self, with_objects: bool) -> TrueValues:
        """Reads the frame; see `TruthFrame.read`. Objects come from instanceIds, without them from polygons."""
        if CLASSES in self.files:
            return read_mask(self.files[CLASSES]), None
        if not with_objects:
            return read_ids(self.files)[0], None
        if LABEL_IDS not in self.files:
            values = read_truth(self.files).values
            return instances_to_ids(values), values
        ids, values = read_mask(self.files[LABEL_IDS]), read_instance_mask(self.files[INSTANCE_IDS])
        if ids.shape != values.shape:
            sizes = [f"{shape[1]} x {shape[0]}" for shape in (values.shape, ids.shape)]
            found = f"{self.files[INSTANCE_IDS]}: has {sizes[0]} pixels, its labelIds have {sizes[1]}"
            raise DataError(f"{found}; get both from one download")
        return ids, values


@dataclass(frozen=True)
class FormatFrame:
    """A frame with ground truth of any other format; labels are found by their names in Cityscapes' table."""

    frame: AnnotatedFrame
    source: Source
    tells_objects: bool

    @property
    def name(self) -> str:
        """As in `TruthFrame`."""
        return self.frame.name

    @property
    def split(self) -> str:
        """As in `TruthFrame`."""
        return self.frame.split

    @property
    def file(self) -> Source:
        """The photograph, or else the dataset."""
        return self.frame.image or self.source

    @property
    def objects_file(self) -> Source:
        """As `file`."""
        return self.file

    def read(self, with_objects: bool) -> TrueValues:
        """Reads the frame; see `TruthFrame.read`. Pixels of no segment are unlabeled."""
        annotation = self.frame.annotation()
        if annotation is None:
            raise DataError(f"{self.source}: the frame {self.name} has no ground truth")
        if annotation.has_boxes_only:
            raise DataError(f"{self.source}: the frame {self.name} has boxes and no outlines; scores need pixels")
        ids = annotation.label_ids(CITYSCAPES, self.name)
        return ids, annotation.instance_ids(CITYSCAPES, self.name) if with_objects else None

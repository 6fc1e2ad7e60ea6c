"""The panoptic segments of one frame: ids as pixels, and what the ids stand for.

Of a JSON file: a PNG file whose colours are ids, red + 256 green + 65536 blue, 0 is void; the JSON file lists what they
stand for. Of an official tree: the segments that the official preparation makes. There the ids are the values of
instanceIds, labels that are not evaluated are void, and a counted label without number is a crowd.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from common.evaluation.instances.truth import FIRST_OBJECT, read_objects, truth_file
from common.files.sources import Source
from common.formats.coco.panoptic_segments import LARGEST_SEGMENT_ID, PanopticSegment
from common.images.png import read_color_mask
from common.labels.cityscapes import LABEL_OF_ID

VOID = 0
# Segment ids, `uint16` or `uint32` of shape `(height, width)`; and segments by id.
Segments = tuple[NDArray[np.unsignedinteger], dict[int, PanopticSegment]]


class Category(NamedTuple):
    """What segments are of: a class with counted objects (thing), or without (stuff)."""

    id: int
    name: str
    is_thing: bool


@dataclass(frozen=True)
class ListedFrame:
    """A frame of a JSON file: its PNG file, and the segments that are listed."""

    picture: Source
    segments: tuple[PanopticSegment, ...]
    # Every pixel must belong to one of the segments or be void.
    is_complete = True

    def __str__(self) -> str:
        return str(self.picture)

    def load(self) -> Segments:
        """Reads the frame; raises DataError if the PNG file is missing, damaged or of another kind; names it."""
        return colors_to_segments(read_color_mask(self.picture)), {segment.id: segment for segment in self.segments}


@dataclass(frozen=True)
class TreeFrame:
    """A frame of an official tree, files by kind as in `Frame.files`."""

    files: Mapping[str, Source] = field(hash=False)
    # Pixels that belong to none of its segments are void.
    is_complete = False

    def __str__(self) -> str:
        return str(truth_file(self.files))

    def load(self) -> Segments:
        """Reads the frame; raises DataError as `ListedFrame.load`."""
        values = read_objects(self.files)
        found = np.flatnonzero(np.bincount(values.ravel())).tolist()
        segments = (_segment_of(value) for value in found)
        return values, {segment.id: segment for segment in segments if segment is not None}


PanopticFrame = ListedFrame | TreeFrame


def colors_to_segments(colors: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Turns red, green, blue of shape `(height, width, 3)` into segment ids of shape `(height, width)`."""
    ids: NDArray[np.uint32] = cv2.cvtColor(colors, cv2.COLOR_RGB2RGBA).view("<u4")[..., 0]
    return np.bitwise_and(ids, LARGEST_SEGMENT_ID, out=ids)


def _segment_of(value: int) -> PanopticSegment | None:
    is_object = value >= FIRST_OBJECT
    label = LABEL_OF_ID[value // FIRST_OBJECT if is_object else value]
    if label.ignore_in_eval:
        return None
    return PanopticSegment(value, label.id, label.has_instances and not is_object, None)

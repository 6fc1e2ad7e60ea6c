"""The panoptic segments of one frame: ids as pixels, and what the ids stand for.

Listed: a PNG file whose colours are ids, red + 256 green + 65536 blue, 0 is void; a JSON file says what they stand for.
Of an official tree: segments as the official preparation makes them. Ids are the values of instanceIds, labels that are
not evaluated are void, and a counted label without number is a crowd.
"""

from collections import namedtuple
from dataclasses import dataclass

import cv2
import numpy as np

from common.evaluation.instances.truth import FIRST_OBJECT, read_objects, truth_file
from common.files.sources import Source
from common.images.png import read_color_mask
from common.labels.cityscapes import LABEL_OF_ID

VOID = 0
LARGEST_SEGMENT_ID = 2**24 - 1
Category = namedtuple("Category", "id name is_thing")
# `area` in pixels as the JSON file says, None where nothing is said.
Segment = namedtuple("Segment", "id category is_crowd area")


@dataclass(frozen=True)
class ListedFrame:
    """A frame of a JSON file.

    Attributes:
        picture: The PNG file.
        segments: `Segment`s as listed.
        is_complete: Every pixel belongs to one of the segments or is void; anything else is a fault.
    """

    picture: Source
    segments: tuple[Segment, ...]
    is_complete = True

    def __str__(self):
        return str(self.picture)

    def load(self):
        """Reads the frame.

        Returns:
            Segment ids, `uint32` of shape `(height, width)`, and `Segment` by id.

        Raises:
            DataError: If the PNG file is missing, damaged or of another kind; names it.
        """
        return colors_to_segments(read_color_mask(self.picture)), {segment.id: segment for segment in self.segments}


@dataclass(frozen=True)
class TreeFrame:
    """A frame of an official tree.

    Attributes:
        files: `Source` by kind, as in `Frame.files`.
        is_complete: Pixels that belong to none of its segments are void.
    """

    files: dict[str, Source]
    is_complete = False

    def __str__(self):
        return str(truth_file(self.files))

    def load(self):
        """Reads the frame; returns and raises as `ListedFrame.load`, with ids of `uint16`."""
        values = read_objects(self.files)
        found = np.flatnonzero(np.bincount(values.ravel())).tolist()
        segments = (_segment_of(value) for value in found)
        return values, {segment.id: segment for segment in segments if segment is not None}


def colors_to_segments(colors):
    """Turns red, green, blue, `uint8` of shape `(height, width, 3)`, into ids, `uint32` of shape `(height, width)`."""
    ids = cv2.cvtColor(colors, cv2.COLOR_RGB2RGBA).view("<u4")[..., 0]
    return np.bitwise_and(ids, LARGEST_SEGMENT_ID, out=ids)


def _segment_of(value):
    is_object = value >= FIRST_OBJECT
    label = LABEL_OF_ID[value // FIRST_OBJECT if is_object else value]
    if label.ignore_in_eval:
        return None
    return Segment(value, label.id, label.has_instances and not is_object, None)

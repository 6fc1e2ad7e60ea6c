"""The segments of one image in COCO's panoptic form: ids as colours of a PNG file, their meaning in the JSON file."""

from collections import Counter
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import INSTANCES_PER_CLASS
from common.errors import DataError
from common.files.sources import Source
from common.formats.coco.index import Head, Spool
from common.formats.coco.json_items import JsonObject
from common.formats.coco.panoptic_segments import LARGEST_SEGMENT_ID, PanopticSegment, read_panoptic_item
from common.formats.frames import Annotation, Segment
from common.formats.writing import HIDDEN, HIDDEN_REGIONS
from common.images.png import encode_image, read_image
from common.images.runs import find_regions, find_runs
from common.labels.cityscapes import Label

_UNLISTED = "pixels of segments that the JSON file does not list"


def pack_annotation(where: str, item: JsonObject) -> tuple[set[str], Head, bytes]:
    """Checks an item of `annotations` and gives what `PanopticTruth` needs of it; see `Pack`."""
    found = read_panoptic_item(where, item)
    return {str(segment.category_id) for segment in found.segments}, found._asdict(), b""


def colors_to_segment_ids(colors: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Turns the colours of a panoptic PNG, red, green, blue of shape `(height, width, 3)`, into ids of its segments."""
    ids: NDArray[np.uint32] = cv2.cvtColor(colors, cv2.COLOR_RGB2RGBA).view("<u4")[..., 0]
    return np.bitwise_and(ids, LARGEST_SEGMENT_ID, out=ids)


def encode_segment_ids(ids: NDArray[np.uint32]) -> bytes:
    """Encodes ids of segments, of shape `(height, width)`, as the bytes of a panoptic PNG."""
    colors = ids.astype("<u4", copy=False).view(np.uint8).reshape(*ids.shape, 4)
    return encode_image(np.asarray(cv2.cvtColor(colors, cv2.COLOR_RGBA2RGB), np.uint8))


@dataclass(frozen=True)
class PanopticTruth:
    """The PNG file of an image, and its segments.

    Attributes:
        spool: Where the segments wait.
        owner: Key of the image in it.
        where: What to call the annotation in errors.
        labels: By key of the category.
    """

    spool: Spool
    owner: str
    picture: Source
    where: str
    size_wh: tuple[int, int]
    labels: dict[str, Label] = field(hash=False)

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        colors = read_image(self.picture)
        if colors.shape[1::-1] != self.size_wh:
            found, expected = (" x ".join(map(str, size)) for size in (colors.shape[1::-1], self.size_wh))
            raise DataError(f"{self.picture}: has {found} pixels, but {self.where} has {expected}")
        pixels = colors_to_segment_ids(colors)
        ((_, head, _),) = self.spool.rows(self.owner)
        listed = [PanopticSegment(*values) for values in head["segments"]]
        segments, dropped = self._segments(listed)
        areas = {key: region.area for key, region in find_regions(find_runs(pixels)).items()}
        for key in [key for key in segments if key not in areas]:
            dropped[HIDDEN if segments.pop(key).number is not None else HIDDEN_REGIONS] += 1
        known = {segment.id for segment in listed} | {0}
        dropped[_UNLISTED] += sum(area for key, area in areas.items() if key not in known)
        return Annotation(pixels.astype(np.uint16 if max(areas) < 2**16 else np.int32), segments, None, +dropped)

    def _segments(self, listed: list[PanopticSegment]) -> tuple[dict[int, Segment], Counter[str]]:
        segments: dict[int, Segment] = {}
        counts: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        found = [(item.id, self.labels[str(item.category_id)], item.is_crowd) for item in listed]
        ids_have_numbers = all(
            id_ // INSTANCES_PER_CLASS == label.id for id_, label, crowd in found if label.has_instances and not crowd
        )
        for id_, label, is_crowd in found:
            if label.id < 0:
                dropped[f"segments of {label.name}, which is never painted"] += 1
            elif not label.has_instances or is_crowd:
                segments[id_] = Segment(label.name, None, is_crowd and label.has_instances)
            else:
                number = id_ % INSTANCES_PER_CLASS if ids_have_numbers else counts[label.name]
                counts[label.name] += 1
                segments[id_] = Segment(label.name, number)
        return segments, dropped

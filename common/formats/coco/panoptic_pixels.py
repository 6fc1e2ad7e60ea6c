"""The segments of one image in COCO's panoptic form: ids as colours of a PNG file, their meaning in the JSON file."""

from collections import Counter
from dataclasses import dataclass, field

import cv2
import numpy as np

from common.dataset.original.polygons import INSTANCES_PER_CLASS
from common.errors import DataError
from common.files.sources import Source
from common.files.zips import is_safe_member
from common.formats.coco.entries import read_crowd
from common.formats.coco.index import Spool
from common.formats.coco.json_items import item_key
from common.formats.frames import Annotation, Segment
from common.formats.writing import HIDDEN, HIDDEN_REGIONS
from common.images.png import read_image
from common.images.runs import find_regions, find_runs
from common.labels.cityscapes import Label

LARGEST_SEGMENT_ID = 2**24 - 1
_UNLISTED = "pixels of segments that the JSON file does not list"


def pack_annotation(where, item):
    """Tests an item of `annotations` and gives what `PanopticTruth` needs of it; for `read_index`.

    Args:
        where: What to call the item in errors.
        item: The object.

    Returns:
        Keys of its categories, a list; what JSON can hold of it; and no bytes.

    Raises:
        DataError: If it is no annotation of the panoptic form.
    """
    name, infos = item.get("file_name"), item.get("segments_info")
    if not isinstance(name, str) or not name or not is_safe_member(name):
        raise DataError(f"{where}: file_name is {str(name)[:60]!r}, the name of a PNG file was expected")
    if not isinstance(infos, list) or not all(isinstance(info, dict) for info in infos):
        raise DataError(f"{where}: segments_info is no list of objects; is this a file of instances?")
    segments, seen = [], set()
    for number, info in enumerate(infos):
        place = f"{where}, segment {number}"
        id_ = info.get("id")
        if type(id_) is not int or not 0 < id_ <= LARGEST_SEGMENT_ID:
            raise DataError(f"{place}: id is {str(id_)[:40]!r}, a number from 1 to {LARGEST_SEGMENT_ID:,} was expected")
        if id_ in seen:
            raise DataError(f"{place}: the id {id_} is there already; ids of an image's segments must differ")
        seen.add(id_)
        segments.append((id_, item_key(place, info, "category_id"), read_crowd(place, info)))
    categories = {category for _, category, _ in segments}
    return sorted(categories), {"file_name": name.replace("\\", "/"), "segments": segments}, b""


@dataclass(frozen=True)
class PanopticTruth:
    """The PNG file of an image, and its segments waiting in a spool.

    Attributes:
        spool: Where they wait.
        owner: Key of the image in it.
        place: `Source` of the PNG file, and what to call the annotation in errors.
        size_wh: Width and height in pixels.
        labels: `Label` by key of the category.
    """

    spool: Spool
    owner: str
    place: tuple[Source, str]
    size_wh: tuple[int, int]
    labels: dict[str, Label] = field(hash=False)

    def load(self):
        """Reads the pixels.

        Returns:
            An `Annotation`.

        Raises:
            DataError: If the PNG file is missing or damaged, or has another size than the JSON file says; names it.
        """
        source, where = self.place
        colors = read_image(source)
        if colors.shape[1::-1] != self.size_wh:
            found, expected = (" x ".join(map(str, size)) for size in (colors.shape[1::-1], self.size_wh))
            raise DataError(f"{source}: has {found} pixels, {where} says {expected}")
        pixels = np.ascontiguousarray(cv2.cvtColor(colors, cv2.COLOR_RGB2RGBA)).view("<u4")[..., 0] & LARGEST_SEGMENT_ID
        ((_, head, _),) = self.spool.rows(self.owner)
        segments, dropped = self._segments(head["segments"])
        areas = {key: region.area for key, region in find_regions(find_runs(pixels)).items()}
        for key in [key for key in segments if key not in areas]:
            dropped[HIDDEN if segments.pop(key).number is not None else HIDDEN_REGIONS] += 1
        listed = {id_ for id_, _, _ in head["segments"]} | {0}
        dropped[_UNLISTED] += sum(area for key, area in areas.items() if key not in listed)
        pixels = pixels.astype(np.uint16 if max(areas) < 2**16 else np.int32)
        return Annotation(pixels, segments, None, +dropped)

    def _segments(self, found):
        segments, counts, dropped = {}, Counter(), Counter()
        found = [(id_, self.labels[category], is_crowd) for id_, category, is_crowd in found]
        says_number = all(
            id_ // INSTANCES_PER_CLASS == label.id for id_, label, crowd in found if label.has_instances and not crowd
        )
        for id_, label, is_crowd in found:
            if label.id < 0:
                dropped[f"segments of {label.name}, which is never painted"] += 1
            elif not label.has_instances or is_crowd:
                segments[id_] = Segment(label.name, None, bool(is_crowd and label.has_instances))
            else:
                number = id_ % INSTANCES_PER_CLASS if says_number else counts[label.name]
                counts[label.name] += 1
                segments[id_] = Segment(label.name, number)
        return segments, dropped

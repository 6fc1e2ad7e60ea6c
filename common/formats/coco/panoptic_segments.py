"""The annotations of a file in COCO's panoptic form: the PNG file of each image, and what the segments in it are.

The format reader uses it image by image, the evaluation file by file. Knows nothing of pixels and of labels.
"""

from typing import NamedTuple

from common.errors import DataError
from common.files.numbers import whole_number
from common.files.sources import Source
from common.files.zips import is_safe_member
from common.formats.coco.entries import Category, read_categories, read_crowd
from common.formats.coco.json_items import JsonObject, read_items

LARGEST_SEGMENT_ID = 2**24 - 1


class PanopticSegment(NamedTuple):
    """An item of `segments_info`.

    Attributes:
        id: From 1 to `LARGEST_SEGMENT_ID`, different from the other ids of the image.
        category_id: Id of its category; whether there is such a category is not checked here.
        is_crowd: Whether it is a region in which objects are not told apart.
        area: In pixels; None if the file does not give it as a whole number.
    """

    id: int
    category_id: int
    is_crowd: bool
    area: int | None


class PanopticItem(NamedTuple):
    """An item of `annotations`: the name of the PNG file, which stays inside its folder, and the segments in order."""

    file_name: str
    segments: tuple[PanopticSegment, ...]


def read_panoptic_file(source: Source, needs_categories: bool) -> tuple[dict[int, Category], dict[str, PanopticItem]]:
    """Reads a whole file of truth or of predictions in one pass; other members, for example `images`, are passed over.

    Args:
        source: The JSON file.
        needs_categories: Whether it must have `categories`; otherwise they are not read.

    Returns:
        Categories by id, and the annotations by the text of their `image_id`, in the order of the file.

    Raises:
        DataError: If the file is not of this form, or an image is in it twice; names the file and the place.
    """
    keys = ("annotations", "categories") if needs_categories else ("annotations",)
    categories: list[JsonObject] = []
    items: dict[str, PanopticItem] = {}
    for key, number, item in read_items(source, keys):
        if key == "categories":
            categories.append(item)
            continue
        where = f"{source}: annotations, item {number:,}"
        found = item.get("image_id")
        image_id = found if isinstance(found, str) else whole_number(found)
        if image_id is None:
            raise DataError(f"{where}: image_id is {str(found)[:60]!r}; expected the name of a frame")
        if str(image_id) in items:
            raise DataError(f"{where}: the image {image_id} is there already; each image may be there once")
        items[str(image_id)] = read_panoptic_item(where, item)
    return {category.id: category for category in read_categories(source, categories).values()}, items


def read_panoptic_item(where: str, item: JsonObject) -> PanopticItem:
    """Reads an item of `annotations`; raises DataError, with the name `where`, if it is not of the panoptic form."""
    name, infos = item.get("file_name"), item.get("segments_info")
    if not isinstance(name, str) or not _is_file_name(name):
        raise DataError(f"{where}: file_name is {str(name)[:60]!r}; expected the name of a PNG file")
    if not isinstance(infos, list) or not all(isinstance(info, dict) for info in infos):
        raise DataError(f"{where}: segments_info is not a list of objects; is this a file of instances?")
    segments: dict[int, PanopticSegment] = {}
    for number, info in enumerate(infos):
        segment = _read_segment(f"{where}, segment {number}", info)
        if segment.id in segments:
            raise DataError(f"{where}, segment {number}: the id {segment.id} is there already; ids must differ")
        segments[segment.id] = segment
    return PanopticItem(name.replace("\\", "/"), tuple(segments.values()))


def _is_file_name(name: str) -> bool:
    try:
        return b"\0" not in name.encode("utf-8", "surrogateescape") and name != "" and is_safe_member(name)
    except UnicodeEncodeError:
        return False


def _read_segment(where: str, info: JsonObject) -> PanopticSegment:
    id_, category_id, area = (whole_number(info.get(key)) for key in ("id", "category_id", "area"))
    if id_ is None or not 0 < id_ <= LARGEST_SEGMENT_ID:
        found = str(info.get("id"))[:40]
        raise DataError(f"{where}: id is {found!r}; expected a number from 1 to {LARGEST_SEGMENT_ID:,}")
    if category_id is None:
        raise DataError(f"{where}: category_id is {str(info.get('category_id'))[:40]!r}; expected a whole number")
    return PanopticSegment(id_, category_id, read_crowd(where, info), area)

"""Parts of COCO files as they are read: images and their frames, categories and the label table made of them, splits.

A file holds one split and is named after it: `instances_val.json` is `val`; `all` and `default` mean no split. The
`file_name` of an image gives the name of the frame and, by its folders, the city. A name from another computer, for
example an absolute path or a URL, is never followed; see `without_common_folders`.
"""

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from common.errors import DataError
from common.files.numbers import whole_number
from common.files.sources import Source
from common.files.zips import is_safe_member
from common.formats.coco.json_items import JsonObject, item_key
from common.formats.frames import NO_SPLIT, city_of
from common.formats.names import path_inside
from common.images.decoding import LARGEST_PIXELS
from common.images.pictures import IMAGE_ENDINGS
from common.labels.cityscapes import Label
from common.labels.tables import CITYSCAPES, FOREIGN_BACKGROUND, LabelTable, make_label, plain_name

IMAGE_SUFFIX = "_leftImg8bit"
_BACKGROUND_NAMES = {"background", "unlabeled"}
_LONGEST_FILE_NAME = 4096
_NAMELESS = {"annotations", "labels", "instances", "coco", "result", "data"}
_PREFIX = re.compile(
    r"(instancesonly_filtered_gt(Fine|Coarse)|instances|cityscapes_panoptic|panoptic|"
    "person_keypoints|stuff|captions)_(?=.)"
)
_ENDINGS = ("_annotations.coco", ".coco", "_trainId")
_CITYSCAPES_NAME = re.compile(r".+_[0-9]{6}_[0-9]{6}")
_IMAGE_FOLDERS = ("leftImg8bit", "imgsFine", "images", "data")


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """An item of `images`.

    Attributes:
        key: Its id as `item_key` gives it.
        file_name: With "/" between the parts; never leads out of a folder.
        size_wh: In pixels.
        is_foreign: Whether the name in the file leads out of the dataset, so that only its last parts mean something.
    """

    key: str
    file_name: str
    size_wh: tuple[int, int]
    is_foreign: bool = False


def split_of(name: str) -> str:
    """Takes the split from the name of a JSON file in its tree; "" if it names none."""
    path = PurePosixPath(name)
    stem = path.stem
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    found = _PREFIX.match(stem)
    split = stem[found.end() :] if found else stem
    if split in ("", "_annotations") or split in _NAMELESS:
        split = path.parent.name
        split = "" if split in _NAMELESS else split
    return "" if split in (NO_SPLIT, "all") or not split.strip(". ") else split


def read_image_entry(where: str, item: JsonObject) -> ImageEntry:
    """Reads an item of `images`; raises DataError if a value is missing or not allowed, with the name of the item."""
    name = item.get("file_name", item.get("coco_url"))
    if not isinstance(name, str) or not name.strip("/\\. "):
        raise DataError(f"{where}: file_name is {str(name)[:60]!r}; expected the name of a picture")
    if len(name) > _LONGEST_FILE_NAME:
        raise DataError(f"{where}: file_name has {len(name):,} letters; expected at most {_LONGEST_FILE_NAME:,}")
    inside, is_foreign = path_inside(name)
    if not inside or not is_safe_member(inside) or "\0" in inside:
        raise DataError(f"{where}: file_name {name[:60]!r} cannot be the name of a picture; do not trust this file")
    size_wh = _side(where, item, "width"), _side(where, item, "height")
    if size_wh[0] * size_wh[1] > LARGEST_PIXELS:
        raise DataError(f"{where}: has {size_wh[0]} x {size_wh[1]} pixels; expected at most {LARGEST_PIXELS:,}")
    return ImageEntry(item_key(where, item, "id"), inside, size_wh, is_foreign)


def without_common_folders(entries: Sequence[ImageEntry]) -> list[ImageEntry]:
    """Takes the folders that all names from another computer share off them; the other names stay."""
    folders = [entry.file_name.split("/")[:-1] for entry in entries if entry.is_foreign]
    shared = len(os.path.commonprefix(folders)) if folders else 0
    return [
        replace(entry, file_name="/".join(entry.file_name.split("/")[shared:])) if entry.is_foreign else entry
        for entry in entries
    ]


def _side(where: str, item: JsonObject, key: str) -> int:
    value = whole_number(item.get(key))
    if value is None or value < 1:
        raise DataError(f"{where}: {key} is {str(item.get(key))[:40]!r}; expected a number of pixels")
    return value


def frame_name(file_name: str, split: str) -> tuple[str, str]:
    """Takes the city and the name of a frame from a `file_name`.

    The city comes from the folders, without one named like the split, else from the name if it is one of Cityscapes,
    else it is "".
    """
    path = PurePosixPath(file_name)
    folders = list(path.parent.parts)
    while folders and folders[0] in (*_IMAGE_FOLDERS, split):
        folders.pop(0)
    stem = path.stem if path.suffix.lower() in IMAGE_ENDINGS else path.name
    name = stem.removesuffix(IMAGE_SUFFIX)
    if name != stem:  # the official panoptic converter writes "<name>_gtFine_leftImg8bit.png"
        name = name.removesuffix("_gtFine").removesuffix("_gtCoarse")
    name = name or stem
    city = "/".join(folders) or (city_of(name) if _CITYSCAPES_NAME.fullmatch(name) else "")
    return city, name


@dataclass(frozen=True)
class Category:
    """An item of `categories`.

    Attributes:
        is_thing: Whether its objects are counted; None if the file does not tell.
    """

    id: int
    name: str
    is_thing: bool | None = None
    color: tuple[int, int, int] | None = None


def read_categories(
    source: Source, items: Iterable[JsonObject], used: Collection[str] | None = None
) -> dict[str, Category]:
    """Reads the items of `categories`: `{key of the id: Category}`.

    Args:
        source: The file, named in errors.
        items: The items.
        used: Keys of the categories that annotations have; None if all may be used. Of two categories with one name,
            as in files of Roboflow, one that is not used is left out; if neither is, the first.

    Raises:
        DataError: If an id or name is missing or there twice, or isthing is not 0 or 1; names file and item.
    """
    result: dict[str, Category] = {}
    keys: dict[str, str] = {}
    for number, item in enumerate(items):
        where = f"{source}: categories, item {number}"
        id_, name = whole_number(item.get("id")), item.get("name")
        if id_ is None:
            raise DataError(f"{where}: id is {str(item.get('id'))[:40]!r}; expected a whole number")
        if not isinstance(name, str) or not plain_name(name):
            raise DataError(f"{where}: name is {str(name)[:40]!r}; expected a text")
        same = keys.get(plain_name(name))
        if str(id_) in result or (same is not None and (used is None or {same, str(id_)} <= set(used))):
            raise DataError(
                f"{where}: the id {id_} or the name {name!r} is there already; each may be there once, rename one of "
                "the two categories"
            )
        if same is not None:
            if same in (used or ()):
                continue
            del result[same]
        keys[plain_name(name)] = str(id_)
        is_thing = _flag(where, item, "isthing") if item.get("isthing") is not None else None
        result[str(id_)] = Category(id_, name, is_thing, _color(item.get("color")))
    return result


def _color(value: object) -> tuple[int, int, int] | None:
    parts = [whole_number(part) for part in value] if isinstance(value, list) else []
    found = [part for part in parts if part is not None and 0 <= part < 256]
    return (found[0], found[1], found[2]) if len(found) == len(parts) == 3 else None


def make_table(files: Iterable[dict[str, Category]], is_thing: bool) -> LabelTable:
    """Makes the label table of a dataset from the categories of its files.

    If all names are labels of Cityscapes, it is Cityscapes' table. Otherwise 0 is the background and the ids are those
    of the categories, if they agree between the files; one more if there is a category 0. Ids that do not agree are
    replaced by 1, 2, ... in the order of the files.

    Args:
        files: Categories by key, for each file.
        is_thing: Whether the objects of a category are counted if neither the file nor Cityscapes tells.
    """
    found: dict[str, list[Category]] = {}
    for categories in files:
        for category in categories.values():
            found.setdefault(plain_name(category.name), []).append(category)
    firsts = [same[0] for same in found.values()]
    if all(CITYSCAPES.find(category.name) for category in firsts):
        return CITYSCAPES
    background = next((item.name for item in firsts if plain_name(item.name) in _BACKGROUND_NAMES), None)
    labels = [] if background else [make_label(FOREIGN_BACKGROUND, 0, (0, 0, 0))]
    for category, id_ in zip(firsts, _label_ids(list(found.values()), background), strict=True):
        counted = category.is_thing
        if counted is None and CITYSCAPES.find(category.name) is None:
            counted = is_thing
        if category.name == background:
            counted = False
        labels.append(make_label(category.name, id_, category.color, counted))
    return LabelTable(tuple(labels), background or FOREIGN_BACKGROUND)


def _label_ids(found: Sequence[list[Category]], background: str | None) -> Sequence[int]:
    ids = [same[0].id for same in found]
    agree = all(category.id == same[0].id for same in found for category in same)
    if not agree or len(set(ids)) < len(ids) or min(ids) < 0:
        return range(1, len(ids) + 1)
    zero_is_background = any(same[0].id == 0 and same[0].name == background for same in found)
    shift = 1 if min(ids) == 0 and not zero_is_background else 0
    return [id_ + shift for id_ in ids]


def find_labels(categories: dict[str, Category], table: LabelTable) -> dict[str, Label]:
    """Finds the label of each category in the table that `make_table` made of them, by the key of the category."""
    return {key: label for key, category in categories.items() if (label := table.find(category.name)) is not None}


def read_crowd(where: str, item: JsonObject) -> bool:
    """Reads `iscrowd` of an annotation or a segment, False where it is missing; raises DataError for other values."""
    return _flag(where, item, "iscrowd") if "iscrowd" in item else False


def _flag(where: str, item: JsonObject, key: str) -> bool:
    value = item[key]
    if value not in (0, 1):
        raise DataError(f"{where}: {key} is {str(value)[:40]!r}; expected 0 or 1")
    return bool(value)

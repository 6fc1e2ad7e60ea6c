"""What all COCO files share when they are read: splits by file name, images and frames, categories and label tables.

A file is a split, named after the file: `instances_val.json` is `val`; `all` and `default` stand for no split. An
image's `file_name` is looked for below the image folders in use; it says the frame's name and, by its folders, the
city. Names that lead out of the dataset are refused.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from common.errors import DataError
from common.files.zips import is_safe_member
from common.formats.coco.json_items import item_key
from common.formats.frames import NO_SPLIT, city_of
from common.images.pictures import IMAGE_ENDINGS
from common.images.png import LARGEST_PIXELS
from common.labels.tables import CITYSCAPES, FOREIGN_BACKGROUND, LabelTable, make_label, plain_name

IMAGE_SUFFIX = "_leftImg8bit"
_BACKGROUND_NAMES = {"background", "unlabeled"}
_LONGEST_FILE_NAME = 4096
_NAMELESS = {"annotations", "labels", "instances", "coco", "result", "data"}
_PREFIX = re.compile(r"(instancesonly_filtered_gt(Fine|Coarse)|instances|cityscapes_panoptic|panoptic)_(?=.)")
_ENDINGS = ("_annotations.coco", ".coco", "_trainId")
_CITYSCAPES_NAME = re.compile(r".+_[0-9]{6}_[0-9]{6}")
_IMAGE_FOLDERS = ("leftImg8bit", "imgsFine", "images", "data")


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """An item of `images`.

    Attributes:
        key: Its id as `item_key` gives it.
        file_name: With "/" between its parts.
        size_wh: Width and height in pixels.
    """

    key: str
    file_name: str
    size_wh: tuple[int, int]


def split_of(name):
    """Reads the split off the name of a JSON file in its tree; "" if it names none."""
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


def read_image_entry(where, item):
    """Reads an item of `images`.

    Raises:
        DataError: If something is missing or cannot be; names the item.
    """
    name = item.get("file_name")
    if not isinstance(name, str) or not name.strip("/. "):
        raise DataError(f"{where}: file_name is {str(name)[:60]!r}, the name of a picture was expected")
    if len(name) > _LONGEST_FILE_NAME:
        raise DataError(f"{where}: file_name has {len(name):,} letters, at most {_LONGEST_FILE_NAME:,} were expected")
    name = name.replace("\\", "/")
    if not is_safe_member(name) or "\0" in name:
        raise DataError(f"{where}: file_name {name[:60]!r} leads out of the dataset; do not trust this file")
    size_wh = tuple(_side(where, item, key) for key in ("width", "height"))
    if size_wh[0] * size_wh[1] > LARGEST_PIXELS:
        raise DataError(f"{where}: has {size_wh[0]} x {size_wh[1]} pixels, at most {LARGEST_PIXELS:,} were expected")
    return ImageEntry(item_key(where, item, "id"), PurePosixPath(name).as_posix(), size_wh)


def _side(where, item, key):
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DataError(f"{where}: {key} is {str(value)[:40]!r}, a number of pixels was expected")
    return value


def frame_name(file_name, split):
    """Takes a `file_name` apart.

    Args:
        file_name: With "/" between its parts.
        split: Of the file; a folder called like it is no city.

    Returns:
        `(city, name)` of the frame; the city is what folders say, else what a Cityscapes name says, else "".
    """
    path = PurePosixPath(file_name)
    folders = list(path.parent.parts)
    while folders and folders[0] in (*_IMAGE_FOLDERS, split):
        folders.pop(0)
    stem = path.stem if path.suffix.lower() in IMAGE_ENDINGS else path.name
    name = stem.removesuffix(IMAGE_SUFFIX)
    if name != stem:  # the official panoptic converter says "<name>_gtFine_leftImg8bit.png"
        name = name.removesuffix("_gtFine").removesuffix("_gtCoarse")
    name = name or stem
    city = "/".join(folders) or (city_of(name) if _CITYSCAPES_NAME.fullmatch(name) else "")
    return city, name


def find_photograph(tree, folder, split, file_name):
    """Finds a photograph in the places in use.

    Args:
        tree: `FileListing` of the dataset.
        folder: Folder of the JSON file in it, "" or ending in "/".
        split: Of the file.
        file_name: Of the image.

    Returns:
        Its `Source`, or None.
    """
    if not file_name.lower().endswith(IMAGE_ENDINGS):
        return None
    parent = PurePosixPath(folder or ".").parent.as_posix()
    for base in dict.fromkeys((folder, "" if parent == "." else f"{parent}/")):
        for place in ("images/", "leftImg8bit/", "imgsFine/leftImg8bit/", "data/", ""):
            for inner in (f"{split or NO_SPLIT}/", ""):
                name = f"{base}{place}{inner}{file_name}"
                if name in tree:
                    return tree.sources[name]
    return None


@dataclass(frozen=True)
class Category:
    """An item of `categories`.

    Attributes:
        id: A whole number.
        name: Of the label.
        is_thing: Whether its objects are counted; None if the file does not say.
        color: Red, green, blue, or None.
    """

    id: int
    name: str
    is_thing: bool | None = None
    color: tuple[int, int, int] | None = None


def read_categories(source, items):
    """Reads the items of `categories`: `{key of the id: Category}`.

    Raises:
        DataError: If an id or name is missing or there twice; names file and item.
    """
    result, names = {}, set()
    for number, item in enumerate(items):
        where = f"{source}: categories, item {number}"
        id_, name = item.get("id"), item.get("name")
        if isinstance(id_, bool) or not isinstance(id_, int):
            raise DataError(f"{where}: id is {str(id_)[:40]!r}, a whole number was expected")
        if not isinstance(name, str) or not plain_name(name):
            raise DataError(f"{where}: name is {str(name)[:40]!r}, a text was expected")
        if str(id_) in result or plain_name(name) in names:
            raise DataError(f"{where}: the id {id_} or the name {name!r} is there already; each may be there once")
        names.add(plain_name(name))
        is_thing = item.get("isthing")
        result[str(id_)] = Category(id_, name, None if is_thing is None else bool(is_thing), _color(item.get("color")))
    return result


def _color(value):
    if isinstance(value, list) and len(value) == 3 and all(type(part) is int and 0 <= part < 256 for part in value):
        return tuple(value)
    return None


def make_table(files, is_thing):
    """Makes the label table of a dataset from the categories of its files.

    Labels are Cityscapes' if all names are. Otherwise ids are those of the categories where they are whole numbers from
    1 on that agree between the files, one more if there is a category 0, else 1, 2, ... in the order of the files; and
    0 is the background.

    Args:
        files: `{key: Category}` per file.
        is_thing: Whether objects of a category are counted that does not say it and is not Cityscapes'.

    Returns:
        A `LabelTable`.
    """
    found = {}
    for categories in files:
        for category in categories.values():
            found.setdefault(plain_name(category.name), []).append(category)
    firsts = [same[0] for same in found.values()]
    if all(CITYSCAPES.find(category.name) for category in firsts):
        return CITYSCAPES
    background = next((item.name for item in firsts if plain_name(item.name) in _BACKGROUND_NAMES), None)
    labels = [] if background else [make_label(FOREIGN_BACKGROUND, 0, (0, 0, 0))]
    for category, id_ in zip(firsts, _label_ids(found.values(), background), strict=True):
        known = CITYSCAPES.find(category.name)
        counted = category.is_thing
        if counted is None and known is None:
            counted = is_thing
        if category.name == background:
            counted = False
        labels.append(make_label(category.name, id_, category.color, counted))
    return LabelTable(tuple(labels), background or FOREIGN_BACKGROUND)


def _label_ids(found, background):
    ids = [same[0].id for same in found]
    agree = all(category.id == same[0].id for same in found for category in same)
    if not agree or len(set(ids)) < len(ids) or min(ids) < 0:
        return range(1, len(ids) + 1)
    zero_is_background = any(same[0].id == 0 and same[0].name == background for same in found)
    shift = 1 if min(ids) == 0 and not zero_is_background else 0
    return [id_ + shift for id_ in ids]


def find_labels(categories, table):
    """Finds the label of the table for the key of each category."""
    return {key: table.find(category.name) for key, category in categories.items()}


def read_crowd(where, item):
    """Reads `iscrowd` of an annotation or a segment; 0 where it is missing.

    Args:
        where: What to call the item in errors.
        item: The object.

    Returns:
        0 or 1.

    Raises:
        DataError: If it is neither 0 nor 1.
    """
    value = item.get("iscrowd", 0)
    if value not in (0, 1):
        raise DataError(f"{where}: iscrowd is {str(value)[:40]!r}, 0 or 1 was expected")
    return int(value)

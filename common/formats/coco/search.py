"""Finds the JSON files of COCO instances in a folder, and tells what the other JSON files are.

The content decides: what the first annotation in a file has. The names that COCO uses only choose among several files
that could be read: the same images are in files of instances, key points and stuff. A folder without a file of
instances is still taken for COCO if its JSON files are in `annotations`, or if a single one, empty or a list, is beside
pictures: then the reader explains what was found instead.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NoReturn

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.coco.index import KEYS
from common.images.pictures import IMAGE_ENDINGS
from common.labels.table_files import META_FILE

_FOLDER, _NAME = "annotations", "instances"
# Beginnings of names, those that are read before the others first; "" is any other name.
_NAMES = (_NAME, "", "person_keypoints_", "panoptic_", "cityscapes_panoptic_", "stuff_", "captions_", "image_info_")
# The first of these keys in a file tells what its annotations are; panoptic boxes are inside of segments_info.
_KEYS = {
    b'"segmentation"': "",
    b'"bbox"': "",
    b'"segments_info"': "holds panoptic segments, and the folder of their PNG files is not beside it",
    b'"caption"': "holds captions, not instances",
}
_FIRST_KEY = re.compile(b"|".join(_KEYS))
_OTHER_FILES = ("_polygons.json", "_camera.json", "_vehicle.json", "_timestamp.json", META_FILE)
# Folders and files by which other datasets are known.
_OTHER_DATASETS = ("gtFine/", "gtCoarse/", "ImageSets/", "SegmentationClass/", "data.yaml")
_PEEKED_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class FoundFiles:
    """The JSON files with instances, which are read, and by name what each other file is, as the end of a sentence."""

    names: tuple[str, ...]
    others: dict[str, str]


def find_files(tree: FileListing) -> FoundFiles:
    """Looks at the JSON files that may be COCO's: those in `annotations`; if none of them is of instances, those near.

    No file is to be read if there is none of instances, or if a file is named like one but is something else.

    Raises:
        DataError: If a file cannot be read.
    """
    kinds = {name: _what_it_is(tree, name) for name in tree.names("", ".json") if _may_be_ours(name)}
    for in_folder in (True, False):
        group = {name: kind for name, kind in kinds.items() if _in_folder(name) == in_folder}
        names = [name for name, kind in group.items() if not kind]
        broken = {name: kind for name, kind in group.items() if kind and PurePosixPath(name).name.startswith(_NAME)}
        if broken:
            return FoundFiles((), broken)
        if names:
            first = min(map(_rank, names))
            chosen = [name for name in names if _rank(name) == first]
            others = {name: kind for name, kind in group.items() if kind and in_folder}
            better = PurePosixPath(chosen[0]).name
            others |= {name: f"{better} is there, which is read first" for name in names if name not in chosen}
            return FoundFiles(tuple(chosen), others)
    return FoundFiles((), {name: kind for name, kind in kinds.items() if _in_folder(name)} or _lone(tree, kinds))


def refuse_none(tree: FileListing, found: FoundFiles) -> NoReturn:
    """Raises a DataError that tells which file was found instead of instances, and what was expected."""
    expected = f"expected an object with the lists {', '.join(KEYS)}"
    if not found.others:
        raise DataError(f"{tree}: holds no JSON file of COCO instances; {expected}")
    name, reason = next(iter(found.others.items()))
    raise DataError(f"{tree.sources[name]}: {reason}; {expected}")


def _may_be_ours(name: str) -> bool:
    path = PurePosixPath(name)
    return (_in_folder(name) or len(path.parts) <= 2) and not path.name.endswith(_OTHER_FILES)


def _rank(name: str) -> int:
    stem = PurePosixPath(name).name
    starts = (place for place, start in enumerate(_NAMES) if start and stem.startswith(start))
    return next(starts, _NAMES.index(""))


def _in_folder(name: str) -> bool:
    return PurePosixPath(name).parent.name == _FOLDER


def _lone(tree: FileListing, kinds: dict[str, str]) -> dict[str, str]:
    """Finds a single JSON file that may have been meant as COCO's: empty or a list, with pictures and nothing else."""
    is_other = any(tree.folder_with(marker) is not None for marker in _OTHER_DATASETS)
    if len(kinds) != 1 or is_other or not tree.names("", *IMAGE_ENDINGS):
        return {}
    ((name, kind),) = kinds.items()
    return kinds if not kind.startswith("is an object") else {}


def _what_it_is(tree: FileListing, name: str) -> str:
    """Tells what a file is instead of one of instances; "" if it is one."""
    with tree[name].open() as file:
        start = file.read(_PEEKED_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return _what_the_object_is(tree[name], start, PurePosixPath(name).stem)
    if not start:
        return "is empty"
    if not start.startswith(b"["):
        return "is not JSON"
    if b'"score"' in start:
        return "is a list of results, a form of predictions, without images; the file of their ground truth is needed"
    if b'"image_id"' in start:
        return "is a list of annotations without images"
    return "is an empty list" if start[1:].lstrip().startswith(b"]") else "is a list"


def _what_the_object_is(source: Source, start: bytes, stem: str) -> str:
    is_named = stem.startswith(_NAME)
    if not is_named and not any(f'"{key}"'.encode() in start for key in KEYS[:2]):
        return "is an object without images and annotations"
    found = _FIRST_KEY.search(start)
    # A file of another name can have all its images before its first annotation.
    key = found[0] if found else b"" if is_named else _first_key(source)
    return _KEYS.get(key, "")


def _first_key(source: Source) -> bytes:
    with source.open() as file:
        before = b""
        while chunk := file.read(_CHUNK_BYTES):
            if found := _FIRST_KEY.search(before + chunk):
                return found[0]
            before = chunk[-max(map(len, _KEYS)) :]
    return b""

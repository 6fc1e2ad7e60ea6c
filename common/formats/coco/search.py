"""Finds the JSON files of COCO instances in a folder, and tells what the other JSON files are.

Files are known by their beginnings and by the names COCO uses. A folder without a file of instances is still taken for
COCO if its JSON files are in `annotations`, or if a single one, empty or a list, is beside pictures: then the reader
explains what was found instead.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NoReturn

from common.errors import DataError
from common.files.listing import FileListing
from common.formats.coco.index import KEYS
from common.images.pictures import IMAGE_ENDINGS
from common.labels.table_files import META_FILE

_FOLDER, _NAME = "annotations", "instances"
_OTHER_KINDS = ("captions_", "person_keypoints_", "stuff_", "panoptic_", "cityscapes_panoptic_", "image_info_")
_OTHER_FILES = ("_polygons.json", "_camera.json", "_vehicle.json", "_timestamp.json", META_FILE)
# Folders and files by which other datasets are known.
_OTHER_DATASETS = ("gtFine/", "gtCoarse/", "ImageSets/", "SegmentationClass/", "data.yaml")
_PEEKED_BYTES = 64 * 1024


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
            named = [name for name in names if PurePosixPath(name).name.startswith(_NAME)]
            others = {name: kind for name, kind in group.items() if kind and in_folder}
            others |= {name: "there are files named instances..." for name in names if named and name not in named}
            return FoundFiles(tuple(named or names), others)
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
    """Tells what a file is instead of one of instances; "" if it is one. In doubt a name like COCO's own decides."""
    stem = PurePosixPath(name).stem
    if stem.startswith(_OTHER_KINDS):
        return f"is named like a file of {stem[: max(stem.rfind('_'), 0)].replace('_', ' ')}, not of instances"
    with tree[name].open() as file:
        start = file.read(_PEEKED_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return _what_the_object_is(start, stem)
    if not start:
        return "is empty"
    if not start.startswith(b"["):
        return "is not JSON"
    if b'"score"' in start:
        return "is a list of results, a form of predictions, without images; the file of their ground truth is needed"
    if b'"image_id"' in start:
        return "is a list of annotations without images"
    return "is an empty list" if start[1:].lstrip().startswith(b"]") else "is a list"


def _what_the_object_is(start: bytes, stem: str) -> str:
    if b'"segments_info"' in start:
        return "holds panoptic segments, and the folder of their PNG files is not beside it"
    if stem.startswith(_NAME) or any(f'"{key}"'.encode() in start for key in KEYS[:2]):
        return ""
    return "is an object without images and annotations"

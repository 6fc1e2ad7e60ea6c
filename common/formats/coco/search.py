"""Which JSON files of a folder are COCO instances, and what the others are.

Files are told apart by their beginnings and by the names COCO uses. A folder whose files are none of instances is still
taken for COCO if they stand in `annotations`, or if there is one alone beside pictures that says nothing: whoever
has it is told what was found instead.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from common.errors import DataError
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
    """The JSON files of a folder.

    Attributes:
        names: Of those that hold instances, to be read.
        others: What each other one is, as the end of a sentence, by name.
    """

    names: tuple[str, ...]
    others: dict[str, str]

    @property
    def notes(self):
        """Sentences on files that are not read."""
        return [f"{name} was left out: {reason}" for name, reason in self.others.items()]


def find_files(tree):
    """Looks at the JSON files that may be COCO's: those in `annotations` where any is of instances, else those near.

    Returns:
        `FoundFiles`; `names` is empty if there is no file of instances, or one that is called so is none.

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
            others |= {name: "files called instances... are there" for name in names if named and name not in named}
            return FoundFiles(tuple(named or names), others)
    return FoundFiles((), {name: kind for name, kind in kinds.items() if _in_folder(name)} or _lone(tree, kinds))


def refuse_none(tree, found):
    """Explains why a folder holds no instances.

    Raises:
        DataError: Always; names a file, what it is, and what was expected.
    """
    expected = f"an object with the lists {', '.join(KEYS)} was expected"
    if not found.others:
        raise DataError(f"{tree}: holds no JSON file of COCO instances; {expected}")
    name, reason = next(iter(found.others.items()))
    raise DataError(f"{tree.sources[name]}: {reason}; {expected}")


def _may_be_ours(name):
    path = PurePosixPath(name)
    return (_in_folder(name) or len(path.parts) <= 2) and not path.name.endswith(_OTHER_FILES)


def _in_folder(name):
    return PurePosixPath(name).parent.name == _FOLDER


def _lone(tree, kinds):
    """Finds a single JSON file that may have been meant as COCO's: empty or a list, with pictures and nothing else."""
    is_other = any(tree.folder_with(marker) is not None for marker in _OTHER_DATASETS)
    if len(kinds) != 1 or is_other or not tree.names("", *IMAGE_ENDINGS):
        return {}
    ((name, kind),) = kinds.items()
    return kinds if not kind.startswith("is an object") else {}


def _what_it_is(tree, name):
    """Says what a file is instead of one of instances, "" if it is one; a name as COCO's own decides in doubt."""
    stem = PurePosixPath(name).stem
    if stem.startswith(_OTHER_KINDS):
        return f"is called like a file of {stem[: max(stem.rfind('_'), 0)].replace('_', ' ')}, not of instances"
    with tree[name].open() as file:
        start = file.read(_PEEKED_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return _what_the_object_is(start, stem)
    if not start:
        return "is empty"
    if not start.startswith(b"["):
        return "is no JSON"
    if b'"score"' in start:
        return "is a list of results, as predictions are kept, without images; the file of their ground truth is needed"
    if b'"image_id"' in start:
        return "is a list of annotations without images"
    return "is an empty list" if start[1:].lstrip().startswith(b"]") else "is a list"


def _what_the_object_is(start, stem):
    if b'"segments_info"' in start:
        return "holds panoptic segments, and the folder of their PNG files is not beside it"
    if stem.startswith(_NAME) or any(f'"{key}"'.encode() in start for key in KEYS[:2]):
        return ""
    return "is an object without images and annotations"

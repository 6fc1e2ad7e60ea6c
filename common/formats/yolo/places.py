"""Where the files of a YOLO dataset are: its index, the images of a split, the text file of an image.

Paths in an index and in lists often come from another computer. They are compared with the files of the dataset by
their ends, and never followed out of it.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from common.dataset.original.splits import role_of
from common.files.listing import FileListing
from common.formats.frames import NO_SPLIT
from common.formats.names import path_inside, read_lines, tail_in
from common.formats.yolo.data_yaml import LARGEST_BYTES
from common.images.pictures import IMAGE_ENDINGS

INDEX = "data.yaml"
# Label Studio and darknet have a list of names in place of the index.
CLASS_LIST = "classes.txt"
_NAMES = re.compile(rb"^(\xef\xbb\xbf)?[\"']?names[\"']?\s*:", re.MULTILINE)


def find_indices(tree: FileListing) -> list[str]:
    """Lists the files that may be the index, the least deep ones: `data.yaml`, any YAML with `names`, `classes.txt`."""
    folder = tree.folder_with(INDEX)
    if folder is not None:
        return [folder + INDEX]
    found = [name for name in tree.names("", ".yaml", ".yml") if _may_be_index(tree, name)]
    folder = tree.folder_with(CLASS_LIST)
    if not found and folder is not None and has_labels(tree.below(folder)):
        return [folder + CLASS_LIST]
    depth = min((name.count("/") for name in found), default=0)
    return [name for name in found if name.count("/") == depth]


def splits_without_index(tree: FileListing) -> dict[str, tuple[str, ...]]:
    """Lists the folders of images by split where no index names them: all below `images`, and those with a role."""
    folders = {name.split("/")[1] for name in tree.names("images", *IMAGE_ENDINGS) if name.count("/") > 1}
    named = {split: (f"images/{split}",) for split in sorted(folders) if role_of(split)}
    return {NO_SPLIT: ("images",), **named}


def _may_be_index(tree: FileListing, name: str) -> bool:
    if not has_labels(tree.below(name.rpartition("/")[0])):
        return False
    with tree[name].open() as file:
        return bool(_NAMES.search(file.read(LARGEST_BYTES)))


def has_labels(tree: FileListing) -> bool:
    """Tells whether there are text files in a folder `labels`, or below it."""
    return any("labels" in name.split("/") for name in tree.names("", ".txt"))


def images_of_split(tree: FileListing, path: str, places: Iterable[str]) -> tuple[Iterable[str], int]:
    """Lists the images in folders and lists of images, and counts the listed ones that are not there."""
    found: list[str] = []
    missing = 0
    for place in places:
        bases = (_inside(posixpath.join(path, place)), _inside(place))
        for name in (*bases, *_tails(bases[-1])):
            if name in tree and name.lower().endswith(".txt"):
                listed = _listed_images(tree, path, name)
                found += [image for image in listed if image]
                missing += listed.count(None)
                break
            if images := tree.names(name, *IMAGE_ENDINGS):
                found += images
                break
    return dict.fromkeys(found), missing


def _inside(path: str) -> str:
    """Makes a path relative to the dataset; one that leads out of it, for example `../train/images`, starts in it."""
    inside, _ = path_inside(posixpath.normpath(path.replace("\\", "/")))
    return inside


def _listed_images(tree: FileListing, path: str, list_name: str) -> list[str | None]:
    listed = []
    for line in read_lines(tree[list_name]):
        bases = (posixpath.join(posixpath.dirname(list_name), line), posixpath.join(path, line))
        places = (_inside(base) for base in bases)
        found = next((place for place in places if place in tree), None) or tail_in(path_inside(line)[0], tree)
        listed.append(tree.find(found) if found else None)
    return listed


def _tails(path: str) -> Iterator[str]:
    """Yields the ends of a path that may name a split, longest first: the dataset may have been in another folder."""
    while path := path.partition("/")[2]:
        if "/" in path or path.endswith(".txt") or role_of(path):  # `images` alone has the pictures of all splits
            yield path


def labels_of(image: str) -> str:
    """Names the text file of an image: the last `/images/` of its path becomes `/labels/`."""
    before, found, after = f"/{image}".rpartition("/images/")
    place = f"{before}/labels/{after}" if found else f"/{image}"
    return place[1:].rpartition(".")[0] + ".txt"


def split_of(image: str, key: str) -> str:
    """Names the split of an image: as its folder below `images`, if that has the role of the key, else as the key."""
    _, _, place = f"/{image}".rpartition("/images/")
    folder, *rest = place.split("/")
    return folder if rest and role_of(folder) and role_of(folder) == role_of(key) else key


def item_id_of(image: str, split: str) -> str:
    """Names an image in its split: its path below `images` and below the folder named like the split."""
    before, found, place = f"/{image}".rpartition("/images/")
    parts = PurePosixPath(place if found else image).with_suffix("").parts
    return "/".join(parts[1:] if len(parts) > 1 and parts[0] == split else parts)

"""Finds a folder of photographs and a folder of masks by their usual names, and what their files have behind the name.

The folders lie beside each other, `images` and `masks` or `train` and `train_labels`, once or for each split. A frame's
files have equal names, but for one ending such as `_mask` that all files of a side have.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping

from common.files.listing import FileListing
from common.formats.folders.patterns import Key, Pattern, folders_of, is_split

# In the order in which they are looked for, in lower case.
_IMAGES = (
    *("images", "image", "imgs", "img", "img_dir", "jpegimages", "photos", "photographs", "photo"),
    *("rgb", "camerargb", "leftimg8bit", "inputs", "input"),
)
_MASKS = (
    *("masks", "mask", "labels", "label", "annotations", "annotation", "ann_dir", "segmentationclasspng"),
    *("segmentationclass", "segmentation", "segmentations", "semantic", "ground_truth", "groundtruth", "gt"),
    *("cameraseg", "targets", "target"),
)
_BESIDE = ("_masks", "_mask", "_labels", "_label", "_annotations", "_gt", "annot")
_SEPARATORS = "_-."


def find_pair(tree: FileListing) -> tuple[str, Pattern, Pattern] | None:
    """Finds the folder that holds both, and the patterns of photographs and masks in it; None if there are none."""
    folders = folders_of(tree)
    for root, images, masks in (*_named_pairs(folders), *_pairs_beside(folders)):
        found = _with_endings(tree.below(root), images, masks)
        if found is not None:
            return root, *found
    return None


def _named_pairs(folders: Collection[str]) -> list[tuple[str, str, str]]:
    """Lists `(root, images, masks)` of folders with usual names, the least deep first."""
    by_parent: dict[str, dict[str, str]] = {}
    for folder in set(folders) - {""}:
        parent, _, name = folder[:-1].rpartition("/")
        by_parent.setdefault(f"{parent}/" if parent else "", {})[name.lower()] = name
    pairs: dict[tuple[str, str, str], None] = {}
    for parent in sorted(by_parent, key=lambda parent: (parent.count("/"), parent)):
        names = by_parent[parent]
        images, masks = (next((names[word] for word in words if word in names), None) for words in (_IMAGES, _MASKS))
        if images is None or masks is None:
            continue
        above, _, split = parent[:-1].rpartition("/")
        if is_split(split):
            pairs[f"{above}/" if above else "", f"{{split}}/{images}", f"{{split}}/{masks}"] = None
        pairs[parent, images, masks] = None
    return list(pairs)


def _pairs_beside(folders: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yields `(root, images, masks)` of folders such as train and train_labels."""
    there = set(folders)
    found = {
        (f"{parent}/" if parent else "", ending)
        for folder in there
        for ending in _BESIDE
        for parent, _, name in [folder[:-1].rpartition("/")]
        if name.endswith(ending) and name != ending and f"{folder[: -1 - len(ending)]}/" in there
    }
    for root, ending in sorted(found, key=lambda pair: (pair[0].count("/"), pair)):
        yield root, "{split}", f"{{split}}{ending}"


def _with_endings(tree: FileListing, images: str, masks: str) -> tuple[Pattern, Pattern] | None:
    """Adds what all names of a side end in, so that photographs and masks fit; None if none of them do."""
    found = [Pattern(text).find(tree) for text in (images, masks)]
    for first, second in ((one, two) for one in _endings(found[0]) for two in _endings(found[1])):
        patterns = Pattern(f"{images}/*{first}"), Pattern(f"{masks}/*{second}")
        if patterns[0].find(tree).keys() & patterns[1].find(tree).keys():
            return patterns
    return None


def _endings(files: Mapping[Key, str]) -> list[str]:
    """Lists what may be behind the names of all files: nothing, then what all end in, cut at each `_`, `-` or `.`."""
    names = [key.name for key in files]
    common = os.path.commonprefix([name[::-1] for name in names])[::-1]
    longest = min((len(name) for name in names), default=0) - 1
    cuts = [place for place, letter in enumerate(common) if letter in _SEPARATORS and len(common) - place <= longest]
    return [""] + [common[place:] for place in reversed(cuts)][:4]

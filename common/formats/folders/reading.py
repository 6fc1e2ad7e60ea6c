"""Reads photographs and masks that lie in folders, as most training programs and many datasets have them.

Where they are is said by patterns (`patterns`), by the line of a known dataset (`trees`), or found by the usual names
of folders (`pairs`). What the masks hold is said by the user, the known dataset, a label file, or their colours
(`labels`). A frame is known by its split, its folders and its name. Where two frames have one name, all names begin
with their folders, and with their split if that is not enough, because other formats tell frames apart by names.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from common.errors import ConfigError, DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.cityscapes.reading import CityscapesTruth
from common.formats.class_masks import holds_colors, table_as_read
from common.formats.folders.labels import Meaning, find_meaning, ids_meaning, named_meaning
from common.formats.folders.pairs import find_pair
from common.formats.folders.patterns import Key, Pattern
from common.formats.folders.trees import CHANNELS, CLASSES, POLYGONS, KnownTree, find_tree, meaning_of
from common.formats.folders.truth import ClassTruth, ObjectTruth
from common.formats.frames import AnnotatedFrame, FrameDataset, FrameTruth, city_of, missing_notes
from common.images.pictures import IMAGE_ENDINGS
from common.text import count

_CITYSCAPES = ("_leftimg8bit.png", "_leftimg8bit.jpg", "_labelids.png", "_instanceids.png", "_polygons.json")
_PATTERNS = (
    "say where they are with --images-as and --masks-as, for example --images-as 'rgb/*.jpg' --masks-as 'gt/*_id.png'"
)


class _Place(NamedTuple):
    """Where the files are: the folder that names start in, photographs and masks by key, the known dataset if any."""

    listing: FileListing
    images: Mapping[Key, str]
    masks: Mapping[Key, str]
    known: KnownTree | None = None
    meaning: Meaning | None = None


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip is a known dataset, or has photographs and masks in folders of usual names."""
    if find_tree(tree) is not None:
        return True
    return not tree.names("", *_CITYSCAPES) and find_pair(tree) is not None


def read(
    tree: FileListing, truth: str | None = None, images_as: str = "", masks_as: str = "", mask_values: str = ""
) -> FrameDataset:
    """Reads a dataset.

    Args:
        tree: The folder or zip.
        truth: Not used; see `Format.read`.
        images_as: Pattern of the photographs; "" finds them, or leaves them out if `masks_as` is given.
        masks_as: Pattern of the masks; "" finds them.
        mask_values: What masks hold: "ids", "trainIds", a label map or a label file; "" finds it out.

    Raises:
        ConfigError: If a pattern or `mask_values` is wrong.
        DataError: If there is no photograph and no mask, or it is not known what masks hold; names the way out.
        LabelError: If the label file is wrong.
    """
    place = _patterns(tree, images_as, masks_as) if images_as or masks_as else _found(tree)
    listing, known = place.listing, place.known
    masks = [listing[name] for name in place.masks.values()]
    meaning = named_meaning(mask_values) if mask_values else place.meaning or _find_meaning(tree, masks)
    is_classes = known is None or known.kind == CLASSES
    table = table_as_read(meaning.table) if is_classes else meaning.table
    keys = sorted(place.images.keys() | place.masks.keys())
    images = {key: listing[name] for key, name in place.images.items()}
    truths = {key: _truth(listing[name], known, meaning) for key, name in place.masks.items()}
    names, notes = _unique_names(keys)
    frames = tuple(
        AnnotatedFrame(name, key.split, key.folders or city_of(key.name), images.get(key), truths.get(key))
        for key, name in zip(keys, names, strict=True)
    )
    if meaning.source:
        notes.insert(0, f"{f'{known.name}: ' if known else ''}masks are read as {meaning.source}")
    notes += missing_notes(_missing(keys, place), len(keys))
    if others := _other_endings(place):
        notes.append(
            f"{count(len(others), 'picture')} left out, because another one has the same name with another ending, for "
            f"example {others[0]}"
        )
    if is_classes and masks and holds_colors(masks[0]):
        notes += meaning.code.notes
    return FrameDataset(table, frames, "folders", tuple(notes))


def _find_meaning(tree: FileListing, masks: list[Source]) -> Meaning:
    """Finds what masks mean; photographs without any have Cityscapes' labels."""
    return find_meaning(tree, masks) if masks else replace(ids_meaning(), source="")


def _missing(keys: Iterable[Key], place: _Place) -> Counter[str]:
    keys = list(keys)
    return Counter(
        {
            "have no image": sum(key not in place.images for key in keys),
            "have no mask": sum(key not in place.masks for key in keys),
        }
    )


def _other_endings(place: _Place) -> list[str]:
    """Lists pictures that differ from one that is read only in the ending."""
    taken = {*place.images.values(), *place.masks.values()}
    stems = {name.rpartition(".")[0] for name in taken}
    pictures = place.listing.names("", *IMAGE_ENDINGS)
    return [name for name in pictures if name not in taken and name.rpartition(".")[0] in stems]


def _patterns(tree: FileListing, images_as: str, masks_as: str) -> _Place:
    """Finds files by the patterns of a user; a known dataset may have other photographs or masks."""
    images, masks = ((Pattern(text).find(tree) if text else {}) for text in (images_as, masks_as))
    for what, text, found in (("photograph", images_as, images), ("mask", masks_as, masks)):
        if text and not found:
            there = ", ".join(list(tree.sources)[:3]) or "no files"
            raise ConfigError(f"{tree}: no {what} fits {text!r}; there are {there}")
    if images and masks and not images.keys() & masks.keys():
        shown = [f"{key.split or '(no split)'} {'/'.join(filter(None, key[1:]))}" for key in (min(images), min(masks))]
        raise ConfigError(
            f"{tree}: no photograph of {images_as!r} has a mask of {masks_as!r}; the first of each are the frames "
            f"{shown[0]!r} and {shown[1]!r}"
        )
    return _Place(tree, images, masks)


def _found(tree: FileListing) -> _Place:
    if (known := find_tree(tree)) is not None:
        below = tree.below(known.root)
        return _Place(below, known.images, known.masks, known.tree, meaning_of(known, below))
    if (pair := find_pair(tree)) is not None:
        root, images, masks = pair
        below = tree.below(root)
        found = masks.find(below)
        masks_too = set(found.values())  # of train and train_masks, the second folder is no split of photographs
        photographs = {key: name for key, name in images.find(below).items() if name not in masks_too}
        return _Place(below, photographs, found)
    raise DataError(f"{tree}: photographs and masks were not found by the names of their folders; {_PATTERNS}")


def _truth(mask: Source, known: KnownTree | None, meaning: Meaning) -> FrameTruth:
    if known is None or known.kind == CLASSES:
        return ClassTruth(mask, meaning.code)
    if known.kind == POLYGONS:
        return CityscapesTruth({"polygons": mask}, meaning.table, ("polygons",))
    return ObjectTruth(mask, meaning.code, known.first, known.kind == CHANNELS)


def _unique_names(keys: list[Key]) -> tuple[list[str], list[str]]:
    """Names the frames: as their files, or with folders and split before that where two would have one name."""
    for depth in (1, 2, 3):
        names = ["_".join(part.replace("/", "_") for part in key[-depth:] if part) for key in keys]
        if len(set(names)) == len(names):
            break
    what = ("", "their folders", "their split and folders")[depth - 1]
    return names, [f"names of frames begin with {what}, because several have one name"] if what else []

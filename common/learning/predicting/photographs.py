"""Photographs of any kind to predict: where they are, what their results are called, their pixels as people see them.

A folder, one file, a Cityscapes tree or zip, a split that step 00 prepared. Files come from cameras and strangers: the
size is tested before anything is decoded, a damaged file is refused by name, and the turn that a phone notes in the
file is carried out.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from common.dataset.original.layouts import IMAGE_KIND, read_layout
from common.errors import ConfigError, DataError
from common.files.sources import Source
from common.files.zips import is_safe_member
from common.images.pictures import IMAGE_ENDINGS

_PREPARED = ("images", "masks")


@dataclass(frozen=True)
class Photograph:
    """One photograph to predict.

    Attributes:
        name: Of its results, without an ending; folders joined by "/".
        source: Where it is.
    """

    name: str
    source: Source


def find_photographs(path, splits=()):
    """Finds the photographs of a file, a folder with all folders in it, or a Cityscapes tree or zip.

    In a Cityscapes tree a result is called `<split>/<frame>`; elsewhere it keeps folder and name of the photograph,
    with its ending where two in a folder differ in nothing else.

    Args:
        path: The file or folder.
        splits: Names of Cityscapes splits to keep; empty for all.

    Returns:
        A tuple of `Photograph`s, names unique.

    Raises:
        DataError: If nothing is found, or a name leads out of the folder; names it.
        ConfigError: If splits are asked for where there are none.
    """
    path = Path(path)
    if path.is_dir() and all((path / name).is_dir() for name in _PREPARED):
        path /= _PREPARED[0]
    files = _pictures_below(path)
    is_zip = path.is_file() and path.suffix.lower() == ".zip"
    if is_zip or path.is_dir() and _looks_like_cityscapes(path, files):
        found = _frames(path, splits)
    elif splits:
        raise ConfigError(f"{path}: is no Cityscapes tree or zip, so that it has no split {splits[0]}; leave it out")
    else:
        found = [Photograph(name, Source(file)) for name, file in _named(path, files)]
    if not found:
        raise DataError(f"{path}: holds no photograph; expected were files ending in {', '.join(IMAGE_ENDINGS)}")
    if unsafe := next((photo for photo in found if not is_safe_member(photo.name)), None):
        raise DataError(f"{unsafe.source}: its name would lead out of the folder of results; rename it")
    return tuple(found)


def _pictures_below(path):
    if path.is_file():
        return [path] if path.suffix.lower() in IMAGE_ENDINGS else []
    if not path.is_dir():
        raise DataError(f"{path}: is not there; expected was a photograph, a video or a folder")
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if _is_picture(name)]
    return found


def _is_picture(name):
    return not name.startswith(".") and name.lower().endswith(IMAGE_ENDINGS)


def _looks_like_cityscapes(path, files):
    return any(file.stem.endswith(f"_{IMAGE_KIND}") for file in files) or (not files and any(path.glob("*.zip")))


def _frames(path, splits):
    frames = read_layout(path).frames
    there = sorted({frame.split for frame in frames})
    if missing := [split for split in splits if split not in there]:
        raise ConfigError(f"{path}: has no split {missing[0]}; there is {', '.join(filter(None, there)) or 'none'}")
    kept = (frame for frame in frames if frame.image and (not splits or frame.split in splits))
    return [Photograph("/".join(filter(None, (frame.split, frame.name))), frame.image) for frame in kept]


def _named(path, files):
    root = path if path.is_dir() else path.parent
    plain = [file.relative_to(root).with_suffix("").as_posix() for file in files]
    counts = {}
    for name in plain:
        counts[name] = counts.get(name, 0) + 1
    crowded = {Path(name).parent for name, count in counts.items() if count > 1}
    for name, file in zip(plain, files, strict=True):
        whole = file.relative_to(root)
        yield whole.as_posix() if whole.parent in crowded else name, file

"""Photographs to predict: where they are, and what their results are called.

They are in a folder, one file, a Cityscapes tree or zip, or a split that step 00 prepared.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.dataset.original.layouts import Layout, read_layout
from common.dataset.original.tree_files import IMAGE_KIND
from common.errors import ConfigError, DataError
from common.files.sources import Source
from common.files.zips import is_safe_member
from common.images.heic import HEIC_ENDINGS, can_read_heic
from common.images.not_read import describe_other, describe_others
from common.images.pictures import IMAGE_ENDINGS

_PREPARED = ("images", "masks")
_OF_VIDEOS = "give each video as INPUT of a call of its own"


@dataclass(frozen=True)
class Photograph:
    """One photograph to predict; its name is that of its results, without an ending, folders joined by "/"."""

    name: str
    source: Source


@dataclass(frozen=True)
class FoundPhotographs:
    """Photographs with different names.

    Attributes:
        faults: Sentences on folders and archives that could not be looked into.
        passed_over: A sentence on pictures of other kinds and videos among the photographs; "" if there are none.
    """

    photographs: tuple[Photograph, ...]
    faults: tuple[str, ...] = ()
    passed_over: str = ""


def find_photographs(path: Path, splits: Sequence[str] = ()) -> FoundPhotographs:
    """Finds the photographs of a file, a folder with all folders in it, or a Cityscapes tree or zip.

    In a Cityscapes tree the name of a result is `<split>/<frame>`; elsewhere it is folder and name of the photograph,
    with its ending if two files in the folder differ only in that. Names are unique. Without `splits`, all splits of
    a Cityscapes tree are kept. Nothing is opened: what cannot be read is found like any other photograph.

    Raises:
        DataError: If nothing is found, or a name leads out of the folder; names it.
        ConfigError: If there is no such split.
    """
    if path.is_dir() and all((path / name).is_dir() for name in _PREPARED):
        path /= _PREPARED[0]
    listed, faults = _files_below(path)
    endings = IMAGE_ENDINGS + (HEIC_ENDINGS if can_read_heic() else ())
    files = [file for file in listed if file.name.lower().endswith(endings)]
    others = () if path.is_file() else (file.name for file in listed if not file.name.lower().endswith(endings))
    passed_over = describe_others(others, _OF_VIDEOS)
    is_zip = path.is_file() and _is_zip(path)
    if is_zip or path.is_dir() and _looks_like_cityscapes(path, files):
        layout = read_layout(path)
        found, faults = _frames(path, layout, splits), [*layout.faults]
    elif splits:
        raise ConfigError(f"{path}: is not a Cityscapes tree or zip and has no split {splits[0]}; leave it out")
    else:
        found = [Photograph(name, Source(file)) for name, file in _named(path, files)]
    if not found:
        expected = f"has no photograph; expected files ending in {', '.join(endings)}"
        what = (path.is_file() and describe_other(path.name)) or expected
        raise DataError("; ".join(filter(None, [f"{path}: {what}", passed_over, *faults])))
    if unsafe := next((photo for photo in found if not is_safe_member(photo.name)), None):
        raise DataError(f"{unsafe.source}: its name would lead out of the folder of results; rename it")
    return FoundPhotographs(tuple(found), tuple(faults), passed_over)


def _files_below(path: Path) -> tuple[list[Path], list[str]]:
    """Lists all files but hidden ones, whatever they are, and folders that cannot be listed."""
    if path.is_file():
        return [path], []
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; expected a photograph, a video or a folder")
    found: list[Path] = []
    faults: list[str] = []

    def note(error: OSError) -> None:
        faults.append(f"{error.filename}: cannot be listed: {error.strerror}; change its permissions")

    for folder, folders, names in os.walk(path, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    return found, faults


def _looks_like_cityscapes(path: Path, files: Sequence[Path]) -> bool:
    return any(file.stem.endswith(f"_{IMAGE_KIND}") for file in files) or (
        not files and any(map(_is_zip, path.iterdir()))
    )


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def _frames(path: Path, layout: Layout, splits: Sequence[str]) -> list[Photograph]:
    there = sorted({frame.split for frame in layout.frames})
    if missing := [split for split in splits if split not in there]:
        raise ConfigError(f"{path}: has no split {missing[0]}; there is {', '.join(filter(None, there)) or 'none'}")
    return [
        Photograph("/".join(filter(None, (frame.split, frame.name))), frame.image)
        for frame in layout.frames
        if frame.image and (not splits or frame.split in splits)
    ]


def _named(path: Path, files: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    root = path if path.is_dir() else path.parent
    plain = [file.relative_to(root).with_suffix("").as_posix() for file in files]
    crowded = {Path(name).parent for name, count in Counter(plain).items() if count > 1}
    for name, file in zip(plain, files, strict=True):
        whole = file.relative_to(root)
        yield whole.as_posix() if whole.parent in crowded else name, file

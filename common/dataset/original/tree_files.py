"""Finds the files of a Cityscapes tree by their names, in folders and in zips that stay closed.

Knows how a file is called and what the folders around it say; how files make frames is known by `layouts`. What is not
a file of a frame is counted by `PassedOver`. Nothing is decoded here.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from common.dataset.original.passed_over import PassedOver
from common.dataset.original.splits import role_of
from common.dataset.original.truth import TRUTH_KINDS
from common.errors import DataError
from common.files.sources import Source
from common.files.zips import list_members
from common.text import first_few

IMAGE_KIND = "leftImg8bit"
SPLITS = ("train", "val", "test", "train_extra")
_ANCHORS = (IMAGE_KIND, *TRUTH_KINDS)
# The video sequences repeat every frame of the dataset among their own 150,000.
_SEQUENCES = ("leftImg8bit_sequence",)
# Folders of generated files, which hold a file of each frame of a split.
_GENERATED = "cityscapes_panoptic_"
WANTED = """expected the archives of cityscapes-dataset.com (log in, Downloads), as they are or extracted:
    gtFine_trainvaltest.zip       or  gtFine/<split>/<city>/<frame>_gtFine_labelIds.png
    leftImg8bit_trainvaltest.zip  or  leftImg8bit/<split>/<city>/<frame>_leftImg8bit.png"""


class FrameFile(NamedTuple):
    """A file that belongs to a frame; `group` is leftImg8bit, gtFine or gtCoarse, `size` is bytes in a zip."""

    name: str
    split: str
    city: str
    group: str
    kind: str
    source: Source
    size: int | None


@dataclass(frozen=True)
class FileNames:
    """How the files of frames are called.

    Attributes:
        images_as: What the photographs have behind the name of the frame, `leftImg8bit_foggy_beta_0.02`; or a folder,
            for example `leftImg8bit_sequence`, in which they have the usual names.
    """

    images_as: str = IMAGE_KIND

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        # Endings may be in upper case, as cameras and Windows write them.
        return re.compile(
            rf"(.+?)_(?:({IMAGE_KIND}|{re.escape(self.images_as)})(?i:\.(?:png|jpe?g|webp|bmp|tiff?))"
            r"|(gtFine|gtCoarse)_([A-Za-z]+)(?i:\.png|(?<=polygons)\.json))"
        )

    def match(self, name: str, folders: Sequence[str], passed_over: PassedOver) -> re.Match[str] | None:
        """Matches a name with those of a frame's files, in these folders; counts one that is passed over."""
        match = self._regex.fullmatch(name)
        if not match:
            passed_over.add_file(name)
        elif match[2] and match[2] != self.images_as and self.images_as not in folders:
            passed_over.add_photograph(self.images_as)
            return None
        return match

    def is_ignored(self, folder: str) -> bool:
        """Tells whether nothing in a folder of this name is looked at."""
        return (folder in _SEQUENCES and folder != self.images_as) or folder.startswith(_GENERATED)


def find_files(root: Path, faults: list[str], passed_over: PassedOver, names: FileNames) -> Iterator[FrameFile]:
    """Yields the files of frames below a folder or in a zip.

    Args:
        root: The folder or zip.
        faults: Gets sentences about what cannot be read.
        passed_over: Counts the files that belong to no frame.
        names: How the files are called.

    Raises:
        DataError: If there is no such folder or zip, or a zip with a name of Cityscapes cannot be opened.
    """
    if root.is_dir():
        for folder, entries in _walk(root, faults, passed_over, names):
            above = root.absolute().parts[-2:]
            inside = (*above, *folder.relative_to(root).parts)
            yield from _files_of_folder(folder, inside, len(above), entries, passed_over, names)
            for name in sorted(entry.name for entry in entries if entry.name.lower().endswith(".zip")):
                yield from _files_of_zip(folder / name, faults, passed_over, names)
    elif root.is_file():
        yield from _files_of_zip(root, faults, passed_over, names)
    else:
        raise DataError(f"{root}: is not there; {WANTED}")


def _walk(
    root: Path, faults: list[str], passed_over: PassedOver, names: FileNames
) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Yields each folder with its files, real folders before linked ones and none twice, so that links cannot loop."""
    folders, links = [root], list[Path]()
    seen: set[tuple[int, int]] = set()
    while folders or links:
        folder = folders.pop() if folders else links.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = [entry for entry in listing if not _is_hidden(entry.name)]
        except PermissionError as error:
            raise DataError(f"{folder}: cannot be listed: {error.strerror}; change its permissions") from error
        except OSError as error:
            faults.append(f"{folder}: cannot be listed: {error.strerror or error}")
            continue
        inner = [entry for entry in entries if _is(entry.is_dir)]
        for entry in [entry for entry in inner if names.is_ignored(entry.name)]:
            inner.remove(entry)
            passed_over.add_folder(entry.name, _count_files(folder / entry.name))
        folders += [folder / entry.name for entry in inner if not entry.is_symlink()]
        links += [folder / entry.name for entry in inner if entry.is_symlink()]
        # What is neither folder nor file, for example a link that leads nowhere, is named when it is read.
        yield folder, [entry for entry in entries if not _is(entry.is_dir)]


def _count_files(folder: Path) -> int:
    """Counts files; what cannot be listed does not count, because nothing here is read."""
    return sum(len(names) for _, _, names in os.walk(folder))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is(test: Callable[[], bool]) -> bool:
    """Asks what a directory entry is; a link that leads to itself is not a folder."""
    try:
        return test()
    except OSError:
        return False


def _files_of_folder(
    folder: Path,
    inside: Sequence[str],
    above: int,
    entries: Sequence[os.DirEntry[str]],
    passed_over: PassedOver,
    names: FileNames,
) -> Iterator[FrameFile]:
    for entry in entries:
        if match := names.match(entry.name, inside, passed_over):
            yield _known_file(match, inside, Source(folder / entry.name), None, above)


def _files_of_zip(path: Path, faults: list[str], passed_over: PassedOver, names: FileNames) -> Iterator[FrameFile]:
    try:
        members = list_members(path)
    except DataError as error:
        if any(word.lower() in path.name.lower() for word in _ANCHORS):
            raise
        faults.append(str(error))
        return
    for member, info in members.names.items():
        if match := _match_in_zip(member, passed_over, names):
            yield _known_file(match, member.split("/")[:-1], Source(path, info.filename), info.file_size)
    if unsafe := [name for name in members.unsafe if _match_in_zip(name.replace("\\", "/"), passed_over, names)]:
        faults.append(f"{path}: ignored, because the names lead out of the archive: {first_few(unsafe)}")


def _match_in_zip(member: str, passed_over: PassedOver, names: FileNames) -> re.Match[str] | None:
    """Matches the name of a member with those of a frame's files; counts one that is passed over."""
    *folders, name = member.split("/")
    if any(_is_hidden(part) and part != ".." for part in (*folders, name)):
        return None
    if ignored := next(filter(names.is_ignored, folders), None):
        passed_over.add_folder(ignored, 1)
        return None
    return names.match(name, folders, passed_over)


def _known_file(
    match: re.Match[str], folders: Sequence[str], source: Source, size: int | None, above: int = 0
) -> FrameFile:
    name, image, truth, kind = match.groups()
    split, city = _place(folders, name, above)
    return FrameFile(name, split, city, IMAGE_KIND if image else truth, kind or IMAGE_KIND, source, size)


def _place(folders: Sequence[str], name: str, above: int) -> tuple[str, str]:
    """Finds split and city in the folders: what follows the last one named like a split, or like a whole set.

    The first folders, `above` of them, lie above the dataset: there "dev" or "testing" need not be a split.
    """
    for index in reversed(range(len(folders))):
        rest = folders[index + 1 :]
        if folders[index] in SPLITS or (index >= above and role_of(folders[index])):
            return folders[index], "/".join(rest) or _city_of(name)
        if folders[index] in _ANCHORS:
            if len(rest) > 1 or (rest and not name.startswith(f"{rest[0]}_")):
                return rest[0], "/".join(rest[1:]) or _city_of(name)
            return "", rest[0] if rest else _city_of(name)
    return "", _city_of(name)


def _city_of(name: str) -> str:
    return name.rsplit("_", 2)[0]

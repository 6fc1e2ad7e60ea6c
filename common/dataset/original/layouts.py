"""Finds the frames of a Cityscapes download: extracted, half extracted, or as zips that stay closed.

A file is recognised by its name, `<frame>_leftImg8bit.png` or `<frame>_gtFine_<kind>.png|json`, and its split and city
by the folders around it, so that the official tree, `imgsFine/leftImg8bit`, `leftImg8bit_trainvaltest/leftImg8bit`, a
folder around any of them, a single split or city, and the same inside zips are all one case. Frame names are unique in
a dataset: a frame that is there twice is refused. Nothing is decoded here.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from common.dataset.original.passed_over import PassedOver
from common.dataset.original.splits import role_of
from common.dataset.original.truth import FINE, KINDS, TRUTH_KINDS, first_kind
from common.errors import DataError
from common.files.listing import walk_files
from common.files.sources import Source
from common.files.zips import list_members
from common.text import count, first_few

IMAGE_KIND = "leftImg8bit"
SPLITS = ("train", "val", "test", "train_extra")
_ANCHORS = (IMAGE_KIND, *TRUTH_KINDS)
# The video sequences repeat every frame of the dataset among their own 150,000.
_SEQUENCES = ("leftImg8bit_sequence",)
# Folders of generated files, which hold a file of each frame of a split.
_GENERATED = "cityscapes_panoptic_"
# Endings may be in upper case, as cameras and Windows write them.
_FILE = re.compile(
    r"(.+?)_(?:(leftImg8bit)(?i:\.(?:png|jpe?g|webp|bmp|tiff?))"
    r"|(gtFine|gtCoarse)_([A-Za-z]+)(?i:\.png|(?<=polygons)\.json))"
)
_ASK = "TRUTH = {0} in config.ini, --truth {0} for tools"
_WANTED = """expected the archives of cityscapes-dataset.com (log in, Downloads), as they are or extracted:
    gtFine_trainvaltest.zip       or  gtFine/<split>/<city>/<frame>_gtFine_labelIds.png
    leftImg8bit_trainvaltest.zip  or  leftImg8bit/<split>/<city>/<frame>_leftImg8bit.png"""


class _Found(NamedTuple):
    """A file that belongs to a frame; `group` is leftImg8bit, gtFine or gtCoarse, `size` is bytes in a zip."""

    name: str
    split: str
    city: str
    group: str
    kind: str
    source: Source
    size: int | None


@dataclass(frozen=True)
class Frame:
    """One photographed scene with what belongs to it.

    Attributes:
        name: `<city>_<sequence>_<frame>`, unique in the dataset.
        split: `train`, `val`, `test`, ..., or "" if no folder says so.
        city: Name of the folder, or of the folders below the split joined by "/".
        image: The photograph, or None.
        files: Annotation files by kind: `labelIds`, `instanceIds`, `color`, `polygons`, ...; empty without any.
    """

    name: str
    split: str
    city: str
    image: Source | None = None
    files: dict[str, Source] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Layout:
    """What a folder or zip holds.

    Attributes:
        root: The folder or zip.
        frames: All frames, sorted by split and name.
        truth: Which annotation is in `files`: `gtFine` or `gtCoarse`, or "" if there is none.
        faults: Sentences about what could not be read or was ignored, for example a damaged zip.
        missing: Sentences about frames that lack a part.
        remarks: Sentences about what is odd but harmless, and about what was passed over.
        passed_over: Files that belong to no frame.
    """

    root: Path
    frames: tuple[Frame, ...]
    truth: str
    faults: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    passed_over: PassedOver = field(default_factory=PassedOver, hash=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """All of these sentences; empty if all is well."""
        return self.faults + self.remarks + self.missing


def find_frames(root: Path) -> tuple[Frame, ...]:
    """Finds the frames below a folder or in a zip, sorted by split and name; `read_layout` also tells the problems."""
    return read_layout(root).frames


def read_layout(root: Path, truth: str | None = None) -> Layout:
    """Looks through a folder or zip for frames.

    Args:
        root: A folder in any of the layouts above, or one of the zips.
        truth: `gtFine` or `gtCoarse`; None takes the fine annotation where there is any.

    Returns:
        What it holds: at least one frame.

    Raises:
        DataError: If nothing is found, a frame is there twice, or a Cityscapes zip cannot be opened.
    """
    faults: list[str] = []
    remarks: list[str] = []
    passed_over = PassedOver()
    found = list(_look_through(root, faults, passed_over))
    groups = {file.group for file in found}
    chosen = truth or next((kind for kind in TRUTH_KINDS if kind in groups), "")
    others = {file.name for file in found if file.group not in (IMAGE_KIND, chosen)}
    found = [file for file in found if file.group in (IMAGE_KIND, chosen)]
    if not found or (truth is not None and truth not in groups):
        raise DataError(_nothing_found(root, chosen, len(others), len(found), faults))
    frames = _join(found, remarks)
    remarks += _choice_of_truth(chosen, truth is None, frames, others)
    for kind in (kind for frame in frames for kind in frame.files if kind not in KINDS):
        passed_over.add_kind(kind)
    remarks += passed_over.sentences()
    missing = _missing_parts(frames, chosen)
    return Layout(root, frames, chosen, tuple(faults), tuple(missing), tuple(remarks), passed_over)


def _look_through(root: Path, faults: list[str], passed_over: PassedOver) -> Iterator[_Found]:
    if root.is_dir():
        for folder, entries in _walk(root, faults, passed_over):
            inside = (*root.absolute().parts[-2:], *folder.relative_to(root).parts)
            yield from _files_of_folder(folder, inside, entries, passed_over)
            for name in sorted(entry.name for entry in entries if entry.name.lower().endswith(".zip")):
                yield from _files_of_zip(folder / name, faults, passed_over)
    elif root.is_file():
        yield from _files_of_zip(root, faults, passed_over)
    else:
        raise DataError(f"{root}: is not there; {_WANTED}")


def _walk(root: Path, faults: list[str], passed_over: PassedOver) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
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
        for entry in [entry for entry in inner if _is_ignored(entry.name)]:
            inner.remove(entry)
            passed_over.add_folder(entry.name, sum(1 for _ in walk_files(folder / entry.name)))
        folders += [folder / entry.name for entry in inner if not entry.is_symlink()]
        links += [folder / entry.name for entry in inner if entry.is_symlink()]
        # What is neither folder nor file, for example a link that leads nowhere, is named when it is read.
        yield folder, [entry for entry in entries if not _is(entry.is_dir)]


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_ignored(folder: str) -> bool:
    return folder in _SEQUENCES or folder.startswith(_GENERATED)


def _is(test: Callable[[], bool]) -> bool:
    """Asks what a directory entry is; a link that leads to itself is no folder."""
    try:
        return test()
    except OSError:
        return False


def _files_of_folder(
    folder: Path, inside: Sequence[str], entries: Sequence[os.DirEntry[str]], passed_over: PassedOver
) -> Iterator[_Found]:
    for entry in entries:
        if match := _FILE.fullmatch(entry.name):
            yield _known_file(match, inside, Source(folder / entry.name), None)
        else:
            passed_over.add_file(entry.name)


def _files_of_zip(path: Path, faults: list[str], passed_over: PassedOver) -> Iterator[_Found]:
    try:
        members = list_members(path)
    except DataError as error:
        if any(word.lower() in path.name.lower() for word in _ANCHORS):
            raise
        faults.append(str(error))
        return
    for member, info in members.names.items():
        if match := _match_in_zip(member, passed_over):
            yield _known_file(match, member.split("/")[:-1], Source(path, info.filename), info.file_size)
    if unsafe := [name for name in members.unsafe if _match_in_zip(name.replace("\\", "/"), passed_over)]:
        faults.append(f"{path}: ignored, because the names lead out of the archive: {first_few(unsafe)}")


def _match_in_zip(member: str, passed_over: PassedOver) -> re.Match[str] | None:
    """Matches the name of a member with those of a frame's files; counts one that is passed over."""
    *folders, name = member.split("/")
    if any(_is_hidden(part) and part != ".." for part in (*folders, name)):
        return None
    match = _FILE.fullmatch(name)
    if ignored := next(filter(_is_ignored, folders), None):
        passed_over.add_folder(ignored, 1)
        return None
    if not match:
        passed_over.add_file(name)
    return match


def _known_file(match: re.Match[str], folders: Sequence[str], source: Source, size: int | None) -> _Found:
    name, image, truth, kind = match.groups()
    split, city = _place(folders, name)
    return _Found(name, split, city, image or truth, kind or IMAGE_KIND, source, size)


def _place(folders: Sequence[str], name: str) -> tuple[str, str]:
    """Finds split and city in the folders: what follows the last one named like a split, or like a whole set."""
    for index in reversed(range(len(folders))):
        rest = folders[index + 1 :]
        if folders[index] in SPLITS or role_of(folders[index]):
            return folders[index], "/".join(rest) or _city_of(name)
        if folders[index] in _ANCHORS:
            if len(rest) > 1 or (rest and not name.startswith(f"{rest[0]}_")):
                return rest[0], "/".join(rest[1:]) or _city_of(name)
            return "", rest[0] if rest else _city_of(name)
    return "", _city_of(name)


def _city_of(name: str) -> str:
    return name.rsplit("_", 2)[0]


def _join(found: list[_Found], remarks: list[str]) -> tuple[Frame, ...]:
    """Puts the files of each frame together; a file that is in a zip and also extracted from it counts once."""
    parts: dict[str, dict[str, _Found]] = {}
    places: dict[str, _Found] = {}
    extracted = []
    for file in found:
        first = places.setdefault(file.name, file)
        if (first.split, first.city) != (file.split, file.city):
            if first.split and file.split or first.city != file.city:
                raise _twice(first, file, "in two places")
            places[file.name] = max(first, file, key=lambda place: place.split)
        files = parts.setdefault(file.name, {})
        other = files.setdefault(file.kind, file)
        if other is not file:
            files[file.kind] = _extracted_one(other, file)
            extracted.append(file.name)
    if extracted:
        remarks.append(f"{len(extracted):,} files are in a zip and also extracted; the extracted ones are used")
    frames = (_frame(places[name], files) for name, files in parts.items())
    return tuple(sorted(frames, key=lambda frame: (frame.split, frame.name)))


def _extracted_one(first: _Found, second: _Found) -> _Found:
    on_disk, in_zip = sorted((first, second), key=lambda file: file.size is not None)
    if on_disk.size is not None or in_zip.size is None:
        raise _twice(first, second, "twice")
    if on_disk.source.size() != in_zip.size:
        raise _twice(first, second, "extracted and in a zip, but the two differ in size")
    return on_disk


def _twice(first: _Found, second: _Found, how: str) -> DataError:
    return DataError(
        f"the frame {second.name} is there {how}; keep one of them:\n    {first.source}\n    {second.source}"
    )


def _frame(place: _Found, files: dict[str, _Found]) -> Frame:
    sources = {kind: files[kind].source for kind in sorted(files)}
    image = sources.pop(IMAGE_KIND, None)
    return Frame(place.name, place.split, place.city, image, sources)


def _choice_of_truth(truth: str, is_free: bool, frames: Sequence[Frame], others: Set[str]) -> Iterator[str]:
    """Says which annotation is read, where that may surprise; `others` are the frames that have the other one."""
    if others:
        other = _other_truth(truth)
        alone = len(others - {frame.name for frame in frames if frame.files})
        without = f"; {alone:,} of them have no {truth}" if alone else ""
        yield (
            f"{truth} is the ground truth, {other} of {count(len(others), 'frame')} is not used{without} (to use "
            f"{other} instead: {_ASK.format(other)})"
        )
    elif is_free and truth != FINE and truth:
        yield f"{truth} is the ground truth: there is no {FINE}"


def _other_truth(truth: str) -> str:
    return next(kind for kind in TRUTH_KINDS if kind != truth)


def _missing_parts(frames: Sequence[Frame], truth: str) -> list[str]:
    without_image = [frame.name for frame in frames if frame.image is None]
    without_files = [frame.name for frame in frames if not frame.files]
    unusable = [frame.name for frame in frames if frame.files and first_kind(frame.files) is None]
    cases = (
        (without_image, "have no image (leftImg8bit)"),
        (without_files, f"have no annotation ({truth or ' or '.join(TRUTH_KINDS)})"),
        (unusable, f"have none of {', '.join(KINDS)} among the files of {truth}"),
    )
    return [f"{len(names):,} of {len(frames):,} frames {what}: {first_few(names)}" for names, what in cases if names]


def _nothing_found(root: Path, truth: str, others: int, images: int, faults: list[str]) -> str:
    if others:
        other = _other_truth(truth)
        found = f"found {other} of {count(others, 'frame')}; get {truth}, or use {other}: {_ASK.format(other)}"
        return "; ".join([f"{root}: no frame has {truth} files", *faults, found])
    if images:
        found = f"found {count(images, 'photograph')}; get {truth}_trainvaltest.zip too"
        return "; ".join(
            [f"{root}: no frame has {truth} files", *faults, f"{found}, and put it there as it is or extracted"]
        )
    there = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    parts = [f"{root}: no frames found"]
    if truth:
        parts[0] += f" with {truth} files"
    if root.is_dir():
        parts.append(f"there is: {first_few(there) or 'nothing at all'}")
    stopped = [name for name in there if name.endswith((".part", ".crdownload", ".download", ".tmp"))]
    if stopped:
        parts.append(f"a download seems to have stopped or to be under way: {first_few(stopped)}")
    return "; ".join([*parts, *faults, _WANTED])

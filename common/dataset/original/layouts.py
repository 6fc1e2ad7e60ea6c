"""Finds the frames of a Cityscapes download: extracted, half extracted, or as zips that stay closed.

A file is recognised by its name, `<frame>_leftImg8bit.png` or `<frame>_gtFine_<kind>.png|json`, and its split and city
by the folders around it, so that the official tree, `imgsFine/leftImg8bit`, `leftImg8bit_trainvaltest/leftImg8bit`, a
folder around any of them, a single split or city, and the same inside zips are all one case. Frame names are unique in
a dataset: a frame that is there twice is refused. Nothing is decoded here.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from common.dataset.original.passed_over import PassedOver
from common.dataset.original.tree_files import IMAGE_KIND, WANTED, FileNames, FrameFile, find_files
from common.dataset.original.truth import FINE, KINDS, TRUTH_KINDS, first_kind
from common.errors import DataError
from common.files.sources import Source
from common.text import count, first_few

_ASK = "TRUTH = {0} in config.ini, --truth {0} for tools"


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


def read_layout(
    root: Path, truth: str | None = None, kinds: Sequence[str] = KINDS, images_as: str = IMAGE_KIND
) -> Layout:
    """Looks through a folder or zip for frames.

    Args:
        root: A folder in any of the layouts above, or one of the zips.
        truth: `gtFine` or `gtCoarse`; None takes the fine annotation where there is any.
        kinds: Which files of an annotation the caller reads; others are counted as passed over.
        images_as: How the photographs are called; see `FileNames`.

    Returns:
        What it holds: at least one frame.

    Raises:
        DataError: If nothing is found, a frame is there twice, or a Cityscapes zip cannot be opened.
    """
    faults: list[str] = []
    remarks: list[str] = []
    passed_over = PassedOver()
    found = list(find_files(root, faults, passed_over, FileNames(images_as)))
    if images_as != IMAGE_KIND and not any(file.kind == IMAGE_KIND for file in found):
        raise DataError(
            f"{root}: no photograph is called <frame>_{images_as}, nor lies in a folder of this name"
            + "; ".join(["", *passed_over.sentences()])
        )
    groups = {file.group for file in found}
    chosen = truth or next((kind for kind in TRUTH_KINDS if kind in groups), "")
    others = {file.name for file in found if file.group not in (IMAGE_KIND, chosen)}
    found = [file for file in found if file.group in (IMAGE_KIND, chosen)]
    if not found or (truth is not None and truth not in groups):
        raise DataError(_nothing_found(root, chosen, len(others), len(found), faults))
    frames = _join(found, remarks)
    remarks += _choice_of_truth(chosen, truth is None, frames, others)
    for kind in (kind for frame in frames for kind in frame.files if kind not in kinds):
        passed_over.add_kind(kind)
    remarks += passed_over.sentences()
    missing = _missing_parts(frames, chosen, kinds)
    return Layout(root, frames, chosen, tuple(faults), tuple(missing), tuple(remarks), passed_over)


def _join(found: list[FrameFile], remarks: list[str]) -> tuple[Frame, ...]:
    """Puts the files of each frame together; a file that is in a zip and also extracted from it counts once."""
    parts: dict[str, dict[str, FrameFile]] = {}
    places: dict[str, FrameFile] = {}
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
        remarks.append(f"{count(len(extracted), 'file')} in a zip and also extracted; what is extracted is used")
    frames = (_frame(places[name], files) for name, files in parts.items())
    return tuple(sorted(frames, key=lambda frame: (frame.split, frame.name)))


def _extracted_one(first: FrameFile, second: FrameFile) -> FrameFile:
    on_disk, in_zip = sorted((first, second), key=lambda file: file.size is not None)
    if on_disk.size is not None or in_zip.size is None:
        raise _twice(first, second, "twice")
    if on_disk.source.size() != in_zip.size:
        raise _twice(first, second, "extracted and in a zip, but the two differ in size")
    return on_disk


def _twice(first: FrameFile, second: FrameFile, how: str) -> DataError:
    return DataError(
        f"the frame {second.name} is there {how}; keep one of them:\n    {first.source}\n    {second.source}"
    )


def _frame(place: FrameFile, files: dict[str, FrameFile]) -> Frame:
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


def _missing_parts(frames: Sequence[Frame], truth: str, kinds: Sequence[str]) -> list[str]:
    without_image = [frame.name for frame in frames if frame.image is None]
    without_files = [frame.name for frame in frames if not frame.files]
    unusable = [frame.name for frame in frames if frame.files and first_kind(frame.files, kinds) is None]
    cases = (
        (without_image, "have no image (leftImg8bit)"),
        (without_files, f"have no annotation ({truth or ' or '.join(TRUTH_KINDS)})"),
        (unusable, f"have none of {', '.join(kinds)} among the files of {truth}"),
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
    return "; ".join([*parts, *faults, WANTED])

"""Checks the files of one original frame: each for itself, and all against each other.

The polygons, painted by the exact rule, and the PNG files contain the same labels in four forms. A file that differs
from the others is named, so that one defect gives one problem. A file that cannot be read, or has another size or
unknown ids, is reported for that and left out of the comparison.
"""

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from common.dataset.checking.agreement import Pixels, count_and_place, find_disagreements
from common.dataset.checking.report import Problem
from common.dataset.original.layouts import Frame
from common.dataset.original.polygons import INSTANCES_PER_CLASS, AnnotatedImage, paint_polygons, read_polygons
from common.dataset.original.truth import colors_to_ids
from common.errors import ProjectError
from common.files.sources import Source
from common.images.pictures import read_photograph, turned_note
from common.images.png import read_color_mask, read_instance_mask, read_mask
from common.labels.tables import CITYSCAPES, LabelTable

IMAGE = "image"
KINDS = (IMAGE, "labelIds", "instanceIds", "color", "polygons")
_READERS: dict[str, Callable[[Source], Pixels]] = {
    IMAGE: read_photograph,
    "labelIds": read_mask,
    "instanceIds": read_instance_mask,
    "color": read_color_mask,
}
_LARGEST_VOID_ID = max(label.id for label in CITYSCAPES if label.category == "void")
# The split whose ground truth is kept from the public: its files hold nothing but void.
_WITHOUT_TRUTH = "test"


@dataclass(frozen=True)
class FrameJob:
    """A frame to check; picklable.

    Attributes:
        frame: The frame.
        truth: `gtFine` or `gtCoarse`.
        expected: Kinds of files that other frames of the split have.
        table: The labels.
    """

    frame: Frame
    truth: str
    expected: tuple[str, ...]
    table: LabelTable = field(default=CITYSCAPES, hash=False)


@dataclass(frozen=True)
class FrameResult:
    """What was found in a frame.

    Attributes:
        split: The frame's.
        city: The frame's.
        kinds: The files it has.
        size: Its size as "2048x1024"; None if no file could be read.
        is_void: Whether its ground truth holds only void, like the test split; None if it could not be read.
        problems: What is wrong.
    """

    split: str
    city: str
    kinds: tuple[str, ...]
    size: str | None
    is_void: bool | None
    problems: tuple[Problem, ...] = field(hash=False)


# Kind of the problem, kind of the file, message.
_Found = tuple[str, str, str]


@dataclass
class _Content:
    """What could be read of the files of a frame."""

    pixels: dict[str, Pixels] = field(default_factory=dict)
    polygons: AnnotatedImage | None = None

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Width and height in pixels by kind of file."""
        sizes = {kind: (pixels.shape[1], pixels.shape[0]) for kind, pixels in self.pixels.items()}
        return sizes if self.polygons is None else {**sizes, "polygons": self.polygons.size_wh}


def check_frame(job: FrameJob) -> FrameResult:
    """Checks one frame; never raises for what is wrong with its files."""
    files = files_of(job.frame)
    found = [*_missing(job, files)]
    read = _Content()
    for kind, source in files.items():
        try:
            if kind == "polygons":
                read.polygons = read_polygons(source, job.table)
            else:
                read.pixels[kind] = _READERS[kind](source)
        except ProjectError as error:
            found.append(("unreadable", kind, str(error)))
    size_wh = _drop_odd_sizes(read, files, found)
    _drop_unknown_ids(read.pixels, files, found, known_values(job.table))
    is_void = _is_void(read.pixels, job.table)
    if not (is_void and job.frame.split == _WITHOUT_TRUTH):
        found += _disagreements(read, files, job.table)
    names = {kind: str(source) for kind, source in files.items()}
    problems = [
        Problem(what, names.get(kind, kind), message, job.frame.split, job.frame.name) for what, kind, message in found
    ]
    size = f"{size_wh[0]}x{size_wh[1]}" if size_wh else None
    return FrameResult(job.frame.split, job.frame.city, tuple(files), size, is_void, tuple(problems))


def files_of(frame: Frame) -> dict[str, Source]:
    """Lists the files of a frame that are checked by kind, in the order of `KINDS`."""
    sources = {IMAGE: frame.image, **frame.files}
    return {kind: source for kind in KINDS if (source := sources.get(kind)) is not None}


def _missing(job: FrameJob, files: Mapping[str, Source]) -> Iterator[_Found]:
    kinds = [kind for kind in job.expected if kind not in files]
    annotation = next((kind for kind in KINDS[1:] if kind in files), None)
    if annotation is None and kinds and IMAGE in files:
        message = f"{files[IMAGE]}: has no annotation, other frames of the split have; get its {job.truth} files"
        yield "missing", IMAGE, message
        return
    for kind in kinds:
        name = _file_name(job, kind)
        if kind != IMAGE and annotation is not None:
            name = str(files[annotation])[: -len(_file_name(job, annotation))] + name
        message = f"{name}: is missing, other frames of the split have it; get it, or take the frame out of the dataset"
        yield "missing", name, message


def _file_name(job: FrameJob, kind: str) -> str:
    if kind == IMAGE:
        return f"{job.frame.name}_leftImg8bit.png"
    return f"{job.frame.name}_{job.truth}_{kind}.{'json' if kind == 'polygons' else 'png'}"


def _drop_odd_sizes(read: _Content, files: Mapping[str, Source], found: list[_Found]) -> tuple[int, int] | None:
    """Takes out what has another size than most of the files; returns the size of those."""
    sizes = read.sizes()
    if not sizes:
        return None
    usual = Counter(sizes.values()).most_common(1)[0][0]
    like = next(kind for kind, size in sizes.items() if size == usual)
    for kind, size in sizes.items():
        if size != usual:
            note = turned_note(files[IMAGE], usual if kind == IMAGE else size) if IMAGE in (kind, like) else ""
            message = (
                f"{files[kind]}: has {size[0]}x{size[1]} pixels, but the frame's {like} file has "
                f"{usual[0]}x{usual[1]}; {note or 'all files of a frame must have the same size, get this one again'}"
            )
            found.append(("size", kind, message))
            if kind == "polygons":
                read.polygons = None
            else:
                del read.pixels[kind]
    return usual


def _drop_unknown_ids(
    read: dict[str, Pixels], files: Mapping[str, Source], found: list[_Found], is_known: NDArray[np.bool_]
) -> None:
    """Takes out masks with values that stand for no label."""
    for kind in ("labelIds", "instanceIds"):
        values = read.get(kind)
        if values is None or is_known[: int(values.max(initial=0)) + 1].all():
            continue
        wrong = ~is_known[values] if kind == "instanceIds" else ~is_known[:256][values]
        if wrong.any():
            count, (x, y) = count_and_place(wrong)
            message = (
                f"{files[kind]}: has pixels with unknown ids ({count:,}), the first at x = {x}, y = {y} with "
                f"{values[y, x]}; {_WANTED_IDS[kind]}"
            )
            found.append(("unknown id", kind, message))
            del read[kind]


@functools.lru_cache(maxsize=2)
def known_values(table: LabelTable) -> NDArray[np.bool_]:
    """Marks the values that instanceIds may have: of shape `(65536,)`; the first 256 are those of labelIds."""
    is_known = np.zeros(2**16, bool)
    for label in table:
        if 0 <= label.id < 256:
            is_known[label.id] = True
            if label.has_instances:
                is_known[label.id * INSTANCES_PER_CLASS : (label.id + 1) * INSTANCES_PER_CLASS] = True
    return is_known


_WANTED_IDS = {
    "labelIds": "expected the ids of the label table",
    "instanceIds": (
        "expected ids of the label table, or 1000 times the id of a label with instances plus the object's number"
    ),
}


def _is_void(read: Mapping[str, Pixels], table: LabelTable) -> bool | None:
    values = next((read[kind] for kind in ("labelIds", "instanceIds") if kind in read), None)
    if values is None or not table.is_official:
        return None
    return int(values.max(initial=0)) <= _LARGEST_VOID_ID


def _disagreements(read: _Content, files: Mapping[str, Source], table: LabelTable) -> Iterator[_Found]:
    """Compares the polygons and the PNG files; yields a problem for each that differs from the others."""
    pixels = {kind: found for kind, found in read.pixels.items() if kind != IMAGE}
    if read.polygons is not None:
        try:
            pixels["polygons"] = paint_polygons(read.polygons, table).instance_ids
        except ProjectError as error:
            yield "unreadable", "polygons", str(error)
    if list(pixels) == ["color"]:
        try:
            colors_to_ids(read_color_mask(files["color"]), table, files["color"])
        except ProjectError as error:
            yield "unknown colour", "color", str(error)
    for kind, difference in find_disagreements(pixels, table):
        yield "disagreement", kind, f"{files[kind]}: {difference}"

"""Checks a dataset of any format: everything is there, can be read, and fits together.

Cityscapes' trees and prepared folders have a check of their own (`dataset.checking`), which also compares their files.
"""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from common.dataset.checking.check import check_data
from common.dataset.checking.report import CheckReport, Problem, SplitReport
from common.dataset.prepared.folders import is_prepared
from common.errors import DataError, ProjectError
from common.files.listing import list_files_of
from common.formats import cityscapes
from common.formats.conversion import read
from common.formats.frames import BOXES, AnnotatedFrame, FrameDataset, label_of
from common.formats.registry import recognise
from common.formats.selection import filter
from common.formats.writing import HIDDEN
from common.images.pictures import read_photograph
from common.labels.tables import LabelTable
from common.parallel import check_workers, run_all

IMAGE, TRUTH = "image", "ground truth"
# CVAT's zip is a Cityscapes tree too.
_TREES = ("cityscapes", "cvat")


@dataclass(frozen=True)
class _Result:
    """What was found in a frame: its size, what is worth a remark, counted, and what is wrong."""

    split: str
    size: str = ""
    remarks: Counter[str] = field(default_factory=Counter, hash=False)
    problems: tuple[Problem, ...] = ()


def check_source(
    source: Path, format: str | None = None, splits: Collection[str] = (), truth: str | None = None, workers: int = 1
) -> CheckReport:
    """Checks what a path holds: prepared folders, a Cityscapes tree, or a dataset of another format.

    Args:
        source: A folder or zip; BASE_DIR; or one prepared folder.
        format: One of `FORMATS`; None finds it out from the files.
        splits: Names of the splits to check; () takes all.
        truth: `gtFine` or `gtCoarse`, for a tree; None takes the fine annotation where there is any.
        workers: Number of processes.

    Raises:
        ProjectError: As `check_data`, `check_dataset` and the readers of the formats.
    """
    if format is None and is_prepared(source):
        return check_data(source, splits, truth, workers=workers)
    format = format or _format_of(source, truth)
    if format in _TREES:
        labels = cityscapes.read(list_files_of(source), truth).labels
        return check_data(source, splits, truth, labels, workers)
    return check_dataset(read(source, format), str(source), splits, workers)


def _format_of(source: Path, truth: str | None) -> str:
    """Finds the format of an original; a Cityscapes tree with ground truth is one, whatever else is in it."""
    tree = list_files_of(source)
    with contextlib.suppress(ProjectError):
        if any(frame.truth is not None for frame in cityscapes.read(tree, truth)):
            return "cityscapes"
    with contextlib.suppress(DataError):
        return recognise(tree)
    return "cityscapes"  # its reader tells what is missing


def check_dataset(dataset: FrameDataset, source: str, splits: Collection[str] = (), workers: int = 1) -> CheckReport:
    """Checks the frames of a dataset. One broken file does not stop the others, and nothing is written.

    Args:
        dataset: Any dataset; its `notes` become notes of the report.
        source: What messages call it.
        splits: Names of the splits to check; () takes all.
        workers: Number of processes.

    Raises:
        ConfigError: If a split is not there, or `workers` is below 1.
    """
    check_workers(workers)
    frames = tuple(filter(dataset, splits=tuple(splits), label_map="source"))
    has = {
        split: Counter(kind for frame in frames if frame.split == split for kind in _parts_of(frame))
        for split in sorted({frame.split for frame in frames})
    }
    problems = list(_equal_names(source, frames))
    results = list(run_all(partial(_check_frame, has, dataset.labels), frames, workers, "check"))
    problems += [problem for result in results for problem in result.problems]
    reports = tuple(_split_report(split, has[split], results) for split in has)
    return CheckReport(source, dataset.format, reports, tuple(problems), tuple(dict.fromkeys(dataset.notes)))


def _parts_of(frame: AnnotatedFrame) -> Iterator[str]:
    yield from ([IMAGE] if frame.image is not None else [])
    yield from ([TRUTH] if frame.truth is not None else [])


def _equal_names(source: str, frames: Sequence[AnnotatedFrame]) -> Iterator[Problem]:
    amounts = Counter((frame.split, frame.item_id) for frame in frames)
    for (split, item_id), amount in amounts.items():
        if amount > 1:
            message = f"{source}: {amount} frames are called {item_id}; names must differ, rename all but one"
            yield Problem("equal names", source, message, split, item_id)


def _check_frame(has: dict[str, Counter[str]], labels: LabelTable, frame: AnnotatedFrame) -> _Result:
    """Checks one frame; never raises for what is wrong with its files."""
    problems = [
        Problem("missing", frame.place, _missing(frame, kind), frame.split, frame.name)
        for kind in has[frame.split]
        if kind not in _parts_of(frame)
    ]
    size, remarks = "", Counter[str]()
    try:
        if frame.image is not None:
            height, width = read_photograph(frame.image).shape[:2]
            size = f"{width}x{height}"
    except ProjectError as error:
        problems.append(Problem("unreadable", str(frame.image), str(error), frame.split, frame.name))
        frame = replace(frame, image=None)  # the ground truth may be sound, and must not be compared with this image
    try:
        remarks, found = _check_truth(frame, labels)
        size = size or found
    except ProjectError as error:
        problems.append(Problem("unreadable", frame.place, str(error), frame.split, frame.name))
    return _Result(frame.split, size, remarks, tuple(problems))


def _missing(frame: AnnotatedFrame, kind: str) -> str:
    return f"{frame.place}: has no {kind}, other frames of the split have; get it, or take the frame out of the dataset"


def _check_truth(frame: AnnotatedFrame, labels: LabelTable) -> tuple[Counter[str], str]:
    """Loads the ground truth and counts what is worth a remark; gives also its size."""
    annotation = frame.annotation()
    if annotation is None:
        return Counter(), ""
    visible = set(np.unique(annotation.pixels).tolist())
    for segment in annotation.segments.values():
        label_of(segment, labels, frame.place)
    hidden = sum(key not in visible for key, _ in annotation.objects)
    remarks = annotation.dropped + Counter({BOXES: len(annotation.boxes), HIDDEN: hidden})
    remarks += Counter({"frames without a label": not annotation.segments and not annotation.boxes})
    return remarks, "{}x{}".format(*annotation.size_wh)


def _split_report(split: str, has: Counter[str], results: Sequence[_Result]) -> SplitReport:
    own = [result for result in results if result.split == split]
    remarks: Counter[str] = sum((result.remarks for result in own), Counter())
    lines = [f"{what}: {amount:,}" for what, amount in remarks.items()]
    absent = [kind for kind in (IMAGE, TRUTH) if not has[kind]]
    lines += [f"no frame has {' or '.join(absent)}; nothing was checked there"] if absent else []
    sizes = Counter(result.size for result in own if result.size)
    counts = {kind: has[kind] for kind in (IMAGE, TRUTH)}
    broken = sum(bool(result.problems) for result in own)
    return SplitReport(split, len(own), None, counts, broken, dict(sizes), tuple(lines))

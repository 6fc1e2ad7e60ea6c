"""What all writers share: the labels to write, the frames one by one, photographs, and what a format cannot hold.

Knows no format; a writer passes what its format needs.
"""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from common.errors import ConfigError, DataError
from common.files.disk import link_or_copy, write_bytes
from common.files.sources import NamedBytes, Source
from common.formats.format import Tally, WriteOptions
from common.formats.frames import BOXES, AnnotatedFrame, Annotation, FrameDataset, Segment, label_of
from common.images.encoding import encode_photograph
from common.images.in_memory import MadePicture
from common.images.orientation import UPRIGHT
from common.images.pictures import IMAGE_ENDINGS, read_photograph, read_whole
from common.images.runs import Runs, find_runs
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable
from common.parallel import progress, run_all

Result = TypeVar("Result")
# Reasons why something is dropped, in the same words for all formats.
HIDDEN = "objects without a visible pixel"
HIDDEN_REGIONS = "regions without a visible pixel"
NOT_COUNTED = "numbers of objects of labels that are not counted"
OUTLINES = "outlines (the pixels are kept)"
BOXES_OF_OTHERS = f"{BOXES}, of labels that are not written"
BOXES_ONLY = "frames whose objects have boxes and no outlines"


def choose_labels(table: LabelTable, classes: Collection[str]) -> list[Label]:
    """Finds the labels of some names, in the order of the table.

    Raises:
        ConfigError: If a name is not in the table or is never painted; names those that are.
    """
    chosen = {name: table.find(name) for name in classes}
    for name, label in chosen.items():
        if label is None or label.id < 0:
            there = ", ".join(label.name for label in table if label.id >= 0)
            raise ConfigError(f"there is no class {name!r} that is painted; the classes are {there}")
    return [label for label in table if label in chosen.values()]


def evaluated_labels(table: LabelTable) -> list[Label]:
    """Lists the labels that are evaluated: Cityscapes' 19, or all of another table; never its background."""
    background = table.find(table.background) if table.background is not None else None
    return [
        label
        for label in table
        if label.id >= 0 and label is not background and not (table.is_official and label.ignore_in_eval)
    ]


def counted_labels(table: LabelTable, classes: Collection[str]) -> list[Label]:
    """Chooses the labels for a format of objects, in the order of the table.

    Args:
        table: The labels of the dataset.
        classes: Names of the labels wanted; () takes the evaluated labels whose objects are counted.

    Raises:
        ConfigError: If a name is not in the table or is never painted, or there is no label to write.
    """
    if classes:
        return choose_labels(table, classes)
    labels = [label for label in evaluated_labels(table) if label.has_instances]
    if not labels:
        raise ConfigError(
            "the objects of no label are counted, so there is nothing to write; choose --classes, and --regions for an "
            "object of each connected area"
        )
    return labels


def for_each_frame(
    function: Callable[[AnnotatedFrame], Result], dataset: FrameDataset, workers: int, description: str
) -> Generator[Result]:
    """Calls a picklable function for every frame and yields the results in the order of the frames.

    Frames that are not in a sequence are taken one by one, in this process. Who may leave the loop with an error closes
    the generator (`contextlib.closing`), so that no worker writes while what it wrote is removed.
    """
    if isinstance(dataset.frames, Sequence):
        yield from run_all(function, dataset.frames, workers, description)
    else:
        yield from progress(map(function, dataset.frames), description)


def place_image(source: Source, target: Path, options: WriteOptions, tally: Tally) -> str:
    """Brings a photograph into another dataset: linked, copied, or encoded again (see `image_bytes`), and counts it.

    Args:
        source: The photograph.
        target: Where it goes, without its ending (a "." in the name is part of the name).
        options: With images "none" nothing is written.

    Returns:
        Name of the file with its ending, also if nothing is written.

    Raises:
        DataError: If it cannot be read or written; names the file.
    """
    path = Path(f"{target}{ending_to_write(source, options)}")
    if options.images == "none":
        return path.name
    source = _file_of(source)
    data, is_as_it_was = image_bytes(source, options, tally)
    if is_as_it_was and options.images == "link" and source.member is None:
        link_or_copy(source.path.resolve(), path)
    else:
        write_bytes(path, data)
    return path.name


def image_bytes(source: Source, options: WriteOptions, tally: Tally) -> tuple[bytes, bool]:
    """Gives the bytes of a photograph for another dataset, and whether they are those of the source.

    It is encoded again where another ending is asked for, and where EXIF turns it: ground truth is always upright, and
    many programs that read a dataset do not ask EXIF. Then its pixels are turned, and EXIF is left out.

    Raises:
        DataError: If it cannot be read or encoded; names the file.
    """
    source = _file_of(source)
    found, ending = _ending_of(source), ending_to_write(source, options)
    if isinstance(source, MadePicture):
        tally.written["images"] += 1
        return _encode_again(source, ending), False
    data, orientation = read_whole(source)
    tally.written["images"] += 1
    if orientation != UPRIGHT:
        tally.written["images turned upright, as their EXIF says"] += 1
    elif ending == found or {ending, found} == {".jpg", ".jpeg"}:
        return data, True
    return _encode_again(NamedBytes(str(source), data), ending), False


def _file_of(source: Source) -> Source:
    """Gives the file of a photograph that is made as it was; all others as they are."""
    return (source.unchanged() or source) if isinstance(source, MadePicture) else source


def _ending_of(source: Source) -> str:
    return Path(source.member or source.path).suffix.lower()


def ending_to_write(source: Source, options: WriteOptions) -> str:
    """Gives the ending that a photograph gets in another dataset: its own in lower case, or the one asked for."""
    return f".{options.image_ext.lower().lstrip('.')}" if options.image_ext else _ending_of(source)


def _encode_again(source: NamedBytes | MadePicture, ending: str) -> bytes:
    if ending not in IMAGE_ENDINGS:
        raise DataError(f"{source}: cannot be written as {ending}; expected one of {', '.join(IMAGE_ENDINGS)}")
    return encode_photograph(read_photograph(source), ending, str(source))


def load_annotation(frame: AnnotatedFrame, tally: Tally, with_boxes: bool = False) -> tuple[Annotation, Runs] | None:
    """Loads a frame and counts in `tally` what it has.

    A frame of which only boxes are known has no ground truth in pixels: written, it would be a picture without objects.

    Args:
        frame: The frame.
        tally: Gets the counts.
        with_boxes: Whether the format has boxes, and its writer counts them.

    Returns:
        The annotation and the runs of its pixels; None if the frame has no ground truth, or nothing that the format
        has.

    Raises:
        DataError: As `AnnotatedFrame.annotation`.
    """
    annotation = frame.annotation()
    if annotation is None:
        tally.skipped["frames without ground truth"] += 1
        return None
    runs = find_runs(annotation.pixels)
    for segment in annotation.segments.values():
        tally.found["groups" if segment.is_crowd else "areas" if segment.number is None else "objects"] += 1
    tally.found += Counter(boxes=len(annotation.boxes), others=annotation.dropped.total())
    if not with_boxes:
        tally.dropped += Counter({BOXES: len(annotation.boxes)})
    tally.kept += len(annotation.segments.keys() & set(np.unique(runs.keys).tolist()))
    # Without any box, a frame is an example of nothing, unless it has objects that could not be read.
    is_known = bool(annotation.boxes) or not annotation.lacks_objects
    if annotation.has_boxes_only and not (with_boxes and is_known):
        tally.skipped[BOXES_ONLY] += 1
        return None
    return annotation, runs


def count_objects_as_classes(annotation: Annotation, tally: Tally) -> None:
    """Counts objects and groups as dropped, for masks of classes, in which only the class of their pixels is kept."""
    segments = annotation.segments.values()
    objects = sum(segment.number is not None for segment in segments)
    groups = sum(segment.is_crowd for segment in segments)
    lost = {"objects (their pixels have a class only)": objects, "groups (their pixels have a class only)": groups}
    tally.dropped += Counter(lost)


def load_to_write(
    frame: AnnotatedFrame, table: LabelTable, tally: Tally, with_boxes: bool = False
) -> tuple[Annotation, Runs] | None:
    """Loads what any format can hold of a frame: visible segments, named as in the table, with a number if counted.

    With boxes if the format has them (`with_boxes`), with labels named as in the table.

    Returns:
        The annotation, without outlines, and the runs of its pixels; None as `load_annotation`. `tally` counts what
        was left out, here and when it was read.

    Raises:
        DataError: As `load_annotation`.
        LabelError: If the label of a segment is not in the table; names the frame and the label.
    """
    loaded = load_annotation(frame, tally, with_boxes)
    if loaded is None:
        return None
    annotation, runs = loaded
    visible = set(np.unique(runs.keys).tolist())
    segments: dict[int, Segment] = {}
    here = Counter({HIDDEN: 0, HIDDEN_REGIONS: 0, OUTLINES: 0, NOT_COUNTED: 0})  # in the order in which they are shown
    here[OUTLINES] = len(annotation.outlines.polygons) if annotation.outlines else 0
    for key, segment in annotation.segments.items():
        label = label_of(segment, table, frame.item_id)
        if key not in visible:
            here[HIDDEN_REGIONS if segment.number is None else HIDDEN] += 1
            continue
        number = segment.number if label.has_instances else None
        here[NOT_COUNTED] += number != segment.number
        segments[key] = replace(segment, label=label.name, number=number)
    tally.dropped += annotation.dropped + here
    boxes = [
        replace(boxed, segment=replace(boxed.segment, label=label_of(boxed.segment, table, frame.item_id).name))
        for boxed in (annotation.boxes if with_boxes else ())
    ]
    return replace(annotation, segments=segments, outlines=None, boxes=tuple(boxes)), runs

"""What all writers share: photographs, labels that are written, what is dropped, and the frames one by one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from common.errors import ConfigError, DataError, LabelError
from common.files.disk import atomic_path, link_or_copy, write_bytes
from common.images.pictures import IMAGE_ENDINGS, read_colors, read_whole
from common.parallel import progress, run_all

_JPEG_QUALITY = 95


def place_image(source, target, options):
    """Brings a photograph into another dataset: linked, copied, or encoded anew where another ending is asked for.

    Args:
        source: `Source` of the photograph.
        target: Where it goes, its ending left out (a "." in the name is part of it).
        options: `WriteOptions`; with images "none" nothing is done.

    Returns:
        Name of the file with its ending; also with "none", as it would be.

    Raises:
        DataError: If it cannot be read or written; names the file.
    """
    found = Path(source.member or source.path).suffix.lower()
    ending = f".{options.image_ext.lower().lstrip('.')}" if options.image_ext else found
    path = Path(f"{target}{ending}")
    if options.images == "none":
        return path.name
    if ending != found and {ending, found} != {".jpg", ".jpeg"}:
        _encode_anew(source, path)
    else:
        data = read_whole(source)
        if options.images == "link" and source.member is None:
            link_or_copy(source.path.resolve(), path)
        else:
            write_bytes(path, data)
    return path.name


def _encode_anew(source, path):
    if path.suffix not in IMAGE_ENDINGS:
        raise DataError(f"{path}: images cannot be written as {path.suffix}; one of {', '.join(IMAGE_ENDINGS)}")
    pixels = cv2.cvtColor(read_colors(source), cv2.COLOR_RGB2BGR)
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix in (".jpg", ".jpeg") else []
    done, data = cv2.imencode(path.suffix, pixels, settings)
    if not done:
        raise DataError(f"{path}: OpenCV could not encode {source} as {path.suffix}")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


HIDDEN = "objects without a visible pixel"
HIDDEN_REGIONS = "regions without a visible pixel"
NOT_COUNTED = "numbers of objects of labels that are not counted"
OUTLINES = "outlines (the pixels are kept)"


def dropped_of(annotation, visible):
    """Counts what no format but Cityscapes holds of an annotation: `Counter` for `Tally.dropped`.

    Args:
        annotation: `Annotation`; what was dropped when it was read is in the result.
        visible: The keys that have a pixel.
    """
    hidden = [segment for key, segment in annotation.segments.items() if key not in visible]
    return annotation.dropped + Counter(
        {
            HIDDEN: sum(segment.number is not None for segment in hidden),
            HIDDEN_REGIONS: sum(segment.number is None for segment in hidden),
            OUTLINES: len(annotation.outlines.polygons) if annotation.outlines else 0,
        }
    )


def fit_to_table(annotation, table, visible, where):
    """Leaves what any format can write: visible segments, called as in the table, with a number if it is counted.

    Args:
        annotation: `Annotation`.
        table: `LabelTable` of the dataset.
        visible: The keys that have a pixel.
        where: Name of the frame, for errors.

    Returns:
        An `Annotation` without outlines; `dropped` counts what was left out.

    Raises:
        LabelError: If the label of a segment is not in the table; names the frame and the label.
    """
    segments, dropped = {}, dropped_of(annotation, visible)
    for key, segment in annotation.segments.items():
        label = table.find(segment.label)
        if label is None:
            raise LabelError(
                f"{where}: has the label {segment.label!r}, which is not in the dataset's table; add it to the table, "
                "or rename it"
            )
        if key not in visible:
            continue
        number = segment.number if label.has_instances else None
        dropped[NOT_COUNTED] += number != segment.number
        segments[key] = replace(segment, label=label.name, number=number)
    return replace(annotation, segments=segments, outlines=None, dropped=+dropped)


def for_each_frame(function, dataset, workers, description):
    """Calls `function` for every frame and yields the results in the order of the frames.

    Args:
        function: A picklable function of an `AnnotatedFrame`, as a module's function or a `partial` of one.
        dataset: `FrameDataset`. Frames from a generator are taken one by one, in this process.
        workers: Number of processes, for frames in a sequence.
        description: Shown before the progress bar.
    """
    if isinstance(dataset.frames, Sequence):
        yield from run_all(function, dataset.frames, workers, description)
    else:
        yield from progress(map(function, dataset.frames), description)


def choose_labels(table, classes):
    """Finds the labels of some names, in the order of the table.

    Args:
        table: `LabelTable`.
        classes: Names.

    Returns:
        List of `Label`s.

    Raises:
        ConfigError: If a name is not in the table or is never painted; names those that are.
    """
    chosen = {name: table.find(name) for name in classes}
    for name, label in chosen.items():
        if label is None or label.id < 0:
            there = ", ".join(label.name for label in table if label.id >= 0)
            raise ConfigError(f"there is no class {name!r} that is painted; the classes are {there}")
    return [label for label in table if label in chosen.values()]


def evaluated_labels(table):
    """Lists the labels that are evaluated: Cityscapes' 19, or all of another table; never its background."""
    background = table.find(table.background) if table.background is not None else None
    return [
        label
        for label in table
        if label.id >= 0 and label is not background and not (table.is_official and label.ignore_in_eval)
    ]


def counted_labels(table, classes):
    """Chooses the labels of a format of objects: those asked for, or the evaluated ones whose objects are counted.

    Args:
        table: `LabelTable`.
        classes: Names, or () for the default.

    Returns:
        List of `Label`s in the order of the table.

    Raises:
        ConfigError: If a name is not in the table or is never painted, or there is no label to write.
    """
    labels = choose_labels(table, classes) if classes else _evaluated_and_counted(table)
    if not labels:
        raise ConfigError("the objects of no label are counted, so there is nothing to write; choose --classes")
    return labels


def _evaluated_and_counted(table):
    return [label for label in evaluated_labels(table) if label.has_instances]

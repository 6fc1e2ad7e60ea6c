"""Writes YOLO segmentation: a line per object with its outline, and data.yaml."""

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from common.dataset.original.splits import role_of, unused_notes
from common.errors import DataError
from common.files.disk import write_text
from common.files.zips import is_safe_member
from common.formats.format import Tally, WriteOptions
from common.formats.frames import BOXES, NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset
from common.formats.names import check_name
from common.formats.writing import BOXES_OF_OTHERS, counted_labels, for_each_frame, load_to_write, place_image
from common.formats.yolo.data_yaml import data_yaml_text
from common.formats.yolo.lines import box_to_line, join_outlines, polygon_to_line
from common.formats.yolo.places import INDEX
from common.images.outlines import trace_outlines
from common.images.runs import Runs
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable

log = logging.getLogger(__name__)


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into an empty folder.

    Raises:
        ConfigError: If a class is not in the table, or there is none to write.
        DataError: If two frames have one name, one has a name that cannot be written, or a file cannot be written.
        LabelError: If a segment's label is not in the table; names the frame.
    """
    classes = counted_labels(dataset.labels, options.classes)
    write_one = partial(_write_frame, folder=folder, table=dataset.labels, classes=classes, options=options)
    tally = Tally()
    written: set[str] = set()
    with closing(for_each_frame(write_one, dataset, options.workers, "yolo")) as results:
        for place, counts in results:
            tally += counts
            if place in written:
                raise DataError(f"two frames are called {place}; rename one of them")
            if place:
                written.add(place)
    order = sorted({place.split("/")[0] for place in written}, key=lambda split: (role_of(split) != "train", split))
    for note in unused_notes(order):
        log.warning("note: %s, and Ultralytics reads nothing else; --rename-split gives another role", note)
    if tally.written["objects"] and tally.written["boxes"]:
        log.warning(
            "note: some frames have outlines, others boxes; Ultralytics then takes boxes alone. --boxes only makes "
            "boxes of all objects, --boxes fill outlines of all boxes"
        )
    names = [label.name for label in classes]
    write_text(folder / INDEX, data_yaml_text(names, {split: f"images/{split}" for split in order}))
    return tally


def _write_frame(
    frame: AnnotatedFrame, folder: Path, table: LabelTable, classes: Sequence[Label], options: WriteOptions
) -> tuple[str, Tally]:
    """Writes the files of one frame; returns its place below `images`, without ending, and its counts.

    A frame of which only boxes are known is left out, with the place "": Ultralytics takes an image without a text file
    for one without objects.
    """
    place, tally = f"{frame.split or NO_SPLIT}/{frame.item_id}", Tally()
    check_name(frame)
    if not is_safe_member(place):
        raise DataError(f"the frame {place} leads out of the dataset; rename it")
    loaded = load_to_write(frame, table, tally, with_boxes=True)
    if loaded is None and frame.truth is not None:
        return "", tally
    if frame.image is not None:
        place_image(frame.image, folder / "images" / place, options, tally)
    if loaded is None:
        return place, tally
    lines = _lines(*loaded, classes, tally) + _box_lines(loaded[0], classes, tally)
    tally.kept = tally.written["objects"] + tally.written["boxes"]
    write_text(folder / "labels" / f"{place}.txt", "".join(f"{line}\n" for line in lines))
    tally.written["frames"] += 1
    if frame.image is None:
        tally.dropped["sizes of frames without an image (their labels are not read back)"] += 1
    return place, tally


def _lines(annotation: Annotation, runs: Runs, classes: Sequence[Label], tally: Tally) -> list[str]:
    """Writes the objects as lines, in the order of the segments, and counts what is written and dropped."""
    index_of = {label.name: index for index, label in enumerate(classes)}
    wanted: dict[int, int] = {}
    for key, segment in annotation.segments.items():
        if segment.label not in index_of:
            what = "objects" if segment.number is not None else "areas"
            tally.dropped[f"{what} of other labels"] += 1
        elif segment.is_crowd:
            tally.dropped["groups"] += 1
        else:
            wanted[key] = index_of[segment.label]
    outlines = trace_outlines(runs.of(list(wanted)))
    lines = []
    for key, index in wanted.items():
        points, bridges = join_outlines(outlines[key])
        lines.append(polygon_to_line(index, points, annotation.size_wh))
        tally.written["objects"] += 1
        tally.written["bridges between parts and around holes"] += bridges
    tally.written += Counter()
    return lines


def _box_lines(annotation: Annotation, classes: Sequence[Label], tally: Tally) -> list[str]:
    """Writes boxes as lines of five numbers, but not beside outlines: Ultralytics reads a file as the one or the other.

    Called after the outlines were counted in `tally`.
    """
    index_of = {label.name: index for index, label in enumerate(classes)}
    wanted = [boxed for boxed in annotation.boxes if boxed.segment.label in index_of and not boxed.segment.is_crowd]
    groups = sum(boxed.segment.is_crowd for boxed in annotation.boxes)
    beside = len(wanted) if tally.written["objects"] else 0
    others = len(annotation.boxes) - len(wanted) - groups
    tally.dropped += Counter({f"{BOXES}, beside outlines": beside, BOXES_OF_OTHERS: others, "groups": groups})
    if beside:
        return []
    tally.written += Counter(boxes=len(wanted))
    return [box_to_line(index_of[boxed.segment.label], boxed.box, annotation.size_wh) for boxed in wanted]

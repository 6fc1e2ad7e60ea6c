"""Writes labelme: the photographs, a JSON file of polygons beside each, `labels.txt` and `label_colors.txt`.

Areas come first, large before small, then groups and objects, so that what lies on top is drawn last. A polygon follows
the corners of pixels; holes and parts are joined to it by bridges that enclose nothing. An object has its number as
`group_id`; a group has the label with the ending `group`, as in Cityscapes.
"""

import json
from contextlib import closing
from functools import partial
from pathlib import Path

from common.dataset.original.polygons import GROUP_ENDING
from common.errors import DataError
from common.files.disk import write_bytes, write_text
from common.formats.format import Tally, WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset
from common.formats.labelme.reading import LABELS
from common.formats.names import check_text, name_to_write
from common.formats.writing import for_each_frame, load_to_write, place_image
from common.formats.yolo.lines import join_outlines
from common.images.outlines import trace_outlines
from common.images.runs import Runs, find_regions
from common.labels.table_files import COLORS_FILES, label_colors_text, name_in_files
from common.labels.tables import LabelTable

_VERSION = "5.0.0"


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into an empty folder.

    Raises:
        DataError: If two frames of a split have one name, one has a name that cannot be written, or a file cannot be
            written.
        LabelError: If a segment's label is not in the table; names the frame.
    """
    table = dataset.labels
    write_text(folder / COLORS_FILES[0], label_colors_text(table))
    lines = ["__ignore__", "_background_"]
    lines += [name_in_files(label) for label in table if label.id >= 0 and label.name != table.background]
    write_text(folder / LABELS, "".join(f"{line}\n" for line in lines))
    write_one = partial(_write_frame, folder=folder, table=table, options=options)
    tally, written = Tally(), set[str]()
    with closing(for_each_frame(write_one, dataset, options.workers, "labelme")) as results:
        for place, counts in results:
            if place in written:
                raise DataError(f"two frames are called {place}; rename one of them")
            written.add(place)
            tally += counts
    return tally


def _write_frame(frame: AnnotatedFrame, folder: Path, table: LabelTable, options: WriteOptions) -> tuple[str, Tally]:
    tally, item_id = Tally(), name_to_write(frame)
    check_text(frame)
    place = f"{frame.split}/{item_id}" if frame.split else item_id
    filename = f"{frame.name}.png"
    if frame.image is not None:
        filename = place_image(frame.image, folder / place, options, tally)
    loaded = load_to_write(frame, table, tally, with_boxes=True)
    if loaded is None:
        return place, tally
    annotation, runs = loaded
    width, height = annotation.size_wh
    content: dict[str, object] = {
        "version": _VERSION,
        "flags": {},
        "shapes": _polygons(annotation, runs, table, tally) + _rectangles(annotation, table, tally),
        "imagePath": filename,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    write_bytes(folder / f"{place}.json", json.dumps(content).encode())
    tally.written["frames"] += 1
    return place, tally


def _shape(label: str, number: int | None, kind: str, points: list[list[float]]) -> dict[str, object]:
    return {"label": label, "points": points, "group_id": number, "shape_type": kind, "flags": {}}


def _polygons(annotation: Annotation, runs: Runs, table: LabelTable, tally: Tally) -> list[dict[str, object]]:
    regions, outlines = find_regions(runs), trace_outlines(runs.of(list(annotation.segments)))

    def order(key: int) -> tuple[bool, bool, int]:
        segment = annotation.segments[key]
        return segment.number is not None, segment.is_crowd, -regions[key].area if segment.number is None else 0

    shapes = []
    for key in sorted(annotation.segments, key=order):
        segment = annotation.segments[key]
        points, bridges = join_outlines(outlines[key])
        label = table.find(segment.label)
        name = (name_in_files(label) if label else segment.label) + (GROUP_ENDING if segment.is_crowd else "")
        shapes.append(_shape(name, segment.number, "polygon", points.tolist()))
        tally.written["objects" if segment.number is not None else "groups" if segment.is_crowd else "areas"] += 1
        tally.written["bridges between parts and around holes"] += bridges
    return shapes


def _rectangles(annotation: Annotation, table: LabelTable, tally: Tally) -> list[dict[str, object]]:
    shapes = []
    for boxed in annotation.boxes:
        x, y, width, height = boxed.box
        label = table.find(boxed.segment.label)
        name = (name_in_files(label) if label else boxed.segment.label) + (
            GROUP_ENDING if boxed.segment.is_crowd else ""
        )
        shapes.append(_shape(name, None, "rectangle", [[x, y], [x + width, y + height]]))
        tally.written["boxes"] += 1
    tally.kept += len(shapes)
    return shapes

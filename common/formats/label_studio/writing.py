"""Writes Label Studio's JSON: tasks with masks of a brush, photographs, and the set-up of a project with all labels.

Brushes hold exactly the pixels. In Label Studio: a project with `label_config.xml`, local storage that serves this
folder (`LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT`), and `tasks.json` imported. An object has its number in `meta`, which
Label Studio keeps; a group has the label with the ending `group`. Boxes without outline are rectangles.
"""

import json
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from common.dataset.original.polygons import GROUP_ENDING
from common.errors import DataError
from common.files.disk import atomic_path, write_text
from common.formats.format import Tally, WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.label_studio.brush import encode_brush
from common.formats.names import check_text, name_to_write
from common.formats.writing import for_each_frame, load_to_write, place_image
from common.labels.table_files import COLORS_FILES, label_colors_text, name_in_files
from common.labels.tables import LabelTable

TASKS, CONFIG = "tasks.json", "label_config.xml"


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into an empty folder.

    Raises:
        DataError: If two frames of a split have one name, one has a name that cannot be written, or a file cannot be
            written.
        LabelError: If a segment's label is not in the table; names the frame.
    """
    table = dataset.labels
    write_text(folder / COLORS_FILES[0], label_colors_text(table))
    write_text(folder / CONFIG, _config(table))
    write_one = partial(_write_frame, folder=folder, table=table, options=options)
    tally, written = Tally(), set[str]()
    with (
        closing(for_each_frame(write_one, dataset, options.workers, "label-studio")) as results,
        atomic_path(folder / TASKS) as temporary,
        temporary.open("w", encoding="ascii") as file,
    ):
        file.write("[")
        for place, task, counts in results:
            if place in written:
                raise DataError(f"two frames are called {place}; rename one of them")
            tally += counts
            file.write((",\n" if written else "\n") + task)
            written.add(place)
        file.write("\n]\n")
    return tally


def _config(table: LabelTable) -> str:
    """Builds the set-up of a project: a brush and a rectangle for each label that is painted."""
    labels = []
    for label in table:
        if label.id >= 0 and label.name != table.background:
            color = "#{:02x}{:02x}{:02x}".format(*label.color)
            names = [name_in_files(label)] + ([name_in_files(label) + GROUP_ENDING] if label.has_instances else [])
            labels += [f"    <Label value={quoteattr(name)} background={quoteattr(color)}/>" for name in names]
    lines = ["<View>", '  <Image name="image" value="$image" zoom="true"/>']
    for tag in ("BrushLabels", "RectangleLabels"):
        lines += [f'  <{tag} name="{tag.lower()}" toName="image">', *labels, f"  </{tag}>"]
    return "\n".join([*lines, "</View>"]) + "\n"


def _write_frame(
    frame: AnnotatedFrame, folder: Path, table: LabelTable, options: WriteOptions
) -> tuple[str, str, Tally]:
    """Writes the photograph of a frame; returns its name, its task as JSON, and its counts."""
    tally, place = Tally(), f"{frame.split or NO_SPLIT}/{name_to_write(frame)}"
    check_text(frame)
    path = f"images/{place}.png"
    if frame.image is not None:
        placed = place_image(frame.image, folder / "images" / place, options, tally)
        path = f"{path.rpartition('/')[0]}/{placed}"
    task: dict[str, Any] = {"data": {"image": f"/data/local-files/?d={quote(path)}"}, "annotations": []}
    loaded = load_to_write(frame, table, tally, with_boxes=True)
    if loaded is not None:
        task["annotations"] = [{"result": _regions(loaded[0], table, tally)}]
        tally.written["frames"] += 1
    return place, json.dumps(task, separators=(",", ":")), tally


def _regions(annotation: Annotation, table: LabelTable, tally: Tally) -> list[dict[str, Any]]:
    size_wh, regions = annotation.size_wh, list[dict[str, Any]]()
    for key, segment in annotation.segments.items():
        value: dict[str, Any] = {"format": "rle", "rle": encode_brush(annotation.pixels == key)}
        regions.append(_region(len(regions), "brushlabels", segment, value, size_wh, table))
        tally.written["objects" if segment.number is not None else "groups" if segment.is_crowd else "areas"] += 1
    for boxed in annotation.boxes:
        names = ("x", "y", "width", "height")
        percents = (100 * value / size_wh[place % 2] for place, value in enumerate(boxed.box))
        value = {**dict(zip(names, percents, strict=True)), "rotation": 0}
        regions.append(_region(len(regions), "rectanglelabels", boxed.segment, value, size_wh, table))
        tally.written["boxes"] += 1
    tally.kept += len(annotation.boxes)
    return regions


def _region(
    place: int, kind: str, segment: Segment, value: dict[str, Any], size_wh: tuple[int, int], table: LabelTable
) -> dict[str, Any]:
    label = table.find(segment.label)
    name = (name_in_files(label) if label else segment.label) + (GROUP_ENDING if segment.is_crowd else "")
    region: dict[str, Any] = {
        "id": f"region{place}",
        "type": kind,
        "from_name": kind,
        "to_name": "image",
        "original_width": size_wh[0],
        "original_height": size_wh[1],
        "image_rotation": 0,
        "value": {**value, kind: [name]},
    }
    if segment.number is not None and kind == "brushlabels":
        region["meta"] = {"number": segment.number}
    return region

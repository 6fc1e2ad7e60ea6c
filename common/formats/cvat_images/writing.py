"""Writes CVAT for images 1.1: `annotations.xml` with masks, which hold exactly the pixels, and `images/<subset>`.

A group has the attribute `is_crowd`, an object its `number`; CVAT ignores attributes that the label of its task does
not have. `label_colors.txt` is for readers here; CVAT makes a task from the JSON that the tool `label_map` writes.
"""

import shutil
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError, LabelError
from common.files.disk import atomic_path, write_text
from common.formats.format import Tally, WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.names import name_to_write
from common.formats.voc.boxes import NO_XML
from common.formats.writing import for_each_frame, load_to_write, place_image
from common.images.runs import find_regions
from common.labels.table_files import COLORS_FILES, label_colors_text, name_in_files
from common.labels.tables import LabelTable

FILE = "annotations.xml"


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into an empty folder.

    Raises:
        DataError: If two frames of a split have one name, one has a name that cannot be written, or a file cannot be
            written.
        LabelError: If XML cannot hold the name of a label, or a segment's label is not in the table; names it.
    """
    for label in dataset.labels:
        if NO_XML.search(label.name):
            raise LabelError(f"the label {label.name!r} has a character that XML cannot hold; rename it")
    write_text(folder / COLORS_FILES[0], label_colors_text(dataset.labels))
    write_one = partial(_write_frame, folder=folder, table=dataset.labels, options=options)
    tally, written, splits = Tally(), set[str](), dict[str, None]()
    body = folder / f".{FILE}"  # the head of the file names all splits, which are known last
    with (
        closing(for_each_frame(write_one, dataset, options.workers, "cvat-images")) as results,
        body.open("w", encoding="utf-8", newline="\n") as file,
    ):
        for split, item_id, start, shapes, counts in results:
            if (place := f"{split}/{item_id}") in written:
                raise DataError(f"two frames are called {place}; rename one of them")
            tally += counts
            if shapes is not None:
                file.write(f'  <image id="{len(written)}" {start}>\n' + "".join(shapes) + "  </image>\n")
                splits[split] = None
            written.add(place)
    with atomic_path(folder / FILE) as temporary, temporary.open("wb") as whole, body.open("rb") as start_of_body:
        whole.write(_head(dataset.labels, splits).encode())
        shutil.copyfileobj(start_of_body, whole)
        whole.write(b"</annotations>\n")
    body.unlink()
    return tally


def _head(table: LabelTable, splits: Iterable[str]) -> str:
    """Writes what is before the images, as CVAT exports a project: the splits, and the labels.

    Labels that are counted have the checkbox `is_crowd`.
    """
    crowd = (
        "<attribute><name>is_crowd</name><mutable>False</mutable><input_type>checkbox</input_type>"
        "<default_value>false</default_value><values>false</values></attribute>"
    )
    labels = ""
    for label in table:
        if label.id >= 0:
            color = "#{:02x}{:02x}{:02x}".format(*label.color)
            labels += f"        <label><name>{escape(name_in_files(label))}</name><color>{color}</color>"
            labels += f"<type>any</type><attributes>{crowd if label.has_instances else ''}</attributes></label>\n"
    tasks = "".join(f"        <task><subset>{escape(split)}</subset></task>\n" for split in splits)
    project = f"      <tasks>\n{tasks}      </tasks>\n      <labels>\n{labels}      </labels>\n"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        f"  <meta>\n    <project>\n{project}    </project>\n  </meta>\n"
    )


def _write_frame(
    frame: AnnotatedFrame, folder: Path, table: LabelTable, options: WriteOptions
) -> tuple[str, str, str, list[str] | None, Tally]:
    """Writes the photograph; returns split and name of the frame, its attributes and shapes as XML, and its counts."""
    tally, split, item_id = Tally(), frame.split or NO_SPLIT, name_to_write(frame)
    if NO_XML.search(f"{split}/{item_id}"):
        raise DataError(f"the frame {item_id[:80]!r} has a character that XML cannot hold; rename it")
    filename = f"{item_id}.png"
    if frame.image is not None:
        placed = place_image(frame.image, folder / "images" / split / item_id, options, tally)
        filename = f"{item_id.rpartition('/')[0]}/{placed}".lstrip("/")
    loaded = load_to_write(frame, table, tally, with_boxes=True)
    if loaded is None:
        return split, item_id, "", None, tally
    annotation, runs = loaded
    width, height = annotation.size_wh
    start = f'name={quoteattr(filename)} subset={quoteattr(split)} width="{width}" height="{height}"'
    regions, shapes = find_regions(runs), []
    for key, segment in annotation.segments.items():
        x, y, across, down = regions[key].box
        mask = annotation.pixels[y : y + down, x : x + across] == key
        place = f'left="{x}" top="{y}" width="{across}" height="{down}"'
        shapes.append(_element("mask", segment, f'rle="{_run_lengths(mask)}" {place}', table))
        tally.written["objects" if segment.number is not None else "groups" if segment.is_crowd else "areas"] += 1
    shapes += _boxes(annotation, table, tally)
    tally.written["frames"] += 1
    return split, item_id, start, shapes, tally


def _boxes(annotation: Annotation, table: LabelTable, tally: Tally) -> list[str]:
    shapes = []
    for boxed in annotation.boxes:
        x, y, width, height = boxed.box
        corners = f'xtl="{x:.2f}" ytl="{y:.2f}" xbr="{x + width:.2f}" ybr="{y + height:.2f}"'
        shapes.append(_element("box", boxed.segment, corners, table))
        tally.written["boxes"] += 1
    tally.kept += len(shapes)
    return shapes


def _element(tag: str, segment: Segment, values: str, table: LabelTable) -> str:
    label = table.find(segment.label)
    name = quoteattr(name_in_files(label) if label else segment.label)
    attribute = ""
    if segment.is_crowd:
        attribute = '<attribute name="is_crowd">true</attribute>'
    elif segment.number is not None and tag == "mask":
        attribute = f'<attribute name="number">{segment.number}</attribute>'
    return f'    <{tag} label={name} source="manual" occluded="0" {values} z_order="0">{attribute}</{tag}>\n'


def _run_lengths(mask: NDArray[np.bool_]) -> str:
    """Writes the run lengths of a mask row by row, the first of what does not belong to it."""
    flat = mask.ravel()
    starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff(np.concatenate(([0], starts, [flat.size]))).tolist()
    return ", ".join(map(str, ([0] if flat[0] else []) + counts))

"""Writes Cityscapes' tree: color, labelIds, instanceIds and polygons.json of each frame, and the label files.

A polygons.json of the source is copied as it is if it paints the pixels that are written; else outlines are drawn from
the pixels (`pixels_to_polygons`). Labels that are not Cityscapes' get ids that fit the files.
"""

import json
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from common.dataset.original.polygons import LARGEST_COUNTED_ID, polygons_to_json
from common.errors import DataError
from common.files.disk import write_bytes, write_json, write_text
from common.formats.cityscapes.pixels_to_polygons import pixels_to_polygons
from common.formats.format import Tally, WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, instance_id_of, source_polygons
from common.formats.mask_files.encodings import MASK_KINDS, InstanceRuns, MaskEncoder
from common.formats.names import check_name
from common.formats.writing import for_each_frame, load_annotation, place_image
from common.labels.table_files import COLORS_FILES, META_FILE, dataset_meta_json, label_colors_text
from common.labels.tables import BACKGROUND, LabelTable, make_label

_LARGEST_ID = 255
_IMAGE_ROOTS = {"official": "leftImg8bit", "imgsFine": "imgsFine/leftImg8bit"}


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a tree with the official names; see `Format.write`.

    Raises:
        DataError: If two frames have one name, a frame has more than 1,000 objects of a label, or a file cannot be
            written.
    """
    table, changed = _table_to_write(dataset.labels)
    tally = Tally()
    if changed:
        tally.dropped["label ids of the source (labels are numbered in the order of label_colors.txt)"] += changed
    write_text(folder / COLORS_FILES[0], label_colors_text(table))
    write_json(folder / META_FILE, dataset_meta_json(table))
    write_one = partial(_write_frame, folder=folder, table=table, options=options)
    places: dict[str, str] = {}
    with closing(for_each_frame(write_one, dataset, options.workers, "cityscapes")) as results:
        for place, counts in results:
            name = place.rsplit("/", 1)[1]
            if places.setdefault(name, place) != place:
                raise DataError(
                    f"two frames are called {name} ({places[name]} and {place}); in Cityscapes' layout names are "
                    "unique, rename one of them"
                )
            tally += counts
    return tally


def _table_to_write(labels: LabelTable) -> tuple[LabelTable, int]:
    """Gives labels the ids 0, 1, 2, ... in the order of the label files, black background first, counted ones next.

    Cityscapes' own table, and any other of that form, stays as it is. Returns also how many ids were changed.
    """
    painted = [label for label in labels if label.id >= 0]
    in_order = [label.id for label in painted] == list(range(len(painted)))
    background = labels.find(labels.background) if labels.background else None
    starts_black = background is not None and background.id == 0 and background.color == (0, 0, 0)
    if in_order and starts_black and all(label.id <= LARGEST_COUNTED_ID for label in painted if label.has_instances):
        return labels, 0
    others = [label for label in painted if label != background]
    counted = sum(label.has_instances for label in others)
    if len(others) > _LARGEST_ID or counted > LARGEST_COUNTED_ID:
        raise DataError(
            f"{len(others)} labels, {counted} of them counted, do not fit Cityscapes' files, which hold {_LARGEST_ID} "
            f"and {LARGEST_COUNTED_ID}; choose some of them with --classes"
        )
    first = replace(background or make_label(BACKGROUND, 0), color=(0, 0, 0))
    others.sort(key=lambda label: not label.has_instances)
    renumbered = [replace(label, id=id_) for id_, label in enumerate((first, *others))]
    changed = sum(old.id != new.id for old, new in zip(others, renumbered[1:], strict=True))
    return LabelTable(tuple(renumbered), first.name), changed


def _write_frame(frame: AnnotatedFrame, folder: Path, table: LabelTable, options: WriteOptions) -> tuple[str, Tally]:
    """Writes the files of one frame; returns its place below the split's folders, and its counts."""
    tally = Tally()
    check_name(frame)
    if frame.image is not None:
        place_image(frame.image, folder / _IMAGE_ROOTS[options.layout] / f"{frame.place}_leftImg8bit", options, tally)
    loaded = load_annotation(frame, tally)
    if loaded is None:
        return frame.place, tally
    annotation, runs = loaded
    # Everything is looked up once for a run of pixels and not once for a pixel.
    ids = annotation.look_up(
        runs.keys, lambda segment: instance_id_of(segment, table, frame.item_id), table.background_id, np.uint16
    )
    instances = InstanceRuns(ids, runs.stops - runs.starts, annotation.size_wh)
    start = f"{folder / options.truth / frame.place}_{options.truth}_"
    for kind in MASK_KINDS:
        write_bytes(f"{start}{kind}.png", MaskEncoder(kind, table).to_png(instances))
    write_bytes(f"{start}polygons.json", _polygons(frame, annotation, table, tally))
    tally.written["frames"] += 1
    visible = set(np.unique(runs.keys).tolist())
    tally.written["objects"] += len(visible.intersection(key for key, _ in annotation.objects))
    return frame.place, tally


def _polygons(frame: AnnotatedFrame, annotation: Annotation, table: LabelTable, tally: Tally) -> bytes:
    data, reason = source_polygons(frame.truth, annotation)
    if data is None:
        tally.dropped += annotation.dropped
        if reason:
            tally.dropped[f"polygons.json files {reason}"] += 1
        image = pixels_to_polygons(annotation, table, frame.item_id)
        data = json.dumps(polygons_to_json(image), separators=(", ", ": ")).encode()
    return data

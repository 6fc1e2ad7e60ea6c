"""Writes Pascal VOC: class masks, object masks, boxes, lists."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.disk import write_bytes, write_text
from common.formats.class_masks import MaskCode, code_of, paint_classes, table_to_write
from common.formats.format import Tally, WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, FrameDataset, Segment
from common.formats.names import name_to_write
from common.formats.voc.boxes import Box, boxes_to_xml
from common.formats.voc.labels import LABEL_MAP, label_map_text
from common.formats.voc.lists import LISTS
from common.formats.voc.reading import BOXES, CLASSES, IMAGES, OBJECTS
from common.formats.writing import for_each_frame, load_to_write, place_image
from common.images.pictures import encode_palette_mask
from common.images.runs import find_regions
from common.labels.tables import LabelTable, palette_color

# 255 is the void border.
LARGEST_NUMBER = 254
_OBJECT_PALETTE = np.array([palette_color(number) for number in range(256)], np.uint8)


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into an empty folder.

    Raises:
        DataError: If two frames have one name, or a file cannot be written.
        LabelError: If there are more labels than 8 bits hold, labelmap.txt cannot hold a label's name, or a segment's
            label is not in the table.
    """
    table, changed = table_to_write(dataset.labels)
    tally = Tally(dropped=changed)
    write_text(folder / LABEL_MAP, label_map_text(table))
    write_one = partial(_write_frame, folder=folder, table=table, code=code_of(table), options=options)
    lists: dict[str, dict[str, None]] = {}
    places: dict[str, str] = {}
    with closing(for_each_frame(write_one, dataset, options.workers, "voc")) as results:
        for item_id, split, has_truth, counts in results:
            if places.setdefault(item_id, split) != split or item_id in lists.get(f"Main/{split}", ()):
                raise DataError(
                    f"two frames are called {item_id} (splits {places[item_id]!r} and {split!r}); VOC has one folder "
                    "for all splits, rename one of them"
                )
            for kind in ("Main", "Segmentation")[: 1 + has_truth]:
                lists.setdefault(f"{kind}/{split}", {})[item_id] = None
            tally += counts
    for name, item_ids in lists.items():
        write_text(folder / LISTS / f"{name}.txt", "".join(f"{item_id}\n" for item_id in item_ids))
    return tally


def _write_frame(
    frame: AnnotatedFrame, folder: Path, table: LabelTable, code: MaskCode, options: WriteOptions
) -> tuple[str, str, bool, Tally]:
    """Writes the files of one frame; returns its name, its split, whether it has ground truth, and its counts."""
    tally = Tally()
    item_id = name_to_write(frame)
    filename = f"{item_id}.jpg"
    if frame.image is not None:
        placed = place_image(frame.image, folder / IMAGES / item_id, options, tally)
        filename = item_id.rpartition("/")[0] + "/" + placed if "/" in item_id else placed
    loaded = load_to_write(frame, table, tally, with_boxes=True)
    if loaded is None:
        return item_id, frame.split or NO_SPLIT, False, tally
    annotation, runs = loaded
    regions = find_regions(runs)
    groups = [(key, segment) for key, segment in annotation.segments.items() if segment.is_crowd]
    classes = paint_classes(annotation, code)
    boxes: list[tuple[Segment, Box]] = [(one, regions[key].box) for key, one in annotation.objects + groups]
    boxes += [(boxed.segment, boxed.box) for boxed in annotation.boxes]
    write_bytes(folder / BOXES / f"{item_id}.xml", boxes_to_xml(filename, annotation.size_wh, boxes))
    tally.written.update(frames=1)
    tally.written += Counter(boxes=len(annotation.boxes))
    tally.kept += len(annotation.boxes)
    if annotation.has_boxes_only:
        return item_id, frame.split or NO_SPLIT, False, tally
    numbers = _paint_numbers(annotation.pixels, [key for key, _ in annotation.objects[:LARGEST_NUMBER]])
    write_bytes(folder / CLASSES / f"{item_id}.png", encode_palette_mask(classes, code.palette))
    write_bytes(folder / OBJECTS / f"{item_id}.png", encode_palette_mask(numbers, _OBJECT_PALETTE))
    too_many = max(0, len(annotation.objects) - LARGEST_NUMBER)
    tally.written.update(objects=len(annotation.objects) - too_many, groups=len(groups))
    tally.dropped += Counter({f"objects beyond {LARGEST_NUMBER} in a frame (their pixels are a group)": too_many})
    return item_id, frame.split or NO_SPLIT, True, tally


def _paint_numbers(pixels: NDArray[np.integer], keys: Sequence[int]) -> NDArray[np.uint8]:
    table = np.zeros(int(pixels.max(initial=0)) + 1, np.uint8)
    table[keys] = np.arange(1, len(keys) + 1)
    return table[pixels]

"""Writes photographs and masks into folders: `<split>/images`, `<split>/masks`, and the label files.

A mask is a PNG with a palette; a value is the place of its label in the label files, background first, and all colours
differ, so that programs that read values and programs that read colours get the same labels. A dataset without splits
has `images` and `masks` at its top. Label files are at the top, and in every split for programs that take one alone.
"""

from contextlib import closing
from functools import partial
from pathlib import Path

from common.errors import DataError
from common.files.disk import write_bytes, write_json, write_text
from common.formats.class_masks import MaskCode, code_of, paint_classes, table_to_write
from common.formats.format import Tally, WriteOptions
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.formats.names import name_to_write
from common.formats.writing import count_objects_as_classes, for_each_frame, load_to_write, place_image
from common.images.pictures import encode_palette_mask
from common.labels.table_files import COLORS_FILES, META_FILE, dataset_meta_json, label_colors_text, respelled_names
from common.labels.tables import LabelTable

IMAGES, MASKS = "images", "masks"


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into an empty folder; objects and groups count as dropped, because only their class is kept.

    Raises:
        DataError: If two frames of a split have one name, one has a name that cannot be written, or a file cannot be
            written.
        LabelError: If there are more labels than 8 bits hold, or a segment's label is not in the table.
    """
    table, changed = table_to_write(dataset.labels)
    tally = Tally(dropped=changed + respelled_names(table))
    write_one = partial(_write_frame, folder=folder, table=table, code=code_of(table), options=options)
    written: set[tuple[str, str]] = set()
    with closing(for_each_frame(write_one, dataset, options.workers, "folders")) as results:
        for split, item_id, counts in results:
            if (split, item_id) in written:
                raise DataError(f"two frames of the split {split!r} are called {item_id}; rename one of them")
            written.add((split, item_id))
            tally += counts
    for split in {"", *(split for split, _ in written)}:
        write_text(folder / split / COLORS_FILES[0], label_colors_text(table))
        write_json(folder / split / META_FILE, dataset_meta_json(table))
    return tally


def _write_frame(
    frame: AnnotatedFrame, folder: Path, table: LabelTable, code: MaskCode, options: WriteOptions
) -> tuple[str, str, Tally]:
    """Writes the files of one frame; returns its split, its name, and its counts."""
    tally, item_id, split = Tally(), name_to_write(frame), frame.split
    if frame.image is not None:
        place_image(frame.image, folder / split / IMAGES / item_id, options, tally)
    loaded = load_to_write(frame, table, tally)
    if loaded is not None:
        annotation, _ = loaded
        data = encode_palette_mask(paint_classes(annotation, code), code.palette)
        write_bytes(folder / split / MASKS / f"{item_id}.png", data)
        tally.written["frames"] += 1
        count_objects_as_classes(annotation, tally)
    return split, item_id, tally

"""Writes CamVid: photographs, colour masks, lists and the label file."""

from contextlib import closing
from functools import partial
from pathlib import Path

from common.errors import DataError
from common.files.disk import write_bytes, write_text
from common.formats.camvid.lists import LIST, MASKS
from common.formats.class_masks import MaskCode, code_of, paint_classes, table_to_write
from common.formats.format import Tally, WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, FrameDataset
from common.formats.names import name_to_write
from common.formats.writing import count_objects_as_classes, for_each_frame, load_to_write, place_image
from common.images.pictures import encode_palette_mask
from common.labels.table_files import COLORS_FILES, label_colors_text, respelled_names
from common.labels.tables import LabelTable


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into an empty folder; objects and groups count as dropped, because only their class is kept.

    Raises:
        DataError: If two frames of a split have one name, one has a name that cannot be written, or a file cannot be
            written.
        LabelError: If there are more labels than 8 bits hold, or a segment's label is not in the table.
    """
    table, changed = table_to_write(dataset.labels)
    tally = Tally(dropped=changed + respelled_names(table))
    write_text(folder / COLORS_FILES[0], label_colors_text(table))
    write_one = partial(_write_frame, folder=folder, table=table, code=code_of(table), options=options)
    lists: dict[str, dict[str, str]] = {}
    with closing(for_each_frame(write_one, dataset, options.workers, "camvid")) as results:
        for item_id, split, line, counts in results:
            if item_id in lists.setdefault(split, {}):
                raise DataError(f"two frames of the split {split!r} are called {item_id}; rename one of them")
            lists[split][item_id] = line
            tally += counts
    for split, lines in lists.items():
        write_text(folder / f"{split}{LIST}", "".join(f"{line}\n" for line in lines.values()))
    return tally


def _write_frame(
    frame: AnnotatedFrame, folder: Path, table: LabelTable, code: MaskCode, options: WriteOptions
) -> tuple[str, str, str, Tally]:
    """Writes the files of one frame; returns its name, its split, its line in the list, and its counts."""
    tally = Tally()
    item_id, split = name_to_write(frame), frame.split or NO_SPLIT
    image = f"/{split}/{item_id}.png"
    if frame.image is not None:
        placed = place_image(frame.image, folder / split / item_id, options, tally)
        image = image.rpartition("/")[0] + "/" + placed
    loaded = load_to_write(frame, table, tally)
    if loaded is None:
        return item_id, split, _line(image, ""), tally
    annotation, _ = loaded
    mask = f"{split}{MASKS}/{item_id}.png"
    write_bytes(folder / mask, encode_palette_mask(paint_classes(annotation, code), code.palette))
    tally.written["frames"] += 1
    count_objects_as_classes(annotation, tally)
    return item_id, split, _line(image, mask), tally


def _line(image: str, mask: str) -> str:
    if len(f"{image}{mask}".split()) > 1:
        return f'"{image}" "{mask}"'
    return f"{image} {mask}".strip()

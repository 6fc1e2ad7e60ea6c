"""Writes CVAT's Cityscapes format: masks and photographs in one zip."""

import zipfile
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path

from common.dataset.original.polygons import LARGEST_COUNTED_ID, ids_to_colors
from common.errors import DataError
from common.files.disk import atomic_path
from common.files.zips import is_safe_member
from common.formats.cvat.reading import IMAGES, TRUTH, places_as_ids
from common.formats.format import Tally, WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, label_of
from common.formats.names import check_name
from common.formats.writing import ending_to_write, for_each_frame, image_bytes, load_to_write
from common.images.png import encode_color_mask, encode_instance_mask, encode_mask
from common.labels.table_files import COLORS_FILES, label_colors_text, with_black_background
from common.labels.tables import LabelTable

_DATE = (1980, 1, 1, 0, 0, 0)


def write(dataset: FrameDataset, path: Path, options: WriteOptions) -> Tally:
    """Writes a zip as CVAT exports and imports it; it is there when it is complete.

    Members are stored in the order of the frames and have no date, so that the same frames give the same bytes.

    Raises:
        DataError: If two frames have one place, one has a name that cannot be written, a frame has 1,000 objects of a
            label, or the disk is full.
        LabelError: If there are more than 256 labels, or a segment's label is not in the table.
    """
    labels = with_black_background(dataset.labels)
    write_one = partial(_encode_frame, table=places_as_ids(labels), options=options)
    tally = Tally()
    written: set[str] = set()
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, COLORS_FILES[0], label_colors_text(labels).encode())
        with closing(for_each_frame(write_one, dataset, options.workers, "cvat")) as results:
            for place, members, counts in results:
                if place in written or not is_safe_member(place):
                    what = "is there twice" if place in written else "leads out of the archive"
                    raise DataError(f"the frame {place} {what}; rename it")
                written.add(place)
                for name, data in members:
                    _add(archive, name, data)
                tally += counts
    return tally


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def _encode_frame(
    frame: AnnotatedFrame, table: LabelTable, options: WriteOptions
) -> tuple[str, list[tuple[str, bytes]], Tally]:
    """Encodes the files of a frame; returns its place, the names and bytes of its members, and its counts."""
    place, tally = frame.place, Tally()
    members: list[tuple[str, bytes]] = []
    check_name(frame)
    if frame.image is not None and options.images != "none":
        ending = ending_to_write(frame.image, options)
        members.append((f"{IMAGES[0]}{place}_leftImg8bit{ending}", image_bytes(frame.image, options, tally)[0]))
    loaded = load_to_write(frame, table, tally)
    if loaded is None:
        return place, members, tally
    annotation, _ = loaded
    values = annotation.instance_ids(table, frame.item_id)
    ids = annotation.label_ids(table, frame.item_id)
    pictures = {
        "color": encode_color_mask(ids_to_colors(ids, table)),
        "labelIds": encode_mask(ids),
        "instanceIds": encode_instance_mask(values),
    }
    members += [(f"{TRUTH}{place}_gtFine_{kind}.png", data) for kind, data in pictures.items()]
    _count(annotation, table, frame.item_id, tally)
    return place, members, tally


def _count(annotation: Annotation, table: LabelTable, where: str, tally: Tally) -> None:
    objects = [label_of(segment, table, where) for _, segment in annotation.objects]
    without_number = sum(label.id > LARGEST_COUNTED_ID for label in objects)
    tally.written["frames"] += 1
    tally.written["objects"] += len(objects)
    tally.dropped += Counter({f"numbers of objects of labels above {LARGEST_COUNTED_ID}": without_number})

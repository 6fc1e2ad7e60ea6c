"""What a COCO file holds, read once and in pieces: images, categories, and the annotations of each image.

Annotations of an image may stand anywhere in the file, and frames are loaded in any order and process. So annotations
go into a `Spool`, a temporary database on disk, and memory grows with the number of images only.
"""

import array
import contextlib
import json
import shutil
import sqlite3
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import DataError
from common.files.sources import Source
from common.formats.coco.entries import Category, ImageEntry, frame_name, read_categories, read_image_entry
from common.formats.coco.json_items import item_key, read_items

KEYS = ("images", "annotations", "categories")
# Frames are kept in memory, about 700 bytes each; COCO's own largest file lists 118,287 images.
LARGEST_IMAGES = 1_000_000
LARGEST_CATEGORIES = 65_536
_PARTS_OF_CATEGORY = ("id", "name", "isthing", "color")
_BATCH, _BATCH_BYTES = 500, 16 * 1024 * 1024
_SETUP = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "CREATE TABLE found (owner TEXT, number INTEGER, head TEXT, data BLOB)",
)


class Spool:
    """Rows of text and bytes by owner, in a temporary database.

    It can be sent to other processes, which read the same file. The file lives as long as the object it was made as,
    and no longer than the process that made it.
    """

    def __init__(self):
        folder = tempfile.mkdtemp(prefix="coco-")
        self.path = Path(folder) / "rows.sqlite"
        self._waiting, self._waiting_bytes = [], 0
        self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._delete = weakref.finalize(self, _delete, self._connection, folder)
        for command in _SETUP:
            self._run(command)

    def __getstate__(self):
        return {"path": self.path}

    def _run(self, command, rows=None):
        try:
            if rows is None:
                return self._connection.execute(command)
            return self._connection.executemany(command, rows)
        except sqlite3.Error as error:
            raise DataError(f"{self.path}: cannot be written: {error}; free space in the temporary folder") from error

    def add(self, owner, number, head, data=b""):
        """Keeps a row.

        Args:
            owner: A text.
            number: Place among the rows of the owner.
            head: Something JSON can hold.
            data: Bytes.

        Raises:
            DataError: If the disk is full.
        """
        self._waiting.append((owner, number, json.dumps(head), data))
        self._waiting_bytes += len(data)
        if len(self._waiting) >= _BATCH or self._waiting_bytes >= _BATCH_BYTES:
            self._flush()

    def _flush(self):
        self._run("BEGIN")
        self._run("INSERT INTO found VALUES (?, ?, ?, ?)", self._waiting)
        self._run("COMMIT")
        self._waiting.clear()
        self._waiting_bytes = 0

    def close(self, most_owners):
        """Ends writing; from now on rows are read.

        Returns:
            `(owner, smallest number)` of each owner, of `most_owners` at most.

        Raises:
            DataError: If the disk is full.
        """
        self._flush()
        self._run("CREATE INDEX by_owner ON found (owner, number)")
        query = f"SELECT owner, MIN(number) FROM found GROUP BY owner LIMIT {int(most_owners)}"
        owners = self._run(query).fetchall()
        self._connection.close()
        return owners

    def rows(self, owner):
        """Yields the rows of an owner one by one.

        Args:
            owner: As in `add`.

        Yields:
            `(number, head, data)`, sorted by number.

        Raises:
            DataError: If the process that made the database has ended, and the file is gone.
        """
        if not self.path.exists():
            raise DataError(f"{self.path}: is gone, as the process that read the dataset has ended; read it again")
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute("SELECT number, head, data FROM found WHERE owner = ? ORDER BY number", (owner,))
            for number, head, data in rows:
                yield number, json.loads(head), data


def _delete(connection, folder):
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class CocoIndex:
    """A COCO file after it was read.

    Attributes:
        source: The file.
        images: Items of `images` in the order of the file.
        categories: By key of their ids.
        spool: The annotations by key of the image.
    """

    source: Source
    images: list[ImageEntry]
    categories: dict[str, Category]
    spool: Spool


def read_index(source, split, pack):
    """Reads a COCO file.

    Args:
        source: `Source` of the file.
        split: What it is read as.
        pack: Function of what to call an annotation and the annotation; gives the keys of its categories, and what is
            kept of it: something JSON can hold, and bytes.

    Returns:
        A `CocoIndex`.

    Raises:
        DataError: If the file is not of the expected form, has more images or categories than any, an id is there
            twice, or one that is used is nowhere; names the file and the place.
    """
    images, categories, spool = [], [], Spool()
    used, ids = {}, array.array("q")
    for key, number, item in read_items(source, KEYS):
        where = f"{source}: {key}, item {number:,}"
        _refuse_too_many(source, key, number)
        if key == "images":
            images.append(read_image_entry(where, item))
        elif key == "categories":
            categories.append({part: item[part] for part in _PARTS_OF_CATEGORY if part in item})
        else:
            owner = item_key(where, item, "image_id")
            keys, head, data = pack(where, item)
            for category in keys:
                used.setdefault(category, number)
            _refuse_too_many(source, "different category_id", len(used) - 1)
            if type(item.get("id")) is int:
                ids.append(item["id"])
            spool.add(owner, number, head, data)
    index = CocoIndex(source, images, read_categories(source, categories), spool)
    _refuse_double_images(source, images, split)
    _refuse_double_ids(source, ids)
    _refuse_unknown(index, used)
    return index


def _refuse_too_many(source, key, number):
    largest = {"images": LARGEST_IMAGES, "annotations": None}.get(key, LARGEST_CATEGORIES)
    if largest is not None and number >= largest:
        raise DataError(f"{source}: has more than {largest:,} {key}, which no dataset has; divide the file by splits")


def _refuse_unknown(index, used):
    where = f"{index.source}: annotations, item"
    for category, number in used.items():
        if category not in index.categories:
            raise DataError(f"{where} {number:,}: there is no category with the id {category}")
    known = {entry.key for entry in index.images}
    for owner, number in index.spool.close(len(known) + 1):
        if owner not in known:
            raise DataError(f"{where} {number:,}: there is no image with the id {owner}")


def _refuse_double_ids(source, ids):
    found = np.sort(np.frombuffer(ids, np.int64)) if ids else np.zeros(0, np.int64)
    doubles = found[1:][found[1:] == found[:-1]]
    if len(doubles):
        raise DataError(f"{source}: annotations: the id {doubles[0]} is there twice; ids of annotations must differ")


def _refuse_double_images(source, entries, split):
    seen_keys, seen_frames = set(), {}
    for number, entry in enumerate(entries):
        where = f"{source}: images, item {number:,}"
        if entry.key in seen_keys:
            raise DataError(f"{where}: the id {entry.key} is there already; ids of images must differ")
        seen_keys.add(entry.key)
        frame = frame_name(entry.file_name, split)
        if frame in seen_frames:
            raise DataError(
                f"{where}: file_name {entry.file_name!r} and {seen_frames[frame]!r} stand for one frame; "
                "an image may be there once"
            )
        seen_frames[frame] = entry.file_name


def refuse_no_images(files):
    """Raises DataError if none of `CocoIndex` files has an image; names one."""
    if not any(file.images for file in files):
        raise DataError(f"{files[0].source}: images is empty, one image or more was expected")


def refuse_double_frames(tree, frames):
    """Raises DataError where several files have the same frame."""
    seen = set()
    for frame in frames:
        name = frame.split, frame.item_id
        if name in seen:
            raise DataError(f"{tree}: the frame {frame.item_id} of {frame.split or 'no split'} is in two JSON files")
        seen.add(name)

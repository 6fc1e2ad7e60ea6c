"""The content of a COCO file, read once and in pieces: images, categories, and the annotations of each image.

The annotations of an image may stand anywhere in the file, and frames are loaded in any order and process. So the
annotations go into a `Spool`, a temporary database on disk, and memory grows with the number of images only.
"""

import array
import contextlib
import json
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import DataError
from common.files.numbers import whole_number
from common.files.sources import Source
from common.formats.coco.entries import (
    Category,
    ImageEntry,
    frame_name,
    read_categories,
    read_image_entry,
    without_common_folders,
)
from common.formats.coco.json_items import JsonObject, item_key, read_items
from common.text import count

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
# What a reader keeps of an annotation: something JSON can hold, and bytes.
Head = dict[str, Any]


class Spool:
    """Rows of text and bytes by owner, in a temporary database.

    It can be sent to other processes, which read the same file. The file is deleted with the object that made it, or
    when the process ends.
    """

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="coco-")
        self.path = Path(folder) / "rows.sqlite"
        self._waiting: list[tuple[str, int, str, bytes]] = []
        self._waiting_bytes = 0
        self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._delete = weakref.finalize(self, _delete, self._connection, folder)
        for command in _SETUP:
            self._run(command)

    def __getstate__(self) -> dict[str, Path]:
        return {"path": self.path}

    def _run(self, command: str, rows: Sequence[tuple[str, int, str, bytes]] | None = None) -> sqlite3.Cursor:
        try:
            return self._connection.execute(command) if rows is None else self._connection.executemany(command, rows)
        except sqlite3.Error as error:
            raise DataError(f"{self.path}: cannot be written: {error}; free space in the temporary folder") from error

    def add(self, owner: str, number: int, head: Head, data: bytes) -> None:
        """Keeps a row, whose number is its place among the rows of the owner; raises DataError if the disk is full."""
        self._waiting.append((owner, number, json.dumps(head), data))
        self._waiting_bytes += len(data)
        if len(self._waiting) >= _BATCH or self._waiting_bytes >= _BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._run("BEGIN")
        self._run("INSERT INTO found VALUES (?, ?, ?, ?)", self._waiting)
        self._run("COMMIT")
        self._waiting.clear()
        self._waiting_bytes = 0

    def close(self, most_owners: int) -> list[tuple[str, int]]:
        """Ends writing; from now on rows are read. Raises DataError if the disk is full.

        Returns:
            Each owner with its smallest number, at most `most_owners` of them.
        """
        self._flush()
        self._run("CREATE INDEX by_owner ON found (owner, number)")
        query = f"SELECT owner, MIN(number) FROM found GROUP BY owner LIMIT {int(most_owners)}"
        owners = self._run(query).fetchall()
        self._connection.close()
        return owners

    def rows(self, owner: str) -> Iterator[tuple[int, Head, bytes]]:
        """Yields the rows of an owner one by one, as number, head and data, sorted by number.

        Raises:
            DataError: If the process that made the database has ended, and the file is gone.
        """
        if not self.path.exists():
            raise DataError(f"{self.path}: is gone, because the process that read the dataset has ended; read it again")
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute("SELECT number, head, data FROM found WHERE owner = ? ORDER BY number", (owner,))
            for number, head, data in rows:
                yield number, json.loads(head), data


def _delete(connection: sqlite3.Connection, folder: str) -> None:
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class CocoIndex:
    """A COCO file after it was read: categories by key of their ids, annotations by key of their image, and notes."""

    source: Source
    images: list[ImageEntry]
    categories: dict[str, Category]
    spool: Spool
    notes: list[str]


# Checks an annotation, whose name in errors comes first, and gives the keys of its categories and what is kept of it.
Pack = Callable[[str, JsonObject], tuple[Collection[str], Head, bytes]]


def read_index(source: Source, split: str, pack: Pack) -> CocoIndex:
    """Reads a COCO file.

    Raises:
        DataError: If the file is not of the expected form, has more images or categories than any dataset, an id is
            there twice, or one that is used does not exist; names the file and the place.
    """
    images, categories, spool = [], [], Spool()
    used: dict[str, int] = {}
    ids = array.array("q")
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
            id_ = whole_number(item.get("id"))
            if id_ is not None:
                ids.append(id_)
            spool.add(owner, number, head, data)
    kept = read_categories(source, categories, used)
    index = CocoIndex(source, without_common_folders(images), kept, spool, _notes(images, categories, kept))
    images = index.images
    _refuse_double_images(source, images, split)
    _refuse_double_ids(source, ids)
    _refuse_unknown(index, used)
    return index


def _notes(images: Sequence[ImageEntry], items: Sequence[JsonObject], kept: dict[str, Category]) -> list[str]:
    left_out = [item for item in items if str(whole_number(item["id"])) not in kept]
    notes = [
        f"the category {item['id']}, {str(item['name'])[:60]!r}, has no annotations and the name of another one; it "
        "was left out"
        for item in left_out
    ]
    if foreign := [entry.file_name for entry in images if entry.is_foreign]:
        notes.append(
            f"{count(len(foreign), 'file_name is a path', 'file_names are paths')} of another computer, for example "
            f"{foreign[0][-60:]}; the pictures were looked for by the last parts of their paths"
        )
    return notes


def _refuse_too_many(source: Source, key: str, number: int) -> None:
    largest = {"images": LARGEST_IMAGES, "annotations": None}.get(key, LARGEST_CATEGORIES)
    if largest is not None and number >= largest:
        raise DataError(f"{source}: has more than {largest:,} {key}, which no dataset has; divide the file by splits")


def _refuse_unknown(index: CocoIndex, used: dict[str, int]) -> None:
    where = f"{index.source}: annotations, item"
    for category, number in used.items():
        if category not in index.categories:
            raise DataError(f"{where} {number:,}: there is no category with the id {category}")
    known = {entry.key for entry in index.images}
    for owner, number in index.spool.close(len(known) + 1):
        if owner not in known:
            raise DataError(f"{where} {number:,}: there is no image with the id {owner}")


def _refuse_double_ids(source: Source, ids: "array.array[int]") -> None:
    found = np.sort(np.frombuffer(ids, np.int64)) if ids else np.zeros(0, np.int64)
    doubles = found[1:][found[1:] == found[:-1]]
    if len(doubles):
        raise DataError(f"{source}: annotations: the id {doubles[0]} is there twice; ids of annotations must differ")


def _refuse_double_images(source: Source, entries: Sequence[ImageEntry], split: str) -> None:
    seen_keys: set[str] = set()
    seen_frames: dict[tuple[str, str], str] = {}
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

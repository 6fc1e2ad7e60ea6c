"""Reads Label Studio's JSON export: a list of tasks, each with the path of a photograph and the regions drawn in it.

The photographs are not in that export; they are looked for below the dataset by the ends of their paths, also without
the eight letters and `-` that an upload puts before their names. A task that was not annotated is a frame without
ground truth. Labels come from a label file beside it, else from the tasks; objects are counted as in `shapes`.
"""

from codecs import BOM_UTF8
from collections import Counter
from dataclasses import dataclass

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.coco.index import Spool
from common.formats.coco.json_items import read_list
from common.formats.folders.patterns import is_split
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, missing_notes, split_item_id
from common.formats.label_studio.tasks import Task, read_task, unpack
from common.formats.names import Pictures
from common.formats.shapes import paint_shapes, table_of_names
from common.images.decoding import check_pixels
from common.images.pictures import IMAGE_ENDINGS, picture_size
from common.labels.table_files import find_label_table
from common.labels.tables import LabelTable
from common.text import count

_LOOKED_AT, _HEAD_BYTES, _LARGEST_TASKS = 3, 4096, 1_000_000


def matches(tree: FileListing) -> bool:
    """Tells whether one of the first JSON files of a folder or zip begins like a list of tasks."""
    return any(_looks_like_it(tree[name]) for name in tree.names("", ".json")[:_LOOKED_AT])


def _looks_like_it(source: Source) -> bool:
    try:
        with source.open() as file:
            start = file.read(_HEAD_BYTES).removeprefix(BOM_UTF8)
    except DataError:
        return False  # the error is reported by the format that reads it
    has_annotations = b'"annotations"' in start or b'"completions"' in start
    return start.lstrip().startswith(b"[") and has_annotations and (b'"result"' in start or b'"data"' in start)


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset; notes count missing photographs and further annotations of a task.

    Raises:
        DataError: If there is no list of tasks, or one is not of the expected form; names the file and the place.
        LabelError: If a label file names a label twice.
    """
    names = [name for name in tree.names("", ".json") if _looks_like_it(tree[name])]
    if not names:
        raise DataError(f"{tree}: has no JSON file with a list of tasks of Label Studio")
    spool, tasks, labels = Spool(), list[tuple[str, Source, Task]](), dict[str, None]()
    for name in names:
        for number, item in read_list(tree[name]):
            if len(tasks) >= _LARGEST_TASKS:
                raise DataError(f"{tree[name]}: has more than {_LARGEST_TASKS:,} tasks; divide the file")
            task, owner = read_task(f"{tree[name]}: task {number:,}", item), str(len(tasks))
            for place, (head, data) in enumerate(task.regions):
                labels |= {head["label"]: None} if head["kind"] else {}
                spool.add(owner, place, head, data)
            task.regions.clear()
            tasks.append((owner, tree[name], task))
    spool.close(0)
    table = find_label_table(tree) or table_of_names(labels)
    pictures = Pictures(tree.names("", *IMAGE_ENDINGS))
    frames = tuple(_frame(tree, pictures, spool, table, *task) for task in tasks)
    notes = missing_notes(_missing(frames), len(frames))
    if several := sum(task.annotations > 1 for _, _, task in tasks):
        notes.append(f"{count(several, 'task has', 'tasks have')} several annotations; the last of each is read")
    return FrameDataset(table, frames, "label-studio", tuple(notes))


def _missing(frames: tuple[AnnotatedFrame, ...]) -> Counter[str]:
    return Counter(
        {
            "have no image": sum(frame.image is None for frame in frames),
            "have no ground truth": sum(frame.truth is None for frame in frames),
        }
    )


def _frame(
    tree: FileListing, pictures: Pictures, spool: Spool, table: LabelTable, owner: str, source: Source, task: Task
) -> AnnotatedFrame:
    found = pictures.find(task.picture)
    parts = (found or task.picture).rpartition(".")[0].split("/")
    place = next((place for place, part in enumerate(parts[:-1]) if is_split(part)), None)
    split = "" if place is None else parts[place]
    city, name = split_item_id("/".join(parts[place + 1 :]) if place is not None else parts[-1])
    image = tree[found] if found else None
    truth = LabelStudioTruth(spool, owner, source, task.size_wh, image, table) if task.has_truth else None
    return AnnotatedFrame(name, "" if split == NO_SPLIT else split, city, image, truth)


@dataclass(frozen=True)
class LabelStudioTruth:
    """The regions of a task, which wait in a spool; without any, the photograph gives the size."""

    spool: Spool
    owner: str
    source: Source
    size_wh: tuple[int, int] | None
    image: Source | None
    table: LabelTable

    def load(self) -> Annotation:
        """Paints the regions; see `AnnotatedFrame.annotation`."""
        where = f"{self.source}: task {self.owner}"
        size_wh = self.size_wh or (picture_size(self.image) if self.image is not None else None)
        if size_wh is None:
            raise DataError(f"{where}: no region gives original_width and original_height, and there is no photograph")
        check_pixels(where, size_wh)
        shapes, dropped = unpack(self.spool.rows(self.owner), size_wh, where)
        return paint_shapes(shapes, size_wh, self.table, where, dropped)

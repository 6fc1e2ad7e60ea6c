"""The labels of a Cityscapes tree: where their file lies, which ids they have, and which are counted.

The files `dataset_meta.json`, `label_colors.txt` and `label_color.txt` are searched below the given place, then in the
zips that hold the tree, then above it as far as the folders belong to the tree. Without any, the labels are Cityscapes'
35.

Two things that a label file of other programs leaves open are read off the masks. Datumaro and CVAT number Cityscapes'
labels by their place in the file, others keep the official ids: the colours tell which. And a value from 1000 on is an
object, so its label is counted; for labels that are not Cityscapes' only our own files tell this.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.layouts import Frame
from common.dataset.original.polygons import INSTANCES_PER_CLASS, ids_to_colors
from common.dataset.original.tree_files import IMAGE_KIND
from common.dataset.original.truth import TRUTH_KINDS
from common.errors import DataError, ProjectError
from common.files.listing import FileListing, list_files_of
from common.files.sources import Source
from common.images.png import read_color_mask, read_instance_mask, read_mask
from common.labels.table_files import COLORS_FILES, META_FILE, find_label_table
from common.labels.tables import CITYSCAPES, LabelTable
from common.parallel import progress, usable_cores

_ANCHORS = (IMAGE_KIND, *TRUTH_KINDS)
# gtFine/val/ulm has three folders of the tree, the label file lies above them.
_LEVELS = 3
# Some trees have imgsFine/leftImg8bit beside gtFine.
_OUTER_FOLDER = "imgsFine"


def read_table(tree: FileListing, frames: Sequence[Frame]) -> LabelTable:
    """Finds and reads the labels of a dataset, of which `tree` may be a part, and `frames` are those found there.

    Raises:
        DataError: If a label file cannot be understood; names it.
        LabelError: If it names a label twice.
    """
    table = _find(tree, frames)
    return CITYSCAPES if table is None else _with_counted(_with_ids(table, frames), frames)


def _find(tree: FileListing, frames: Sequence[Frame]) -> LabelTable | None:
    table = find_label_table(tree)
    sources = (source for frame in frames for source in (frame.image, *frame.files.values()))
    for archive in sorted({source.path for source in sources if source is not None and source.member is not None}):
        table = table or find_label_table(_listed(archive))
    for folder in _folders_above(tree.root.absolute()):
        there = (folder / name for name in (META_FILE, *COLORS_FILES))
        files = {file.name: Source(file) for file in there if file.is_file()}
        table = table or find_label_table(FileListing(folder, "", files))
    return table


def _listed(archive: Path) -> FileListing:
    try:
        return list_files_of(archive)
    except DataError:  # the error is reported where its frames are listed
        return FileListing(archive, "", {})


def _folders_above(path: Path) -> list[Path]:
    """Lists the folders of the dataset above `path`, the nearest first."""
    if path.is_file():
        is_part = any(anchor.lower() in path.name.lower() for anchor in _ANCHORS)
        return [path.parent] if is_part else []
    folders = [path, *path.parents]
    level = next((level for level, folder in enumerate(folders[:_LEVELS]) if folder.name in _ANCHORS), None)
    if level is None:
        return []
    top = level + 2
    if len(folders) > top and folders[top - 1].name == _OUTER_FOLDER:
        top += 1
    return folders[1:top]


def _with_ids(table: LabelTable, frames: Sequence[Frame]) -> LabelTable:
    """Chooses between the ids of a table and its places, where a frame with ids and colours can tell."""
    if all(label.id in (place, -1) for place, label in enumerate(table)):
        return table
    places = [replace(label, id=place) for place, label in enumerate(table)]
    candidates = (table, LabelTable(tuple(places), table.background))
    for frame in frames:
        if not {"labelIds", "color"} <= frame.files.keys():
            continue
        try:
            ids, colors = read_mask(frame.files["labelIds"]), read_color_mask(frame.files["color"])
        except ProjectError:
            continue  # the error is reported when the frame is read
        if ids.shape == colors.shape[:2]:
            return max(candidates, key=lambda candidate: _agreement(ids, colors, candidate))
    return table


def _agreement(ids: NDArray[np.uint8], colors: NDArray[np.uint8], table: LabelTable) -> int:
    return int((ids_to_colors(ids, table)[..., :3] == colors).sum())


def _with_counted(table: LabelTable, frames: Sequence[Frame]) -> LabelTable:
    """Marks the labels that have objects in masks as counted, if a list has foreign labels and counts none of them."""
    foreign = [label for label in table if CITYSCAPES.find(label.name) is None]
    if not foreign or any(label.has_instances for label in foreign):
        return table
    files = [frame.files["instanceIds"] for frame in frames if "instanceIds" in frame.files]
    found: set[int] = set()
    with ThreadPoolExecutor(usable_cores()) as pool:
        for ids in progress(pool.map(_ids_of_objects, files), "objects", len(files)) if files else ():
            found |= ids
    labels = (
        replace(label, has_instances=label.has_instances or (label.id in found and label.name != table.background))
        for label in table
    )
    return LabelTable(tuple(labels), table.background)


def _ids_of_objects(source: Source) -> set[int]:
    try:
        values = read_instance_mask(source)
    except ProjectError:
        return set()  # the error is reported when the frame is read
    is_there = np.zeros(2**16, bool)
    is_there[values.ravel()] = True
    return set((np.flatnonzero(is_there[INSTANCES_PER_CLASS:]) // INSTANCES_PER_CLASS + 1).tolist())

"""CVAT's Cityscapes format: a zip with `label_colors.txt`, `gtFine` and, with images, `imgsFine/leftImg8bit`.

CVAT, and Datumaro that reads and writes it, know no ids: a value in labelIds is the place of the label's line in
`label_colors.txt`, from 0, and a value in instanceIds is that place, or `place * 1000 + n` for object n. Place 0 is
the background and must be black; a list without black counts as if a black line came before its first. So places are
written and read here. The background comes first, all others follow in the order of the table. For Cityscapes' own
table the place of every painted label is its id, so that the files are Cityscapes' as well; license plates are 34. A
list that has only names of Cityscapes, in any order, gets Cityscapes' ids; other labels have their place as id.

A plain value of a label with instances is a crowd. Any label of a task in CVAT may have instances, so labels that
Cityscapes does not know have instances, unless comments in the list name those that are counted. Objects keep their
number up to place 64, because values have 16 bits. A frame without a subset is in `default`. The reader takes such a
zip, its folder, and the form CVAT asks for in an import, `gtFine/<city>/<image>_gtFine_instanceIds.png`; the one folder
is a subset if it is named like one. Without `label_colors.txt` labels are Cityscapes'. CVAT keeps no polygons in this
format: what is drawn is pixels.
"""

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from common.dataset.original.splits import role_of
from common.dataset.original.tree_files import SPLITS
from common.errors import DataError, LabelError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.cityscapes.reading import segments_of_values
from common.formats.frames import NO_CITY, NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, city_of, missing_notes
from common.images.pictures import IMAGE_ENDINGS, read_values
from common.labels.table_files import COLORS_FILES, META_FILE, find_label_table, with_black_background
from common.labels.tables import CITYSCAPES, LabelTable

TRUTH, IMAGES = "gtFine/", ("imgsFine/leftImg8bit/", "leftImg8bit/")
_TRUTH_FILE = re.compile(r"(.+)_gtFine_(instanceIds|labelIds)\.png")
_IMAGE_FILE = re.compile(r"(.+)_leftImg8bit(\.[A-Za-z]+)")
# What CVAT and Datumaro call subsets, in lower case.
_SUBSETS = {*SPLITS, NO_SPLIT}
_MOST_LABELS = 256
_EXPECTED = "gtFine/<subset>/<city>/<image>_gtFine_instanceIds.png"
# Split, city and name of a frame.
_Place = tuple[str, str, str]


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip is such an export: `label_colors.txt` beside `gtFine`, and no polygons."""
    folder = tree.folder_with(TRUTH)
    if folder is None or not any(folder + name in tree for name in COLORS_FILES):
        return False
    names = tree.names(folder + TRUTH)
    return (
        folder + META_FILE not in tree
        and any(name.endswith("_gtFine_instanceIds.png") for name in names)
        and not any(name.endswith("_polygons.json") for name in names)
    )


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads an export of CVAT, or what CVAT imports; notes count frames without image or without ground truth.

    Raises:
        DataError: If there is no `gtFine` in it, or `label_colors.txt` is damaged.
        LabelError: If a label is there twice.
    """
    folder = next((found for name in (TRUTH, *IMAGES) if (found := tree.folder_with(name)) is not None), None)
    if folder is None:
        raise DataError(f"{tree}: expected {_EXPECTED}, found no gtFine")
    tree = tree.below(folder)
    labels = find_label_table(tree) or CITYSCAPES
    if not any(label.color == (0, 0, 0) for label in labels):
        labels = with_black_background(labels)
    labels = _with_instances(labels)
    table = places_as_ids(labels)
    truths, images = _find_files(tree)
    frames = tuple(_frame(place, truths.get(place), images.get(place), table) for place in sorted({*truths, *images}))
    if not frames:
        raise DataError(f"{tree}: expected {_EXPECTED}, found none")
    counts = {
        "have no image": sum(frame.image is None for frame in frames),
        "have no ground truth": sum(frame.truth is None for frame in frames),
    }
    return FrameDataset(labels, frames, "cvat", tuple(missing_notes(counts, len(frames))), "gtFine")


def _with_instances(labels: LabelTable) -> LabelTable:
    """Counts the objects of labels that are not Cityscapes', unless the file names those that are counted."""
    foreign = [label for label in labels if CITYSCAPES.find(label.name) is None and label.name != labels.background]
    if any(label.has_instances for label in foreign):
        return labels
    counted = (replace(label, has_instances=True) if label in foreign else label for label in labels)
    return LabelTable(tuple(counted), labels.background)


def places_as_ids(labels: LabelTable) -> LabelTable:
    """Gives labels their place as id, as CVAT does."""
    if len(labels) > _MOST_LABELS:
        raise LabelError(f"there are {len(labels):,} labels; CVAT's files have room for {_MOST_LABELS}; choose some")
    return LabelTable(tuple(replace(label, id=place) for place, label in enumerate(labels)), labels.background)


def _find_files(tree: FileListing) -> tuple[dict[_Place, Source], dict[_Place, Source]]:
    """Finds ground truth, instanceIds before labelIds, and images, each by the place of the frame."""
    truths: dict[_Place, Source] = {}
    images: dict[_Place, Source] = {}
    for name in tree.names(TRUTH, ".png"):
        match = _TRUTH_FILE.fullmatch(PurePosixPath(name).name)
        if match:
            place = _place(name.removeprefix(TRUTH), match[1])
            if match[2] == "instanceIds" or place not in truths:
                truths[place] = tree[name]
    for root in IMAGES:
        for name in tree.names(root, *IMAGE_ENDINGS):
            match = _IMAGE_FILE.fullmatch(PurePosixPath(name).name)
            if match:
                images.setdefault(_place(name.removeprefix(root), match[1]), tree[name])
    return truths, images


def _place(path: str, name: str) -> _Place:
    """Takes split and city from the folders of a path."""
    folders = PurePosixPath(path).parts[:-1]
    if len(folders) == 1 and folders[0].lower() not in _SUBSETS and not role_of(folders[0]):
        folders = ("", *folders)
    split, city = folders[0] if folders else "", "/".join(folders[1:])
    return "" if split == NO_SPLIT else split, city_of(name) if city in ("", NO_CITY) else city, name


def _frame(place: _Place, truth: Source | None, image: Source | None, table: LabelTable) -> AnnotatedFrame:
    split, city, name = place
    return AnnotatedFrame(name, split, city, image, None if truth is None else CvatTruth(truth, table))


@dataclass(frozen=True)
class CvatTruth:
    """An instanceIds file, or a labelIds file where there is no other, and a table whose ids are places of labels."""

    source: Source
    table: LabelTable

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        values = read_values(self.source)[0].astype(np.uint16)
        return Annotation(values, segments_of_values(values, self.table, self.source))

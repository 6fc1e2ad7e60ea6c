"""What can be looked at: a dataset of any format, a lone COCO JSON file, or a prepared split of the study.

Photographs of a lone JSON file are looked for beside it or, where it lies in a folder such as `annotations`, beside
that folder; or in one that is named. A prepared mask holds class indices; its manifest tells which classes they are.
No pixel is loaded here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from common.dataset.original.truth import TRUTH_KINDS
from common.dataset.prepared.folders import PreparedFolder, find_folders
from common.dataset.prepared.stages import MANIFEST
from common.errors import ConfigError, DataError, LabelError
from common.files.listing import FileListing, list_files_of, listed_name
from common.files.places import absolute_path
from common.files.sources import Source
from common.formats.coco import instances as coco
from common.formats.coco import panoptic as coco_panoptic
from common.formats.conversion import read
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment, city_of
from common.formats.selection import filter, table_of_classes
from common.images.pictures import IMAGE_ENDINGS
from common.images.png import read_mask
from common.labels.cityscapes import IGNORE
from common.labels.tables import LabelTable

# Folders of JSON files whose photographs stand in a folder beside them.
_ANNOTATION_FOLDERS = ("annotations", *TRUTH_KINDS)


@dataclass(frozen=True)
class DatasetRequest:
    """What is to be opened.

    Attributes:
        path: A folder, a zip, a COCO JSON file, a prepared folder or BASE_DIR.
        format: Name of a format; None detects it from the files.
        truth: "gtFine" or "gtCoarse" of a Cityscapes tree; None takes the fine annotation if there is one.
        images: Folder with the photographs of a lone JSON file; None looks for them beside it.
        splits: Names of splits; () takes all.
        cities: Names of cities; () takes all.
        boxes: "fill" makes rectangles of the boxes of objects that have no outline.
        options: Of `read`, for example `train_ids` of a Cityscapes tree.
    """

    path: Path
    format: str | None = None
    truth: str | None = None
    images: Path | None = None
    splits: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    boxes: str = ""
    options: Mapping[str, object] = field(default_factory=dict, hash=False)


def open_dataset(request: DatasetRequest) -> FrameDataset:
    """Opens a dataset with the labels of its source, without loading pixels; prepared folders are a format "prepared".

    Raises:
        DataError: If nothing is found, or an index file is damaged; names the file.
        LabelError: If labels are not understood.
        ConfigError: If the format or split does not exist, or photographs are named for a dataset that has its own.
    """
    path = absolute_path(request.path)
    is_json = path.suffix.lower() == ".json" and not path.is_dir()
    if request.images is not None and not is_json:
        only = f"--images {request.images}: is only for a lone JSON file"
        raise ConfigError(f"{only}, and {path} has its own photographs")
    if request.truth is not None and request.truth not in TRUTH_KINDS:
        raise ConfigError(f"truth = {request.truth!r}: expected {' or '.join(TRUTH_KINDS)}")
    if is_json:
        dataset = _read_lone_json(path, request.images)
    elif request.format is None and (
        folders := [each for each in find_folders(path) if (each.path / "masks").is_dir()]
    ):
        dataset = _read_prepared(path, folders)
    else:
        dataset = read(path, request.format, request.truth, **request.options)
    return filter(dataset, splits=request.splits, cities=request.cities, boxes=request.boxes, label_map="source")


def _read_lone_json(path: Path, images: Path | None) -> FrameDataset:
    if not path.is_file():
        raise DataError(f"{path}: does not exist; expected a COCO JSON file")
    found = {listed_name(path.name): Source(path)}
    if images is not None:
        found |= _pictures(absolute_path(images), "images/")
    elif path.parent.name in _ANNOTATION_FOLDERS:
        found = {f"{path.parent.name}/{listed_name(path.name)}": Source(path), **_pictures(path.parent.parent, "")}
    else:
        found |= _pictures(path.parent, "")
    tree = FileListing(path.parent, "", dict(sorted(found.items())))
    for module in (coco_panoptic, coco):
        if module.matches(tree):
            return module.read(tree)
    raise DataError(f"{path}: is not a COCO file with images and annotations; give the folder of the dataset instead")


def _pictures(folder: Path, start: str) -> dict[str, Source]:
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; expected a folder with photographs")
    sources = list_files_of(folder).sources
    return {start + name: source for name, source in sources.items() if name.lower().endswith(IMAGE_ENDINGS)}


def _read_prepared(path: Path, folders: Sequence[PreparedFolder]) -> FrameDataset:
    tables = {folder.name: table_of_classes(folder.label_map) for folder in folders}
    labels = tables[folders[0].name]
    if any(table != labels for table in tables.values()):
        problem = "its folders were made with different label maps"
        raise DataError(f"{path}: {problem}; look at one of them, for example {folders[0].path}")
    frames = tuple(frame for folder in folders for frame in _prepared_frames(folder.path, labels))
    if not frames:
        raise DataError(f"{path}: there is no PNG in images or masks")
    without = (f"{folder.name} has no {MANIFEST}" for folder in folders if not folder.has_manifest)
    notes = tuple(f"{what}; its masks were read as the classes of the study" for what in without)
    return FrameDataset(labels, frames, "prepared", notes)


def _prepared_frames(folder: Path, table: LabelTable) -> Iterator[AnnotatedFrame]:
    images = {file.stem: Source(file) for file in (folder / "images").glob("*.png") if not file.name.startswith(".")}
    masks = {file.stem: Source(file) for file in (folder / "masks").glob("*.png") if not file.name.startswith(".")}
    for name in sorted(images.keys() | masks.keys()):
        truth = PreparedTruth(masks[name], table) if name in masks else None
        # An augmented copy is `<name>_aug_<n>`; its city is that of the frame it was made from.
        yield AnnotatedFrame(name, folder.name, city_of(name.partition("_aug_")[0]), images.get(name), truth)


@dataclass(frozen=True)
class PreparedTruth:
    """The truth of a prepared frame, not loaded yet: a PNG of class indices, and labels by class index."""

    mask: Source
    table: LabelTable = field(hash=False)

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        values = read_mask(self.mask)
        segments = {}
        for value in np.unique(values).tolist():
            label = self.table.of_id(value)
            if label is None and value != IGNORE:
                expected = "but the label map has no class with this index"
                raise LabelError(f"{self.mask}: contains the value {value}, {expected}")
            if label is not None and label.name != self.table.background:
                segments[value] = Segment(label.name)
        return Annotation(values.astype(np.uint16), segments)

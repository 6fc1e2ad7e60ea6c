"""Finds the ground truth that predictions are compared with: a dataset of any format, a prepared split, or masks.

Lists frames and what their values mean; `frame_truth` reads a frame. Cityscapes' own files and prepared splits are read
directly, because that is several times faster; all other formats are read through `common.formats`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.dataset.original.layouts import read_layout
from common.dataset.original.truth import KINDS_FOR_IDS, first_kind
from common.dataset.prepared.folders import PreparedFolder, is_prepared, is_prepared_folder
from common.errors import ConfigError, DataError
from common.evaluation.pixels.frame_truth import LABEL_IDS, FileFrame, FormatFrame, TruthFrame
from common.evaluation.pixels.mask_values import CLASSES, IDS, MaskValues
from common.files.listing import files_below, list_files_of
from common.files.places import absolute_path
from common.files.sources import Source
from common.formats.conversion import read
from common.formats.registry import recognise
from common.labels.maps import LabelMap, study_label_map
from common.text import count

# In these formats every object has a key of its own; class masks of others may hold none.
_FORMATS_WITH_OBJECTS = ("coco", "coco-panoptic", "yolo", "cvat", "cvat-images", "label-studio", "labelme")
_OFFICIAL_NAME = re.compile(r".+?_\d{6}_\d{6}")
OFFICIAL_ENDING = re.compile(r"_gt(Fine|Coarse)_[A-Za-z]+$")


@dataclass(frozen=True)
class TruthSet:
    """All frames of the truth, sorted by split and name; and sentences on what was found missing or odd."""

    root: Path
    frames: tuple[TruthFrame, ...]
    values: MaskValues
    notes: tuple[str, ...] = ()

    def of_splits(self, names: Iterable[str]) -> list[TruthFrame]:
        """Lists the frames of some splits, of all for (); raises ConfigError if there is no such split."""
        there = sorted({frame.split for frame in self.frames})
        if unknown := [name for name in names if name not in there]:
            raise ConfigError(f"{self.root}: there is no split {unknown[0]!r}; there are {', '.join(map(repr, there))}")
        return [frame for frame in self.frames if not names or frame.split in names]


def find_truth(root: Path | str, label_map: LabelMap | None = None) -> TruthSet:
    """Finds the frames of a ground truth; at least one.

    Args:
        root: A dataset of any format, a part of an official tree, a zip, a prepared split, or a folder of masks with
            label ids.
        label_map: The classes; None takes those of a prepared split, else the 35 classes of the study.

    Raises:
        DataError: If there is no frame, or two of one name; or a prepared split has other classes.
        LabelError: If the labels of a format are not understood.
    """
    root = absolute_path(root)
    if root.is_dir() and is_prepared(root):
        return _prepared_truth(root, label_map)
    values = MaskValues(IDS, label_map or study_label_map())
    try:
        layout = read_layout(root)
    except DataError:
        if found := _other_format(root, values):
            return found
        if root.is_dir() and (plain := _plain_frames(root)):
            return TruthSet(root, plain, values)
        raise
    usable = (frame for frame in layout.frames if first_kind(frame.files, KINDS_FOR_IDS))
    frames = tuple(FileFrame(frame.name, frame.split, frame.files) for frame in usable)
    if not frames:
        if found := _other_format(root, values):
            return found
        raise DataError(f"{root}: has no ground truth; expected labelIds, instanceIds, polygons or color")
    notes = _left_out(len(layout.frames) - len(frames))
    return TruthSet(root, frames, values, layout.faults + layout.remarks + notes)


def _other_format(root: Path, values: MaskValues) -> TruthSet | None:
    """Reads a dataset of a format other than Cityscapes' own; None if it is not one."""
    try:
        name = recognise(list_files_of(root))
    except DataError:
        return None
    if name == "cityscapes":
        return None
    dataset = read(root, name)
    listed = sorted(dataset, key=lambda frame: (frame.split, frame.name))
    usable = (frame for frame in listed if frame.truth is not None)
    frames = tuple(FormatFrame(frame, Source(root), name in _FORMATS_WITH_OBJECTS) for frame in usable)
    if not frames:
        raise DataError(f"{root}: no frame of this {name} dataset has ground truth")
    return TruthSet(root, frames, values, (*dataset.notes, *_left_out(len(listed) - len(frames))))


def _left_out(frames: int) -> tuple[str, ...]:
    return (f"{count(frames, 'frame')} without ground truth left out",) if frames else ()


def _prepared_truth(folder: Path, label_map: LabelMap | None) -> TruthSet:
    if not is_prepared_folder(folder):
        raise DataError(f"{folder}: holds several prepared folders; give one of them, for example {folder / 'val'}")
    found = PreparedFolder.open(folder)
    if found.manifest is None:
        raise DataError(found.problem)
    if found.manifest.label_map is not None:
        if label_map is not None and label_map.class_of_id != found.label_map.class_of_id:
            raise DataError(f"{folder}: was made with another label map than the one given; leave --label-map out")
        label_map = label_map or found.label_map
    names = found.manifest.names("masks")
    if not names:
        raise DataError(f"{folder}: its manifest names no mask; give a split such as val")
    frames = (FileFrame(name, "", {CLASSES: Source(folder / "masks" / f"{name}.png")}) for name in names)
    return TruthSet(folder, tuple(frames), MaskValues(CLASSES, label_map or study_label_map()))


def _plain_frames(root: Path) -> tuple[FileFrame, ...]:
    """Lists a folder of masks; what lies beside them for people to look at is left out."""
    frames: dict[str, FileFrame] = {}
    for path in files_below(root, ".png"):
        if path.stem.lower().endswith(("_color", "_instanceids", "_leftimg8bit")):
            continue
        official = _OFFICIAL_NAME.match(path.stem)
        name = official.group() if official else OFFICIAL_ENDING.sub("", path.stem).removesuffix(f"_{LABEL_IDS}")
        other = frames.setdefault(name, FileFrame(name, "", {LABEL_IDS: Source(path)}))
        if other.file.path != path:
            raise DataError(f"the frame {name} is there twice; keep one of them:\n    {other.file}\n    {path}")
    return tuple(frames[name] for name in sorted(frames))

"""The ground truth that predictions are held against: an official tree or zip, a prepared split, a folder of masks.

Lists frames and says what their values mean; a frame is read where it is scored. Objects come from instanceIds, or from
polygons where a frame has nothing else.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from common.dataset.original.layouts import read_layout
from common.dataset.original.polygons import instances_to_ids
from common.dataset.original.truth import KINDS_FOR_IDS, first_kind, read_ids, read_truth
from common.dataset.prepared.folders import find_setting, is_prepared
from common.errors import ConfigError, DataError
from common.evaluation.pixels.mask_values import CLASSES, IDS, ValueCode
from common.files.listing import files_below
from common.files.sources import Source
from common.files.stages import MANIFEST, read_manifest
from common.images.png import read_instance_mask, read_mask
from common.labels.cityscapes import IGNORE, LARGEST_ID
from common.labels.map_files import builtin_names, load_label_map
from common.labels.maps import LabelMap, study_label_map

LABEL_IDS = "labelIds"
_TELLS_OBJECTS = ("instanceIds", "polygons")
_OFFICIAL_NAME = re.compile(r".+?_\d{6}_\d{6}")
OFFICIAL_ENDING = re.compile(r"_gt(Fine|Coarse)_[A-Za-z]+$")


@dataclass(frozen=True)
class TruthFrame:
    """One frame of the truth.

    Attributes:
        name: `<city>_<sequence>_<frame>`, or what the file is called without its ending.
        split: Name of its split; "" if none is known.
        files: `Source` by kind, as in `Frame.files`; prepared masks are "classes".
    """

    name: str
    split: str
    files: dict[str, Source] = field(hash=False)

    @property
    def file(self):
        """The file whose pixels are compared."""
        return self.files.get(CLASSES) or self.files[first_kind(self.files, KINDS_FOR_IDS)]

    @property
    def tells_objects(self):
        """Whether objects are told apart."""
        return "instanceIds" in self.files or first_kind(self.files, KINDS_FOR_IDS) in _TELLS_OBJECTS

    def read(self, with_objects):
        """Reads the frame.

        Args:
            with_objects: Whether values as in instanceIds are wanted too.

        Returns:
            Values, `uint8` of shape `(height, width)`, and values as in instanceIds, `uint16`, or None.

        Raises:
            ProjectError: If a file is missing or damaged; names it.
        """
        if CLASSES in self.files:
            return read_mask(self.files[CLASSES]), None
        if not with_objects:
            return read_ids(self.files)[0], None
        if LABEL_IDS not in self.files:
            values = read_truth(self.files).values
            return instances_to_ids(values), values
        ids, values = read_mask(self.files[LABEL_IDS]), read_instance_mask(self.files["instanceIds"])
        if ids.shape != values.shape:
            raise DataError(
                f"{self.files['instanceIds']}: has {_size(values)} pixels, its labelIds have {_size(ids)}; "
                "get both from one download"
            )
        return ids, values


@dataclass(frozen=True)
class TruthSet:
    """All frames of the truth.

    Attributes:
        root: Where they are.
        frames: Sorted by split and name.
        code: What their values mean.
        notes: Sentences on what was found missing or odd.
    """

    root: Path
    frames: tuple[TruthFrame, ...]
    code: ValueCode
    notes: tuple[str, ...] = ()

    def of_splits(self, names):
        """Lists the frames of some splits, all for ().

        Raises:
            ConfigError: If there is no such split.
        """
        there = sorted({frame.split for frame in self.frames})
        if unknown := [name for name in names if name not in there]:
            raise ConfigError(f"{self.root}: there is no split {unknown[0]!r}; there are {', '.join(map(repr, there))}")
        return [frame for frame in self.frames if not names or frame.split in names]


def find_truth(root, label_map=None):
    """Finds the frames of a ground truth.

    Args:
        root: An official tree or a part of one, a zip, a prepared split, or a folder of masks with label ids.
        label_map: `LabelMap` of class indices; None takes that of a prepared split, else the 35 classes of the study.

    Returns:
        A `TruthSet` of at least one frame.

    Raises:
        DataError: If there is no frame, or two of one name; or a prepared split has other classes.
    """
    root = Path(root).absolute()
    if root.is_dir() and is_prepared(root):
        return _prepared_truth(root, label_map)
    code = ValueCode(IDS, label_map or study_label_map())
    try:
        layout = read_layout(root)
    except DataError:
        if root.is_dir() and (frames := _plain_frames(root)):
            return TruthSet(root, frames, code)
        raise
    frames = tuple(
        TruthFrame(frame.name, frame.split, frame.files)
        for frame in layout.frames
        if first_kind(frame.files, KINDS_FOR_IDS)
    )
    if not frames:
        raise DataError(f"{root}: holds no ground truth; labelIds, instanceIds, polygons or color were expected")
    without = len(layout.frames) - len(frames)
    notes = (f"{without:,} frames without ground truth were left out",) if without else ()
    return TruthSet(root, frames, code, layout.faults + layout.remarks + notes)


def _prepared_truth(folder, label_map):
    manifest = read_manifest(folder)
    if manifest is None:
        if (folder / "masks").is_dir():
            raise DataError(f"{folder}: has no {MANIFEST}, so nobody knows what its masks mean; run its step again")
        raise DataError(f"{folder}: holds several prepared folders; give one of them, as {folder / 'val'}")
    found, place = find_setting(folder, "class_of_id")
    if found is not None:
        label_map = _map_with_classes(_checked(found, place / MANIFEST), label_map, folder)
    names = sorted(Path(file).stem for file in manifest["files"] if file.startswith("masks/"))
    if not names:
        raise DataError(f"{folder}: its manifest names no mask; give a split such as val")
    frames = (TruthFrame(name, "", {CLASSES: Source(folder / "masks" / f"{name}.png")}) for name in names)
    return TruthSet(folder, tuple(frames), ValueCode(CLASSES, label_map or study_label_map()))


def _checked(class_of_id, where):
    is_list = isinstance(class_of_id, list) and len(class_of_id) == LARGEST_ID + 1
    if not is_list or not all(isinstance(value, int) and 0 <= value <= IGNORE for value in class_of_id):
        raise DataError(f"{where}: its class_of_id is no list of {LARGEST_ID + 1} class indices from 0 to {IGNORE}")
    return tuple(class_of_id)


def _map_with_classes(class_of_id, wanted, folder):
    """Finds the label map of a split: the one asked for, if it fits, else a known one, else one without names."""
    if wanted is not None:
        if wanted.class_of_id == class_of_id:
            return wanted
        raise DataError(f"{folder}: was made with another label map than the one given; leave --label-map out")
    for known in (study_label_map(), *map(load_label_map, builtin_names())):
        if known.class_of_id == class_of_id:
            return known
    number = max((value for value in class_of_id if value != IGNORE), default=0) + 1
    return LabelMap(tuple(f"class {index}" for index in range(number)), ((0, 0, 0),) * number, class_of_id)


def _plain_frames(root):
    """Lists a folder of masks; what lies beside them for people to look at is left out."""
    frames = {}
    for path in files_below(root, ".png"):
        if path.stem.endswith(("_color", "_instanceIds", "_leftImg8bit")):
            continue
        official = _OFFICIAL_NAME.match(path.stem)
        name = official.group() if official else OFFICIAL_ENDING.sub("", path.stem).removesuffix(f"_{LABEL_IDS}")
        other = frames.setdefault(name, TruthFrame(name, "", {LABEL_IDS: Source(path)}))
        if other.file.path != path:
            raise DataError(f"the frame {name} is there twice; keep one of them:\n    {other.file}\n    {path}")
    return tuple(frames[name] for name in sorted(frames))


def _size(values):
    return f"{values.shape[1]} x {values.shape[0]}"

"""The ground truth of a frame as values, from whichever of its annotation files is there.

Values follow the rule of instanceIds: `id * 1000 + n` for a counted object, else the label id. Only instanceIds and
polygons tell where one object ends and the next begins; labelIds and color give plain ids. Files of train ids are only
read if they are asked for: nineteen classes do not give back the labels they were made from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import (
    INSTANCES_PER_CLASS,
    AnnotatedImage,
    instances_to_ids,
    paint_polygons,
    read_polygons,
)
from common.dataset.original.train_ids import TRAIN_IDS, train_ids_to_ids
from common.errors import DataError, LabelError
from common.files.sources import Source
from common.images.png import read_color_mask, read_instance_mask, read_mask
from common.labels.cityscapes import IGNORE
from common.labels.tables import CITYSCAPES, LabelTable

# The fine annotation, which the study uses; there is a coarse one, which has more frames.
FINE = "gtFine"
TRUTH_KINDS = (FINE, "gtCoarse")
KINDS = ("instanceIds", "labelIds", "polygons", "color")
# For label ids alone, the file that holds them comes first.
KINDS_FOR_IDS = ("labelIds", "instanceIds", "polygons", "color")
_BLACK = (0, 0, 0)
_TRAIN_IDS_HINT = "; 255 is the void of train ids, which are read as such where asked for"


@dataclass(frozen=True)
class Truth:
    """The ground truth of a frame.

    Attributes:
        values: `id * 1000 + n` for counted objects, else the label id; of shape `(height, width)`.
        kind: What it was read from: "instanceIds", "labelIds", "polygons", "color" or "labelTrainIds".
        polygons: What was painted, if the kind is "polygons"; else None.
    """

    values: NDArray[np.uint16]
    kind: str
    polygons: AnnotatedImage | None


def first_kind(files: Mapping[str, Source], kinds: Sequence[str] = KINDS) -> str | None:
    """Finds the first of some kinds that a frame has; None if it has none.

    Args:
        files: Annotation files by kind, see `Frame.files`.
        kinds: Names of kinds, the preferred one first.
    """
    return next((kind for kind in kinds if kind in files), None)


def read_truth(files: Mapping[str, Source], table: LabelTable = CITYSCAPES, kinds: Sequence[str] = KINDS) -> Truth:
    """Reads the first annotation file that is there.

    A colour is read as the first label of the table that has it and may be painted, so with Cityscapes' own colours
    (153, 153, 153) is `pole` and never `polegroup`, (0, 0, 142) is `car` and never a license plate, and black is the
    background, although ego vehicle, rectification border, out of roi and static are black too.

    Args:
        files: Annotation files by kind, see `Frame.files`; kinds that are not known are ignored.
        table: The ids, names and colours there are.
        kinds: Which kinds may be read, the preferred one first.

    Raises:
        DataError: If none of the kinds is there, or the file is missing, broken or of another kind; names it.
        LabelError: If a value, name or colour does not belong to a label; names the file and the value.
    """
    kind = first_kind(files, kinds)
    if kind is None:
        raise DataError(f"the frame has none of {', '.join(kinds)}; found: {', '.join(sorted(files)) or 'nothing'}")
    source = files[kind]
    if kind == "polygons":
        image = read_polygons(source, table)
        return Truth(paint_polygons(image, table).instance_ids, kind, image)
    if kind == "color":
        return Truth(colors_to_ids(read_color_mask(source), table, source).astype(np.uint16), kind, None)
    if kind == TRAIN_IDS:
        return Truth(train_ids_to_ids(read_mask(source), source).astype(np.uint16), kind, None)
    values = read_instance_mask(source) if kind == "instanceIds" else read_mask(source).astype(np.uint16)
    _check_values(values, table, source, kind)
    return Truth(values, kind, None)


def read_ids(files: Mapping[str, Source], table: LabelTable = CITYSCAPES) -> tuple[NDArray[np.uint8], Source]:
    """Reads label ids alone: labelIds, or else what can be made from instanceIds, polygons or color.

    Args:
        files: As for `read_truth`.
        table: The labels. Values of labelIds are not checked here; whoever uses them does that.

    Returns:
        Label ids of shape `(height, width)`, and the file they come from.

    Raises:
        ProjectError: As `read_truth`.
    """
    kind = first_kind(files, KINDS_FOR_IDS)
    if kind == "labelIds":
        return read_mask(files[kind]), files[kind]
    if kind == "color":
        return colors_to_ids(read_color_mask(files[kind]), table, files[kind]), files[kind]
    if kind == "polygons":
        return paint_polygons(read_polygons(files[kind], table), table).ids, files[kind]
    truth = read_truth(files, table, KINDS_FOR_IDS)
    return instances_to_ids(truth.values), files[truth.kind]


def colors_to_ids(colors: NDArray[np.uint8], table: LabelTable, where: Source | str) -> NDArray[np.uint8]:
    """Reads colours as labels; see `read_truth` for a colour that several labels have.

    Args:
        colors: Red, green, blue, of shape `(height, width, 3)`.
        table: The labels.
        where: What error messages call the picture.

    Returns:
        Label ids of shape `(height, width)`.

    Raises:
        LabelError: If no label has a colour; names it and where it is.
    """
    packed = (colors.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)).ravel()
    is_start = np.append(True, packed[1:] != packed[:-1])
    starts = np.flatnonzero(is_start)
    present, of_run = np.unique(packed[starts], return_inverse=True)
    ids = np.zeros(len(present), np.uint8)
    for place, value in enumerate(present.tolist()):
        color = value >> 16, value >> 8 & 255, value & 255
        label = _label_of(color, table)
        if label is None:
            y, x = divmod(int(starts[of_run == place][0]), colors.shape[1])
            raise LabelError(
                f"{where}: the colour {color} at x {x}, y {y} belongs to no label; "
                "expected colours of the label table, without smoothing between them"
            )
        ids[place] = label
    return np.repeat(ids[of_run], np.diff(np.append(starts, len(packed)))).reshape(colors.shape[:2])


def _label_of(color: tuple[int, int, int], table: LabelTable) -> int | None:
    """Finds the id a colour is read as; black is the background, whatever else is black."""
    background = table.find(table.background) if color == _BLACK and table.background is not None else None
    if background is not None and background.color == _BLACK:
        return table.background_id
    label = table.of_color(color)
    if label is None or label.id < 0:
        return table.background_id if color == _BLACK else None
    return label.id


def _check_values(values: NDArray[np.uint16], table: LabelTable, where: Source, kind: str) -> None:
    """Refuses values whose label id is not in the table."""
    flat = values.ravel()
    present = np.unique(flat[np.append(True, flat[1:] != flat[:-1])]).astype(np.int64)
    ids = np.where(present < INSTANCES_PER_CLASS, present, present // INSTANCES_PER_CLASS)
    for value, id_ in zip(present.tolist(), ids.tolist(), strict=True):
        if table.of_id(id_) is None:
            y, x = divmod(int(np.argmax(flat == value)), values.shape[1])
            hint = _TRAIN_IDS_HINT if value == IGNORE and kind == "labelIds" else ""
            raise LabelError(
                f"{where}: holds the value {value:,} at x {x}, y {y}, and no label of the table has the id {id_}{hint}"
            )

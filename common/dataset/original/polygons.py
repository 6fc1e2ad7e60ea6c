"""Polygons of an annotated frame, and the exact rule that turns them into label ids, instance ids and colours.

Objects are painted in the order of the file, later over earlier; `polygon_fill` decides which pixels a polygon covers.
Together they give the PNG files that Cityscapes ships, pixel by pixel. Labels are those of a `LabelTable`, Cityscapes'
own unless another is given. Does not know where files are and what a network does with ids.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from common.dataset.original.polygon_json import read_objects
from common.errors import DataError, LabelError
from common.files.sources import Source
from common.images.polygon_fill import fill_polygons
from common.labels.cityscapes import Label
from common.labels.tables import CITYSCAPES, LabelTable, plain_name

GROUP_ENDING = "group"
INSTANCES_PER_CLASS = 1000
# 64,999 is the largest instance id of 16 bits whose number can go up to 999.
LARGEST_COUNTED_ID = 64
_LARGEST_ID = 255


@dataclass(frozen=True)
class Polygon:
    """One object of a frame.

    Attributes:
        label: The label's name as in the file, `group` ending included.
        points: `(x, y)` in pixels, possibly outside the frame; integers, but real numbers after `scale_polygons`.
        deleted: Whether the annotators took it back; it is kept in the file but never painted.
    """

    label: str
    points: tuple[tuple[float, float], ...]
    deleted: bool = False


@dataclass(frozen=True)
class AnnotatedImage:
    """The ground truth of one frame.

    Attributes:
        name: What error messages call it; the path where it was read from a file.
        size_wh: Width and height of the frame, in pixels.
        polygons: The objects, far to near.
    """

    name: str
    size_wh: tuple[int, int]
    polygons: tuple[Polygon, ...]


@dataclass(frozen=True)
class PaintedFrame:
    """What the polygons of a frame look like as pixels.

    Attributes:
        ids: Label ids of shape `(height, width)`.
        instance_ids: `id * 1000 + n` for counted objects, else the label id; same shape.
    """

    ids: NDArray[np.uint8]
    instance_ids: NDArray[np.uint16]


def read_polygons(source: Source | Path, table: LabelTable = CITYSCAPES) -> AnnotatedImage:
    """Reads a `*_polygons.json`.

    Args:
        source: The file.
        table: The labels; a name is looked up as `LabelTable.find` does.

    Returns:
        Polygons that can be painted.

    Raises:
        DataError: If the file is missing or not of the expected form; names the file and the place in it.
        LabelError: If a label is unknown; names the file, the object and the label.
    """
    size_wh, objects = read_objects(source)
    image = AnnotatedImage(str(source), size_wh, tuple(Polygon(*item) for item in objects))
    _painted_values(image, table)
    return image


def polygons_to_json(image: AnnotatedImage) -> dict[str, JsonValue]:
    """Builds the content of a `*_polygons.json`, ready for `write_json`."""
    objects: list[JsonValue] = []
    for polygon in image.polygons:
        item: dict[str, JsonValue] = {"label": polygon.label, "polygon": [[x, y] for x, y in polygon.points]}
        if polygon.deleted:
            item["deleted"] = 1
        objects.append(item)
    return {"imgHeight": image.size_wh[1], "imgWidth": image.size_wh[0], "objects": objects}


def scale_polygons(image: AnnotatedImage, size_wh: tuple[int, int]) -> AnnotatedImage:
    """Stretches polygons to another frame size, to be painted there by the same rule.

    That is not the same as painting at the old size and then picking pixels. The rule paints every pixel column that
    a run comes within half a pixel of, at any size: in a smaller frame poles and gaps between objects keep at least
    a column where picking pixels would break or lose them, and areas are wider in proportion. Coordinates are not
    rounded, so the result cannot be written as polygons.json.

    Args:
        image: The polygons at their own size.
        size_wh: The new width and height, in pixels.

    Returns:
        Polygons whose points are real numbers; objects and their order are the same.
    """
    across, down = size_wh[0] / image.size_wh[0], size_wh[1] / image.size_wh[1]
    polygons = tuple(
        replace(polygon, points=tuple((x * across, y * down) for x, y in polygon.points)) for polygon in image.polygons
    )
    return AnnotatedImage(image.name, size_wh, polygons)


def paint_polygons(image: AnnotatedImage, table: LabelTable = CITYSCAPES) -> PaintedFrame:
    """Paints label ids and instance ids.

    Args:
        image: The polygons.
        table: Their labels.

    Returns:
        Both kinds of ids; pixels of no object get the id of the table's background.

    Raises:
        LabelError: If a label is unknown, or its id does not fit the files; names the frame, the object and the label.
        DataError: If a frame has more than 1,000 objects of one class, or is too large to be painted.
    """
    values, lengths = paint_runs(image, table)
    shape = image.size_wh[1], image.size_wh[0]
    return PaintedFrame(
        np.repeat(instances_to_ids(values), lengths).reshape(shape), np.repeat(values, lengths).reshape(shape)
    )


def paint_runs(image: AnnotatedImage, table: LabelTable = CITYSCAPES) -> tuple[NDArray[np.uint16], NDArray[np.integer]]:
    """Paints instance ids without writing every pixel, for callers that look something up in them first.

    Args:
        image: The polygons.
        table: Their labels.

    Returns:
        The frame cut into runs of pixels, row by row: the instance id of each, and its length in pixels.

    Raises:
        ProjectError: As `paint_polygons`.
    """
    painted = _painted_values(image, table)
    points = [image.polygons[number].points for number, _, _ in painted]
    values = np.array([table.background_id] + [value for _, value, _ in painted], np.uint16)
    try:
        tops, lengths = fill_polygons(points, image.size_wh)
    except DataError as error:
        raise DataError(f"{image.name}: {error}") from error
    return values[tops], lengths


def counted_values(image: AnnotatedImage, table: LabelTable = CITYSCAPES) -> list[tuple[int, Label]]:
    """Lists the counted objects that are painted, hidden ones too.

    Args:
        image: The polygons.
        table: Their labels.

    Returns:
        Instance id and label of each, in the order of painting.

    Raises:
        ProjectError: As `paint_polygons`.
    """
    return [(value, label) for _, value, label in _painted_values(image, table) if value >= INSTANCES_PER_CLASS]


def instances_to_ids(instance_ids: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Drops the instance numbers of instance ids of any shape; gives label ids."""
    return _ID_OF_INSTANCE.take(instance_ids)


def ids_to_colors(ids: NDArray[np.uint8], table: LabelTable = CITYSCAPES) -> NDArray[np.uint8]:
    """Paints label ids in their colours.

    Args:
        ids: Label ids of any shape, for example `(height, width)`.
        table: Their labels; an id it does not have becomes black.

    Returns:
        Red, green, blue, alpha, of shape `(height, width, 4)`; alpha is 255.
    """
    return _color_of_id(table).take(ids).view(np.uint8).reshape(*ids.shape, 4)


@lru_cache(maxsize=8)
def _color_of_id(table: LabelTable) -> NDArray[np.uint32]:
    """Colour by id as one 32-bit value, so that a pixel is one look-up."""
    colors = np.zeros((_LARGEST_ID + 1, 4), np.uint8)
    colors[:, 3] = 255
    for label in table:
        if 0 <= label.id <= _LARGEST_ID:
            colors[label.id, :3] = label.color
    return colors.view(np.uint32)[:, 0]


def _ids_of_instances() -> NDArray[np.uint8]:
    id_of_instance = np.arange(2**16) // INSTANCES_PER_CLASS
    id_of_instance[:INSTANCES_PER_CLASS] = np.minimum(np.arange(INSTANCES_PER_CLASS), _LARGEST_ID)
    return id_of_instance.astype(np.uint8)


_ID_OF_INSTANCE = _ids_of_instances()


def find_label(name: str, table: LabelTable = CITYSCAPES) -> tuple[Label | None, bool]:
    """Finds the label a name in polygons.json stands for.

    Args:
        name: As in the file. A name that is not in the label table and ends in `group` is the label before the ending.
        table: The labels; see `LabelTable.find` for spellings that are the same name.

    Returns:
        The label and whether the name means a group; `(None, False)` for an unknown name.
    """
    label = table.find(name)
    if label is not None:
        return label, False
    plain = plain_name(name)
    label = table.find(plain.removesuffix(GROUP_ENDING)) if plain.endswith(GROUP_ENDING) else None
    return label, label is not None


def _painted_values(image: AnnotatedImage, table: LabelTable) -> list[tuple[int, int, Label]]:
    """Lists object number, instance id and label of what is painted, in the order of painting."""
    counts: Counter[str] = Counter()
    values = []
    for number, polygon in enumerate(image.polygons):
        if polygon.deleted:
            continue
        label, is_group = find_label(polygon.label, table)
        where = f"{image.name}: object {number}"
        if label is None:
            raise LabelError(
                f"{where}: the label {polygon.label[:60]!r} is unknown; "
                "expected a name of the label table, or one followed by 'group'"
            )
        if label.id < 0:
            continue
        is_counted = label.has_instances and not is_group
        if not (1 <= label.id <= LARGEST_COUNTED_ID if is_counted else label.id <= _LARGEST_ID):
            raise LabelError(
                f"{where}: the label {label.name!r} has the id {label.id}, but instance ids have room for the ids 1 to "
                f"{LARGEST_COUNTED_ID} of labels whose objects are counted, and 0 to {_LARGEST_ID} of others; "
                "give the labels other ids"
            )
        value = label.id
        if is_counted:
            value = label.id * INSTANCES_PER_CLASS + counts[label.name]
            counts[label.name] += 1
            if counts[label.name] > INSTANCES_PER_CLASS:
                raise DataError(
                    f"{where}: is {label.name} number {counts[label.name]:,}; "
                    f"instance ids have room for {INSTANCES_PER_CLASS:,} in a frame"
                )
        values.append((number, value, label))
    return values

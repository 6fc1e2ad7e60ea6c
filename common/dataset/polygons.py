"""Polygons of an annotated frame, and the exact rule that turns them into label ids, instance ids and colours.

Assumes the layout of `*_polygons.json`: `imgHeight`, `imgWidth` and `objects` with `label` and `polygon`. Objects are
painted in the order of the file, later over earlier; which pixels a polygon covers is said in `polygon_fill`. Together
they give back the PNG files that Cityscapes ships, pixel by pixel. Refuses to know where files lie and what a network
does with the ids.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from common.dataset.polygon_fill import fill_polygons
from common.errors import DataError, LabelError
from common.files import read_json
from common.labels import LABEL_OF_NAME, LABELS

GROUP_ENDING = "group"
LARGEST_AREA = 2**26
# The products of the rule are exact in float64 up to here.
LARGEST_COORDINATE = 2**24
INSTANCES_PER_CLASS = 1000


@dataclass(frozen=True)
class Polygon:
    """One object of a frame.

    Attributes:
        label: The label's name as in the file, `group` ending included.
        points: `(x, y)` in pixels, integers, possibly outside of the frame.
        deleted: Whether the annotators took it back; it is kept in the file but never painted.
    """

    label: str
    points: tuple[tuple[int, int], ...]
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
        ids: Label ids, `uint8` of shape `(height, width)`.
        instance_ids: `id * 1000 + n` for counted objects, else the label id; `uint16`, same shape.
    """

    ids: np.ndarray
    instance_ids: np.ndarray


def read_polygons(path):
    """Reads a `*_polygons.json`.

    Args:
        path: The file.

    Returns:
        An `AnnotatedImage` that can be painted, unless it counts too many objects of a class.

    Raises:
        DataError: If the file is missing or not of the expected form; names the file and the place in it.
        LabelError: If a label is unknown; names the file, the object and the label.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds {_kind(content)}, an object with imgHeight, imgWidth and objects was expected")
    size_wh = (_side(path, content, "imgWidth"), _side(path, content, "imgHeight"))
    if size_wh[0] * size_wh[1] > LARGEST_AREA:
        raise DataError(
            f"{path}: the frame has {size_wh[0]}x{size_wh[1]} pixels, at most {LARGEST_AREA:,} were expected"
        )
    objects = content.get("objects")
    if not isinstance(objects, list):
        raise DataError(f"{path}: objects is {_kind(objects)}, a list was expected")
    polygons = tuple(_read_object(f"{path}: object {number}", item) for number, item in enumerate(objects))
    image = AnnotatedImage(str(path), size_wh, polygons)
    _painted_values(image)
    return image


def polygons_to_json(image):
    """Builds the content of a `*_polygons.json` from an `AnnotatedImage`, ready for `write_json`."""
    objects = []
    for polygon in image.polygons:
        item = {"label": polygon.label, "polygon": [list(point) for point in polygon.points]}
        if polygon.deleted:
            item["deleted"] = 1
        objects.append(item)
    return {"imgHeight": image.size_wh[1], "imgWidth": image.size_wh[0], "objects": objects}


def paint_polygons(image):
    """Paints label ids and instance ids.

    Args:
        image: An `AnnotatedImage`.

    Returns:
        A `PaintedFrame`; pixels of no object are 0, unlabeled.

    Raises:
        LabelError: If a label is unknown; names the frame, the object and the label.
        DataError: If a frame has 1,000 or more objects of one class, or is too large to be painted.
    """
    painted = _painted_values(image)
    width, height = image.size_wh
    points = [image.polygons[number].points for number, _ in painted]
    try:
        tops, lengths = fill_polygons(points, image.size_wh)
    except DataError as error:
        raise DataError(f"{image.name}: {error}") from error
    instance_ids = np.array([0] + [value for _, value in painted], np.uint16)[tops]
    ids = instances_to_ids(instance_ids)
    return PaintedFrame(
        np.repeat(ids, lengths).reshape(height, width), np.repeat(instance_ids, lengths).reshape(height, width)
    )


def instances_to_ids(instance_ids):
    """Drops the instance numbers.

    Args:
        instance_ids: `uint16` of shape `(height, width)`.

    Returns:
        Label ids, `uint8`, same shape.
    """
    return _ID_OF_INSTANCE[instance_ids]


def ids_to_colors(ids):
    """Paints label ids in their colours.

    Args:
        ids: Label ids, `uint8` of shape `(height, width)`.

    Returns:
        Red, green, blue, alpha, `uint8` of shape `(height, width, 4)`; alpha is 255.
    """
    return _COLOR_OF_ID[ids].view(np.uint8).reshape(*ids.shape, 4)


def _tables():
    """Builds id by instance id, and colour by id as one 32-bit value, so that a pixel is one look-up."""
    id_of_instance = np.arange(2**16) // INSTANCES_PER_CLASS
    id_of_instance[:INSTANCES_PER_CLASS] = np.minimum(np.arange(INSTANCES_PER_CLASS), 255)
    colors = np.zeros((256, 4), np.uint8)
    colors[:, 3] = 255
    for label in LABELS:
        if label.id >= 0:
            colors[label.id, :3] = label.color
    return id_of_instance.astype(np.uint8), colors.view(np.uint32)[:, 0]


_ID_OF_INSTANCE, _COLOR_OF_ID = _tables()


def _kind(value):
    return "nothing" if value is None else f"a {type(value).__name__}"


def _integer(value):
    """Gives `value` as an integer, or None where it is no whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value


def _side(path, content, key):
    side = _integer(content.get(key))
    if side is None or side < 1:
        raise DataError(f"{path}: {key} is {str(content.get(key))[:40]}, a number of pixels was expected")
    return side


def _read_object(where, item):
    if not isinstance(item, dict):
        raise DataError(f"{where}: is {_kind(item)}, an object with label and polygon was expected")
    label, points = item.get("label"), item.get("polygon")
    if not isinstance(label, str):
        raise DataError(f"{where}: label is {_kind(label)}, a text was expected")
    if not isinstance(points, list):
        raise DataError(f"{where}: polygon is {_kind(points)}, a list of [x, y] was expected")
    return Polygon(label, tuple(_read_point(where, point) for point in points), bool(item.get("deleted", False)))


def _read_point(where, point):
    if isinstance(point, list) and len(point) == 2:
        x, y = _integer(point[0]), _integer(point[1])
        if x is not None and y is not None and max(abs(x), abs(y)) <= LARGEST_COORDINATE:
            return x, y
    raise DataError(
        f"{where}: {str(point)[:60]} is no point; two whole numbers up to {LARGEST_COORDINATE:,} were expected"
    )


def find_label(name):
    """Finds the label a name in polygons.json stands for.

    Args:
        name: As in the file. A name that is not in the label table and ends in `group` is the label before the ending.

    Returns:
        The `Label` and whether the name means a group; `(None, False)` for an unknown name.
    """
    if name in LABEL_OF_NAME:
        return LABEL_OF_NAME[name], False
    if name.endswith(GROUP_ENDING) and name.removesuffix(GROUP_ENDING) in LABEL_OF_NAME:
        return LABEL_OF_NAME[name.removesuffix(GROUP_ENDING)], True
    return None, False


def _painted_values(image):
    """Lists `(object number, instance id)` of what is painted, in the order of painting."""
    counts = Counter()
    values = []
    for number, polygon in enumerate(image.polygons):
        if polygon.deleted:
            continue
        label, is_group = find_label(polygon.label)
        if label is None:
            raise LabelError(
                f"{image.name}: object {number}: the label {polygon.label[:60]!r} is unknown; "
                "a name of the label table was expected, or one followed by 'group'"
            )
        if label.id < 0:
            continue
        value = label.id
        if label.has_instances and not is_group:
            value = label.id * INSTANCES_PER_CLASS + counts[label.name]
            counts[label.name] += 1
            if counts[label.name] > INSTANCES_PER_CLASS:
                raise DataError(
                    f"{image.name}: object {number}: is {label.name} number {counts[label.name]:,}; "
                    f"instance ids have room for {INSTANCES_PER_CLASS:,} in a frame"
                )
        values.append((number, value))
    return values

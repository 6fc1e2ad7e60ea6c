"""The shapes of an image in CVAT's XML, checked and packed for a `Spool`, and made shapes again.

Polygons and masks have outlines, boxes are boxes (turned ones polygons). Later shapes, and those of a larger `z_order`,
cover earlier ones. `is_crowd` makes a group, `group_id` one object of several shapes. The attribute `number` is that of
an object, unless two shapes of a label have the same: then it is something else, for example the number on a shirt.
"""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import GROUP_ENDING
from common.errors import DataError
from common.files.numbers import whole_number_in_text
from common.formats.coco.index import Head
from common.formats.cvat_images.xml_file import SHAPES, ImageElement, ShapeElement
from common.formats.shapes import Shape, check_points
from common.images.decoding import LARGEST_PIXELS

OTHER_SHAPES = "shapes that are no polygon, box or mask"
_SEPARATORS = re.compile(r"[\s,;]+")


def pack_shapes(where: str, image: ImageElement) -> list[tuple[Head, bytes]]:
    """Checks the shapes of an image; gives what `unpack` needs, in the order of painting.

    Raises:
        DataError: If a number is missing or not one that a picture can have; names the image and the shape.
    """
    packed = [_pack(f"{where}: shape {place}", shape) for place, shape in enumerate(image.shapes)]
    counts = Counter((head.get("label"), head.get("number")) for head, _ in packed)
    for head, _ in packed:
        if head.get("number") is not None and counts[head["label"], head["number"]] == 1:
            head["group"] = head["number"]
    return sorted(packed, key=lambda pair: int(pair[0].get("z", 0)))


def _pack(where: str, shape: ShapeElement) -> tuple[Head, bytes]:
    if shape.kind not in SHAPES:
        return {"kind": ""}, b""
    values, label = shape.values, shape.values.get("label", "")
    if not label:
        raise DataError(f"{where}: has no label")
    is_crowd = shape.attributes.get("is_crowd", "").lower() in ("true", "1")
    number = whole_number_in_text(shape.attributes.get("number", ""))
    group = whole_number_in_text(values.get("group_id", "")) or None
    head: Head = {
        "kind": shape.kind,
        "label": label[:500] + (GROUP_ENDING if is_crowd else ""),
        "z": whole_number_in_text(values.get("z_order", "")) or 0,
        "number": number,
        "group": None if group is None else f"group {group}",
    }
    if shape.kind == "mask":
        sides = [_number(where, values, side) for side in ("left", "top", "width", "height")]
        if not 0 < sides[2] * sides[3] <= LARGEST_PIXELS or min(sides[2:]) < 0:
            raise DataError(f"{where}: has {sides[2]:g} x {sides[3]:g} pixels, which no picture has")
        head |= {"box": [int(side) for side in sides]}
        return head, _numbers(where, values.get("rle", "")).tobytes()
    if shape.kind == "polygon":
        points = _numbers(where, values.get("points", ""))
    else:
        points = np.array([_number(where, values, side) for side in ("xtl", "ytl", "xbr", "ybr")])
        turned = _number(where, values, "rotation") if "rotation" in values else 0.0
        if turned % 360:
            head["kind"], points = "polygon", _turned(points, turned)
    if len(points) % 2:
        raise DataError(f"{where}: has an odd number of coordinates")
    return head, check_points(points.reshape(-1, 2), where).tobytes()


def _number(where: str, values: dict[str, str], name: str) -> float:
    numbers = _numbers(where, values.get(name, ""))
    if len(numbers) != 1:
        raise DataError(f"{where}: {name} is {values.get(name, '')[:40]!r}; expected a number")
    return float(check_points(numbers, where)[0])


def _numbers(where: str, text: str) -> NDArray[np.float64]:
    parts = [part for part in _SEPARATORS.split(text) if part]
    try:
        return np.array(parts, np.float64)
    except ValueError as error:
        raise DataError(f"{where}: found {text[:60]!r}; expected numbers") from error


def _turned(corners: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Turns a box clockwise about its centre; gives the coordinates of its corners."""
    (x, y, right, bottom), angle = corners, np.deg2rad(degrees)
    points = np.array([[x, y], [right, y], [right, bottom], [x, bottom]])
    centre = points.mean(axis=0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(((points - centre) @ turn + centre).ravel())


def unpack(rows: Iterable[tuple[int, Head, bytes]], where: str) -> tuple[list[Shape], Counter[str]]:
    """Makes shapes of what `pack_shapes` gave, and counts what is no shape; raises DataError for a damaged mask."""
    shapes, dropped = [], Counter[str]()
    for number, head, data in rows:
        values = np.frombuffer(data, np.float64)
        if head["kind"] == "mask":
            shapes.append(
                Shape(head["label"], mask=_mask(values, head["box"], f"{where}: shape {number}"), group=head["group"])
            )
        elif head["kind"] == "box":
            x, y, right, bottom = values.tolist()
            box = min(x, right), min(y, bottom), abs(right - x), abs(bottom - y)
            shapes.append(Shape(head["label"], box=box))
        elif head["kind"] == "polygon" and len(values) > 4:
            shapes.append(Shape(head["label"], points=values.reshape(-1, 2), group=head["group"]))
        else:
            dropped[OTHER_SHAPES] += 1
    return shapes, dropped


def _mask(counts: NDArray[np.float64], box: list[int], where: str) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    """Makes a mask of run lengths, row by row in its box, the first of what does not belong to it."""
    x, y, width, height = box
    is_whole = np.isfinite(counts).all() and (counts >= 0).all() and not (counts % 1).any()
    if not is_whole:
        raise DataError(f"{where}: its rle has a number that is not a whole number of pixels")
    if counts.sum() != width * height:
        raise DataError(f"{where}: its rle has {counts.sum():g} pixels; expected {width} x {height}")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts.astype(np.int64)).reshape(height, width), (x, y)

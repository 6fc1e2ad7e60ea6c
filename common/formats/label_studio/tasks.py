"""A task of Label Studio's JSON: its photograph, and the regions of its annotation, checked and packed for a `Spool`.

Polygons and brushes have outlines; rectangles are boxes, turned ones polygons of four corners. Coordinates are percent
of the photograph. Of several annotations that were not cancelled, the last is taken. Regions of other kinds, and those
without a label, are counted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import numpy as np

from common.errors import DataError
from common.files.numbers import whole_number
from common.formats.coco.index import Head
from common.formats.coco.json_items import JsonObject
from common.formats.label_studio.brush import decode_brush
from common.formats.names import path_inside
from common.formats.shapes import Shape, check_points
from common.images.pictures import IMAGE_ENDINGS

OTHER_REGIONS = "regions that are no polygon, rectangle or brush, or have no label"
_KINDS = {"polygonlabels": "polygon", "rectanglelabels": "rectangle", "brushlabels": "brush"}
_LOCAL = "?d="
_LARGEST_SIDE = 2**20


@dataclass
class Task:
    """What is kept of a task.

    Attributes:
        picture: Path of the photograph, relative to any folder of the dataset.
        has_truth: Whether there is an annotation that was not cancelled.
        annotations: How many of these there are.
        size_wh: Width and height of the photograph in pixels, if a region tells; else None.
        regions: What the spool keeps of each region.
    """

    picture: str
    has_truth: bool
    annotations: int
    size_wh: tuple[int, int] | None = None
    regions: list[tuple[Head, bytes]] = field(default_factory=list)


def read_task(where: str, item: JsonObject) -> Task:
    """Checks a task; raises DataError, which names `where` and the region, if a value is not what it should be."""
    found = _annotations(item)
    task = Task(_picture(where, item), bool(found), len(found))
    for number, region in enumerate(_list(found[-1].get("result")) if found else ()):
        named = f"{where}: region {number}"
        if not isinstance(region, dict):
            raise DataError(f"{named}: is not an object")
        sides = [whole_number(region.get(f"original_{side}")) for side in ("width", "height")]
        if task.size_wh is None and all(side is not None and 1 <= side <= _LARGEST_SIDE for side in sides):
            task.size_wh = int(sides[0] or 0), int(sides[1] or 0)
        task.regions.append(_pack(named, region))
    return task


def _annotations(item: JsonObject) -> list[dict[str, Any]]:
    every = _list(item.get("annotations", item.get("completions")))
    return [one for one in every if isinstance(one, dict) and not one.get("was_cancelled")]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _picture(where: str, item: JsonObject) -> str:
    """Finds the path of the photograph: the first text among the data that is a picture, `image` before all others."""
    data = item.get("data")
    values = sorted(data.items(), key=lambda pair: pair[0] != "image") if isinstance(data, dict) else []
    texts = [value for _, value in values if isinstance(value, str)]
    for text in texts:
        path = path_inside(unquote(text.partition(_LOCAL)[2]) if _LOCAL in text else text)[0]
        if path.lower().endswith(IMAGE_ENDINGS):
            return path
    raise DataError(f"{where}: its data name no picture; expected an image, for example /data/upload/1/a.jpg")


def _pack(where: str, region: dict[str, Any]) -> tuple[Head, bytes]:
    kind, value = str(region.get("type")), region.get("value")
    labels = _list(value.get(kind)) if isinstance(value, dict) else []
    if kind not in _KINDS or not isinstance(value, dict) or not labels or not _is_name(labels[0]):
        return {"kind": ""}, b""
    meta = region.get("meta")
    number = whole_number(meta.get("number")) if isinstance(meta, dict) else None
    head = {"kind": _KINDS[kind], "label": labels[0][:500], "number": number}
    if kind == "brushlabels":
        return head, _bytes(where, value.get("rle"))
    return head, _points(where, value, kind).tobytes()


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _bytes(where: str, numbers: object) -> bytes:
    try:
        return bytes([number if (number := whole_number(one)) is not None else -1 for one in _list(numbers)])
    except ValueError as error:
        raise DataError(f"{where}: its mask (rle) has a number that is not from 0 to 255") from error


def _points(where: str, value: dict[str, Any], kind: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Gives the points of a polygon, or the corners of a rectangle, in percent; two corners if it is not turned."""
    try:
        if kind == "polygonlabels":
            return check_points(np.array(value.get("points"), np.float64).reshape(-1, 2), where)
        x, y, width, height = (float(value[name]) for name in ("x", "y", "width", "height"))
        turned = float(value.get("rotation") or 0)
        check_points(np.array([[x, y], [width, height], [turned, 0]]), where)
        is_upright = turned % 360 == 0
        return np.array([[x, y], [x + width, y + height]] if is_upright else [[x, y], [width, height], [turned, 0]])
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(f"{where}: has a coordinate that is missing or not a number; expected percent") from error


def unpack(
    rows: Iterator[tuple[int, Head, bytes]], size_wh: tuple[int, int], where: str
) -> tuple[list[Shape], Counter[str]]:
    """Makes shapes of what `read_task` kept, and counts what is no shape; raises DataError for a damaged mask."""
    shapes, dropped = [], Counter[str]()
    scale = np.array(size_wh) / 100
    for number, head, data in rows:
        kind, named = head["kind"], f"{where}, region {number}"
        if kind == "brush":
            shapes.append(Shape(head["label"], mask=(decode_brush(data, size_wh, named), (0, 0)), group=head["number"]))
            continue
        points = np.frombuffer(data, np.float64).reshape(-1, 2)
        if kind == "polygon" and len(points) > 2:
            shapes.append(Shape(head["label"], points=points * scale, group=head["number"]))
        elif kind == "rectangle" and len(points) == 2:
            (x, y), (right, bottom) = (points * scale).tolist()
            shapes.append(Shape(head["label"], box=(x, y, right - x, bottom - y)))
        elif kind == "rectangle":
            shapes.append(Shape(head["label"], points=_turned(points, size_wh)))
        else:
            dropped[OTHER_REGIONS] += 1
    return shapes, dropped


def _turned(values: np.ndarray[Any, np.dtype[np.float64]], size_wh: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Computes the corners of a rectangle that is turned clockwise, by degrees, about its upper left corner."""
    (start, (width, height)), angle = values[:2] * (np.array(size_wh) / 100), np.deg2rad(values[2, 0])
    across, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    return np.array([start, start + width * across, start + width * across + height * down, start + height * down])

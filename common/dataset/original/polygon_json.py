"""The content of a `*_polygons.json`, checked piece by piece before anything is made of it.

Assumes `imgHeight`, `imgWidth` and `objects`, a list in which each has `label`, `polygon` and maybe `deleted`; other
keys of an object are ignored. Coordinates are whole numbers; fractions, which other programs write, are cut off towards
zero, as the official script does when it paints. Knows nothing of labels.
"""

import json
from itertools import chain
from pathlib import Path
from typing import Any

from common.errors import DataError
from common.files.numbers import whole_number
from common.files.sources import Source

Points = tuple[tuple[int, int], ...]
LARGEST_AREA = 2**26
# The products of the rule that paints polygons are exact in float64 up to here.
LARGEST_COORDINATE = 2**24
# The largest file of the dataset has 0.5 MB.
LARGEST_FILE_BYTES = 32 * 1024 * 1024


def read_objects(source: Source | Path) -> tuple[tuple[int, int], list[tuple[str, Points, bool]]]:
    """Reads the objects of a frame.

    Args:
        source: The file.

    Returns:
        Width and height of the frame in pixels; and of each object `(label, points, deleted)`, points as `(x, y)`.

    Raises:
        DataError: If the file is missing or not of the expected form; names the file and the place in it.
    """
    content = _read_json(source)
    if not isinstance(content, dict):
        raise DataError(f"{source}: holds {_kind(content)}; expected an object with imgHeight, imgWidth and objects")
    size_wh = (_side(source, content, "imgWidth"), _side(source, content, "imgHeight"))
    if size_wh[0] * size_wh[1] > LARGEST_AREA:
        raise DataError(f"{source}: the frame has {size_wh[0]}x{size_wh[1]} pixels; expected at most {LARGEST_AREA:,}")
    objects = content.get("objects")
    if not isinstance(objects, list):
        raise DataError(f"{source}: objects is {_kind(objects)}; expected a list")
    are_plain = _have_plain_points(objects)
    return size_wh, [_read_object(f"{source}: object {n}", item, are_plain) for n, item in enumerate(objects)]


def _read_json(source: Source | Path) -> Any:
    data = (source if isinstance(source, Source) else Source(Path(source))).read_bytes()
    if len(data) > LARGEST_FILE_BYTES:
        raise DataError(f"{source}: has {len(data):,} bytes; expected at most {LARGEST_FILE_BYTES:,}")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        raise DataError(f"{source}: is not valid JSON: {error}") from error


def _side(source: Source | Path, content: dict[str, Any], key: str) -> int:
    side = whole_number(content.get(key))
    if side is None or side < 1:
        raise DataError(f"{source}: {key} is {str(content.get(key))[:40]}; expected a number of pixels")
    return side


def _have_plain_points(objects: list[Any]) -> bool:
    """Tells, faster than a look at each point, whether all points are two integers that are not too large.

    A text or an object of two parts holds texts, so two integers mean a list.
    """
    try:
        points = list(chain.from_iterable(item["polygon"] for item in objects))
        if set(map(len, points)) - {2}:
            return False
    except (TypeError, KeyError):
        return False
    numbers = list(chain.from_iterable(points))
    if set(map(type, numbers)) - {int}:
        return False
    return max(numbers, default=0) <= LARGEST_COORDINATE and min(numbers, default=0) >= -LARGEST_COORDINATE


def _read_object(where: str, item: Any, are_plain: bool) -> tuple[str, Points, bool]:
    if not isinstance(item, dict):
        raise DataError(f"{where}: is {_kind(item)}; expected an object with label and polygon")
    label, points = item.get("label"), item.get("polygon")
    if not isinstance(label, str):
        raise DataError(f"{where}: label is {_kind(label)}; expected a text")
    if not isinstance(points, list):
        raise DataError(f"{where}: polygon is {_kind(points)}; expected a list of [x, y]")
    read = map(tuple, points) if are_plain else (_read_point(where, point) for point in points)
    return label, tuple(read), bool(item.get("deleted", False))


def _read_point(where: str, point: Any) -> tuple[int, int]:
    if isinstance(point, list) and len(point) == 2:
        x, y = _coordinate(point[0]), _coordinate(point[1])
        if x is not None and y is not None:
            return x, y
    raise DataError(f"{where}: {str(point)[:60]} is not a point; expected two numbers up to {LARGEST_COORDINATE:,}")


def _coordinate(value: Any) -> int | None:
    """Reads a coordinate as the official script does, which cuts off fractions; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_COORDINATE:
        return None
    return int(value)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"

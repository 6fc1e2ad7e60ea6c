"""The content of a `*_polygons.json`, tested piece by piece before anything is made of it.

Assumes `imgHeight`, `imgWidth` and `objects`, a list in which each has `label`, `polygon` and maybe `deleted`; whatever
else an object has is left alone. Coordinates are whole numbers. Knows nothing of labels.
"""

import json
from itertools import chain
from pathlib import Path

from common.errors import DataError
from common.files.sources import Source

LARGEST_AREA = 2**26
# The products of the rule that paints polygons are exact in float64 up to here.
LARGEST_COORDINATE = 2**24
# The largest file of the dataset has 0.5 MB.
LARGEST_FILE_BYTES = 32 * 1024 * 1024


def read_objects(source):
    """Reads the objects of a frame.

    Args:
        source: A `Source`, or the path of the file.

    Returns:
        Width and height of the frame in pixels; and of each object `(label, points, deleted)`, points as a tuple of
        integers `(x, y)`.

    Raises:
        DataError: If the file is missing or not of the expected form; names the file and the place in it.
    """
    content = _read_json(source)
    if not isinstance(content, dict):
        raise DataError(
            f"{source}: holds {_kind(content)}, an object with imgHeight, imgWidth and objects was expected"
        )
    size_wh = (_side(source, content, "imgWidth"), _side(source, content, "imgHeight"))
    if size_wh[0] * size_wh[1] > LARGEST_AREA:
        raise DataError(
            f"{source}: the frame has {size_wh[0]}x{size_wh[1]} pixels, at most {LARGEST_AREA:,} were expected"
        )
    objects = content.get("objects")
    if not isinstance(objects, list):
        raise DataError(f"{source}: objects is {_kind(objects)}, a list was expected")
    are_plain = _have_plain_points(objects)
    return size_wh, [_read_object(f"{source}: object {n}", item, are_plain) for n, item in enumerate(objects)]


def _read_json(source):
    data = (source if isinstance(source, Source) else Source(Path(source))).read_bytes()
    if len(data) > LARGEST_FILE_BYTES:
        raise DataError(f"{source}: has {len(data):,} bytes, at most {LARGEST_FILE_BYTES:,} were expected")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        raise DataError(f"{source}: is no valid JSON: {error}") from error


def _side(source, content, key):
    side = _integer(content.get(key))
    if side is None or side < 1:
        raise DataError(f"{source}: {key} is {str(content.get(key))[:40]}, a number of pixels was expected")
    return side


def _have_plain_points(objects):
    """Tells, faster than by a look at each point, that all points are two integers that are not too large.

    Texts and objects of two parts have texts inside, so two integers mean a list.
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


def _read_object(where, item, are_plain):
    if not isinstance(item, dict):
        raise DataError(f"{where}: is {_kind(item)}, an object with label and polygon was expected")
    label, points = item.get("label"), item.get("polygon")
    if not isinstance(label, str):
        raise DataError(f"{where}: label is {_kind(label)}, a text was expected")
    if not isinstance(points, list):
        raise DataError(f"{where}: polygon is {_kind(points)}, a list of [x, y] was expected")
    points = map(tuple, points) if are_plain else [_read_point(where, point) for point in points]
    return label, tuple(points), bool(item.get("deleted", False))


def _read_point(where, point):
    if isinstance(point, list) and len(point) == 2:
        x, y = _integer(point[0]), _integer(point[1])
        if x is not None and y is not None and max(abs(x), abs(y)) <= LARGEST_COORDINATE:
            return x, y
    raise DataError(
        f"{where}: {str(point)[:60]} is no point; two whole numbers up to {LARGEST_COORDINATE:,} were expected"
    )


def _integer(value):
    """Gives `value` as an integer, or None where it is no whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value


def _kind(value):
    return "nothing" if value is None else f"a {type(value).__name__}"

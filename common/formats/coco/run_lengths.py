"""COCO's segmentations as pixels: polygons, run lengths, compressed run lengths.

Pictures are held column by column here, as COCO counts them, so a run of pixels is a range. pycocotools fills the
polygons. Everything else is decoded here, because a file of strangers may hold any run lengths: they must fill the
picture exactly, and a polygon must not reach far outside of it.
"""

import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from common.errors import DataError
from common.files.numbers import whole_number
from common.formats.coco.index import Head

LARGEST_COORDINATE = 2**24
# Of all polygons of an object, in pixels; filling takes time and memory for each.
LONGEST_OUTLINE = 2**21
_CORNERS_OF_TRIANGLE = 3
_SHORT_TEXT = 16
# Starts and lengths of runs of pixels.
Ranges = tuple[NDArray[np.int64], NDArray[np.int64]]


def pack_segmentation(where: str, value: object) -> tuple[Head, bytes]:
    """Checks the form of a `segmentation`, which may be None, and packs it for `find_ranges`.

    Raises:
        DataError: If it is not a segmentation; names `where`.
    """
    if value is None:
        return {"kind": "none"}, b""
    if isinstance(value, list):
        return _pack_polygons(where, value)
    if not isinstance(value, dict):
        raise DataError(f"{where}: segmentation is {str(value)[:40]!r}; expected polygons or run lengths")
    size, counts = _whole_numbers(value.get("size")), value.get("counts")
    if size is None or len(size) != 2:
        found = str(value.get("size"))[:40]
        raise DataError(f"{where}: the size of its run lengths is {found!r}; expected [height, width]")
    if isinstance(counts, str):
        return {"kind": "text", "size": size}, counts.encode("utf-8")
    lengths = _whole_numbers(counts)
    if lengths is not None:
        return {"kind": "counts", "size": size}, array.array("q", lengths).tobytes()
    raise DataError(f"{where}: its run lengths are {str(counts)[:40]!r}; expected whole numbers or a text")


def _whole_numbers(values: object) -> list[int] | None:
    if not isinstance(values, list):
        return None
    found = [whole_number(value) for value in values]
    return None if None in found else [value for value in found if value is not None]


def _pack_polygons(where: str, polygons: list[object]) -> tuple[Head, bytes]:
    lengths: list[int] = []
    data: list[bytes] = []
    short = 0
    for polygon in polygons:
        if not isinstance(polygon, list):
            raise DataError(f"{where}: segmentation holds {str(polygon)[:40]!r}; expected a list of x, y, x, y")
        if len(polygon) % 2:
            raise DataError(f"{where}: a polygon has {len(polygon)} numbers; expected an even number of them")
        if not all(type(number) in (int, float) for number in polygon):
            raise DataError(f"{where}: a polygon holds something that is not a number")
        if len(polygon) < 2 * _CORNERS_OF_TRIANGLE:
            short += 1
            continue
        lengths.append(len(polygon))
        data.append(array.array("d", polygon).tobytes())
    return {"kind": "polygons", "lengths": lengths, "short": short}, b"".join(data)


def find_ranges(where: str, head: Head, data: bytes, size_wh: tuple[int, int]) -> Iterator[Ranges]:
    """Decodes what `pack_segmentation` packed, part by part.

    Yields:
        Ranges of its pixels, column by column; parts may overlap.

    Raises:
        DataError: If it does not fit the picture; names `where`.
    """
    width, height = size_wh
    if head["kind"] == "polygons":
        for text in _filled_polygons(where, head["lengths"], np.frombuffer(data, np.float64), size_wh):
            yield _counts_to_ranges(where, text_to_counts(where, text), width * height)
    elif head["kind"] != "none":
        if head["size"] != [height, width]:
            found = " x ".join(str(side)[:20] for side in head["size"])
            raise DataError(
                f"{where}: its run lengths are for {found} pixels (rows first); the image has {height} x {width}"
            )
        if head["kind"] == "text" and len(data) > 2 * width * height + _SHORT_TEXT:
            raise DataError(f"{where}: its run lengths take {len(data):,} bytes, more than any that fit the image")
        counts = np.frombuffer(data, np.int64) if head["kind"] == "counts" else text_to_counts(where, data)
        yield _counts_to_ranges(where, counts, width * height)


def _filled_polygons(
    where: str, lengths: list[int], numbers: NDArray[np.float64], size_wh: tuple[int, int]
) -> Iterator[bytes]:
    width, height = size_wh
    left = LONGEST_OUTLINE
    for polygon in np.split(numbers, np.cumsum(lengths)[:-1]) if lengths else ():
        points = polygon.reshape(-1, 2)
        if not np.all(np.abs(points) <= LARGEST_COORDINATE):
            raise DataError(f"{where}: a polygon leads to {np.abs(points).max():.3g}, far outside of the image")
        left -= np.abs(points - np.roll(points, 1, axis=0)).max(axis=1).sum()
        if left < 0:
            raise DataError(f"{where}: its outline is longer than {LONGEST_OUTLINE:,} pixels, which none can be")
        (packed,) = coco_mask.frPyObjects([polygon.tolist()], height, width)
        yield packed["counts"]


def text_to_counts(where: str, text: bytes) -> NDArray[np.int64]:
    """Decodes COCO's compressed run lengths: 5 bits a character, differences to the last but one.

    Raises DataError, which names `where`, if they cannot be decoded; whether they fit a picture is not checked here.
    """
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    if len(codes) == 0 or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise DataError(f"{where}: its compressed run lengths are damaged")
    ends = np.flatnonzero((codes & 32) == 0)
    first = np.append(0, ends[:-1] + 1)
    sizes = ends - first + 1
    if sizes.max() > 7:
        raise DataError(f"{where}: its compressed run lengths are damaged")
    shifts = 5 * (np.arange(len(codes)) - np.repeat(first, sizes))
    values: NDArray[np.int64] = np.add.reduceat((codes & 31) << shifts, first)
    values -= ((codes[ends] & 16) << 1) << (5 * (sizes - 1))
    # From the fourth on, a value is the difference to the one two before it.
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def counts_to_text(counts: NDArray[np.int64], size_wh: tuple[int, int]) -> str:
    """Compresses run lengths that fill a picture of that width and height."""
    width, height = size_wh
    found = {"counts": counts.tolist(), "size": [height, width]}
    packed: bytes = coco_mask.frPyObjects(found, height, width)["counts"]
    return packed.decode("ascii")


def _counts_to_ranges(where: str, counts: NDArray[np.int64], area: int) -> Ranges:
    if len(counts) and (counts.min() < 0 or counts.max() > area):
        wrong = counts.min() if counts.min() < 0 else counts.max()
        raise DataError(f"{where}: has a run of {wrong:,} pixels; the image has {area:,}")
    stops = np.cumsum(counts)
    found = stops[-1] if len(stops) else 0
    if found != area:
        raise DataError(f"{where}: its run lengths are {found:,} pixels together; the image has {area:,}")
    lengths = counts[1::2]
    return stops[1::2] - lengths, lengths


def paint_ranges(flat: NDArray[np.int32], ranges: Ranges, key: int) -> None:
    """Paints a part of an object with a key into `flat`, the picture column by column."""
    starts, lengths = ranges
    before = np.cumsum(lengths) - lengths
    flat[np.repeat(starts - before, lengths) + np.arange(lengths.sum())] = key

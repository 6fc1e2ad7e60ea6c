"""A JSON file of labelme, read and checked: the size of the picture, where it is, and its shapes.

Polygons and masks (a PNG in base64 with its box) have an outline, rectangles are boxes. Circles, lines and points have
no area here; they are counted. The photograph inside the file (`imageData`) is not used.
"""

import base64
import binascii
from collections import Counter
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from common.errors import DataError
from common.files.models import read_model
from common.files.sources import NamedBytes, Source
from common.formats.shapes import Shape, check_points
from common.images.pictures import read_values

NO_AREA = "circles, lines and points"
_LARGEST_SIDE = 2**20
_Point = Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]


class _LabelmeShape(BaseModel):
    model_config = ConfigDict(frozen=True)

    label: Annotated[str, Field(min_length=1, max_length=500)]
    points: tuple[_Point, ...]
    group_id: int | None = None
    shape_type: str | None = "polygon"
    mask: str | None = None


class LabelmeFile(BaseModel):
    """What is read of a file.

    Attributes:
        shapes: In the order in which they were drawn, later over earlier.
        image_path: Of the photograph, as on the computer where it was labelled.
        height: In pixels; None if the file does not tell.
        width: Likewise.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    shapes: tuple[_LabelmeShape, ...]
    image_path: Annotated[str, Field(alias="imagePath")] = ""
    height: Annotated[int | None, Field(alias="imageHeight", ge=1, le=_LARGEST_SIDE)] = None
    width: Annotated[int | None, Field(alias="imageWidth", ge=1, le=_LARGEST_SIDE)] = None
    version: str | None = None

    @property
    def labels(self) -> list[str]:
        """Names of the labels, in the order of the shapes."""
        return [shape.label for shape in self.shapes]


def read_file(source: Source) -> LabelmeFile:
    """Reads a file; raises DataError, which names file and key, if it is not one of labelme."""
    return read_model(source, LabelmeFile)


def shapes_of(file: LabelmeFile, where: Source) -> tuple[list[Shape], Counter[str]]:
    """Gives the shapes of a file, and what was left out.

    Raises:
        DataError: If a coordinate is not a number that a picture can have, or a mask is damaged; names file and shape.
    """
    shapes, dropped = [], Counter[str]()
    for place, one in enumerate(file.shapes):
        named = f"{where}: shape {place}"
        points = check_points(np.array([point[:2] for point in one.points], np.float64).reshape(-1, 2), named)
        kind: Literal["polygon", "rectangle", "mask", ""] = _kind(one.shape_type)
        if kind == "polygon" and len(points) > 2:
            shapes.append(Shape(one.label, points=points, group=one.group_id))
        elif kind == "rectangle" and len(points) > 1:
            (x, y), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
            shapes.append(Shape(one.label, box=(x, y, right - x, bottom - y), group=one.group_id))
        elif kind == "mask" and one.mask and len(points):
            x, y = (int(value) for value in points.min(axis=0))
            shapes.append(Shape(one.label, mask=(_mask(one.mask, named), (x, y)), group=one.group_id))
        else:
            dropped[NO_AREA] += 1
    return shapes, dropped


def _kind(name: str | None) -> Literal["polygon", "rectangle", "mask", ""]:
    match name or "polygon":
        case "polygon":
            return "polygon"
        case "rectangle":
            return "rectangle"
        case "mask":
            return "mask"
    return ""


def _mask(text: str, where: str) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"{where}: its mask is not base64: {error}") from error
    values, _ = read_values(NamedBytes(f"{where}: its mask", data))
    return values > 0

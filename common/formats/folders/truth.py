"""The ground truth of a frame in a mask of any kind, with the objects where the values or a channel tell them apart."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError, LabelError
from common.files.sources import Source
from common.formats.class_masks import VOID, MaskCode, read_classes
from common.formats.frames import Annotation, Segment
from common.images.pictures import read_values
from common.images.png import read_two_values
from common.images.runs import count_keys

# KITTI and Mapillary: a value is this times the label plus the number of the object.
_BASE = 256
_LARGEST_LABEL = 255
VOID_PIXELS = "pixels of value 255, which stands for no label"
NEVER_PAINTED = "pixels of labels that are never painted (license plates)"


@dataclass(frozen=True)
class ClassTruth:
    """A mask of classes; objects are not told apart.

    Attributes:
        mask: Values, a palette or colours.
        code: What they mean.
    """

    mask: Source
    code: MaskCode

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        keys = read_classes(self.mask, self.code).astype(np.uint16)
        return _to_annotation(keys, 1, 1, self.code, self.mask)


@dataclass(frozen=True)
class ObjectTruth:
    """A mask of labels and objects: 16 bits of `256 * label + object`, or two channels.

    Attributes:
        mask: The picture.
        code: What the labels mean.
        first: The number of the first object of a label; smaller ones mean that objects are not told apart.
        in_channels: Whether the first channel has the label and the second the number (SYNTHIA).
    """

    mask: Source
    code: MaskCode
    first: int = 1
    in_channels: bool = False

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        if self.in_channels:
            labels, numbers = read_two_values(self.mask)
            if labels.max(initial=0) > _LARGEST_LABEL:
                raise LabelError(f"{self.mask}: holds the label {labels.max()}; expected 0 to {_LARGEST_LABEL}")
            base = int(numbers.max(initial=0)) + 1
            return _to_annotation(labels.astype(np.int32) * base + numbers, base, self.first, self.code, self.mask)
        values, _ = read_values(self.mask)
        if values.dtype != np.uint16:
            raise DataError(
                f"{self.mask}: has 8 bits; expected 16 bits, which hold 256 times the label plus the object"
            )
        return _to_annotation(values, _BASE, self.first, self.code, self.mask)


def _to_annotation(keys: NDArray[np.integer], base: int, first: int, code: MaskCode, where: Source) -> Annotation:
    """Tells what keys, `base * label + object`, stand for; numbers below `first`, and of labels without objects, go."""
    segments: dict[int, Segment] = {}
    loose, dropped = [], Counter[str]()
    for key, area in count_keys(keys).items():
        value, number = divmod(key, base)
        segment = _segment(value, number if number >= first else None, code, where)
        if segment is None:
            dropped[VOID_PIXELS] += area if value == VOID else 0
            dropped[NEVER_PAINTED] += (
                area if value < len(code.names) and code.names.index(code.names[value]) < value else 0
            )
            continue
        if segment.number is None and number:
            loose.append(key)
            key -= number
        segments[key] = segment
    if loose:
        keys = np.where(np.isin(keys, loose), keys // base * base, keys).astype(keys.dtype)
    return Annotation(keys, segments, dropped=+dropped)


def _segment(value: int, number: int | None, code: MaskCode, where: Source) -> Segment | None:
    if value >= len(code.names) and value != VOID:
        raise LabelError(f"{where}: holds the label {value}, but there are {len(code.names)} labels")
    segment = code.segment(value)
    if segment is None or segment.label not in code.counted or number is None:
        return segment
    return Segment(segment.label, number)

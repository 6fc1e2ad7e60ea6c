"""Overlaps of one frame's predicted instances with its true ones; only numbers are kept, no masks.

A pixel is void if its value is the id of a label that is not evaluated. As in the official evaluation, an object of
such a label that has a number (caravan, trailer) is not void.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.evaluation.instances.files import PredictedMask
from common.evaluation.instances.truth import FIRST_OBJECT, read_objects, truth_file
from common.files.sources import Source
from common.labels.cityscapes import LABELS

EVALUATED = tuple(label for label in LABELS if label.has_instances and not label.ignore_in_eval)
_IS_EVALUATED = frozenset(label.id for label in EVALUATED)
_VOID_IDS = tuple(label.id for label in LABELS if label.ignore_in_eval and label.id >= 0)


class Region(NamedTuple):
    """A true region, size in pixels; a group is several objects that were not told apart."""

    is_group: bool
    size: int


class Guess(NamedTuple):
    """A prediction: its pixels, those of them on void, and those on regions of its label by the region's index."""

    confidence: float
    size: int
    void_overlap: int
    overlaps: dict[int, int]


class Table(NamedTuple):
    """True regions and predictions of one label in one frame."""

    regions: tuple[Region, ...]
    guesses: list[Guess]


@dataclass(frozen=True)
class InstancePair:
    """The truth of a frame, files by kind as in `Frame.files`, and its predicted masks."""

    files: Mapping[str, Source] = field(hash=False)
    masks: tuple[PredictedMask, ...]


def overlap_tables(pair: InstancePair) -> dict[int, Table]:
    """Measures the overlaps of a frame; gives a table by label id, for every evaluated label with instances.

    Empty masks are left out; masks of other labels are not read.

    Raises:
        DataError: If a file is missing or damaged, or sizes differ; names it.
    """
    values = read_objects(pair.files)
    sizes = np.bincount(values.ravel())
    present = np.flatnonzero(sizes)
    index_of_value = np.zeros(len(sizes), np.uint16)
    index_of_value[present] = np.arange(len(present))
    indices = index_of_value[values]
    is_void = np.isin(present, _VOID_IDS)
    labels = np.where(present < FIRST_OBJECT, present, present // FIRST_OBJECT)
    places = {label.id: np.flatnonzero(labels == label.id) for label in EVALUATED}
    tables = {
        id_: Table(tuple(Region(bool(present[i] < FIRST_OBJECT), int(sizes[present[i]])) for i in found), [])
        for id_, found in places.items()
    }
    for mask in pair.masks:
        if mask.label_id not in _IS_EVALUATED:
            continue
        pixels = mask.read()
        if pixels.shape != values.shape:
            found, expected = (f"{width} x {height}" for height, width in (pixels.shape, values.shape))
            raise DataError(f"{mask.path}: has {found} pixels, the truth {truth_file(pair.files)} has {expected}")
        counts = _count_inside(indices, pixels, len(present))
        if not counts.any():
            continue
        overlaps = {number: int(counts[place]) for number, place in enumerate(places[mask.label_id]) if counts[place]}
        guess = Guess(mask.confidence, int(counts.sum()), int(counts[is_void].sum()), overlaps)
        tables[mask.label_id].guesses.append(guess)
    return tables


def _count_inside(indices: NDArray[np.uint16], pixels: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """Counts the indices inside a mask, in the rows it reaches only."""
    rows = np.flatnonzero(pixels.any(axis=1))
    if not len(rows):
        return np.zeros(length, np.int64)
    reach = slice(rows[0], rows[-1] + 1)
    return np.bincount(indices[reach][pixels[reach]], minlength=length)

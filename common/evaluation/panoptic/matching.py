"""Which predicted segments of one frame are which true ones: the rules of the official panoptic evaluation.

A pair of one category matches if its IoU is above 0.5, so that no segment can match twice; the predicted segment's
pixels on void do not count in the union. A crowd matches nothing and is not missed. A predicted segment without match
is wrong, unless more than half of it lies on void and on the crowd of its category.
Source: the rules of evalPanopticSemanticLabeling in the official package; the code is this project's.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.evaluation.metrics.confusion import equal_runs
from common.evaluation.panoptic.frames import VOID, ListedFrame, PanopticFrame
from common.formats.coco.panoptic_segments import PanopticSegment


@dataclass
class Counts:
    """Segments of one category: matched, predicted without match, true without match; sum of the matches' IoU."""

    matched: int = 0
    wrong: int = 0
    missed: int = 0
    iou_sum: float = 0.0

    def add(self, other: "Counts") -> None:
        """Adds the counts of another frame."""
        self.matched += other.matched
        self.wrong += other.wrong
        self.missed += other.missed
        self.iou_sum += other.iou_sum


@dataclass(frozen=True)
class PanopticPair:
    """The truth of a frame, and its prediction."""

    truth: PanopticFrame
    prediction: ListedFrame


def match_frame(pair: PanopticPair) -> dict[int, Counts]:
    """Matches the segments of a frame; gives counts by category id, only of categories that occur.

    Raises:
        DataError: If a file is missing or damaged, sizes differ, or pixels and JSON file disagree; names the file.
    """
    true_ids, true_segments = pair.truth.load()
    ids, segments = pair.prediction.load()
    if ids.shape != true_ids.shape:
        found, expected = (f"{width} x {height}" for height, width in (ids.shape, true_ids.shape))
        raise DataError(f"{pair.prediction}: has {found} pixels, the truth {pair.truth} has {expected}")
    of_truth, of_prediction, pixels = count_overlaps(true_ids, ids)
    areas = _areas(pair.prediction, segments, of_prediction, pixels)
    true_areas = _areas(pair.truth, true_segments, of_truth, pixels)
    _refuse_other_areas(pair.truth, true_segments, true_areas)
    overlaps: Counter[tuple[int, int]] = Counter()
    for true_id, id_, count in zip(of_truth.tolist(), of_prediction.tolist(), pixels.tolist(), strict=True):
        overlaps[true_id if true_id in true_segments else VOID, id_] += count
    return _count(_Frame(true_segments, true_areas, segments, areas, overlaps))


def count_overlaps(
    first: NDArray[np.unsignedinteger], second: NDArray[np.unsignedinteger]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    """Counts the pixels of each pair of values, of at most 32 bits, that meet in two masks of one shape.

    Returns:
        Values of `first`, values of `second` and pixels, one entry per pair.
    """
    starts, lengths = equal_runs(first, second)
    keys = first.ravel()[starts].astype(np.uint64) << np.uint64(32) | second.ravel()[starts]
    pairs, of_run = np.unique(keys, return_inverse=True)
    pixels = np.bincount(of_run, weights=lengths).astype(np.int64)
    return pairs >> np.uint64(32), pairs & np.uint64(2**32 - 1), pixels


@dataclass(frozen=True)
class _Frame:
    true_segments: dict[int, PanopticSegment]
    true_areas: dict[int, int]
    segments: dict[int, PanopticSegment]
    areas: dict[int, int]
    overlaps: Counter[tuple[int, int]]


def _areas(
    frame: PanopticFrame, segments: Mapping[int, PanopticSegment], values: NDArray[np.uint64], pixels: NDArray[np.int64]
) -> dict[int, int]:
    """Sums the pixels of each segment; refuses pixels and lists that disagree."""
    present, place = np.unique(values, return_inverse=True)
    if frame.is_complete:
        listed = np.array([VOID, *segments], np.uint64)
        unlisted = present[~np.isin(present, listed)]
        if len(unlisted):
            raise DataError(f"{frame}: has pixels of segment {unlisted[0]}, which the JSON file does not list")
    areas = dict(zip(present.tolist(), np.bincount(place, weights=pixels).astype(int).tolist(), strict=True))
    for id_ in segments:
        if id_ not in areas:
            raise DataError(f"{frame}: has no pixels of segment {id_}, which the JSON file lists")
    return areas


def _refuse_other_areas(
    frame: PanopticFrame, segments: Mapping[int, PanopticSegment], areas: Mapping[int, int]
) -> None:
    for segment in segments.values():
        if segment.area is not None and segment.area != areas[segment.id]:
            found = f"the segment {segment.id} has {areas[segment.id]:,} pixels"
            raise DataError(f"{frame}: {found}, the JSON file says {segment.area:,}; write both again")


def _count(frame: _Frame) -> dict[int, Counts]:
    counts: defaultdict[int, Counts] = defaultdict(Counts)
    matched_true: set[int] = set()
    matched: set[int] = set()
    for (true_id, id_), common in frame.overlaps.items():
        true, segment = frame.true_segments.get(true_id), frame.segments.get(id_)
        if true is None or segment is None or true.is_crowd or true.category_id != segment.category_id:
            continue
        union = frame.true_areas[true_id] + frame.areas[id_] - common - frame.overlaps[VOID, id_]
        iou = common / union
        if iou > 0.5:
            matched_true.add(true_id)
            matched.add(id_)
            counts[true.category_id].add(Counts(matched=1, iou_sum=iou))
    crowds = {true.category_id: true.id for true in frame.true_segments.values() if true.is_crowd}
    for true in frame.true_segments.values():
        if true.id not in matched_true and not true.is_crowd:
            counts[true.category_id].missed += 1
    for segment in frame.segments.values():
        if segment.id in matched:
            continue
        ignored = frame.overlaps[VOID, segment.id]
        if segment.category_id in crowds:
            ignored += frame.overlaps[crowds[segment.category_id], segment.id]
        if ignored / frame.areas[segment.id] <= 0.5:
            counts[segment.category_id].wrong += 1
    return counts

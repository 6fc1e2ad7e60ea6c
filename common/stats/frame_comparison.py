"""What two frames differ in: photograph, size, labels of pixels, objects, groups, boxes.

Labels are compared by their names (`labels.tables.plain_name`), objects by their pixels: two objects are equal if they
have one label and exactly the same pixels. Keys, ids and the order of segments do not count.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from common.errors import ProjectError
from common.files.sources import Source
from common.formats.frames import AnnotatedFrame, Annotation, Segment
from common.images.pictures import read_photograph
from common.images.runs import find_runs
from common.labels.tables import plain_name

# What may be different; A and B are the two datasets, in this order.
UNREADABLE = "frames that cannot be compared"
IMAGES_A, IMAGES_B, IMAGES = "photographs only in A", "photographs only in B", "photographs with other pixels"
TRUTHS_A, TRUTHS_B = "frames with ground truth only in A", "frames with ground truth only in B"
SIZES = "frames of another size"
PIXELS = "pixels with another label"
OBJECTS_A, OBJECTS_B = "objects only in A", "objects only in B"
NUMBERS = "objects with another number"
HIDDEN_A, HIDDEN_B = "objects without a visible pixel only in A", "objects without a visible pixel only in B"
GROUPS = "labels whose groups have other pixels"
BOXES_A, BOXES_B = "boxes without an outline only in A", "boxes without an outline only in B"
# Things that have no pixels, counted by the `plain_name` of their label and what else must be equal.
_Things = Counter[tuple[str, tuple[float, ...]]]
# The name of pixels of no segment.
NOTHING = "background"


@dataclass(frozen=True)
class FrameComparison:
    """What was found in two frames.

    Attributes:
        name: Of the frame.
        equal: What is equal, counted: "photographs", "pixels", "objects".
        different: What is different, counted by the words above.
        details: Labels of what is different, by the words above, counted; of pixels "car -> truck", in A and in B.
        problem: Why the frames could not be compared; "" if they were.
    """

    name: str
    equal: Counter[str] = field(default_factory=Counter, hash=False)
    different: Counter[str] = field(default_factory=Counter, hash=False)
    details: Counter[tuple[str, str]] = field(default_factory=Counter, hash=False)
    problem: str = ""


def compare_frames(pair: tuple[AnnotatedFrame, AnnotatedFrame], with_images: bool = True) -> FrameComparison:
    """Loads two frames and compares them; never raises for what is wrong with their files."""
    first, second = pair
    found = FrameComparison(first.place)
    try:
        if with_images:
            _compare_images(first.image, second.image, found)
        _compare_truths(first.annotation(), second.annotation(), found)
    except ProjectError as error:
        return FrameComparison(first.place, different=Counter({UNREADABLE: 1}), problem=str(error))
    return found


def _compare_images(first: Source | None, second: Source | None, found: FrameComparison) -> None:
    if first is None or second is None:
        found.different.update({IMAGES_A: 1} if first else {IMAGES_B: 1} if second else {})
        return
    is_equal = first.read_bytes() == second.read_bytes()
    if not is_equal:
        is_equal = np.array_equal(read_photograph(first), read_photograph(second))
    (found.equal if is_equal else found.different)["photographs" if is_equal else IMAGES] += 1


def _compare_truths(first: Annotation | None, second: Annotation | None, found: FrameComparison) -> None:
    if first is None or second is None:
        found.different.update({TRUTHS_A: 1} if first else {TRUTHS_B: 1} if second else {})
        return
    _count_both(_boxes(first), _boxes(second), (BOXES_A, BOXES_B), found)
    _count_both(_hidden(first), _hidden(second), (HIDDEN_A, HIDDEN_B), found)
    if first.has_boxes_only or second.has_boxes_only:
        if first.has_boxes_only != second.has_boxes_only:
            found.different[TRUTHS_B if first.has_boxes_only else TRUTHS_A] += 1
        return
    if first.size_wh != second.size_wh:
        found.different[SIZES] += 1
        return
    overlaps = _Overlaps(first, second)
    overlaps.compare_pixels(found)
    overlaps.compare_objects(found)
    overlaps.compare_groups(found)


def _boxes(annotation: Annotation) -> _Things:
    """Counts boxes by label, whether they are groups, and place to a tenth of a pixel; files are more exact."""
    return Counter(
        (plain_name(boxed.segment.label), (boxed.segment.is_crowd, *(round(value, 1) for value in boxed.box)))
        for boxed in annotation.boxes
    )


def _hidden(annotation: Annotation) -> _Things:
    visible = set(np.unique(find_runs(annotation.pixels).keys).tolist())
    return Counter((plain_name(segment.label), ()) for key, segment in annotation.objects if key not in visible)


def _count_both(first: _Things, second: _Things, kinds: tuple[str, str], found: FrameComparison) -> None:
    for kind, only in zip(kinds, (first - second, second - first), strict=True):
        found.different.update({kind: only.total()} if only else {})
        for (label, _), amount in only.items():
            found.details[kind, label] += amount


class _Overlaps:
    """Number of pixels of each pair of keys in two annotations of one size."""

    def __init__(self, first: Annotation, second: Annotation) -> None:
        self._first, self._second = first, second
        width = int(second.pixels.max(initial=0)) + 1
        runs = find_runs(first.pixels.astype(np.int64) * width + second.pixels)
        codes, places = np.unique(runs.keys, return_inverse=True)
        amounts = np.bincount(places, runs.stops - runs.starts).astype(np.int64)
        self._keys: list[tuple[int, int]] = [divmod(code, width) for code in codes.tolist()]
        self._amounts = dict(zip(self._keys, amounts.tolist(), strict=True))
        self._areas: tuple[Counter[int], Counter[int]] = Counter(), Counter()
        for (one, other), amount in self._amounts.items():
            self._areas[0][one] += amount
            self._areas[1][other] += amount

    def compare_pixels(self, found: FrameComparison) -> None:
        """Counts pixels of equal and of different labels."""
        for (one, other), amount in self._amounts.items():
            labels = _label(self._first, one), _label(self._second, other)
            if plain_name(labels[0]) == plain_name(labels[1]):
                found.equal["pixels"] += amount
            else:
                found.different[PIXELS] += amount
                found.details[PIXELS, " -> ".join(labels)] += amount

    def compare_objects(self, found: FrameComparison) -> None:
        """Counts objects that have the same pixels in both, and those that are in one alone."""
        partners = dict(self._equal_objects())
        for one, other in partners.items():
            found.equal["objects"] += 1
            found.different.update(
                {NUMBERS: 1} if self._first.segments[one].number != self._second.segments[other].number else {}
            )
        for kind, annotation, areas, matched in (
            (OBJECTS_A, self._first, self._areas[0], partners.keys()),
            (OBJECTS_B, self._second, self._areas[1], set(partners.values())),
        ):
            for key, segment in annotation.objects:
                if areas[key] and key not in matched:
                    found.different[kind] += 1
                    found.details[kind, segment.label] += 1

    def _equal_objects(self) -> Iterator[tuple[int, int]]:
        for (one, other), amount in self._amounts.items():
            segments = self._first.segments.get(one), self._second.segments.get(other)
            if amount == self._areas[0][one] == self._areas[1][other] and _are_objects_of_one_label(*segments):
                yield one, other

    def compare_groups(self, found: FrameComparison) -> None:
        """Counts labels whose groups, taken together, have other pixels."""
        groups = _groups(self._first), _groups(self._second)
        for label in sorted(groups[0].keys() | groups[1].keys()):
            keys = tuple(one.get(label, frozenset()) for one in groups)
            shared = sum(
                amount for (one, other), amount in self._amounts.items() if one in keys[0] and other in keys[1]
            )
            totals = [sum(areas[key] for key in own) for areas, own in zip(self._areas, keys, strict=True)]
            if totals != [shared, shared]:
                found.different[GROUPS] += 1
                found.details[GROUPS, label] += 1


def _label(annotation: Annotation, key: int) -> str:
    segment = annotation.segments.get(key)
    return NOTHING if segment is None else segment.label


def _are_objects_of_one_label(first: Segment | None, second: Segment | None) -> bool:
    if first is None or second is None or first.number is None or second.number is None:
        return False
    return plain_name(first.label) == plain_name(second.label)


def _groups(annotation: Annotation) -> dict[str, frozenset[int]]:
    """Lists the keys of groups by `plain_name` of their label."""
    found: dict[str, frozenset[int]] = {}
    for key, segment in annotation.segments.items():
        if segment.is_crowd:
            name = plain_name(segment.label)
            found[name] = found.get(name, frozenset()) | {key}
    return found

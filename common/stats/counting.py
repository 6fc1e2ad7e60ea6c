"""Counts what a dataset holds: frames, pixels and objects of each label, and the brightness of its photographs.

All counts are whole numbers that are added up, so that the result depends neither on the order of the frames nor on the
number of workers. A pixel of no segment counts for the background label. The size of an object is the number of its
visible pixels; the bounds are those of COCO.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import add

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError, ProjectError
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.formats.writing import for_each_frame
from common.images.pictures import read_photograph
from common.images.runs import count_keys
from common.labels.tables import LabelTable
from common.parallel import check_workers

# Upper bounds of small and medium objects in pixels, those of COCO's evaluation.
SMALL_BELOW, MEDIUM_BELOW = 32**2, 96**2
SIZES = ("small", "medium", "large")
NO_LABEL = "(no label)"
# OpenCV counts in float32, which is exact up to here.
_EXACT_COUNT = 2**24


@dataclass(frozen=True)
class SplitCounts:
    """Counts of the frames of a split; two of them can be added.

    Attributes:
        images: Frames with a photograph that was read.
        annotated: Frames with ground truth that was read.
        pixels: Number of pixels by label name, background included.
        instances: Number of objects by `(label name, size)`.
        crowds: Number of crowd regions by label name; one per frame and label if the source does not separate groups.
        without_pixels: Number of annotated objects without a visible pixel.
        boxes: Number of objects that have a box and no outline.
        most_instances: Largest number of objects in one frame.
        levels: How often each value occurs in each channel (red, green, blue), shape `(3, 256)`.
    """

    frames: int = 0
    images: int = 0
    annotated: int = 0
    pixels: Counter[str] = field(default_factory=Counter, hash=False)
    instances: Counter[tuple[str, str]] = field(default_factory=Counter, hash=False)
    crowds: Counter[str] = field(default_factory=Counter, hash=False)
    without_pixels: int = 0
    boxes: int = 0
    most_instances: int = 0
    levels: NDArray[np.int64] = field(default_factory=lambda: np.zeros((3, 256), np.int64), hash=False)

    def __add__(self, other: "SplitCounts") -> "SplitCounts":
        most = max(self.most_instances, other.most_instances)
        sums = {name: value + getattr(other, name) for name, value in vars(self).items()}
        return SplitCounts(**{**sums, "most_instances": most})

    def instances_of(self, label: str) -> tuple[int, int, int, int]:
        """Counts the objects of a label: all, small, medium, large."""
        small, medium, large = (self.instances[label, size] for size in SIZES)
        return small + medium + large, small, medium, large

    @property
    def instances_a_frame(self) -> float | None:
        """Mean number of objects in a frame with ground truth; None without such frames."""
        return self.instances.total() / self.annotated if self.annotated else None

    @property
    def mean(self) -> tuple[float, ...] | None:
        """Mean of red, green, blue over all pixels of all photographs, 0 to 255; None without photographs."""
        return tuple(mean for mean, _ in self._moments) if self.images else None

    @property
    def deviation(self) -> tuple[float, ...] | None:
        """Standard deviation of red, green, blue over all pixels of all photographs; None without photographs."""
        return tuple(deviation for _, deviation in self._moments) if self.images else None

    @property
    def _moments(self) -> Iterator[tuple[float, float]]:
        for counts in self.levels.tolist():
            number = sum(counts)
            total = sum(count * value for value, count in enumerate(counts))
            squares = sum(count * value * value for value, count in enumerate(counts))
            # Whole numbers until the division, so that nothing is rounded.
            yield total / number, math.sqrt((number * squares - total * total) / number**2)


@dataclass(frozen=True)
class DatasetCounts:
    """Counts of a dataset.

    Attributes:
        splits: Counts by name of the split, sorted; "" for frames of none.
        problems: Why files could not be counted, one sentence each.
        notes: What was missing or odd when the dataset was read, one sentence each.
    """

    labels: LabelTable
    splits: dict[str, SplitCounts] = field(hash=False)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> SplitCounts:
        """The counts of all splits together."""
        return reduce(add, self.splits.values(), SplitCounts())

    def to_json(self) -> dict[str, object]:
        """Makes JSON-able values of everything."""
        splits = {name: _split_to_json(split, self.labels) for name, split in self.splits.items()}
        return {
            "small_below_pixels": SMALL_BELOW,
            "medium_below_pixels": MEDIUM_BELOW,
            "splits": splits,
            "all": _split_to_json(self.total, self.labels),
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def count_dataset(dataset: FrameDataset, workers: int = 1, splits: Sequence[str] = ()) -> DatasetCounts:
    """Counts what is in some splits of a dataset, () for all.

    A file that cannot be read is left out and named in the `problems` of the result.

    Raises:
        ConfigError: If a wanted split is not there, or `workers` is below 1.
    """
    check_workers(workers)
    counted: dict[str, SplitCounts] = {}
    problems: list[str] = []
    dataset = _only(dataset, splits)
    for name, counts, found in for_each_frame(partial(_count_frame, dataset.labels), dataset, workers, "count"):
        counted[name] = counted.get(name, SplitCounts()) + counts
        problems += found
    return DatasetCounts(
        dataset.labels, dict(sorted(counted.items())), tuple(problems), tuple(dict.fromkeys(dataset.notes))
    )


def names_in_order(labels: LabelTable, split: SplitCounts) -> list[str]:
    """Lists the label names of a split in the order of the table; names that are not in the table come last."""
    known = [label.name for label in labels]
    seen = {*split.pixels, *split.crowds, *(label for label, _ in split.instances)}
    return [name for name in known if name in seen] + sorted(seen - set(known))


def _only(dataset: FrameDataset, splits: Sequence[str]) -> FrameDataset:
    if not splits:
        return dataset
    frames = tuple(dataset.frames)
    there = sorted({frame.split for frame in frames})
    if wrong := [name for name in splits if name not in there]:
        raise ConfigError(f"the dataset has no split {wrong[0]!r}; found: {', '.join(there) or 'none'}")
    return replace(dataset, frames=tuple(frame for frame in frames if frame.split in splits))


def _count_frame(labels: LabelTable, frame: AnnotatedFrame) -> tuple[str, SplitCounts, list[str]]:
    counts, problems = SplitCounts(frames=1), []
    try:
        counts += _count_image(frame)
    except ProjectError as error:
        problems.append(str(error))
        frame = replace(frame, image=None)  # its ground truth is complete, and must not be compared with a broken image
    try:
        counts += _count_annotation(frame, labels)
    except ProjectError as error:
        problems.append(str(error))
    return frame.split, counts, problems


def _count_annotation(frame: AnnotatedFrame, labels: LabelTable) -> SplitCounts:
    annotation = frame.annotation()
    if annotation is None or annotation.has_boxes_only:
        return SplitCounts(boxes=len(annotation.boxes) if annotation else 0)
    areas = count_keys(annotation.pixels)
    pixels: Counter[str] = Counter()
    instances: Counter[tuple[str, str]] = Counter()
    crowds: Counter[str] = Counter()
    hidden = 0
    for key, segment in annotation.segments.items():
        area = areas.pop(key, 0)
        pixels[segment.label] += area
        if segment.number is not None:
            instances[segment.label, _size_of(area)] += bool(area)
            hidden += not area
        elif area:
            crowds[segment.label] += segment.is_crowd
    pixels[labels.background or NO_LABEL] += sum(areas.values())
    instances = +instances
    return SplitCounts(
        annotated=1,
        pixels=+pixels,
        instances=instances,
        crowds=+crowds,
        without_pixels=hidden,
        boxes=len(annotation.boxes),
        most_instances=instances.total(),
    )


def _size_of(area: int) -> str:
    return SIZES[(area >= SMALL_BELOW) + (area >= MEDIUM_BELOW)]


def _count_image(frame: AnnotatedFrame) -> SplitCounts:
    if frame.image is None:
        return SplitCounts()
    image = read_photograph(frame.image)
    rows = max(1, _EXACT_COUNT // image.shape[1])
    levels = np.zeros((3, 256), np.int64)
    for start in range(0, image.shape[0], rows):
        part = image[start : start + rows]
        for channel in range(3):
            levels[channel] += cv2.calcHist([part], [channel], None, [256], [0, 256]).ravel().astype(np.int64)
    return SplitCounts(images=1, levels=levels)


def _split_to_json(split: SplitCounts, labels: LabelTable) -> dict[str, object]:
    all_pixels = split.pixels.total()
    names = names_in_order(labels, split)
    return {
        "frames": split.frames,
        "with_image": split.images,
        "with_ground_truth": split.annotated,
        "pixels": all_pixels,
        "instances": split.instances.total(),
        "instances_a_frame": split.instances_a_frame,
        "most_instances_in_a_frame": split.most_instances,
        "instances_without_a_pixel": split.without_pixels,
        "instances_with_a_box_and_no_outline": split.boxes,
        "crowds": split.crowds.total(),
        "mean": split.mean,
        "standard_deviation": split.deviation,
        "mean_0_to_1": split.mean and [value / 255 for value in split.mean],
        "standard_deviation_0_to_1": split.deviation and [value / 255 for value in split.deviation],
        "labels": {
            name: {
                "pixels": split.pixels[name],
                "share": split.pixels[name] / all_pixels if all_pixels else None,
                **dict(zip(("instances", *SIZES), split.instances_of(name), strict=True)),
                "crowds": split.crowds[name],
            }
            for name in names
        },
    }

"""Counts what a dataset holds: frames, pixels and objects of each label, and the brightness of its photographs.

Everything is counted in whole numbers and added up, so that the result depends neither on the order of the frames nor
on the number of workers. A pixel of no segment counts for the background label. An object counts with the pixels that
can be seen of it; its size follows the bounds of COCO.
"""

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import add
from pathlib import PurePath

import cv2
import numpy as np

from common.errors import ConfigError, DataError, ProjectError
from common.formats.writing import for_each_frame
from common.images.pictures import read_colors
from common.images.png import read_image
from common.labels.tables import LabelTable

# Upper bounds of small and medium objects in pixels, those of COCO's evaluation.
SMALL_BELOW, MEDIUM_BELOW = 32**2, 96**2
SIZES = ("small", "medium", "large")
NO_LABEL = "(no label)"
# OpenCV counts in float32, which is exact up to here.
_EXACT_COUNT = 2**24
_LARGEST_TABLE = 2**20


@dataclass(frozen=True)
class SplitCensus:
    """What the frames of a split hold; two of them can be added.

    Attributes:
        frames: Number of frames.
        images: Frames with a photograph that was read.
        annotated: Frames with ground truth that was read.
        pixels: Number of pixels by label name, background included.
        instances: Number of objects by `(label name, size)`.
        crowds: Number of crowd regions by label name; where the source keeps no groups apart, one a frame and label.
        without_pixels: Objects that the annotation names and that no pixel shows.
        most_instances: Largest number of objects in one frame.
        levels: How often each value occurs in each channel (red, green, blue): `int64` of shape `(3, 256)`.
    """

    frames: int = 0
    images: int = 0
    annotated: int = 0
    pixels: Counter = field(default_factory=Counter, hash=False)
    instances: Counter = field(default_factory=Counter, hash=False)
    crowds: Counter = field(default_factory=Counter, hash=False)
    without_pixels: int = 0
    most_instances: int = 0
    levels: np.ndarray = field(default_factory=lambda: np.zeros((3, 256), np.int64), hash=False)

    def __add__(self, other):
        most = max(self.most_instances, other.most_instances)
        sums = {name: value + getattr(other, name) for name, value in vars(self).items()}
        return SplitCensus(**{**sums, "most_instances": most})

    def instances_of(self, label):
        """Counts the objects of a label: all, small, medium, large."""
        by_size = [self.instances[label, size] for size in SIZES]
        return sum(by_size), *by_size

    @property
    def instances_a_frame(self):
        """Mean number of objects in a frame with ground truth; None without such frames."""
        return self.instances.total() / self.annotated if self.annotated else None

    @property
    def mean(self):
        """Mean of red, green, blue over all pixels of all photographs, 0 to 255; None without photographs."""
        return tuple(mean for mean, _ in self._moments) if self.images else None

    @property
    def deviation(self):
        """Standard deviation of red, green, blue over all pixels (of them all, not a sample); None as `mean`."""
        return tuple(deviation for _, deviation in self._moments) if self.images else None

    @property
    def _moments(self):
        for counts in self.levels.tolist():
            number = sum(counts)
            total = sum(count * value for value, count in enumerate(counts))
            squares = sum(count * value * value for value, count in enumerate(counts))
            # In whole numbers up to the division, so that nothing is rounded away.
            yield total / number, math.sqrt((number * squares - total * total) / number**2)


@dataclass(frozen=True)
class Census:
    """What a dataset holds.

    Attributes:
        labels: The dataset's `LabelTable`.
        splits: `SplitCensus` by name of the split, sorted; "" for frames of none.
        problems: Why files could not be counted, a sentence each.
        notes: What was found missing or odd while the dataset was read, a sentence each.
    """

    labels: LabelTable
    splits: dict[str, SplitCensus] = field(hash=False)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def total(self):
        """All splits together."""
        return reduce(add, self.splits.values(), SplitCensus())

    def to_json(self):
        """Gives everything as a value that can be written as JSON."""
        splits = {name: _split_to_json(split, self.labels) for name, split in self.splits.items()}
        return {
            "small_below_pixels": SMALL_BELOW,
            "medium_below_pixels": MEDIUM_BELOW,
            "splits": splits,
            "all": _split_to_json(self.total, self.labels),
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def take_census(dataset, workers=1, splits=()):
    """Counts what is in a dataset.

    Args:
        dataset: `FrameDataset`.
        workers: Number of processes.
        splits: Names of the splits to count; () takes all.

    Returns:
        A `Census`. A file that cannot be read is left out and named in its `problems`.

    Raises:
        ConfigError: If a wanted split is not there, or `workers` is below 1.
    """
    if workers < 1:
        raise ConfigError(f"workers = {workers}: expected 1 or more")
    counted, problems = {}, []
    dataset = _only(dataset, splits)
    for name, census, found in for_each_frame(partial(_count_frame, dataset.labels), dataset, workers, "count"):
        counted[name] = counted.get(name, SplitCensus()) + census
        problems += found
    return Census(dataset.labels, dict(sorted(counted.items())), tuple(problems), tuple(dict.fromkeys(dataset.notes)))


def names_in_order(census, split):
    """Lists the labels of a `SplitCensus` in the order of the table; what no label of it is called comes last."""
    known = [label.name for label in census.labels]
    seen = {*split.pixels, *split.crowds, *(label for label, _ in split.instances)}
    return [name for name in known if name in seen] + sorted(seen - set(known))


def _only(dataset, splits):
    if not splits:
        return dataset
    frames = tuple(dataset.frames)
    there = sorted({frame.split for frame in frames})
    if wrong := [name for name in splits if name not in there]:
        raise ConfigError(f"the dataset has no split {wrong[0]!r}; found: {', '.join(there) or 'none'}")
    return replace(dataset, frames=tuple(frame for frame in frames if frame.split in splits))


def _count_frame(labels, frame):
    census, problems = SplitCensus(frames=1), []
    try:
        census += _count_image(frame)
    except ProjectError as error:
        problems.append(str(error))
        frame = replace(frame, image=None)  # its ground truth is whole, and shall not be measured by it
    try:
        census += _count_annotation(frame, labels)
    except ProjectError as error:
        problems.append(str(error))
    return frame.split, census, problems


def _count_annotation(frame, labels):
    annotation = frame.annotation()
    if annotation is None:
        return SplitCensus()
    areas = _areas(annotation.pixels)
    pixels, instances, crowds, hidden = Counter(), Counter(), Counter(), 0
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
    return SplitCensus(
        annotated=1,
        pixels=+pixels,
        instances=instances,
        crowds=+crowds,
        without_pixels=hidden,
        most_instances=instances.total(),
    )


def _areas(pixels):
    """Counts the pixels of each key."""
    if pixels.min(initial=0) >= 0 and pixels.max(initial=0) < _LARGEST_TABLE:
        counts = np.bincount(pixels.ravel())
        keys = np.flatnonzero(counts)
        return dict(zip(keys.tolist(), counts[keys].tolist(), strict=True))
    keys, counts = np.unique(pixels, return_counts=True)
    return dict(zip(keys.tolist(), counts.tolist(), strict=True))


def _size_of(area):
    return SIZES[(area >= SMALL_BELOW) + (area >= MEDIUM_BELOW)]


def _count_image(frame):
    if frame.image is None:
        return SplitCensus()
    image = _read_colors(frame.image)
    rows = max(1, _EXACT_COUNT // image.shape[1])
    levels = np.zeros((3, 256), np.int64)
    for start in range(0, image.shape[0], rows):
        part = image[start : start + rows]
        for channel in range(3):
            levels[channel] += cv2.calcHist([part], [channel], None, [256], [0, 256]).ravel().astype(np.int64)
    return SplitCensus(images=1, levels=levels)


def _read_colors(source):
    """Reads a photograph; the PNG files of the dataset by the fast way, which refuses all others."""
    if PurePath(source.member or source.path).suffix.lower() == ".png":
        try:
            return read_image(source)
        except DataError:
            pass  # gray or with alpha, which the other reader takes; what is damaged, it refuses too
    return read_colors(source)


def _split_to_json(split, labels):
    all_pixels = split.pixels.total()
    names = names_in_order(Census(labels, {}), split)
    return {
        "frames": split.frames,
        "with_image": split.images,
        "with_ground_truth": split.annotated,
        "pixels": all_pixels,
        "instances": split.instances.total(),
        "instances_a_frame": split.instances_a_frame,
        "most_instances_in_a_frame": split.most_instances,
        "instances_without_a_pixel": split.without_pixels,
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

"""The classes of a gallery: which occur, on how many pixels, and the same in words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from common.labels.cityscapes import IGNORE
from common.pages.gallery import Gallery, GalleryFrame, GalleryObject
from common.text import count

NO_CLASS = "no class"
_GRAY = (128, 128, 128)
# A summary names this many classes; the rest is counted.
_NAMED = 5


class LegendClass(TypedDict):
    """A class of a gallery's legend, for the template and the script; the share of the pixels is a text."""

    index: int
    name: str
    color: list[int]
    share: str


class Counts:
    """Counts pixels by class over frames, separately for ground truth and predictions."""

    def __init__(self) -> None:
        self._truth = np.zeros(256, np.int64)
        self._predicted = np.zeros(256, np.int64)
        self._labels: set[str] = set()

    def add(self, frame: GalleryFrame) -> None:
        """Counts a frame."""
        if frame.truth is not None:
            self._truth += count_pixels(frame.truth)
        for prediction in frame.predictions:
            self._predicted += count_pixels(prediction.classes)
        self._labels.update(item.label for item in frame.objects)

    @property
    def has_masks(self) -> bool:
        """Whether there is anything besides photographs and objects."""
        return bool(self._truth.any() or self._predicted.any())

    @property
    def has_errors(self) -> bool:
        """Whether there are predictions to compare with a ground truth."""
        return bool(self._truth.any() and self._predicted.any())

    def of_classes(self, names: Sequence[str]) -> list[tuple[int, float]]:
        """Lists class index and share of the pixels, the most frequent class first.

        Shares are of the ground truth, or of the predictions if there is no ground truth.
        """
        counted = self._truth if self._truth.any() else self._predicted
        total = max(1, int(counted.sum()))
        occur = (self._truth + self._predicted) > 0
        occur[: len(names)] |= np.array([name in self._labels for name in names[:256]], bool)
        indices = sorted(np.flatnonzero(occur).tolist(), key=lambda index: (index == IGNORE, -counted[index], index))
        return [(index, float(counted[index] / total)) for index in indices]


def count_pixels(classes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Counts the pixels of every class index; the result has the shape `(256,)`."""
    return np.bincount(classes.ravel(), minlength=256)


def classes_of(gallery: Gallery, counts: Counts) -> list[LegendClass]:
    """Lists the classes of a gallery's legend, the most frequent first, pixels without a class last."""
    return [
        {
            "index": index,
            "name": class_name(index, gallery.names),
            "color": list(gallery.colors[index]) if index < len(gallery.colors) and index != IGNORE else list(_GRAY),
            "share": percent(share),
        }
        for index, share in counts.of_classes(gallery.names)
    ]


def class_name(index: int, names: Sequence[str]) -> str:
    """Gives the name of a class index, or a text that says that it has none."""
    if index == IGNORE:
        return NO_CLASS
    return names[index] if index < len(names) else f"class {index} (has no name)"


def percent(share: float) -> str:
    """Writes a share from 0 to 1 as per cent, with one decimal below ten: "31 %", "2.4 %", "under 0.1 %"."""
    if share == 0:
        return "0 %"
    if share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def summarize_mask(classes: NDArray[np.uint8], names: Sequence[str]) -> str:
    """Describes a mask for those who cannot see it: "road 41 %, building 22 %, 3 more classes"."""
    pixels = count_pixels(classes)
    order = [int(index) for index in np.argsort(-pixels, kind="stable") if pixels[index]]
    parts = [f"{class_name(index, names)} {percent(float(pixels[index] / classes.size))}" for index in order[:_NAMED]]
    rest = len(order) - _NAMED
    if rest > 0:
        parts.append(count(rest, "more class", "more classes"))
    return ", ".join(parts)


def summarize_objects(objects: Iterable[GalleryObject]) -> str:
    """Describes objects in words: "3 in all, 2 car, 1 person"."""
    counts = Counter(item.label for item in objects)
    if not counts:
        return "none"
    named = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return f"{counts.total()} in all, " + ", ".join(f"{n} {name}" for name, n in named)

"""The classes of a gallery: which occur, on how many pixels, and how that is said in words."""

import numpy as np

from common.labels.cityscapes import IGNORE

NO_CLASS = "no class"
_GRAY = (128, 128, 128)
# A summary names this many classes; the rest is counted.
_NAMED = 5


class Counts:
    """Counts pixels by class over frames, ground truth and predictions apart."""

    def __init__(self):
        self._truth = np.zeros(256, np.int64)
        self._predicted = np.zeros(256, np.int64)
        self._labels = set()

    def add(self, frame):
        """Counts a frame, a GalleryFrame."""
        if frame.truth is not None:
            self._truth += count_pixels(frame.truth)
        for prediction in frame.predictions:
            self._predicted += count_pixels(prediction.classes)
        self._labels.update(item.label for item in frame.objects)

    @property
    def has_masks(self):
        """Whether there is anything but photographs and objects."""
        return bool(self._truth.any() or self._predicted.any())

    @property
    def has_errors(self):
        """Whether there are predictions to compare with a ground truth."""
        return bool(self._truth.any() and self._predicted.any())

    def of_classes(self, names):
        """Lists class index and share of the ground truth (of the predictions without one), the most frequent first."""
        counted = self._truth if self._truth.any() else self._predicted
        total = max(1, int(counted.sum()))
        occur = (self._truth + self._predicted) > 0
        occur[: len(names)] |= np.array([name in self._labels for name in names[:256]], bool)
        indices = sorted(np.flatnonzero(occur).tolist(), key=lambda index: (index == IGNORE, -counted[index], index))
        return [(index, counted[index] / total) for index in indices]


def count_pixels(classes):
    """Counts class indices, `uint8` of shape `(height, width)`; gives `int64` of shape `(256,)`."""
    return np.bincount(classes.ravel(), minlength=256)


def classes_of(gallery, counts):
    """Lists the classes of a gallery's legend as JSON-able dictionaries.

    Args:
        gallery: A Gallery.
        counts: Counts of its frames.

    Returns:
        For each class `index`, `name`, `color` (red, green, blue) and `share`, a text; the most frequent first, pixels
        without a class last.
    """
    return [
        {
            "index": index,
            "name": class_name(index, gallery.names),
            "color": list(gallery.colors[index]) if index < len(gallery.colors) and index != IGNORE else list(_GRAY),
            "share": percent(share),
        }
        for index, share in counts.of_classes(gallery.names)
    ]


def class_name(index, names):
    """Names a class index; one that has no name is said to have none."""
    if index == IGNORE:
        return NO_CLASS
    return names[index] if index < len(names) else f"class {index} (has no name)"


def percent(share):
    """Writes a share from 0 to 1 as percent, with one digit below ten: "31 %", "2.4 %", "under 0.1 %"."""
    if share == 0:
        return "0 %"
    if share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def summarize_mask(classes, names):
    """Says in words what a mask holds, for those who cannot see it: "road 41 %, building 22 %, 3 more classes"."""
    counts = count_pixels(classes)
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index]]
    parts = [f"{class_name(index, names)} {percent(counts[index] / classes.size)}" for index in order[:_NAMED]]
    rest = len(order) - _NAMED
    if rest > 0:
        parts.append(f"{rest} more class{'es' if rest > 1 else ''}")
    return ", ".join(parts)


def summarize_objects(objects):
    """Says in words which objects there are: "3 in all, 2 car, 1 person"."""
    counts = {}
    for item in objects:
        counts[item.label] = counts.get(item.label, 0) + 1
    named = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if not named:
        return "none"
    return f"{len(objects)} in all, " + ", ".join(f"{n} {name}" for name, n in named)

"""Counts the pixels of one frame for all metrics: what was taken for what, and what of each object was found.

Masks are areas of equal values, so a frame is turned into runs of pixels over which truth, prediction and objects do
not change; all counting is done on some ten thousand runs instead of two million pixels.
"""

from dataclasses import dataclass

import numpy as np

from common.errors import DataError, LabelError, ProjectError
from common.evaluation.metrics.instance_iou import weigh_instances
from common.evaluation.pixels.mask_values import IDS, ValueCode
from common.evaluation.pixels.predictions import PredictionReader
from common.evaluation.pixels.recognition import describe_mistake, find_mistake
from common.evaluation.pixels.truth_frames import TruthFrame
from common.files.sources import Source

_VALUES = 256


@dataclass(frozen=True)
class FrameCounts:
    """What was counted in one frame.

    Attributes:
        name: Of the frame.
        size_wh: Width and height, in pixels.
        counts: `[truth, prediction]` in the values of their codes.
        instances: Weighted pixels of objects, as `weigh_instances` gives them; None if they were not asked for.
        fault: What is wrong with the frame; nothing else is known of it then.
        hint: What its values seem to be instead, which is then true of all frames; "" if nobody knows.
    """

    name: str
    size_wh: tuple[int, int] = (0, 0)
    counts: np.ndarray | None = None
    instances: np.ndarray | None = None
    fault: str | None = None
    hint: str = ""


@dataclass(frozen=True)
class FrameCounter:
    """Counts frames; can be sent to a worker.

    Attributes:
        truth: `ValueCode` of the truth.
        reader: `PredictionReader`.
        with_objects: Whether pixels of objects are weighted.
    """

    truth: ValueCode
    reader: PredictionReader
    with_objects: bool

    def __call__(self, pair: tuple[TruthFrame, Source]):
        """Counts one frame; what a user can mend comes back as the fault of its `FrameCounts`."""
        frame, source = pair
        try:
            return self._count(frame, source)
        except ProjectError as error:
            return FrameCounts(frame.name, fault=str(error))

    def _count(self, frame, source):
        truth, instances = frame.read(self.with_objects)
        prediction = self.reader.read(source)
        _check_sizes(truth, prediction, frame, source)
        starts, lengths = _runs(truth, prediction, instances)
        of_truth, of_prediction = truth.ravel()[starts], prediction.ravel()[starts]
        pairs = of_truth.astype(np.uint16) * np.uint16(_VALUES) + of_prediction
        # Sums of whole numbers far below 2**53: exact.
        counts = np.bincount(pairs, lengths, _VALUES**2).astype(np.int64).reshape(_VALUES, _VALUES)
        _check_values(counts.sum(axis=1), self.truth, truth, f"{frame.file}")
        counts = counts[self.truth.values]
        try:
            _check_values(counts.sum(axis=0), self.reader.code, prediction, f"{source}")
        except LabelError as error:
            reading = find_mistake(counts, self.truth, self.reader.code)
            hint = "" if reading is None else describe_mistake(reading, self.reader.code)
            return FrameCounts(frame.name, fault=str(error), hint=hint)
        sums = None
        if self.with_objects:
            ids = self.reader.code.id_of_value[of_prediction]
            where = frame.files.get("instanceIds", frame.file)
            sums = weigh_instances(instances.ravel()[starts], ids, lengths, where)
        return FrameCounts(frame.name, truth.shape[::-1], counts[:, self.reader.code.values], sums)


def _runs(*pictures):
    """Finds where any of some pictures changes from one pixel to the next, row after row.

    Returns:
        Number of the first pixel of each run, and its length in pixels.
    """
    flat = [picture.ravel() for picture in pictures if picture is not None]
    is_start = np.ones(flat[0].size, bool)
    np.not_equal(flat[0][1:], flat[0][:-1], out=is_start[1:])
    for values in flat[1:]:
        is_start[1:] |= values[1:] != values[:-1]
    starts = np.flatnonzero(is_start)
    return starts, np.diff(starts, append=flat[0].size)


def _check_sizes(truth, prediction, frame, source):
    if truth.shape != prediction.shape:
        found, wanted = (f"{values.shape[1]} x {values.shape[0]}" for values in (prediction, truth))
        raise DataError(
            f"{source}: has {found} pixels, its truth {frame.file} has {wanted}; predictions of a study belong to the "
            "prepared split they were made of, others must have the size of the truth"
        )


def _check_values(pixels, code, picture, where):
    """Refuses values that mean nothing, as 255 among label ids."""
    wrong = np.setdiff1d(np.flatnonzero(pixels), code.values)
    if wrong.size:
        y, x = divmod(int(np.argmax(picture.ravel() == wrong[-1])), picture.shape[1])
        what = "label id" if code.kind == IDS else "class index"
        largest = code.values[code.values < len(code.label_map)][-1] if code.kind != IDS else code.values[-1]
        raise LabelError(f"{where}: holds the value {wrong[-1]} at x {x}, y {y}; a {what} from 0 to {largest} expected")

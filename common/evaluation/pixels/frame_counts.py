"""Counts the pixels of one frame for all metrics: what was taken for what, and how much of each object was found.

Masks are areas of equal values, so a frame is divided into runs of pixels in which truth, prediction and objects do not
change; ten thousand runs are counted instead of two million pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError, LabelError, ProjectError
from common.evaluation.metrics.confusion import equal_runs
from common.evaluation.metrics.instance_iou import weigh_instances
from common.evaluation.metrics.metric import Counts
from common.evaluation.pixels.frame_truth import TruthFrame
from common.evaluation.pixels.mask_values import IDS, MaskValues
from common.evaluation.pixels.predictions import PredictionReader
from common.evaluation.pixels.recognition import describe_mistake, find_mistake
from common.files.sources import Source
from common.labels.cityscapes import LARGEST_ID

_VALUES = 256


@dataclass(frozen=True)
class FrameCounts:
    """What was counted in one frame; sizes are in pixels.

    Attributes:
        counts: `[truth, prediction]` in the values of the masks; None if the frame cannot be scored.
        instances: Weighted pixels of objects, as `weigh_instances` gives them; None if they are not wanted.
        fault: Why the frame cannot be scored; None if it can.
        hint: What the values seem to mean instead, which is then true of all frames; "" if that is not known.
    """

    name: str
    size_wh: tuple[int, int] = (0, 0)
    counts: Counts | None = None
    instances: NDArray[np.float64] | None = None
    fault: str | None = None
    hint: str = ""


@dataclass(frozen=True)
class FrameCounter:
    """Counts frames, if wanted also the weighted pixels of objects; can be sent to a worker."""

    truth: MaskValues
    reader: PredictionReader
    with_objects: bool

    def __call__(self, pair: tuple[TruthFrame, Source]) -> FrameCounts:
        """Counts one frame; an error the user can fix comes back as the fault of the result."""
        frame, source = pair
        try:
            return self._count(frame, source)
        except ProjectError as error:
            return FrameCounts(frame.name, fault=str(error))

    def _count(self, frame: TruthFrame, source: Source) -> FrameCounts:
        truth, instances = frame.read(self.with_objects)
        prediction = self.reader.read(source)
        _check_sizes(truth, prediction, frame, source)
        masks = (truth, prediction) if instances is None else (truth, prediction, instances)
        starts, lengths = equal_runs(*masks)
        of_truth, of_prediction = truth.ravel()[starts], prediction.ravel()[starts]
        pairs = of_truth.astype(np.uint16) * np.uint16(_VALUES) + of_prediction
        # Sums of whole numbers far below 2**53: exact.
        counts = np.bincount(pairs, lengths, _VALUES**2).astype(np.int64).reshape(_VALUES, _VALUES)
        _check_values(counts.sum(axis=1), self.truth, truth, f"{frame.file}")
        counts = counts[self.truth.allowed]
        try:
            _check_values(counts.sum(axis=0), self.reader.values, prediction, f"{source}")
        except LabelError as error:
            reading = find_mistake(counts, self.truth, self.reader.values)
            hint = "" if reading is None else describe_mistake(reading, self.reader.values)
            return FrameCounts(frame.name, fault=str(error), hint=hint)
        sums = None
        if instances is not None:
            ids = self.reader.values.id_of_value[of_prediction]
            sums = weigh_instances(instances.ravel()[starts], ids, lengths, frame.objects_file)
        height, width = truth.shape
        return FrameCounts(frame.name, (width, height), counts[:, self.reader.values.allowed], sums)


def _check_sizes(truth: NDArray[np.uint8], prediction: NDArray[np.uint8], frame: TruthFrame, source: Source) -> None:
    if truth.shape != prediction.shape:
        found, wanted = (f"{values.shape[1]} x {values.shape[0]}" for values in (prediction, truth))
        raise DataError(
            f"{source}: has {found} pixels, its truth {frame.file} has {wanted}; predictions of a study belong to the "
            "prepared split they were made of, others must have the size of the truth"
        )


def _check_values(pixels: NDArray[np.int64], values: MaskValues, mask: NDArray[np.uint8], where: str) -> None:
    """Refuses values without a meaning, for example 255 among label ids."""
    wrong = np.setdiff1d(np.flatnonzero(pixels), values.allowed)
    if wrong.size:
        y, x = divmod(int(np.argmax(mask.ravel() == wrong[-1])), mask.shape[1])
        what, largest = ("label id", LARGEST_ID) if values.kind == IDS else ("class index", len(values.label_map) - 1)
        raise LabelError(f"{where}: holds the value {wrong[-1]} at x {x}, y {y}; expected a {what} from 0 to {largest}")

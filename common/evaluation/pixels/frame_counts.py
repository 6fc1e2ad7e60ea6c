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
        names = str(frame.file), str(source), str(frame.objects_file)
        masks = FrameMasks(frame.name, truth, self.reader.read(source), instances, *names)
        return count_masks(masks, self.truth, self.reader.values)


@dataclass(frozen=True)
class FrameMasks:
    """The masks of one frame, each of shape `(height, width)`.

    Attributes:
        instances: Values as in instanceIds; None if objects are not wanted or not known.
        truth_name: What messages call the truth; so do the two other names.
    """

    name: str
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    instances: NDArray[np.uint16] | None
    truth_name: str
    prediction_name: str
    objects_name: str


def count_masks(masks: FrameMasks, of_truth: MaskValues, of_prediction: MaskValues) -> FrameCounts:
    """Counts one frame; `of_truth` and `of_prediction` tell what the values mean.

    Raises:
        DataError: If the sizes differ, or an object is of a label that has none; names the mask.
        LabelError: If the truth holds a value without a meaning; that of a prediction is the fault of the result.
    """
    _check_sizes(masks)
    arrays = (masks.truth, masks.prediction)
    starts, lengths = equal_runs(*arrays, *([] if masks.instances is None else [masks.instances]))
    truth, prediction = (array.ravel()[starts] for array in arrays)
    pairs = truth.astype(np.uint16) * np.uint16(_VALUES) + prediction
    # Sums of whole numbers far below 2**53: exact.
    counts = np.bincount(pairs, lengths, _VALUES**2).astype(np.int64).reshape(_VALUES, _VALUES)
    _check_values(counts.sum(axis=1), of_truth, masks.truth, masks.truth_name)
    counts = counts[of_truth.allowed]
    try:
        _check_values(counts.sum(axis=0), of_prediction, masks.prediction, masks.prediction_name)
    except LabelError as error:
        reading = find_mistake(counts, of_truth, of_prediction)
        hint = "" if reading is None else describe_mistake(reading, of_prediction)
        return FrameCounts(masks.name, fault=str(error), hint=hint)
    sums = None
    if masks.instances is not None:
        ids = of_prediction.id_of_value[prediction]
        sums = weigh_instances(masks.instances.ravel()[starts], ids, lengths, masks.objects_name)
    height, width = masks.truth.shape
    return FrameCounts(masks.name, (width, height), counts[:, of_prediction.allowed], sums)


def _check_sizes(masks: FrameMasks) -> None:
    if masks.truth.shape != masks.prediction.shape:
        found, wanted = (f"{values.shape[1]} x {values.shape[0]}" for values in (masks.prediction, masks.truth))
        raise DataError(
            f"{masks.prediction_name}: has {found} pixels, its truth {masks.truth_name} has {wanted}; predictions of a "
            "study belong to the prepared split they were made of, others must have the size of the truth"
        )


def _check_values(pixels: NDArray[np.int64], values: MaskValues, mask: NDArray[np.uint8], where: str) -> None:
    """Refuses values without a meaning, for example 255 among label ids."""
    wrong = np.setdiff1d(np.flatnonzero(pixels), values.allowed)
    if wrong.size:
        y, x = divmod(int(np.argmax(mask.ravel() == wrong[-1])), mask.shape[1])
        what, largest = ("label id", LARGEST_ID) if values.kind == IDS else ("class index", len(values.label_map) - 1)
        raise LabelError(f"{where}: holds the value {wrong[-1]} at x {x}, y {y}; expected a {what} from 0 to {largest}")

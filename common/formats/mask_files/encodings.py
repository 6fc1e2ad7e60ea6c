"""What becomes of instance ids in each kind of mask file: a look-up, and the PNG file of the result.

Train ids are 0 to 18 for the labels that are evaluated and 255 for all others, in 8 bits. With instances they are
`train id * 1000 + n` for counted objects, the train id alone for groups and for labels that are not counted, and 255
for all that is not evaluated, in 16 bits.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import INSTANCES_PER_CLASS, LARGEST_COUNTED_ID, ids_to_colors, instances_to_ids
from common.errors import LabelError
from common.images.png import encode_color_mask, encode_instance_mask, encode_mask
from common.labels.cityscapes import IGNORE, Label
from common.labels.maps import LabelMap, study_label_map
from common.labels.tables import BACKGROUND, CITYSCAPES, LabelTable

# Ending of the files, `<name>_gtFine_<ending>.png`, by encoding.
ENDINGS = {
    "labelIds": "labelIds",
    "trainIds": "labelTrainIds",
    "instanceIds": "instanceIds",
    "instanceTrainIds": "instanceTrainIds",
    "color": "color",
    "classes": "classes",
}
# The encodings that are files of the dataset itself.
MASK_KINDS = ("instanceIds", "labelIds", "color")


@dataclass(frozen=True)
class InstanceRuns:
    """The instance ids of a frame, cut into runs with a length in pixels, row by row; runs may cross row ends."""

    ids: NDArray[np.uint16] = field(hash=False)
    lengths: NDArray[np.integer] = field(hash=False)
    size_wh: tuple[int, int]


@dataclass(frozen=True)
class MaskEncoder:
    """Makes mask files of instance ids.

    Attributes:
        encoding: One of `ENDINGS`.
        table: The labels of the ids.
        label_map: For "classes"; None takes the 35 classes of the study.
    """

    encoding: str
    table: LabelTable = CITYSCAPES
    label_map: LabelMap | None = None

    def encode(self, instance_ids: NDArray[np.uint16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Makes the pixels of a mask from instance ids of any shape.

        Returns:
            The same shape, `uint16` for encodings with instances; for "color" another axis of red, green, blue, alpha.

        Raises:
            LabelError: If a label belongs to no class of the label map.
        """
        if self.encoding == "instanceIds":
            return instance_ids
        if self.encoding == "instanceTrainIds":
            return self._instance_train_ids.take(instance_ids)
        ids = instances_to_ids(instance_ids)
        if self.encoding == "color":
            return ids_to_colors(ids, self.table)
        return ids if self.encoding == "labelIds" else self._of_id.take(ids)

    def to_png(self, runs: InstanceRuns) -> bytes:
        """Makes the bytes of the file; raises LabelError as `encode`."""
        shape = runs.size_wh[::-1]
        values = self.encode(runs.ids)
        if values.ndim == 2:
            colors = np.repeat(np.ascontiguousarray(values).view(np.uint32)[:, 0], runs.lengths)
            return encode_color_mask(colors.view(np.uint8).reshape(*shape, 4))
        pixels = np.repeat(values, runs.lengths).reshape(shape)
        return encode_instance_mask(pixels) if pixels.dtype == np.uint16 else encode_mask(pixels)

    @cached_property
    def _of_id(self) -> NDArray[np.uint8]:
        of_id = np.full(256, IGNORE, np.uint8)
        for label in self.table:
            if label.id >= 0:
                of_id[label.id] = _train_id(label) if self.encoding == "trainIds" else self._class_of(label)
        return of_id

    def _class_of(self, label: Label) -> int:
        classes = (self.label_map or study_label_map()).class_of_id
        official = CITYSCAPES.find(BACKGROUND if label.name == self.table.background else label.name)
        if official is None:
            raise LabelError(
                f"the label {label.name!r} is not one of Cityscapes', so the label map has no class for it; "
                "choose another encoding"
            )
        return classes[official.id] if official.id >= 0 else IGNORE

    @cached_property
    def _instance_train_ids(self) -> NDArray[np.uint16]:
        of_instance = np.full(2**16, IGNORE, np.uint16)
        numbers = np.arange(INSTANCES_PER_CLASS)
        for label in self.table:
            train_id = _train_id(label)
            if label.id < 0 or train_id == IGNORE:
                continue
            of_instance[label.id] = train_id
            if label.id <= LARGEST_COUNTED_ID and label.has_instances:
                of_instance[label.id * INSTANCES_PER_CLASS + numbers] = train_id * INSTANCES_PER_CLASS + numbers
        return of_instance


def _train_id(label: Label) -> int:
    return label.train_id if 0 <= label.train_id < IGNORE else IGNORE

"""What becomes of the values of instanceIds in each kind of mask file: a look-up, and the PNG it is kept in.

Train ids are 0 to 18 for the labels that are evaluated and 255 for all others, in 8 bits. With instances they are
`train id * 1000 + n` for counted objects, the train id alone for groups and for labels that are not counted, and 255
for all that is not evaluated, in 16 bits.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from common.dataset.original.polygons import INSTANCES_PER_CLASS, LARGEST_COUNTED_ID, ids_to_colors, instances_to_ids
from common.errors import LabelError
from common.images.png import encode_color_mask, encode_instance_mask, encode_mask
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap, study_label_map
from common.labels.tables import CITYSCAPES, LabelTable

# Ending of the files, `<name>_gtFine_<ending>.png`, by encoding.
ENDINGS = {
    "labelIds": "labelIds",
    "trainIds": "labelTrainIds",
    "instanceIds": "instanceIds",
    "instanceTrainIds": "instanceTrainIds",
    "color": "color",
    "classes": "classes",
}


@dataclass(frozen=True)
class MaskEncoder:
    """Makes mask files of values.

    Attributes:
        encoding: One of `ENDINGS`.
        table: `LabelTable` of the ids in the values.
        label_map: For "classes"; None takes the 35 classes of the study.
    """

    encoding: str
    table: LabelTable = CITYSCAPES
    label_map: LabelMap | None = None

    def encode(self, values):
        """Makes the pixels of a mask.

        Args:
            values: As in instanceIds, `uint16`, as of shape `(height, width)`.

        Returns:
            `uint8` or, with instances, `uint16` of the same shape; for "color" red, green, blue, alpha, `uint8` of
            shape `(height, width, 4)`.

        Raises:
            LabelError: If a label belongs to no class of the label map.
        """
        if self.encoding == "instanceIds":
            return values
        if self.encoding == "instanceTrainIds":
            return self._instance_train_ids.take(values)
        ids = instances_to_ids(values)
        if self.encoding == "color":
            return ids_to_colors(ids, self.table)
        return ids if self.encoding == "labelIds" else self._of_id.take(ids)

    def to_png(self, values, lengths, size_wh):
        """Makes the bytes of the file.

        Args:
            values: Of the runs of pixels, row by row, as in instanceIds, `uint16`.
            lengths: How many pixels long each run is.
            size_wh: Width and height, in pixels.

        Raises:
            LabelError: As `encode`.
        """
        shape = size_wh[::-1]
        pixels = self.encode(values)
        if pixels.ndim == 2:
            colors = np.repeat(np.ascontiguousarray(pixels).view(np.uint32)[:, 0], lengths)
            return encode_color_mask(colors.view(np.uint8).reshape(*shape, 4))
        pixels = np.repeat(pixels, lengths).reshape(shape)
        return encode_instance_mask(pixels) if pixels.dtype == np.uint16 else encode_mask(pixels)

    @cached_property
    def _of_id(self):
        of_id = np.full(256, IGNORE, np.uint8)
        for label in self.table:
            if label.id >= 0:
                of_id[label.id] = _train_id(label) if self.encoding == "trainIds" else self._class_of(label)
        return of_id

    def _class_of(self, label):
        classes = (self.label_map or study_label_map()).class_of_id
        official = CITYSCAPES.find(CITYSCAPES.background if label.name == self.table.background else label.name)
        if official is None:
            raise LabelError(
                f"the label {label.name!r} is none of Cityscapes', so the label map has no class for it; "
                "choose another encoding"
            )
        return classes[official.id] if official.id >= 0 else IGNORE

    @cached_property
    def _instance_train_ids(self):
        of_value = np.full(2**16, IGNORE, np.uint16)
        numbers = np.arange(INSTANCES_PER_CLASS)
        for label in self.table:
            train_id = _train_id(label)
            if label.id < 0 or train_id == IGNORE:
                continue
            of_value[label.id] = train_id
            if label.id <= LARGEST_COUNTED_ID and label.has_instances:
                of_value[label.id * INSTANCES_PER_CLASS + numbers] = train_id * INSTANCES_PER_CLASS + numbers
        return of_value


def _train_id(label):
    return label.train_id if 0 <= label.train_id < IGNORE else IGNORE

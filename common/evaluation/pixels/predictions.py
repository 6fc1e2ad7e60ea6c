"""Reads predictions: label ids, class indices, or colours of either, from PNG files that others wrote.

A palette only shows values as colours. So a PNG with a palette is read as its values, like the official script does; or
as its colours where colours are wanted.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.truth import colors_to_ids
from common.errors import ConfigError
from common.evaluation.pixels.mask_values import CLASSES, IDS, MaskValues
from common.evaluation.pixels.pairing import COLOR
from common.files.sources import Source
from common.images.png import read_color_mask, read_mask
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap
from common.labels.tables import CITYSCAPES, LabelTable, make_label

AUTO = "auto"
ENCODINGS = (AUTO, IDS, CLASSES, COLOR)
# Place in the header of a PNG, and colour types.
_COLOR_TYPE_AT, _COLORS = 25, (2, 6)
_BLACK = (0, 0, 0)


@dataclass(frozen=True)
class PredictionReader:
    """How predictions are read; `values` is what the values mean once colours, if any, are translated."""

    is_color: bool
    values: MaskValues

    def read(self, source: Source) -> NDArray[np.uint8]:
        """Reads one prediction, shape `(height, width)`; its values are not checked here.

        Raises:
            DataError: If the file is missing, damaged or of another kind; names it.
            LabelError: If a colour is that of no label or class; names file, colour and place.
        """
        if self.is_color:
            return colors_to_ids(read_color_mask(source), self._table, source)
        return read_mask(source)

    @cached_property
    def _table(self) -> LabelTable:
        """The labels whose colours are read; for class indices, the ids are the classes."""
        if self.values.kind == IDS:
            return CITYSCAPES
        label_map = self.values.label_map
        labels = [make_label(f"class {place}", place, color, False) for place, color in enumerate(label_map.colors)]
        if not label_map.ignores:
            return LabelTable(tuple(labels))
        return LabelTable((*labels, make_label("ignored", IGNORE, _BLACK, False)), "ignored")


def choose_reader(encoding: str, truth: MaskValues, label_map: LabelMap | None, example: Source) -> PredictionReader:
    """Decides what the predictions hold.

    Args:
        encoding: One of `ENCODINGS`. "auto" takes colours if the example has them; else class indices if a label map
            was given or the truth holds class indices, else label ids.
        truth: What the values of the truth mean.
        label_map: The classes that the user named, if any.
        example: One prediction.

    Raises:
        ConfigError: If there is no such encoding.
        DataError: If the example cannot be read.
    """
    if encoding not in ENCODINGS:
        raise ConfigError(f"there is no encoding {encoding!r}; there are {', '.join(ENCODINGS)}")
    is_color = encoding == COLOR or (encoding == AUTO and _has_colors(example))
    if encoding in (IDS, CLASSES):
        kind = encoding
    else:
        kind = CLASSES if label_map is not None or truth.kind == CLASSES else IDS
    return PredictionReader(is_color, MaskValues(kind, truth.label_map))


def _has_colors(example: Source) -> bool:
    return _color_type(example.read_bytes()) in _COLORS


def _color_type(data: bytes) -> int | None:
    return data[_COLOR_TYPE_AT] if len(data) > _COLOR_TYPE_AT else None

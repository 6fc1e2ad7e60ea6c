"""Reads predictions: label ids, class indices, or colours of either, from PNG files of others.

A palette is a way of showing values, so a PNG with a palette is read as its values, as the official script does; when
colours are asked for, as its colours.
"""

from dataclasses import dataclass
from functools import cached_property

from common.dataset.original.truth import colors_to_ids
from common.errors import ConfigError
from common.evaluation.pixels.mask_values import CLASSES, IDS, ValueCode
from common.evaluation.pixels.pairing import COLOR
from common.files.sources import NamedBytes
from common.images.pictures import read_colors, read_values
from common.images.png import read_color_mask, read_mask
from common.labels.cityscapes import IGNORE
from common.labels.tables import CITYSCAPES, LabelTable, make_label

AUTO = "auto"
ENCODINGS = (AUTO, IDS, CLASSES, COLOR)
# Place in the header of a PNG, and colour types.
_COLOR_TYPE_AT, _PALETTE, _COLORS = 25, 3, (2, 6)
_BLACK = (0, 0, 0)


@dataclass(frozen=True)
class PredictionReader:
    """How predictions are read.

    Attributes:
        is_color: Whether the files hold colours.
        code: What the values mean once they are read.
    """

    is_color: bool
    code: ValueCode

    def read(self, source):
        """Reads one prediction.

        Args:
            source: `Source` of a PNG.

        Returns:
            Values of the code, `uint8` of shape `(height, width)`. Whether they are allowed is not looked at.

        Raises:
            DataError: If the file is missing, damaged or of another kind; names it.
            LabelError: If a colour is that of no label or class; names file, colour and place.
        """
        data = source.read_bytes()
        file = NamedBytes(str(source), data)
        if _color_type(data) == _PALETTE:
            return colors_to_ids(read_colors(file), self._table, source) if self.is_color else read_values(file)[0]
        return colors_to_ids(read_color_mask(file), self._table, source) if self.is_color else read_mask(file)

    @cached_property
    def _table(self):
        """The labels whose colours are read; of class indices the ids are the classes."""
        if self.code.kind == IDS:
            return CITYSCAPES
        label_map = self.code.label_map
        labels = [make_label(f"class {place}", place, color, False) for place, color in enumerate(label_map.colors)]
        if not label_map.ignores:
            return LabelTable(tuple(labels))
        return LabelTable((*labels, make_label("ignored", IGNORE, _BLACK, False)), "ignored")


def choose_reader(encoding, truth, label_map, example):
    """Decides what the predictions hold.

    Args:
        encoding: One of `ENCODINGS`. "auto" takes colours where the example has them; else class indices if a label
            map was given or the truth holds class indices, else label ids.
        truth: `ValueCode` of the truth.
        label_map: The `LabelMap` that was given, or None.
        example: `Source` of one prediction.

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
    return PredictionReader(is_color, ValueCode(kind, truth.label_map))


def _has_colors(example):
    return _color_type(example.read_bytes()) in _COLORS


def _color_type(data):
    return data[_COLOR_TYPE_AT] if len(data) > _COLOR_TYPE_AT else None

"""A picture that says what colours mean: a patch of each colour with a text beside it, in columns.

Knows nothing of where colours come from.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.inspection.lettering import Canvas, fit_text, text_width
from common.labels.cityscapes import Color

_INK, _RULE = (28, 31, 36), (150, 155, 163)
_MARGIN, _PATCH, _GAP, _TEXT, _ROW = 24, 26, 12, 20, 36
_MOST_ROWS, _WIDEST_TEXT = 20, 360
# Value, name and colour of a class.
LegendRow = tuple[int | str, str, Color]


def draw_legend(rows: Sequence[LegendRow]) -> NDArray[np.uint8]:
    """Draws a legend.

    Args:
        rows: At least one; the values are written before the names, aligned to the right.

    Returns:
        Red, green, blue, shape `(height, width, 3)`.
    """
    columns = -(-len(rows) // _MOST_ROWS)
    deep = -(-len(rows) // columns)
    values = max(text_width(str(value), _TEXT) for value, _, _ in rows)
    texts = [fit_text(name, _TEXT, _WIDEST_TEXT) for _, name, _ in rows]
    names = max(text_width(text, _TEXT) for text in texts)
    step = _PATCH + _GAP + values + _GAP + names + 2 * _MARGIN
    size = (2 * _MARGIN + deep * _ROW - (_ROW - _PATCH), columns * step)
    canvas = Canvas(np.full((*size, 3), 255, np.uint8))
    for number, ((value, _, color), text) in enumerate(zip(rows, texts, strict=True)):
        left, top = _MARGIN + number // deep * step, _MARGIN + number % deep * _ROW
        canvas.fill((left, top, _PATCH, _PATCH), color, outline=_RULE)
        left += _PATCH + _GAP
        canvas.write((left + values - text_width(str(value), _TEXT), top), str(value), _TEXT, _RULE)
        canvas.write((left + values + _GAP, top), text, _TEXT, _INK)
    return canvas.pixels

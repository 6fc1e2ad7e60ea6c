"""Reads masks of foreign datasets, of classes and of objects: with a palette, grey values or plain colours.

With a palette whose colours are not those of the label file, colours decide, unless it shares none with the label file.
Value 255, where no label has it, and VOC's colour for it are void: background.
"""

import numpy as np

from common.errors import DataError, LabelError
from common.formats.mask_codes import BLACK, VOID
from common.formats.pictures import read_colors, read_values
from common.formats.regions import find_runs
from common.label_tables import palette_color

_UNKNOWN = -1


def read_classes(source, code):
    """Reads a class mask as values.

    Args:
        source: `Source` of a mask of any kind.
        code: `MaskCode`.

    Returns:
        `uint8` of shape `(height, width)`; `VOID` where it is void.

    Raises:
        DataError: If the file is missing or damaged; names it.
        LabelError: If a colour or value stands for no label; names the file and the colour or value.
    """
    values, palette, colors = _read_any(source)
    if values is None:
        return _colors_to_values(source, colors, code)
    present = present_values(values)
    if palette is not None and not _is_by_value(palette, present, code):
        return _palette_to_values(source, palette, present, code)[values]
    for value in present:
        if value >= len(code.names) and value != VOID:
            raise LabelError(
                f"{source}: holds the value {value}, but the label file has {len(code.names)} labels, which are 0 to "
                f"{len(code.names) - 1}; is this the label file of these masks?"
            )
    return values.astype(np.uint8)


def read_object_numbers(source):
    """Reads a mask of objects: any values, whatever the palette; or colours, those of VOC or others.

    Returns:
        Integers of shape `(height, width)`; 0 where there is no object, also for VOC's void border.

    Raises:
        DataError: If the file is missing or damaged; names it.
    """
    values, _, colors = _read_any(source)
    if values is None:
        number_of_color = {palette_color(value): value for value in range(256)}
        values, unknown = _look_up(colors, number_of_color)
        if unknown:
            number_of_color = {color: VOID + 1 + place for place, color in enumerate(unknown)} | number_of_color
            values, _ = _look_up(colors, number_of_color)
    return np.where(values == VOID, 0, values)


def present_values(values):
    """Lists the values of a picture that occur, sorted."""
    return [int(value) for value in np.flatnonzero(np.bincount(values.ravel()))]


def has_values(source):
    """Tells whether a mask holds grey values, which are the places of labels, and no colours."""
    values, palette, _ = _read_any(source)
    return values is not None and palette is None


def _read_any(source):
    """Reads `(values, palette, None)` or, of a picture with several channels, `(None, None, colours)`."""
    try:
        return *read_values(source), None
    except DataError:
        return None, None, read_colors(source)  # a damaged file is an error here, too


def _is_by_value(palette, present, code):
    colors = [tuple(map(int, palette[value])) for value in present]
    if all(
        value >= len(code.colors) or code.colors[value] == color for value, color in zip(present, colors, strict=True)
    ):
        return True
    return not any(color in code.value_of_color for color in colors if color != BLACK)


def _palette_to_values(source, palette, present, code):
    table = np.zeros(256, np.uint8)
    for value in present:
        color = tuple(map(int, palette[value]))
        if color not in code.value_of_color:
            raise _unknown_color(source, color)
        table[value] = code.value_of_color[color]
    return table


def _colors_to_values(source, colors, code):
    values, unknown = _look_up(colors, code.value_of_color)
    if unknown:
        raise _unknown_color(source, unknown[0])
    return values.astype(np.uint8)


def _unknown_color(source, color):
    return LabelError(
        f"{source}: holds the colour {' '.join(map(str, color))}, which no label of the label file has; add it there, "
        "or use the label file of these masks"
    )


def _look_up(colors, value_of_color):
    """Replaces colours by values, run by run: `(values, colours that have none)`."""
    red, green, blue = (colors[..., channel].astype(np.int32) for channel in range(3))
    runs = find_runs(red << 16 | green << 8 | blue)
    codes, places = np.unique(runs.keys, return_inverse=True)
    found = [(int(code) >> 16, int(code) >> 8 & 255, int(code) & 255) for code in codes]
    values = np.array([value_of_color.get(color, _UNKNOWN) for color in found], np.int32)
    unknown = [color for color, value in zip(found, values, strict=True) if value == _UNKNOWN]
    return np.repeat(values[places], runs.stops - runs.starts).reshape(colors.shape[:2]), unknown

"""What values and colours of class masks stand for, and how the labels of any dataset are numbered for them.

A value is the label's place in the label file. In masks that are written, background comes first and is black, and all
colours differ, so that readers of values and readers of colours get the same labels.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError, LabelError
from common.files.sources import Source
from common.formats.frames import Annotation, Segment
from common.images.pictures import read_colors, read_values
from common.images.runs import find_runs
from common.labels.cityscapes import Color
from common.labels.tables import CITYSCAPES, LabelTable, make_label, palette_color, plain_name

VOID = 255
BLACK: Color = (0, 0, 0)
_UNKNOWN = -1


@dataclass(frozen=True)
class MaskCode:
    """What the pixels of class masks stand for.

    Attributes:
        names: Names of labels by value; at most 255.
        colors: Red, green, blue by value; None where the label file has no colour.
        background: Name of the label of pixels that belong to nothing, or None.
        counted: Names of labels whose objects are counted; their pixels without an object are a crowd.
    """

    names: tuple[str, ...]
    colors: tuple[Color | None, ...]
    background: str | None
    counted: frozenset[str]

    @cached_property
    def value_of_color(self) -> dict[Color, int]:
        """The first value with a colour, by colour."""
        found = {palette_color(VOID): VOID}
        found.update((color, value) for value, color in reversed(tuple(enumerate(self.colors))) if color is not None)
        return found

    @cached_property
    def value_of_name(self) -> dict[str, int]:
        """Values by `plain_name` of the label."""
        return {plain_name(name): value for value, name in enumerate(self.names)}

    @property
    def notes(self) -> list[str]:
        """Sentences on colours that stand for several labels."""
        counts = Counter(self.colors)
        del counts[None]
        names = [name for name, color in zip(self.names, self.colors, strict=True) if counts[color] > 1]
        if not names:
            return []
        return [f"labels with equal colours, of which masks of colours mean the first: {', '.join(names)}"]

    @property
    def palette(self) -> NDArray[np.uint8]:
        """Colours by value, shape `(256, 3)`; values without a label have VOC's colours."""
        colors = [palette_color(value) for value in range(256)]
        colors[: len(self.colors)] = [own or voc for own, voc in zip(self.colors, colors, strict=False)]
        return np.array(colors, np.uint8)

    def segment(self, value: int) -> Segment | None:
        """The segment of pixels that belong to no object; None for background and void."""
        if value >= len(self.names) or self.names[value] == self.background:
            return None
        name = self.names[value]
        return Segment(name, None, name in self.counted)


def code_of(table: LabelTable, colors: Iterable[Color | None] | None = None) -> MaskCode:
    """Makes the code of a table in the order of the label file; `colors` replace those of the table."""
    names = tuple(label.name for label in table)
    counted = frozenset(label.name for label in table if label.has_instances)
    chosen = (label.color for label in table) if colors is None else colors
    return MaskCode(names, tuple(chosen), table.background, counted)


def table_to_write(table: LabelTable) -> tuple[LabelTable, Counter[str]]:
    """Orders and colours labels for masks whose values are places: a black background first, all colours different.

    Returns the table, and what this changed, for `Tally.dropped`; raises LabelError for more than 255 labels.
    """
    background = table.find(table.background or "background")
    unused = max((label.id for label in table), default=-1) + 1
    first = replace(background or make_label("background", unused), color=BLACK)
    rest = tuple(label for label in table if label is not background)
    if len(rest) > VOID - 1:
        raise LabelError(f"the dataset has {len(table)} labels; a mask with 8 bits holds {VOID}; choose some of them")
    ordered, changed = LabelTable((first, *rest), first.name).with_distinct_colors()
    if background is not None and background.color != BLACK:
        changed = (first.name, *changed)
    dropped: Counter[str] = Counter()
    if changed:
        dropped[f"labels whose colour had to change ({', '.join(changed)})"] = len(changed)
    return ordered, dropped


def table_as_read(table: LabelTable) -> LabelTable:
    """Returns Cityscapes' own table if a label file is the one that we write for it, with other colours."""
    ours, _ = table_to_write(CITYSCAPES)
    names = [CITYSCAPES.find(label.name) for label in table]
    if names == list(CITYSCAPES) and all(a.color == b.color for a, b in zip(table, ours, strict=True)):
        return CITYSCAPES
    return table


def paint_classes(annotation: Annotation, code: MaskCode) -> NDArray[np.uint8]:
    """Makes the class mask of an annotation, whose labels are all in the code; background is 0."""
    return annotation.paint(lambda segment: code.value_of_name[plain_name(segment.label)], 0, np.uint8)


def read_classes(source: Source, code: MaskCode) -> NDArray[np.uint8]:
    """Reads a class mask of any kind as values of shape `(height, width)`, `VOID` where it is void.

    Raises:
        DataError: If the file is missing or damaged; names it.
        LabelError: If a colour or value stands for no label; names the file and the colour or value.
    """
    found = _read_values(source)
    if found is None:
        looked_up, unknown = _look_up(read_colors(source), code.value_of_color)
        if unknown:
            raise _unknown_color(source, unknown[0])
        return looked_up.astype(np.uint8)
    values, palette = found
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


def read_object_numbers(source: Source) -> NDArray[np.integer]:
    """Reads a mask of objects: any values, whatever the palette; or colours, those of VOC or others.

    The numbers have the shape `(height, width)`; 0 is no object, also VOC's void border.

    Raises:
        DataError: If the file is missing or damaged; names it.
    """
    found = _read_values(source)
    if found is not None:
        return np.where(found[0] == VOID, 0, found[0])
    colors = read_colors(source)
    number_of_color = {palette_color(value): value for value in range(256)}
    numbers, unknown = _look_up(colors, number_of_color)
    if unknown:
        number_of_color |= {color: VOID + 1 + place for place, color in enumerate(unknown)}
        numbers, _ = _look_up(colors, number_of_color)
    return np.where(numbers == VOID, 0, numbers)


def present_values(values: NDArray[np.integer]) -> list[int]:
    """Lists the values of a picture that occur, sorted."""
    return [int(value) for value in np.flatnonzero(np.bincount(values.ravel()))]


def has_values(source: Source) -> bool:
    """Tells whether a mask holds grey values, which are the places of labels, and not colours."""
    found = _read_values(source)
    return found is not None and found[1] is None


def holds_colors(source: Source) -> bool:
    """Tells whether a mask has several channels, so that its colours are all that is known."""
    return _read_values(source) is None


def _read_values(source: Source) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], NDArray[np.uint8] | None] | None:
    """Reads values and palette; None if the picture has several channels or is damaged, and `read_colors` tells."""
    try:
        return read_values(source)
    except DataError:
        return None


def _is_by_value(palette: NDArray[np.uint8], present: Sequence[int], code: MaskCode) -> bool:
    """Tells whether the values of a mask with a palette are places of labels, by comparing the colours."""
    colors = [_color(palette[value]) for value in present]
    if all(
        value >= len(code.colors) or code.colors[value] == color for value, color in zip(present, colors, strict=True)
    ):
        return True
    return not any(color in code.value_of_color for color in colors if color != BLACK)


def _palette_to_values(
    source: Source, palette: NDArray[np.uint8], present: Sequence[int], code: MaskCode
) -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for value in present:
        color = _color(palette[value])
        if color not in code.value_of_color:
            raise _unknown_color(source, color)
        table[value] = code.value_of_color[color]
    return table


def _color(values: NDArray[np.uint8]) -> Color:
    red, green, blue = map(int, values)
    return red, green, blue


def _unknown_color(source: Source, color: Color) -> LabelError:
    return LabelError(
        f"{source}: holds the colour {' '.join(map(str, color))}, which no label of the label file has; add it there, "
        "or use the label file of these masks"
    )


def _look_up(colors: NDArray[np.uint8], value_of_color: dict[Color, int]) -> tuple[NDArray[np.int32], list[Color]]:
    """Replaces colours by values, run by run; returns the values, and the colours that have none."""
    red, green, blue = (colors[..., channel].astype(np.int32) for channel in range(3))
    runs = find_runs(red << 16 | green << 8 | blue)
    codes, places = np.unique(runs.keys, return_inverse=True)
    found = [(int(code) >> 16, int(code) >> 8 & 255, int(code) & 255) for code in codes]
    values = np.array([value_of_color.get(color, _UNKNOWN) for color in found], np.int32)
    unknown = [color for color, value in zip(found, values, strict=True) if value == _UNKNOWN]
    return np.repeat(values[places], runs.stops - runs.starts).reshape(colors.shape[:2]), unknown

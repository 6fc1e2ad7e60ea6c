"""What values and colours of class masks stand for, and how the labels of any dataset are numbered for them.

A value is the label's place in the label file. In what is written, background comes first and is black, and all colours
differ, so that readers of values and readers of colours get the same labels.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from common.errors import LabelError
from common.formats.frames import Segment
from common.label_tables import CITYSCAPES, LabelTable, make_label, palette_color, plain_name

VOID = 255
BLACK = (0, 0, 0)


@dataclass(frozen=True)
class MaskCode:
    """What the pixels of class masks stand for.

    Attributes:
        names: Of labels, by value; at most 255.
        colors: Red, green, blue by value; None where the label file has none.
        background: Name of the label of pixels that belong to nothing, or None.
        counted: Names of labels whose pixels without an object are a crowd.
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int] | None, ...]
    background: str | None
    counted: frozenset[str]

    @cached_property
    def value_of_color(self):
        """The first value with a colour, by colour."""
        found = {palette_color(VOID): VOID}
        found.update((color, value) for value, color in reversed(tuple(enumerate(self.colors))) if color is not None)
        return found

    @cached_property
    def value_of_name(self):
        """Values by name as `plain_name` reads it."""
        return {plain_name(name): value for value, name in enumerate(self.names)}

    @property
    def notes(self):
        """Sentences on colours that stand for several labels, a list."""
        counts = Counter(color for color in self.colors if color is not None)
        names = [name for name, color in zip(self.names, self.colors, strict=True) if counts[color] > 1]
        if not names:
            return []
        return [f"labels with equal colours, of which masks of colours mean the first: {', '.join(names)}"]

    @property
    def palette(self):
        """Colours by value, `uint8` of shape `(256, 3)`; those without a label are VOC's."""
        colors = [palette_color(value) for value in range(256)]
        colors[: len(self.colors)] = [own or voc for own, voc in zip(self.colors, colors, strict=False)]
        return np.array(colors, np.uint8)

    def segment(self, value):
        """The `Segment` of pixels that belong to no object; None for background and void."""
        if value >= len(self.names) or self.names[value] == self.background:
            return None
        name = self.names[value]
        return Segment(name, None, name in self.counted)


def code_of(table, colors=None):
    """Makes the `MaskCode` of a label file, in whose order the table is.

    Args:
        table: `LabelTable`.
        colors: As `MaskCode.colors`; None takes the table's.
    """
    names = tuple(label.name for label in table)
    counted = frozenset(label.name for label in table if label.has_instances)
    colors = tuple(label.color for label in table) if colors is None else tuple(colors)
    return MaskCode(names, colors, table.background, counted)


def table_to_write(table):
    """Orders and colours labels for masks whose values are places: a black background first, all colours different.

    Returns:
        The `LabelTable`, and a Counter of what this changed, for `Tally.lost`.

    Raises:
        LabelError: If there are more than 255 labels.
    """
    background = table.find(table.background or "background")
    first = replace(background or make_label("background", _free_id(table)), color=BLACK)
    rest = tuple(label for label in table if label is not background)
    if len(rest) > VOID - 1:
        raise LabelError(f"the dataset has {len(table)} labels; a mask with 8 bits holds {VOID}; choose some of them")
    ordered, changed = LabelTable((first, *rest), first.name).with_distinct_colors()
    if background is not None and background.color != BLACK:
        changed = (first.name, *changed)
    lost = Counter()
    if changed:
        lost[f"labels whose colour had to change ({', '.join(changed)})"] = len(changed)
    return ordered, lost


def _free_id(table):
    return max((label.id for label in table), default=-1) + 1


def table_as_read(table):
    """Gives back Cityscapes' own table where a label file is the one that is written for it, with other colours."""
    ours, _ = table_to_write(CITYSCAPES)
    names = [CITYSCAPES.find(label.name) for label in table]
    if names == list(CITYSCAPES) and all(a.color == b.color for a, b in zip(table, ours, strict=True)):
        return CITYSCAPES
    return table


def paint_classes(annotation, code):
    """Makes the class mask of an annotation.

    Args:
        annotation: `Annotation`, whose labels are all in the code.
        code: `MaskCode`.

    Returns:
        `uint8` of shape `(height, width)`; background is 0.
    """
    return annotation.paint(lambda segment: code.value_of_name[plain_name(segment.label)])

"""The labels of a dataset as a table: Cityscapes' own 35, or those that another format or a file brings.

A name is looked up as it is written, then without regard to case, spaces, `_` and `-`: `trafficlight`, `traffic_light`
and `traffic light` are the same label. Ids are unique, and so are names read in this way.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from common.errors import LabelError
from common.labels.cityscapes import LABELS, Color, Label

BACKGROUND = "unlabeled"
FOREIGN_BACKGROUND = "background"
_BLACK = (0, 0, 0)
_IGNORED_IN_NAMES = str.maketrans("", "", " _-")
_PALETTE_BITS = 8


def plain_name(name: str) -> str:
    """Reduces a name so that two names of the same label become equal."""
    return name.casefold().translate(_IGNORED_IN_NAMES)


def palette_color(index: int) -> Color:
    """Computes the colour VOC gives to a number: red, green, blue; 0 is black, all below 256 are different."""
    color = [0, 0, 0]
    for bit in range(_PALETTE_BITS):
        for channel in range(3):
            color[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
    return color[0], color[1], color[2]


@dataclass(frozen=True)
class LabelTable:
    """The labels of a dataset.

    Attributes:
        labels: In the order of the source; ids may have gaps, an id below 0 is never painted.
        background: Name of the label of pixels that belong to nothing; None if there is no label for them.
    """

    labels: tuple[Label, ...]
    background: str | None = None

    def __post_init__(self) -> None:
        names = Counter(plain_name(label.name) for label in self.labels)
        ids = Counter(label.id for label in self.labels)
        for label in self.labels:
            if names[plain_name(label.name)] > 1:
                raise LabelError(f"the label {label.name!r} is in the table twice; each name may be there once")
            if ids[label.id] > 1:
                raise LabelError(f"the label {label.name!r} has the id {label.id}, and so has another one")
        if self.background is not None and self.find(self.background) is None:
            raise LabelError(f"the background is called {self.background!r}, but no label has that name")

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def _by_name(self) -> dict[str, Label]:
        names = {plain_name(label.name): label for label in self.labels}
        return names | {label.name: label for label in self.labels}

    @cached_property
    def _by_id(self) -> dict[int, Label]:
        return {label.id: label for label in self.labels}

    @cached_property
    def is_official(self) -> bool:
        """Whether all labels are Cityscapes' own, value by value."""
        return self.labels == LABELS

    @property
    def background_id(self) -> int:
        """Id of pixels that belong to nothing; 0 if there is no label for them."""
        background = self.find(self.background) if self.background is not None else None
        return background.id if background else 0

    def find(self, name: str) -> Label | None:
        """Finds a label by name; None if there is none."""
        return self._by_name.get(name) or self._by_name.get(plain_name(name))

    def of_id(self, id_: int) -> Label | None:
        """Finds a label by id; None if there is none."""
        return self._by_id.get(id_)

    def of_color(self, color: Sequence[int]) -> Label | None:
        """Finds the first label with a colour that may be painted; None if there is none."""
        found = [label for label in self.labels if label.color == tuple(color)]
        return min(found, key=lambda label: label.id < 0) if found else None

    def with_distinct_colors(self) -> tuple["LabelTable", tuple[str, ...]]:
        """Gives a new colour to each label whose colour an earlier one has, for formats that store only colours.

        Returns:
            The table, and the names of the labels whose colour was changed.
        """
        taken, labels, changed = {label.color for label in self.labels}, [], []
        used: set[Color] = set()
        spare = 1
        for label in self.labels:
            color = label.color
            if color in used:
                while (color := palette_color(spare)) in taken:
                    spare += 1
                taken.add(color)
                changed.append(label.name)
            used.add(color)
            labels.append(replace(label, color=color))
        return LabelTable(tuple(labels), self.background), tuple(changed)


CITYSCAPES = LabelTable(LABELS, BACKGROUND)


def make_label(name: str, id_: int, color: Color | None = None, has_instances: bool | None = None) -> Label:
    """Makes a label of a foreign table; what is None comes from Cityscapes' label of that name, if there is one.

    Without one, the colour is one of the VOC palette, and the label has no instances.
    """
    known = CITYSCAPES.find(name)
    if known is not None:
        instances = known.has_instances if has_instances is None else has_instances
        return replace(known, name=name, id=id_, color=color or known.color, has_instances=instances)
    color = palette_color(id_ % 255 + 1) if color is None else color
    return Label(name, id_, 255, "void", 0, bool(has_instances), False, color)


def table_of(
    rows: Sequence[tuple[str, Color | None]],
    counted: Iterable[str] | None = None,
    others_counted: bool = False,
    add_background: bool = True,
) -> LabelTable:
    """Makes a table of the labels that a file lists.

    If all names are Cityscapes', they get its ids and spelling, and the background is `unlabeled`. Otherwise an id is
    the place in the list, from 0, and the first black label is the background; a list without black gets a label
    `background` at its start, so that the ids of all others are one higher.

    Args:
        rows: `(name, color or None)` of each label, in the order of the file.
        counted: Names of the labels whose objects are counted; None if the file does not tell. Then Cityscapes' labels
            are counted as in Cityscapes, and others if `others_counted`.
        others_counted: Whether objects of labels that are not Cityscapes' are counted, except the background.
        add_background: Whether a list without black gets a background.

    Raises:
        LabelError: If a name is there twice.
    """
    known = [label for name, _ in rows if (label := CITYSCAPES.find(name))]
    background: str | None
    if len(known) == len(rows):
        background = BACKGROUND if CITYSCAPES.find(BACKGROUND) in known else None
        places = [(label.id, label.name, color) for label, (_, color) in zip(known, rows, strict=True)]
    else:
        background = next((name for name, color in rows if color == _BLACK), None)
        if background is None and add_background:
            background = FOREIGN_BACKGROUND
            rows = [(background, _BLACK), *(row for row in rows if plain_name(row[0]) != background)]
        places = [(place, *row) for place, row in enumerate(rows)]
    wanted = None if counted is None else {plain_name(name) for name in counted}
    labels = []
    for id_, name, color in places:
        is_counted = None if CITYSCAPES.find(name) else others_counted and name != background
        if wanted is not None:
            is_counted = plain_name(name) in wanted
        labels.append(make_label(name, id_, color, is_counted))
    return LabelTable(tuple(labels), background)

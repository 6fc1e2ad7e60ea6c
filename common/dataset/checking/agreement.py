"""Compares what the files of a frame say about its pixels, and finds the one that differs from the others.

Instance ids, from the polygons or from `*_instanceIds.png`, say most; label ids follow from them, colours from those.
Two files are compared by what both can say.
"""

import cv2
import numpy as np

from common.dataset.original.polygons import INSTANCES_PER_CLASS, ids_to_colors, instances_to_ids
from common.labels.tables import CITYSCAPES

# What says most first; of two that differ and have no other to agree with, the later one is named.
_DETAILED = ("polygons", "instanceIds")
_ORDER = (*_DETAILED, "labelIds", "color")
_NAMES = {"polygons": "the polygons painted by the exact rule", "color": "the colours of color.png"}


def find_disagreements(stories, table=CITYSCAPES):
    """Finds the files that differ from what the others of a frame say.

    Args:
        stories: Pixels by kind, all of one height and width: `polygons` and `instanceIds` as instance ids (`uint16`),
            `labelIds` (`uint8`), `color` (red, green, blue). Any of them may be missing. All ids are in the table.
        table: `LabelTable`.

    Yields:
        The kind of each file that differs, and half a sentence on how many pixels do, the first of them and the way
        out. Nothing if all agree.
    """
    kinds = [kind for kind in _ORDER if kind in stories]
    views = _Views(stories, table)
    if all(views.agree(kinds[0], other) for other in kinds[1:]):
        return
    trusted = _trusted(kinds, views)
    for kind in kinds:
        if kind != trusted and not views.agree(trusted, kind):
            yield kind, _describe(views, kind, trusted)


def count_and_place(wrong):
    """Counts the true values of an array of shape `(height, width)` and gives `(x, y)` of the first, row by row."""
    y, x = divmod(int(wrong.argmax()), wrong.shape[1])
    return int(np.count_nonzero(wrong)), (x, y)


def _trusted(kinds, views):
    """Chooses the file the others are measured by: polygons or instance ids, whichever more of the others agree with.

    Label ids only where nobody agrees with those; colours never, as several ids share one.
    """
    votes = {kind: sum(views.agree(kind, other) for other in kinds if other != kind) for kind in kinds}
    detailed = max((kind for kind in kinds if kind in _DETAILED), key=votes.get, default=None)
    if detailed is None or (not votes[detailed] and votes.get("labelIds")):
        return "labelIds" if "labelIds" in kinds else kinds[0]
    return detailed


class _Views:
    """The same pixels as instance ids, as label ids and as colours, each computed at most once."""

    def __init__(self, stories, table):
        self.table = table
        self._instances = {kind: stories[kind] for kind in _DETAILED if kind in stories}
        self._ids = {kind: stories[kind] for kind in ("labelIds",) if kind in stories}
        self._colors = {kind: stories[kind] for kind in ("color",) if kind in stories}
        self._agree = {}

    def common(self, *kinds):
        """Gives pixels of each kind in the most detailed form that all of them have."""
        if "color" in kinds:
            return [self._colors_of(kind) for kind in kinds]
        if all(kind in self._instances for kind in kinds):
            return [self._instances[kind] for kind in kinds]
        return [self._ids_of(kind) for kind in kinds]

    def agree(self, *pair):
        """Tells whether two kinds say the same about every pixel."""
        pair = tuple(sorted(pair))
        if pair not in self._agree:
            self._agree[pair] = np.array_equal(*self.common(*pair))
        return self._agree[pair]

    def _ids_of(self, kind):
        if kind not in self._ids:
            self._ids[kind] = instances_to_ids(self._instances[kind])
        return self._ids[kind]

    def _colors_of(self, kind):
        if kind not in self._colors:
            colors = ids_to_colors(self._ids_of(kind), self.table)
            self._colors[kind] = cv2.cvtColor(colors, cv2.COLOR_RGBA2RGB)
        return self._colors[kind]


def _describe(views, kind, trusted):
    found, expected = views.common(kind, trusted)
    wrong = found != expected
    if wrong.ndim == 3:
        wrong = wrong.any(axis=2)
    count, (x, y) = count_and_place(wrong)
    what = "1 pixel differs" if count == 1 else f"{count:,} pixels differ"
    return (
        f"{what} from {_NAMES.get(trusted, f'{trusted}.png')}, the first at x = {x}, y = {y}: found "
        f"{_value(found[y, x], views.table)}, expected {_value(expected[y, x], views.table)}; get the files of this "
        "frame again, or write them anew from the one that is right"
    )


def _value(value, table):
    if value.ndim:
        return "the colour ({}, {}, {})".format(*map(int, value))
    id_, number = divmod(int(value), INSTANCES_PER_CLASS)
    if id_:
        return f"{value} ({table.of_id(id_).name} number {number})"
    return f"{value} ({_name_of(table.of_id(int(value)))})"


def _name_of(label):
    return "no label" if label is None else label.name

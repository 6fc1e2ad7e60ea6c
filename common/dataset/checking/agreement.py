"""Compares the pixels of the files of a frame, and finds the file that differs from the others.

Instance ids, from the polygons or from `*_instanceIds.png`, tell most; label ids follow from them, colours from those.
Two files are compared by what both contain.
"""

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import INSTANCES_PER_CLASS, ids_to_colors, instances_to_ids
from common.labels.cityscapes import Label
from common.labels.tables import CITYSCAPES, LabelTable
from common.text import count

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

# The most detailed first; of two that differ and have no other to agree with, the later one is named.
_DETAILED = ("polygons", "instanceIds")
_ORDER = (*_DETAILED, "labelIds", "color")
_NAMES = {"polygons": "the polygons painted by the exact rule", "color": "the colours of color.png"}


def find_disagreements(
    pixels_by_kind: Mapping[str, Pixels], table: LabelTable = CITYSCAPES
) -> Iterator[tuple[str, str]]:
    """Finds the files that differ from the others of a frame.

    Args:
        pixels_by_kind: All of one height and width: `polygons` and `instanceIds` as instance ids, `labelIds`, `color`
            (red, green, blue). Any of them may be missing. All ids are in the table.
        table: The labels.

    Yields:
        The kind of each file that differs, and half a sentence on how many pixels differ, the first of them and how to
        fix it. Nothing if all agree.
    """
    kinds = [kind for kind in _ORDER if kind in pixels_by_kind]
    views = _Views(pixels_by_kind, table)
    if all(views.agree(kinds[0], other) for other in kinds[1:]):
        return
    trusted = _trusted(kinds, views)
    for kind in kinds:
        if kind != trusted and not views.agree(trusted, kind):
            yield kind, _describe(views, kind, trusted)


def count_and_place(wrong: NDArray[np.bool_]) -> tuple[int, tuple[int, int]]:
    """Counts the true values of an array of shape `(height, width)` and gives `(x, y)` of the first, row by row."""
    y, x = divmod(int(wrong.argmax()), wrong.shape[1])
    return int(np.count_nonzero(wrong)), (x, y)


def _trusted(kinds: list[str], views: "_Views") -> str:
    """Chooses the file the others are compared with: polygons or instance ids, whichever more of the others agree with.

    Label ids only if no file agrees with those; colours never, because several ids share one.
    """
    votes = {kind: sum(views.agree(kind, other) for other in kinds if other != kind) for kind in kinds}
    detailed = max((kind for kind in kinds if kind in _DETAILED), key=votes.__getitem__, default=None)
    if detailed is None or (not votes[detailed] and votes.get("labelIds")):
        return "labelIds" if "labelIds" in kinds else kinds[0]
    return detailed


class _Views:
    """The same pixels as instance ids, as label ids and as colours, each computed at most once."""

    def __init__(self, pixels: Mapping[str, Pixels], table: LabelTable) -> None:
        self.table = table
        self._instances = {kind: np.asarray(pixels[kind], np.uint16) for kind in _DETAILED if kind in pixels}
        self._ids = {kind: np.asarray(pixels[kind], np.uint8) for kind in ("labelIds",) if kind in pixels}
        self._colors = {kind: np.asarray(pixels[kind], np.uint8) for kind in ("color",) if kind in pixels}
        self._agree: dict[tuple[str, str], bool] = {}

    def common(self, *kinds: str) -> list[Pixels]:
        """Gives pixels of each kind in the most detailed form that all of them have."""
        if "color" in kinds:
            return [self._colors_of(kind) for kind in kinds]
        if all(kind in self._instances for kind in kinds):
            return [self._instances[kind] for kind in kinds]
        return [self._ids_of(kind) for kind in kinds]

    def agree(self, first: str, second: str) -> bool:
        """Tells whether two kinds say the same about every pixel."""
        pair = min(first, second), max(first, second)
        if pair not in self._agree:
            one, other = self.common(*pair)
            self._agree[pair] = np.array_equal(one, other)
        return self._agree[pair]

    def _ids_of(self, kind: str) -> NDArray[np.uint8]:
        if kind not in self._ids:
            self._ids[kind] = instances_to_ids(self._instances[kind])
        return self._ids[kind]

    def _colors_of(self, kind: str) -> NDArray[np.uint8]:
        if kind not in self._colors:
            colors = ids_to_colors(self._ids_of(kind), self.table)
            self._colors[kind] = np.asarray(cv2.cvtColor(colors, cv2.COLOR_RGBA2RGB), np.uint8)
        return self._colors[kind]


def _describe(views: _Views, kind: str, trusted: str) -> str:
    found, expected = views.common(kind, trusted)
    wrong: NDArray[np.bool_] = found != expected
    amount, (x, y) = count_and_place(np.asarray(wrong.any(axis=2)) if wrong.ndim == 3 else wrong)
    what = f"{count(amount, 'pixel')} {'differs' if amount == 1 else 'differ'}"
    return (
        f"{what} from {_NAMES.get(trusted, f'{trusted}.png')}, the first at x = {x}, y = {y}: found "
        f"{_value(found[y, x], views.table)}, expected {_value(expected[y, x], views.table)}; get the files of this "
        "frame again, or write them again from the one that is right"
    )


def _value(value: Pixels, table: LabelTable) -> str:
    if value.ndim:
        return "the colour ({}, {}, {})".format(*map(int, value))
    id_, number = divmod(int(value), INSTANCES_PER_CLASS)
    if id_:
        return f"{value} ({_name_of(table.of_id(id_))} number {number})"
    return f"{value} ({_name_of(table.of_id(int(value)))})"


def _name_of(label: Label | None) -> str:
    return "no label" if label is None else label.name

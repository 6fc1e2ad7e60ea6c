"""Draws counts: bars of the pixels and of the objects of each label, in the colours of the labels, on a log axis.

The labels are in groups by category, the most frequent first, as in the figure of the Cityscapes paper. The picture is
drawn with OpenCV at twice its size and shrunk, so that lines and letters are smooth.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from common.labels.cityscapes import Color
from common.labels.tables import LabelTable
from common.stats.counting import DatasetCounts, SplitCounts, names_in_order

_SCALE = 2
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_TEXT, _TITLE = 0.5, 0.62
_INK, _FAINT, _GRID, _OUTLINE = (40, 40, 40), (120, 120, 120), (225, 225, 225), (110, 110, 110)
# In pixels of the finished picture.
_ROW, _BAR, _GAP = 26, 18, 10
_PLOT, _MARGIN, _HEAD, _FOOT = 420, 20, 62, 44
_LONGEST_NAME = 28
# The axis begins a bit before its first power of ten, so that a count of 1 has a bar too.
_BEFORE_FIRST = 0.6
_Point = tuple[int, int]
_UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


@dataclass(frozen=True)
class _Panel:
    """One set of bars: its title, groups of label names, and value and text by name."""

    title: str
    groups: list[list[str]]
    values: dict[str, int]
    texts: dict[str, str]

    @property
    def names_width(self) -> int:
        """Width of the longest name, with a gap."""
        return max((_text_width(_short(name)) for name in self.values), default=0) + 8

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        right = max((_text_width(text) for text in self.texts.values()), default=0) + 8
        rows = len(self.values) * _ROW + max(0, len(self.groups) - 1) * _GAP
        width = max(_PLOT + right, _text_width(self.title, _TITLE))
        return self.names_width + width, _HEAD + rows + _FOOT


def draw_counts(counts: DatasetCounts) -> NDArray[np.uint8]:
    """Draws the counts of all splits together.

    Returns:
        Red, green, blue, shape `(height, width, 3)`. The second set of bars is left out if there are no objects.
    """
    split = counts.total
    panels = [_pixel_panel(counts.labels, split)]
    if split.instances:
        panels.append(_instance_panel(counts.labels, split))
    width = sum(panel.size_wh[0] for panel in panels) + _MARGIN * (len(panels) + 1)
    height = max(panel.size_wh[1] for panel in panels)
    canvas = np.full((height * _SCALE, width * _SCALE, 3), 255, np.uint8)
    colors = {label.name: label.color for label in counts.labels}
    left = _MARGIN
    for panel in panels:
        _draw_panel(canvas, panel, left + panel.names_width, colors)
        left += panel.size_wh[0] + _MARGIN
    small = cv2.resize(canvas, None, fx=1 / _SCALE, fy=1 / _SCALE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def short_number(value: int) -> str:
    """Shortens a count to three digits: 12345 to "12.3k"."""
    for unit, name in _UNITS:
        if value >= unit * 0.9995:
            return f"{float(f'{value / unit:.3g}'):g}{name}"
    return f"{value:g}"


def _groups(labels: LabelTable, split: SplitCounts, values: dict[str, int]) -> list[list[str]]:
    """Lists the labels that were counted, by category in the order of the table, the most frequent first."""
    categories = {label.name: label.category for label in labels}
    groups: dict[str, list[str]] = {}
    for name in names_in_order(labels, split):
        if values.get(name):
            groups.setdefault(categories.get(name, ""), []).append(name)
    return [sorted(group, key=lambda name: -values[name]) for group in groups.values()]


def _pixel_panel(labels: LabelTable, split: SplitCounts) -> _Panel:
    total, values = split.pixels.total(), dict(split.pixels)
    texts = {name: f"{short_number(value)}  {_percent(value / total)}" for name, value in values.items()}
    return _Panel(f"pixels in {split.annotated:,} frames, log axis", _groups(labels, split, values), values, texts)


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else "<0.1%"


def _instance_panel(labels: LabelTable, split: SplitCounts) -> _Panel:
    values: dict[str, int] = {}
    texts: dict[str, str] = {}
    for name in {label for label, _ in split.instances}:
        values[name], *sizes = split.instances_of(name)
        texts[name] = f"{short_number(values[name])}  ({' / '.join(map(short_number, sizes))})"
    return _Panel("objects (small / medium / large), log axis", _groups(labels, split, values), values, texts)


def _draw_panel(canvas: NDArray[np.uint8], panel: _Panel, left: int, colors: Mapping[str, Color]) -> None:
    """Draws title, grid, names and bars, which begin at `left`."""
    bottom = panel.size_wh[1] - _FOOT
    lowest, highest = (10 ** (len(str(limit(panel.values.values(), default=1))) - 1) for limit in (min, max))
    start, span = lowest * _BEFORE_FIRST, np.log10(10 * highest / lowest / _BEFORE_FIRST)

    def x_of(value: float) -> int:
        return left + round(_PLOT * np.log10(value / start) / span)

    _write(canvas, panel.title, (left, _HEAD // 2 - 6), size=_TITLE)
    power = lowest
    while power <= 10 * highest:
        _line(canvas, (x_of(power), _HEAD - 6), (x_of(power), bottom + 4))
        text = short_number(power)
        _write(canvas, text, (x_of(power) - _text_width(text) // 2, bottom + 18), _FAINT)
        power *= 10
    _line(canvas, (left, _HEAD - 6), (left, bottom + 4))
    top = _HEAD
    for group in panel.groups:
        for name in group:
            middle, end = top + _ROW // 2, x_of(panel.values[name])
            _write(canvas, _short(name), (left - 8 - _text_width(_short(name)), middle))
            _bar(canvas, (left, middle - _BAR // 2), (end, middle + _BAR // 2), colors.get(name, _FAINT))
            _clear(canvas, panel.texts[name], (end + 6, middle))
            _write(canvas, panel.texts[name], (end + 6, middle))
            top += _ROW
        top += _GAP


def _bar(canvas: NDArray[np.uint8], start: _Point, stop: _Point, color: Color) -> None:
    start, stop = _scaled(start), _scaled(stop)
    cv2.rectangle(canvas, start, stop, color, cv2.FILLED)
    cv2.rectangle(canvas, start, stop, _OUTLINE, 1)


def _line(canvas: NDArray[np.uint8], start: _Point, stop: _Point) -> None:
    cv2.line(canvas, _scaled(start), _scaled(stop), _GRID, _SCALE)


def _scaled(point: _Point) -> _Point:
    return _SCALE * point[0], _SCALE * point[1]


def _write(canvas: NDArray[np.uint8], text: str, place: _Point, color: Color = _INK, size: float = _TEXT) -> None:
    """Writes a line of text; `place` is its left end and the middle of its height."""
    (left, bottom), _ = _box(text, place, size)
    cv2.putText(canvas, text, (left, bottom), _FONT, size * _SCALE, color, _SCALE, cv2.LINE_AA)


def _clear(canvas: NDArray[np.uint8], text: str, place: _Point) -> None:
    """Paints the place of a text white, so that no line of the grid runs through it."""
    (left, bottom), (right, top) = _box(text, place, _TEXT)
    cv2.rectangle(canvas, (left - 4, top - 4), (right + 4, bottom + 8), (255, 255, 255), cv2.FILLED)


def _box(text: str, place: _Point, size: float) -> tuple[_Point, _Point]:
    """Measures a text in pixels of the canvas: its lower left and its upper right corner."""
    (width, height), _ = cv2.getTextSize(text, _FONT, size * _SCALE, _SCALE)
    left, bottom = place[0] * _SCALE, place[1] * _SCALE + height // 2
    return (left, bottom), (left + width, bottom - height)


def _text_width(text: str, size: float = _TEXT) -> int:
    (width, _), _ = cv2.getTextSize(text, _FONT, size * _SCALE, _SCALE)
    return -(-width // _SCALE)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."

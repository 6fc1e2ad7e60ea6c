"""Contact sheets: PNG pictures with a row for each frame, its name and facts, and a legend of the labels.

A sheet is as wide as its columns need and at most `_MOST_HEIGHT` high; more frames make more sheets. Each sheet is
yielded before the next one is drawn, so that only one is in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.inspection.lettering import Canvas, fit_text, text_width
from common.inspection.loading import LoadedFrame
from common.inspection.panels import TEXT, draw_panels, label_colors, panel_size
from common.labels.cityscapes import Color
from common.labels.tables import LabelTable
from common.text import count, one_line

_INK, _FAINT, _RULE, _WRONG = (28, 31, 36), (102, 109, 120), (222, 225, 230), (176, 32, 37)
_MARGIN, _GAP, _ROW_GAP = 36, 14, 30
_TITLE, _NAME, _SMALL = 28, 20, 16
_HEAD, _CAPTION, _LINE = 104, 58, 22
_PANEL = {2: (1160, 900), 3: (860, 760)}
_MOST_HEIGHT, _LEAST_WIDTH = 3600, 1200
_SWATCH = 18
_LEGEND_ROW = 30


@dataclass(frozen=True)
class SheetFacts:
    """What is written at the head of every sheet, and the labels with their colours."""

    title: str
    subtitle: str
    labels: LabelTable


def draw_sheets(frames: Sequence[LoadedFrame], facts: SheetFacts) -> Iterator[NDArray[np.uint8]]:
    """Draws the contact sheets of some frames.

    Yields:
        Red, green, blue, shape `(height, width, 3)`, at most 4,000 pixels on a side.
    """
    columns = 3 if any(frame.objects for frame in frames) else 2
    sheets = list(_divide(frames, columns))
    for number, members in enumerate(sheets, start=1):
        place = f"sheet {number} of {len(sheets)}" if len(sheets) > 1 else ""
        yield _draw_sheet(members, facts, columns, place)


def _divide(frames: Iterable[LoadedFrame], columns: int) -> Iterator[list[LoadedFrame]]:
    members: list[LoadedFrame] = []
    height = 0
    for frame in frames:
        needed = _row_height(frame, columns)
        if members and _HEAD + height + needed > _MOST_HEIGHT - _LEGEND_ROW * 6:
            yield members
            members, height = [], 0
        members, height = [*members, frame], height + needed
    if members:
        yield members


def _row_height(frame: LoadedFrame, columns: int) -> int:
    return _CAPTION + _panel_size(frame, columns)[1] + _LINE * len(_lines(frame)) + _ROW_GAP


def _panel_size(frame: LoadedFrame, columns: int) -> tuple[int, int]:
    return panel_size(frame.size_wh, _PANEL[columns]) if frame.size_wh else (0, 0)


def _lines(frame: LoadedFrame) -> list[tuple[str, Color]]:
    """Lists the lines below a frame with their colours."""
    lines = [(text, _WRONG) for text in frame.problems]
    return lines + ([(" ".join(frame.remarks), _FAINT)] if frame.remarks else [])


def _draw_sheet(frames: Sequence[LoadedFrame], facts: SheetFacts, columns: int, place: str) -> NDArray[np.uint8]:
    legend = Legend(frames, facts.labels)
    step = _GAP + max((_panel_size(frame, columns)[0] for frame in frames), default=0)
    width = max(_LEAST_WIDTH, 2 * _MARGIN + columns * step - _GAP)
    rows = legend.rows(width - 2 * _MARGIN)
    height = _HEAD + sum(_row_height(frame, columns) for frame in frames) + _LEGEND_ROW * (len(rows) + 1) + _MARGIN
    pictures = np.full((height, width, 3), 255, np.uint8)
    tops, top = [], _HEAD
    for frame in frames:
        tops.append(top)
        for column, panel in enumerate(draw_panels(frame, legend.colors, _PANEL[columns], columns == 3)):
            left = _MARGIN + column * step
            pictures[top + _CAPTION : top + _CAPTION + panel.shape[0], left : left + panel.shape[1]] = panel
        top += _row_height(frame, columns)
    canvas = Canvas(pictures)
    _write_head(canvas, facts, place)
    for frame, frame_top in zip(frames, tops, strict=True):
        _write_row(canvas, frame, frame_top, columns, step)
    _write_legend(canvas, rows, top)
    return canvas.pixels


def _write_head(canvas: Canvas, facts: SheetFacts, place: str) -> None:
    width = canvas.width
    room = width - 2 * _MARGIN - text_width(place, _SMALL) - _GAP
    canvas.write((_MARGIN, 26), fit_text(facts.title, _TITLE, room), _TITLE, _INK)
    canvas.write((width - _MARGIN - text_width(place, _SMALL), 36), place, _SMALL, _FAINT)
    canvas.write((_MARGIN, 64), fit_text(facts.subtitle, _SMALL, width - 2 * _MARGIN), _SMALL, _FAINT)
    canvas.fill((_MARGIN, _HEAD - 8, width - 2 * _MARGIN, 1), _RULE)


def _write_row(canvas: Canvas, frame: LoadedFrame, top: int, columns: int, step: int) -> None:
    room = canvas.width - 2 * _MARGIN
    name = fit_text(frame.name, _NAME, room // 2)
    canvas.write((_MARGIN, top + 2), name, _NAME, _INK)
    left = _MARGIN + text_width(name, _NAME) + _GAP
    facts = fit_text(describe_frame(frame), _SMALL, canvas.width - _MARGIN - left)
    canvas.write((left, top + 6), facts, _SMALL, _FAINT)
    panel = _panel_size(frame, columns)[1]
    labels = "Labels and polygons" if frame.outlines else "Labels"
    for column, heading in enumerate(("Photograph", labels, "Objects")[: columns if panel else 0]):
        canvas.write((_MARGIN + column * step, top + 33), heading, TEXT, _FAINT)
    for line, (text, color) in enumerate(_lines(frame)):
        canvas.write((_MARGIN, top + _CAPTION + panel + 6 + line * _LINE), fit_text(text, _SMALL, room), _SMALL, color)


def describe_frame(frame: LoadedFrame) -> str:
    """Describes in one line where a frame is from, its size, and what is in it."""
    parts = [frame.place] if frame.place else []
    parts += [f"{frame.size_wh[0]} x {frame.size_wh[1]} pixels"] if frame.size_wh else []
    if frame.classes is not None:
        parts.append(count(len(frame.names), "label"))
    if frame.objects:
        parts.append(count(len(frame.objects), "object"))
    return ", ".join(parts)


class Legend:
    """The labels of some frames, in the order of the table, with their colours and numbers of objects."""

    def __init__(self, frames: Sequence[LoadedFrame], labels: LabelTable) -> None:
        places = {label.name: place for place, label in enumerate(labels)}
        names = {name for frame in frames for name in frame.names}
        self.names = tuple(sorted(names, key=lambda name: (places.get(name, len(places)), name)))
        self.colors = label_colors(labels, self.names)
        self._objects = [region.label for frame in frames for region in frame.objects]

    def rows(self, width: int) -> list[list[tuple[int, str, Color]]]:
        """Breaks the entries into rows of a width in pixels: left, text and colour of each entry."""
        rows: list[list[tuple[int, str, Color]]] = [[]]
        left = 0
        for name in self.names:
            objects = self._objects.count(name)
            text = fit_text(f"{one_line(name, 60)}  {objects:,}" if objects else name, _SMALL, width - 2 * _SWATCH)
            wide = _SWATCH + 8 + text_width(text, _SMALL) + 26
            if rows[-1] and left + wide > width:
                rows.append([])
                left = 0
            rows[-1].append((left, text, self.colors[name]))
            left += wide
        return rows


def _write_legend(canvas: Canvas, rows: Sequence[Sequence[tuple[int, str, Color]]], top: int) -> None:
    canvas.fill((_MARGIN, top, canvas.width - 2 * _MARGIN, 1), _RULE)
    for number, row in enumerate(rows):
        for left, text, color in row:
            place = top + 16 + number * _LEGEND_ROW
            canvas.fill((_MARGIN + left, place, _SWATCH, _SWATCH), color, outline=(150, 155, 163))
            canvas.write((_MARGIN + left + _SWATCH + 8, place), text, _SMALL, _INK)

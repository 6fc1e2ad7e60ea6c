"""A confusion matrix as a picture: a row per true class, darker for a larger share of its pixels."""

from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from common.report.charts.svg import picture, tag
from common.report.content import Table
from common.text import count

_CELL = 17
_MARGIN = 132
# Paler cells cannot be seen on the paper.
_SMALLEST_SHARE = 0.002
# Shares in the scale of colours, the room of each, and of the scale with its words.
_SCALE = (_SMALLEST_SHARE, 0.25, 0.5, 0.75, 1.0)
_STEP = 56
_SCALE_WIDTH = 430


def confusion_chart(
    title: str, confusion: ArrayLike, names: Sequence[str], judged: Sequence[int] | None = None
) -> tuple[Markup, Table]:
    """Draws a confusion matrix of pixels, `[truth, prediction]` in class indices, each row divided by its sum.

    Args:
        title: Of the drawing and the table.
        confusion: Pixels, square.
        names: Of the classes.
        judged: The classes that are shown; predictions of all others are added in a last column. None for all.

    Returns:
        An SVG element and a table of the same numbers in per cent; classes that neither occur nor are predicted are
        left out.
    """
    pixels, names, others = _shown(np.asarray(confusion), names, judged)
    shares = pixels / np.maximum(pixels.sum(axis=1, keepdims=True), 1)
    columns = (*names, *(["all others"] if others else []))
    side, wide = len(names) * _CELL, len(columns) * _CELL
    parts = []
    for index, name in enumerate(names):
        middle = _MARGIN + index * _CELL + _CELL / 2
        parts.append(tag("text", name, x=_MARGIN - 6, y=middle + 4, class_="name", text_anchor="end"))
        parts.append(tag("line", x1=_MARGIN, x2=_MARGIN + wide, y1=middle, y2=middle, class_="rule"))
    for index, name in enumerate(columns):
        middle = _MARGIN + index * _CELL + _CELL / 2
        parts.append(tag("line", y1=_MARGIN, y2=_MARGIN + side, x1=middle, x2=middle, class_="rule"))
        turned = f"translate({middle + 4} {_MARGIN - 6}) rotate(-60)"
        parts.append(tag("text", name, transform=turned, class_="name"))
    parts.append(tag("rect", x=_MARGIN, y=_MARGIN, width=wide, height=side, class_="field"))
    parts += _rows(pixels, names)
    parts += _cells(pixels, shares, names, columns)
    parts += _scale(_MARGIN + side + 14)
    # The turned name of the last column reaches beyond it.
    size = {"width": max(_MARGIN + wide + 64, _SCALE_WIDTH), "height": _MARGIN + side + 48}
    note = "Per cent of the pixels of each true class."
    table = Table(title, ("truth", *columns), tuple(_table_rows(shares, names)), note)
    said = f"{len(names)} classes; {_confusions_in_words(shares, columns)}"
    return picture(title, said, *parts, class_="confusion", **size), table


def _shown(
    confusion: NDArray[np.int64], names: Sequence[str], judged: Sequence[int] | None
) -> tuple[NDArray[np.int64], Sequence[str], bool]:
    """Takes out the classes that are shown; gives pixels, names of rows, and whether there is a column of others."""
    judged = range(len(names)) if judged is None else judged
    rows = confusion[list(judged)]
    shown = [index for index in judged if confusion[index].any() or rows[:, index].any()]
    others = confusion[shown].sum(axis=1) - confusion[np.ix_(shown, shown)].sum(axis=1)
    pixels = confusion[np.ix_(shown, shown)]
    if others.any():
        pixels = np.column_stack([pixels, others])
    return pixels, [names[index] for index in shown], bool(others.any())


def _rows(pixels: NDArray[np.int64], names: Sequence[str]) -> Iterator[Markup]:
    """Draws an invisible row for each true class, which tells what its empty cells are."""
    for row, name in enumerate(names):
        total = int(pixels[row].sum())
        text = (
            f"{name}: {count(total, 'pixel')}; here under {100 * _SMALLEST_SHARE:g} %" if total else f"{name}: no pixel"
        )
        size = {"width": pixels.shape[1] * _CELL, "height": _CELL}
        yield tag("rect", tag("title", text), x=_MARGIN, y=_MARGIN + row * _CELL, **size, class_="hit")


def _cells(
    pixels: NDArray[np.int64], shares: NDArray[np.float64], names: Sequence[str], columns: Sequence[str]
) -> Iterator[Markup]:
    for row, column in np.argwhere(shares >= _SMALLEST_SHARE):
        share = float(shares[row, column])
        what = "correct" if row == column else f"taken for {columns[column]}"
        yield tag(
            "rect",
            tag("title", f"{names[row]}: {100 * share:.1f} % {what}, {count(int(pixels[row, column]), 'pixel')}"),
            x=_MARGIN + int(column) * _CELL + 1,
            y=_MARGIN + int(row) * _CELL + 1,
            width=_CELL - 2,
            height=_CELL - 2,
            fill_opacity=_opacity(share),
            class_="cell right" if row == column else "cell",
        )


def _opacity(share: float) -> float:
    return round(0.08 + 0.92 * share, 2)


def _scale(top: float) -> Iterator[Markup]:
    """Draws what the colours stand for."""
    for line, (style, what) in enumerate((("cell right", "correct"), ("cell", "taken for another class"))):
        y = top + line * (_CELL - 1)
        for place, share in enumerate(_SCALE):
            x = 2 + place * _STEP
            size = {"width": _CELL - 3, "height": _CELL - 4}
            yield tag("rect", x=x, y=y, **size, fill_opacity=_opacity(share), class_=style)
            yield tag("text", f"{100 * share:g} %", x=x + _CELL, y=y + 10, class_="tick")
        yield tag("text", what, x=2 + len(_SCALE) * _STEP, y=y + 10, class_="tick")


def _table_rows(shares: NDArray[np.float64], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for name, row in zip(names, shares, strict=True):
        yield (name, *("" if share < _SMALLEST_SHARE / 4 else f"{100 * share:.1f}" for share in row))


def _confusions_in_words(shares: NDArray[np.float64], names: Sequence[str]) -> str:
    wrong = np.where(np.eye(*shares.shape) > 0, 0, shares)
    if not wrong.any():
        return "no pixel is taken for another class"
    places = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [np.unravel_index(place, wrong.shape) for place in places]
    said = [f"{names[r]} for {names[c]} ({100 * wrong[r, c]:.0f} %)" for r, c in pairs if wrong[r, c] > 0]
    return f"taken most often: {', '.join(said)}"

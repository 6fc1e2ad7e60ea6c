"""A confusion matrix as a picture: a row per true class, darker for a larger share of its pixels."""

from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from common.report.charts.svg import picture, tag
from common.report.content import Table

_CELL = 17
_MARGIN = 132
# Paler cells cannot be seen on the paper.
_SMALLEST_SHARE = 0.002


def confusion_chart(title: str, confusion: ArrayLike, names: Sequence[str]) -> tuple[Markup, Table]:
    """Draws a confusion matrix of pixels, `[truth, prediction]` in class indices, each row divided by its sum.

    Returns:
        An SVG element and a table of the same numbers in per cent; classes that neither occur nor are predicted are
        left out.
    """
    shares, names = _shares_of_truth(np.asarray(confusion), names)
    side = len(names) * _CELL
    parts = []
    for index, name in enumerate(names):
        middle = _MARGIN + index * _CELL + _CELL / 2
        parts.append(tag("text", name, x=_MARGIN - 6, y=middle + 4, class_="name", text_anchor="end"))
        parts.append(tag("line", x1=_MARGIN, x2=_MARGIN + side, y1=middle, y2=middle, class_="rule"))
        parts.append(tag("line", y1=_MARGIN, y2=_MARGIN + side, x1=middle, x2=middle, class_="rule"))
        turned = f"translate({middle + 4} {_MARGIN - 6}) rotate(-60)"
        parts.append(tag("text", name, transform=turned, class_="name"))
    parts.append(tag("rect", x=_MARGIN, y=_MARGIN, width=side, height=side, class_="field"))
    parts += _cells(shares, names)
    # The turned name of the last column reaches beyond it.
    size = {"width": _MARGIN + side + 64, "height": _MARGIN + side + 2}
    note = "Per cent of the pixels of each true class."
    table = Table(title, ("truth", *names), tuple(_table_rows(shares, names)), note)
    said = f"{len(names)} classes; {_confusions_in_words(shares, names)}"
    return picture(title, said, *parts, class_="confusion", **size), table


def _shares_of_truth(confusion: NDArray[np.int64], names: Sequence[str]) -> tuple[NDArray[np.float64], Sequence[str]]:
    shown = [index for index in range(len(names)) if confusion[index].any() or confusion[:, index].any()]
    confusion = confusion[np.ix_(shown, shown)]
    return confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1), [names[index] for index in shown]


def _cells(shares: NDArray[np.float64], names: Sequence[str]) -> Iterator[Markup]:
    for row, column in np.argwhere(shares >= _SMALLEST_SHARE):
        share = float(shares[row, column])
        what = "correct" if row == column else f"taken for {names[column]}"
        yield tag(
            "rect",
            tag("title", f"{names[row]}: {100 * share:.1f} % {what}"),
            x=_MARGIN + int(column) * _CELL + 1,
            y=_MARGIN + int(row) * _CELL + 1,
            width=_CELL - 2,
            height=_CELL - 2,
            fill_opacity=round(0.08 + 0.92 * share, 2),
            class_="cell right" if row == column else "cell",
        )


def _table_rows(shares: NDArray[np.float64], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for name, row in zip(names, shares, strict=True):
        yield (name, *("" if share < _SMALLEST_SHARE / 4 else f"{100 * share:.1f}" for share in row))


def _confusions_in_words(shares: NDArray[np.float64], names: Sequence[str]) -> str:
    wrong = np.where(np.eye(len(names), dtype=bool), 0, shares)
    if not wrong.any():
        return "no pixel is taken for another class"
    places = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [np.unravel_index(place, wrong.shape) for place in places]
    said = [f"{names[r]} for {names[c]} ({100 * wrong[r, c]:.0f} %)" for r, c in pairs if wrong[r, c] > 0]
    return f"taken most often: {', '.join(said)}"

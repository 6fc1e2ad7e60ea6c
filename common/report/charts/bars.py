"""Charts with a row per name: scores with intervals, bars of classes, shares of classes.

Widths are percentages, so that text keeps its size on a phone; names stand in a margin that the style sheet leaves at
the left. A chart shows values of one metric only.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from common.report.charts.svg import Scale, axis, mark, picture, series_class, tag
from common.report.content import interval, number, percent
from common.results.summary import Spread

_ROW = 46
# Letters that the margin has room for, also on a phone; a longer name stands above its row.
_LONGEST_IN_MARGIN = 16
_BAR = 8
_FOOT = 26
# Smaller shares are drawn at the left edge of the chart.
_SMALLEST_SHARE = 1e-5


@dataclass(frozen=True)
class ScoreRow:
    """One row of the chart of scores, for one approach.

    Attributes:
        mean: Mean over its models.
        low: Lower end of the interval, None if there is none.
        high: Upper end, likewise.
        models: Name and score of each model.
        study: The study's value, None if it cannot be compared.
        steps: Optimiser steps to write below the name; None for no such line.
    """

    name: str
    mean: float
    low: float | None
    high: float | None
    models: tuple[tuple[str, float], ...]
    study: float | None = None
    steps: int | None = None


def score_chart(title: str, rows: Sequence[ScoreRow]) -> Markup:
    """Draws mean, interval and single models of each approach, and the study's value where there is one."""
    values = [value for row in rows for value in (row.high, row.study, row.mean, *(v for _, v in row.models))]
    scale, bottom = Scale.over(values), len(rows) * _ROW
    parts = [axis(scale, 0, bottom)]
    for index, row in enumerate(rows):
        parts += _score_row(index, row, scale, index * _ROW + _ROW / 2)
    said = "; ".join(f"{row.name} {number(row.mean)} {interval(row.low, row.high)}".strip() for row in rows)
    return picture(title, said, *parts, width="100%", height=bottom + _FOOT, class_="plot names")


def _score_row(index: int, row: ScoreRow, scale: Scale, y: float) -> Iterator[Markup]:
    style = series_class(index)
    if len(row.name) <= _LONGEST_IN_MARGIN:
        yield tag("text", row.name, x=-12, y=y + 4, class_="name", text_anchor="end")
    else:
        yield tag("text", row.name, x=4, y=y - 11, class_="name", text_anchor="start")
    if row.steps is not None:
        yield tag("text", f"{row.steps:,} steps", x=-12, y=y + 17, class_="tick", text_anchor="end")
    for name, value in row.models:
        yield mark(index, scale.at(value), y + 12, f"{name}: {value:.3f}", small=True)
    if row.low is not None and row.high is not None:
        yield tag("line", x1=scale.at(row.low), x2=scale.at(row.high), y1=y, y2=y, class_=f"whisker {style}")
        for end in (row.low, row.high):
            yield tag("line", x1=scale.at(end), x2=scale.at(end), y1=y - 5, y2=y + 5, class_=f"whisker {style}")
    yield mark(index, scale.at(row.mean), y, f"{row.name}: {row.mean:.3f} {interval(row.low, row.high)}".strip())
    if row.study is not None:
        title = tag("title", f"the study: {row.study:.3f}")
        x = scale.at(row.study)
        yield tag("line", title, x1=x, x2=x, y1=y - 15, y2=y + 15, class_="reference")
        yield tag("text", "study", x=x, y=y - 17, class_="tick", text_anchor="middle")


def class_chart(title: str, names: Sequence[str], series: Mapping[str, Mapping[str, Spread]]) -> Markup:
    """Draws a bar per class and approach with the deviation over models; classes in the order of `names`."""
    height = len(series) * (_BAR + 1) + 9
    bottom, scale = height * len(names), Scale(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
    parts = [axis(scale, 0, bottom, digits=2)]
    for row, name in enumerate(names):
        top = row * height + 4
        parts.append(tag("text", name, x=-12, y=top + height / 2, class_="name", text_anchor="end"))
        for index, (approach, values) in enumerate(series.items()):
            if (found := values.get(name)) is not None:
                parts += _bar(index, f"{name}, {approach}", found, scale, top + index * (_BAR + 1))
    said = f"{len(names)} classes, {', '.join(series)}; the numbers stand in the table below"
    return picture(title, said, *parts, width="100%", height=bottom + _FOOT, class_="plot names")


def _bar(index: int, label: str, found: Spread, scale: Scale, y: float) -> Iterator[Markup]:
    mean, deviation = found.mean, found.deviation
    text = f"{label}: {mean:.3f}" + ("" if deviation is None else f" ± {deviation:.3f}")
    style = f"bar {series_class(index)}"
    yield tag("rect", tag("title", text), x=0, y=y, width=scale.at(mean), height=_BAR, class_=style)
    if deviation:
        low, high = max(0.0, mean - deviation), min(1.0, mean + deviation)
        middle = y + _BAR / 2
        yield tag("line", x1=scale.at(low), x2=scale.at(high), y1=middle, y2=middle, class_="deviation")


def share_chart(title: str, names: Sequence[str], series: Mapping[str, Mapping[str, float]]) -> Markup:
    """Draws which share of the pixels each class has, from 0 to 1, a mark per split, on a logarithmic scale."""
    height, scale = 22, Scale(math.log10(_SMALLEST_SHARE), 0.0, tuple(map(float, range(-5, 1))))
    bottom = height * len(names)
    parts = []
    for value in scale.ticks:
        x = scale.at(value)
        parts.append(tag("line", x1=x, x2=x, y1=0, y2=bottom, class_="grid"))
        text = f"{100 * 10**value:g} %"
        style = "tick minor" if value % 2 else "tick"  # a phone has room for half of them
        parts.append(tag("text", text, x=x, y=bottom + 16, class_=style, text_anchor="middle"))
    for row, name in enumerate(names):
        y = row * height + height / 2
        parts.append(tag("text", name, x=-12, y=y + 4, class_="name", text_anchor="end"))
        parts.append(tag("line", x1="0%", x2="100%", y1=y, y2=y, class_="rule"))
        for index, (split, shares) in enumerate(series.items()):
            if share := shares.get(name):
                x = scale.at(math.log10(max(share, _SMALLEST_SHARE)))
                parts.append(mark(index, x, y, f"{name}, {split}: {percent(share)}"))
    said = f"{len(names)} classes, {', '.join(series)}; the numbers stand in the table below"
    return picture(title, said, *parts, width="100%", height=bottom + _FOOT, class_="plot names")

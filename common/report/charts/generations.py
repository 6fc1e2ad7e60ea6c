"""Scores by generation: a panel for each method with equal scales, baselines as lines, the study's values beside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from common.report.charts.svg import Scale, mark, picture, series_class, tag
from common.report.content import interval, number
from common.results.summary import Spread

_WIDTH, _HEIGHT = 340, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 26, 34
# Height of a line of text.
_LETTERS = 11


@dataclass(frozen=True)
class Line:
    """One chain of generations.

    Attributes:
        name: For example "n2".
        style: Number of its colour and mark.
        points: Number of the generation and its score.
    """

    name: str
    style: int
    points: tuple[tuple[int, Spread], ...]


@dataclass(frozen=True)
class Panel:
    """One method.

    Attributes:
        lines: Its chains.
        study: The study's values by generation; empty where they cannot be compared.
    """

    name: str
    lines: tuple[Line, ...]
    study: tuple[float, ...] = ()


def generation_panels(title: str, panels: Sequence[Panel], baselines: Mapping[str, float]) -> tuple[Markup, ...]:
    """Draws the panels; `baselines` are scores by name, drawn as horizontal lines."""
    spreads = [spread for panel in panels for line in panel.lines for _, spread in line.points]
    values = [value for spread in spreads for value in (spread.mean, spread.low, spread.high)]
    values += [*baselines.values(), *(value for panel in panels for value in panel.study)]
    up = Scale.over(values, 5, from_zero=False)
    last = max(number for panel in panels for line in panel.lines for number, _ in line.points)
    last = max(last, *(len(panel.study) - 1 for panel in panels), 1)
    return tuple(_panel(title, panel, baselines, last, up) for panel in panels)


def _panel(title: str, panel: Panel, baselines: Mapping[str, float], last: int, up: Scale) -> Markup:
    parts = list(_axes(panel.name, last, up))
    parts += _reference_lines(baselines, up)
    if panel.study:
        points = [(_x(generation, last), _y(value, up)) for generation, value in enumerate(panel.study)]
        parts.append(tag("path", tag("title", "the study"), d=_path(points), class_="thin reference"))
    for line in panel.lines:
        parts += _line(line, last, up)
    said = "; ".join(
        f"{line.name or panel.name}: {', '.join(number(spread.mean) for _, spread in line.points)}"
        for line in panel.lines
    )
    return picture(
        title, f"{panel.name} by generation: {said}", *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", class_="curves"
    )


def _reference_lines(baselines: Mapping[str, float], up: Scale) -> Iterator[Markup]:
    """Draws a line for each baseline; names that would lie on each other move down, the highest value first."""
    right, lowest = _WIDTH - _RIGHT, 0.0
    for name, value in baselines.items():
        y, title = _y(value, up), tag("title", f"{name}: {value:.3f}")
        yield tag("line", title, x1=_LEFT, x2=right, y1=y, y2=y, class_="reference")
    for name, value in sorted(baselines.items(), key=lambda item: -item[1]):
        lowest = max(lowest + _LETTERS, _y(value, up) - 3)
        yield tag("text", name, x=right, y=lowest, class_="tick on-lines", text_anchor="end")


def _line(line: Line, last: int, up: Scale) -> Iterator[Markup]:
    style = series_class(line.style)
    points = [(_x(generation, last), _y(spread.mean, up)) for generation, spread in line.points]
    yield tag("path", d=_path(points), class_=f"line {style}")
    for (x, y), (generation, spread) in zip(points, line.points, strict=True):
        if spread.low is not None and spread.high is not None:
            yield tag("line", x1=x, x2=x, y1=_y(spread.low, up), y2=_y(spread.high, up), class_=f"whisker {style}")
        text = f"{line.name} generation {generation}: {spread.mean:.3f} {interval(spread.low, spread.high)}".strip()
        yield mark(line.style, x, y, text)


def _path(points: Sequence[tuple[float, float]]) -> str:
    written = [f"{x:.1f},{y:.1f}" for x, y in points]
    return "M" + "L".join(written if len(written) > 1 else written * 2)


def _x(generation: float, last: int) -> float:
    return _LEFT + 10 + generation / last * (_WIDTH - _LEFT - _RIGHT - 20)


def _y(value: float, up: Scale) -> float:
    return _HEIGHT - _BOTTOM - up.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _axes(name: str, last: int, up: Scale) -> Iterator[Markup]:
    yield tag("text", name, x=_LEFT, y=15, class_="name")
    for value in up.ticks:
        y = _y(value, up)
        yield tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
        yield tag("text", f"{value:g}", x=_LEFT - 6, y=y + 4, class_="tick", text_anchor="end")
    for generation in range(last + 1):
        x = _x(generation, last)
        yield tag("text", str(generation), x=x, y=_HEIGHT - _BOTTOM + 15, class_="tick", text_anchor="middle")
    yield tag("text", "generation", x=_WIDTH - _RIGHT, y=_HEIGHT - 3, class_="tick", text_anchor="end")

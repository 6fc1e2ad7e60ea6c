"""Learning curves: a thin line per model, a thick line for their mean, a panel per approach with equal scales."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from common.report.charts.svg import Scale, picture, series_class, tag
from common.text import count

_WIDTH, _HEIGHT = 340, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 26, 34
# Place on the horizontal axis, in epochs or steps, and the value there.
Curve = Sequence[tuple[int, float]]


def curve_panels(title: str, approaches: Mapping[str, Sequence[Curve]], unit: str = "epoch") -> tuple[Markup, ...]:
    """Draws one panel per approach, with a line for each of its curves; none if no curve has a value.

    Args:
        title: What is drawn.
        approaches: Curves of the models of each approach.
        unit: What the places are counted in, "epoch" or "step".
    """
    values = [value for lines in approaches.values() for line in lines for _, value in line]
    if not values:
        return ()
    last = max(place for lines in approaches.values() for line in lines for place, _ in line)
    ticks = [tick for tick in Scale.over([last], 5).ticks if tick <= last]
    axes = _Axes(Scale(0.0, float(last), tuple(ticks)), Scale.over(values, 4), unit)
    panels = enumerate(approaches.items())
    return tuple(_panel(title, name, series_class(index), lines, axes) for index, (name, lines) in panels)


@dataclass(frozen=True)
class _Axes:
    """The scales of a panel, and what its horizontal one counts."""

    across: Scale
    up: Scale
    unit: str


def mean_curve(curves: Iterable[Curve]) -> Curve:
    """Averages curves place by place, each over the curves that have the place."""
    return [(place, statistics.fmean(values)) for place, values in sorted(values_by_place(curves).items())]


def values_by_place(curves: Iterable[Curve]) -> dict[int, list[float]]:
    """Collects the values of all curves by place."""
    found: dict[int, list[float]] = {}
    for curve in curves:
        for place, value in curve:
            found.setdefault(place, []).append(value)
    return found


def _panel(title: str, name: str, style: str, lines: Sequence[Curve], axes: _Axes) -> Markup:
    parts = list(_axes(name, axes))
    parts += [tag("path", d=_path(line, axes), class_=f"thin {style}") for line in lines if line]
    mean = mean_curve(lines)
    if mean:
        parts.append(tag("path", d=_path(mean, axes), class_=f"line {style}"))
        parts += _columns(name, lines, mean, axes)
    said = f"{name}: {count(len(lines), 'model')}"
    if mean:
        (first, low), (last, high) = mean[0], mean[-1]
        said += f", mean {low:.3f} after {axes.unit} {first} and {high:.3f} after {axes.unit} {last}"
    return picture(title, said, *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", class_="curves")


def _columns(name: str, lines: Sequence[Curve], mean: Curve, axes: _Axes) -> Iterator[Markup]:
    """Draws an invisible column at each place of the mean, which tells the values there."""
    by_place = values_by_place(lines)
    places = [_x(place, axes.across) for place, _ in mean]
    middles = [(one + other) / 2 for one, other in pairwise(places)]
    edges = [float(_LEFT), *middles, float(_WIDTH - _RIGHT)]
    for (place, value), (left, right) in zip(mean, pairwise(edges), strict=True):
        found = by_place[place]
        among = f" ({_short(min(found))} to {_short(max(found))}, {len(found)} models)" if len(found) > 1 else ""
        text = f"{name}, {axes.unit} {place:,}: {_short(value)}{among}"
        height = _HEIGHT - _TOP - _BOTTOM
        yield tag("rect", tag("title", text), x=left, y=_TOP, width=right - left, height=height, class_="hit")


def _short(value: float) -> str:
    return f"{value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"


def _x(place: float, across: Scale) -> float:
    return _LEFT + across.share(place) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, up: Scale) -> float:
    return _HEIGHT - _BOTTOM - up.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _path(curve: Curve, axes: _Axes) -> str:
    points = [f"{_x(place, axes.across):.1f},{_y(value, axes.up):.1f}" for place, value in curve]
    # One epoch is a point; a line of length 0 with round ends makes it visible.
    return "M" + "L".join(points if len(points) > 1 else points * 2)


def _axes(name: str, axes: _Axes) -> Iterator[Markup]:
    across, up = axes.across, axes.up
    yield tag("text", name, x=_LEFT, y=15, class_="name")
    for value in up.ticks:
        y = _y(value, up)
        yield tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
        yield tag("text", f"{value:g}", x=_LEFT - 6, y=y + 4, class_="tick", text_anchor="end")
    for value in across.ticks:
        if float(value).is_integer():
            x = _x(value, across)
            yield tag("text", f"{value:,.0f}", x=x, y=_HEIGHT - _BOTTOM + 15, class_="tick", text_anchor="middle")
    yield tag("text", axes.unit, x=_WIDTH - _RIGHT, y=_HEIGHT - 3, class_="tick", text_anchor="end")

"""Learning curves: a thin line per model, a thick line for their mean, a panel per approach with equal scales."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup

from common.report.charts.svg import Scale, picture, series_class, tag
from common.text import count

_WIDTH, _HEIGHT = 340, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 26, 34
# Values of a training by epoch and name, as its result has them.
History = Sequence[Mapping[str, float]]
# Number of the epoch, from 1, and the value after it.
Curve = Sequence[tuple[int, float]]


def curve_panels(title: str, approaches: Mapping[str, Sequence[History]], key: str) -> tuple[Markup, ...]:
    """Draws one panel per approach, of the value with a name in its histories; none if no history has the value."""
    curves = {
        name: [curve for history in histories if (curve := _curve(history, key))]
        for name, histories in approaches.items()
    }
    values = [value for lines in curves.values() for line in lines for _, value in line]
    if not values:
        return ()
    epochs = max(epoch for lines in curves.values() for line in lines for epoch, _ in line)
    ticks = [tick for tick in Scale.over([epochs], 5).ticks if tick <= epochs]
    across = Scale(0.0, float(epochs), tuple(ticks))
    up = Scale.over(values, 4)
    panels = enumerate(curves.items())
    return tuple(_panel(title, name, series_class(index), lines, across, up) for index, (name, lines) in panels)


def mean_curve(curves: Iterable[Curve]) -> Curve:
    """Averages curves epoch by epoch, each over the curves that have the epoch."""
    by_epoch: dict[int, list[float]] = {}
    for curve in curves:
        for epoch, value in curve:
            by_epoch.setdefault(epoch, []).append(value)
    return [(epoch, statistics.fmean(values)) for epoch, values in sorted(by_epoch.items())]


def _curve(history: History, key: str) -> Curve:
    return [(int(entry["epoch"]) + 1, entry[key]) for entry in history if key in entry and "epoch" in entry]


def _panel(title: str, name: str, style: str, lines: Sequence[Curve], across: Scale, up: Scale) -> Markup:
    parts = list(_axes(name, across, up))
    parts += [tag("path", d=_path(line, across, up), class_=f"thin {style}") for line in lines]
    mean = mean_curve(lines)
    if mean:
        parts.append(tag("path", d=_path(mean, across, up), class_=f"line {style}"))
    said = f"{name}: {count(len(lines), 'model')}"
    if mean:
        said += f", mean {mean[0][1]:.3f} after epoch {mean[0][0]} and {mean[-1][1]:.3f} after epoch {mean[-1][0]}"
    return picture(title, said, *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", class_="curves")


def _x(epoch: float, across: Scale) -> float:
    return _LEFT + across.share(epoch) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, up: Scale) -> float:
    return _HEIGHT - _BOTTOM - up.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _path(curve: Curve, across: Scale, up: Scale) -> str:
    points = [f"{_x(epoch, across):.1f},{_y(value, up):.1f}" for epoch, value in curve]
    # One epoch is a point; a line of length 0 with round ends makes it visible.
    return "M" + "L".join(points if len(points) > 1 else points * 2)


def _axes(name: str, across: Scale, up: Scale) -> Iterator[Markup]:
    yield tag("text", name, x=_LEFT, y=15, class_="name")
    for value in up.ticks:
        y = _y(value, up)
        yield tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
        yield tag("text", f"{value:g}", x=_LEFT - 6, y=y + 4, class_="tick", text_anchor="end")
    for value in across.ticks:
        if float(value).is_integer():
            x = _x(value, across)
            yield tag("text", f"{value:.0f}", x=x, y=_HEIGHT - _BOTTOM + 15, class_="tick", text_anchor="middle")
    yield tag("text", "epoch", x=_WIDTH - _RIGHT, y=_HEIGHT - 3, class_="tick", text_anchor="end")

"""Learning curves: a thin line per model, a thick one for their mean, a panel per approach with equal scales."""

import statistics

from common.report.charts.svg import Scale, picture, series_class, tag
from common.report.content import count

_WIDTH, _HEIGHT = 340, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 26, 34


def curve_panels(title, approaches, key, from_zero=True):
    """Draws one panel per approach.

    Args:
        title: What the curves show, as "mIoU_val, paper metric".
        approaches: `{name: histories}`; a history is a list of dictionaries, one per epoch.
        key: Of the value in an epoch's dictionary.
        from_zero: Whether the vertical scale starts at 0.

    Returns:
        A tuple of SVG elements; empty if no history has the key.
    """
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
    up = Scale.over(values, 4, from_zero)
    return tuple(_panel(title, (index, name, lines), across, up) for index, (name, lines) in enumerate(curves.items()))


def mean_curve(curves):
    """Averages curves epoch by epoch over those that have it: pairs of epoch and value."""
    by_epoch = {}
    for curve in curves:
        for epoch, value in curve:
            by_epoch.setdefault(epoch, []).append(value)
    return [(epoch, statistics.fmean(values)) for epoch, values in sorted(by_epoch.items())]


def _curve(history, key):
    return [(int(entry["epoch"]) + 1, entry[key]) for entry in history if key in entry and "epoch" in entry]


def _panel(title, series, across, up):
    index, name, lines = series
    style = series_class(index)
    parts = list(_frame(name, across, up))
    parts += [tag("path", d=_path(line, across, up), class_=f"thin {style}") for line in lines]
    mean = mean_curve(lines)
    if mean:
        parts.append(tag("path", d=_path(mean, across, up), class_=f"line {style}"))
    said = f"{name}: {count(len(lines), 'model')}"
    if mean:
        said += f", mean {mean[0][1]:.3f} after epoch {mean[0][0]} and {mean[-1][1]:.3f} after epoch {mean[-1][0]}"
    return picture(title, said, *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", class_="curves")


def _x(epoch, across):
    return _LEFT + across.share(epoch) * (_WIDTH - _LEFT - _RIGHT)


def _y(value, up):
    return _HEIGHT - _BOTTOM - up.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _path(curve, across, up):
    points = [f"{_x(epoch, across):.1f},{_y(value, up):.1f}" for epoch, value in curve]
    # One epoch is a point: a line of no length with round ends shows it.
    return "M" + "L".join(points if len(points) > 1 else points * 2)


def _frame(name, across, up):
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

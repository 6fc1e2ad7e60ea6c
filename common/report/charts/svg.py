"""Pieces of drawings as SVG text: elements, scales, marks. Knows nothing of what is drawn.

The style sheet sets colours, fonts and dashes by class: `series-1` to `series-6` for the series that are compared. Each
series also has its own mark and dash, so that colour is not the only sign.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

SERIES = 6
# Radius of a mark in pixels.
_RADIUS = 5


@dataclass(frozen=True)
class Scale:
    """A linear scale from the value at its start to that at its end; ticks have a line and a number."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def over(cls, values: Iterable[float | None], most_ticks: int = 6, from_zero: bool = True) -> "Scale":
        """Makes a scale that contains all values and ends at round numbers."""
        found = [value for value in values if value is not None and math.isfinite(value)]
        low = 0.0 if from_zero else min(found, default=0.0)
        high = max(found, default=1.0)
        step = _round_step((high - low) / most_ticks or 1 / most_ticks)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        last = max(last, first + 1)
        return cls(first * step, last * step, tuple(round(step * index, 10) for index in range(first, last + 1)))

    def share(self, value: float) -> float:
        """Gives the place of a value, from 0 at the start to 1 at the end."""
        return (value - self.low) / (self.high - self.low)

    def at(self, value: float) -> str:
        """Gives the place of a value as a percentage of the width."""
        return f"{100 * self.share(value):.2f}%"


def _round_step(step: float) -> float:
    power: float = 10 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * (1 - 1e-9))


def tag(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Makes an element; everything but `Markup` is escaped. `stroke_width` becomes `stroke-width`, `class_` `class`."""
    given = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    written = "".join(f' {key}="{escape(_value(value))}"' for key, value in given)
    inside = "".join(map(escape, children))
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")  # noqa: S704 - escaped


def _value(value: str | float) -> str | float:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def picture(title: str, description: str, *children: str, **attributes: str | float | None) -> Markup:
    """Makes a whole drawing with its text alternative."""
    texts = tag("title", title), tag("desc", description)
    return tag("svg", *texts, *children, role="img", aria_label=f"{title}. {description}", **attributes)


def series_class(index: int) -> str:
    """Names the style of a series; after the last style the first one is used again."""
    return f"series-{index % SERIES + 1}"


def mark(index: int, x: str | float, y: float, label: str, small: bool = False) -> Markup:
    """Draws the mark of a series.

    Args:
        index: Number of the series, from 0.
        x: Middle of the mark, in pixels or as a percentage.
        y: Middle of the mark, in pixels.
        label: Text shown when a pointer rests on the mark.
        small: Whether it is a single model beside the mean.
    """
    shape = index % SERIES
    radius = 2.5 if small else _RADIUS
    style = f"mark {series_class(index)}{' small' if small else ''}"
    title = tag("title", label)
    if shape == 0 or small:
        return tag("circle", title, cx=x, cy=y, r=radius, class_=style)
    points = _POINTS[shape - 1]
    path = "M" + "L".join(f"{dx * radius:g},{dy * radius:g}" for dx, dy in points) + "Z"
    # A nested drawing, because percentages are not allowed in a path.
    return tag("svg", tag("path", title, d=path, class_=style), x=x, y=y, class_="place")


_POINTS = (
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.2), (1.1, 0.9), (-1.1, 0.9)),
    ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    ((0, 1.2), (1.1, -0.9), (-1.1, -0.9)),
    ((-1.1, -0.4), (1.1, -0.4), (1.1, 0.4), (-1.1, 0.4)),
)


def key(index: int) -> Markup:
    """Draws the sign of a series for a legend: its line with its mark."""
    line = tag("line", x1=0, y1=8, x2=28, y2=8, class_=f"line {series_class(index)}")
    return tag("svg", line, mark(index, 14, 8, ""), width=28, height=16, class_="key", aria_hidden="true")


def axis(scale: Scale, top: float, bottom: float, digits: int | None = None) -> Markup:
    """Draws the lines and numbers of a horizontal scale in a drawing whose widths are percentages."""
    if digits is None:
        step = scale.ticks[1] - scale.ticks[0]
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
    parts = []
    for value in scale.ticks:
        x = scale.at(value)
        parts.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        parts.append(tag("text", f"{value:.{digits}f}", x=x, y=bottom + 16, class_="tick", text_anchor="middle"))
    return Markup("").join(parts)

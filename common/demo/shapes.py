"""Shapes that many things are made of, in metres, and the types of points and colours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
# Red, green, blue in neutral light; those of lamps exceed 255.
Tone = Sequence[float] | NDArray[np.float64]
Pair = tuple[float, float]
# `(x, z)` and `(x, near, far)` in metres.
Spot = tuple[float, float]
Ends = tuple[float, float, float]
_ROUND = np.linspace(0, 2 * np.pi, 20, endpoint=False)


def along(x: float, z: Pair, y: Pair) -> Points:
    """Gives an upright rectangle along the street, from `z[0]` to `z[1]` and `y[0]` to `y[1]`, `(4, 3)`."""
    return np.array([[x, y[0], z[0]], [x, y[1], z[0]], [x, y[1], z[1]], [x, y[0], z[1]]])


def facing(x: float, z: float, across: Pair, up: Pair) -> Points:
    """Gives an upright rectangle that faces the camera, from `across[0]` to `across[1]` around `x`, `(4, 3)`."""
    (left, right), (low, high) = across, up
    return np.array([[x + left, low, z], [x + left, high, z], [x + right, high, z], [x + right, low, z]])


def ellipse(middle: ArrayLike, x: float, y: float) -> Points:
    """Gives an ellipse with half its width and height, `(20, 2)`."""
    return np.asarray(middle) + np.stack([x * np.cos(_ROUND), y * np.sin(_ROUND)], axis=1)


def circle(radius: float) -> Points:
    """Gives a circle around the origin, `(20, 2)`."""
    return ellipse((0.0, 0.0), radius, radius)


def corners(count: int, radius: float, turn: float) -> Points:
    """Gives a regular polygon around the origin, its first corner at the angle `turn`, `(count, 2)`."""
    angles = np.arange(count) * 2 * np.pi / count + turn
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def box(width: float, height: float) -> Points:
    """Gives a rectangle around the origin, by half its sides, `(4, 2)`."""
    return np.array([[-width, -height], [width, -height], [width, height], [-width, height]])


def bar(start: ArrayLike, stop: ArrayLike, wide: float, narrow: float) -> Points:
    """Gives a bar that is `wide` at its start and `narrow` at its end, `(4, 2)`."""
    start, stop = np.asarray(start, float), np.asarray(stop, float)
    across = np.array([-(stop - start)[1], (stop - start)[0]])
    across = across / (np.hypot(*across) + 1e-9)
    first, last = across * wide / 2, across * narrow / 2
    return np.stack([start - first, start + first, stop + last, stop - last])

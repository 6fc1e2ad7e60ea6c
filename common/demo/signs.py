"""Traffic signs, drawn from circles, triangles and boxes; all sizes in metres."""

import numpy as np
from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.furniture import draw_post
from common.demo.shapes import Points, Spot, Tone, box, circle, corners

# The outline of a sign, and what is painted on it.
_Sign = tuple[Points, list[tuple[Points, Tone]]]
_RED, _BLUE, _WHITE, _YELLOW = (186, 26, 32), (26, 66, 160), (226, 226, 222), (226, 180, 30)


def draw_sign(canvas: Canvas, rng: Generator, place: Spot) -> None:
    """Draws a traffic sign on its pole and annotates both."""
    x, z = place
    size, high = rng.uniform(0.3, 0.42), rng.uniform(2.2, 3.0)
    canvas.annotate_outline("pole", [draw_post(canvas, place, high + size, 0.07, (130, 132, 132))])
    shape, layers = _SIGNS[int(rng.integers(len(_SIGNS)))](size)
    if rng.random() < 0.2:
        layers = [(shape, (136, 138, 138))]
    middle = canvas.camera.project([x, high, z - 0.05])
    scale = canvas.camera.scale(z) * np.array([1, -1])
    for points, color in layers:
        canvas.paint([middle + points * scale], color, z)
    canvas.annotate_outline("traffic sign", [middle + shape * scale])
    if rng.random() < 0.3:
        plate = np.array([[-size, -size - 0.1], [size, -size - 0.1], [size, -size - 0.45], [-size, -size - 0.45]])
        canvas.paint([middle + plate * scale], _WHITE, z)
        canvas.paint([middle + plate * scale * (0.7, 1)], (90, 90, 90), z, 0.9)
        canvas.annotate("traffic sign", middle + plate * scale)


def _ban(size: float) -> _Sign:
    return circle(size), [
        (circle(size), _RED),
        (circle(size * 0.76), _WHITE),
        (box(size * 0.3, size * 0.22), (30, 30, 30)),
    ]


def _order(size: float) -> _Sign:
    return circle(size), [
        (circle(size), _BLUE),
        (box(size * 0.14, size * 0.6), _WHITE),
        (corners(3, size * 0.45, np.pi / 2), _WHITE),
    ]


def _no_entry(size: float) -> _Sign:
    return circle(size), [(circle(size), _RED), (box(size * 0.72, size * 0.17), _WHITE)]


def _warning(size: float) -> _Sign:
    outer = corners(3, size * 1.25, np.pi / 2)
    return outer, [(outer, _RED), (outer * 0.7, _WHITE), (box(size * 0.08, size * 0.3), (20, 20, 20))]


def _yield(size: float) -> _Sign:
    outer = corners(3, size * 1.25, -np.pi / 2)
    return outer, [(outer, _RED), (outer * 0.68, _WHITE)]


def _priority(size: float) -> _Sign:
    outer = corners(4, size * 1.2, 0)
    return outer, [(outer, _WHITE), (outer * 0.72, _YELLOW)]


def _parking(size: float) -> _Sign:
    outer, bow = box(size, size), (0.0, size * 0.25)
    letter = [(box(size * 0.12, size * 0.6) - (size * 0.25, 0), _WHITE)]
    letter += [(circle(size * 0.36) + bow, _WHITE), (circle(size * 0.18) + bow, _BLUE)]
    return outer, [(outer, _WHITE), (outer * 0.93, _BLUE), *letter]


def _direction(size: float) -> _Sign:
    outer = box(size * 2.2, size * 0.8)
    return outer, [
        (outer, _YELLOW),
        (box(size * 1.6, size * 0.1) + (0, size * 0.3), (30, 30, 30)),
        (box(size * 1.2, size * 0.1) - (0.1, size * 0.2), (30, 30, 30)),
    ]


_SIGNS = (_ban, _order, _no_entry, _warning, _yield, _priority, _parking, _direction)

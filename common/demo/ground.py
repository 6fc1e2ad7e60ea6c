"""Flat things: carriageway, sidewalks, curbs, parking strips, rails, grass, marks and crossings."""

import numpy as np
from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.city import CROSSING_METRES, City, Street
from common.demo.shapes import Points, Tone

_NEAR, _FAR = 1.3, 400.0
# Distances that look evenly spaced.
_STEPS = _NEAR * (_FAR / _NEAR) ** np.linspace(0, 1, 28)


def strip(x0: float, x1: float, z0: float = _NEAR, z1: float = _FAR) -> Points:
    """Gives the outline of a strip of ground along the street, in metres, of shape `(points, 3)`."""
    steps = np.concatenate([[z0], _STEPS[(z0 < _STEPS) & (z1 > _STEPS)], [z1]])
    there = np.stack([np.full_like(steps, x0), np.zeros_like(steps), steps], axis=1)
    back = np.stack([np.full_like(steps, x1), np.zeros_like(steps), steps], axis=1)[::-1]
    return np.concatenate([there, back])


def _lay(canvas: Canvas, label: str, outline: Points, color: Tone) -> None:
    """Paints ground in pieces, so that it fades with distance, and annotates it as one polygon."""
    low, high = outline[:, 2].min(), outline[:, 2].max()
    points = canvas.camera.project(outline)
    half = len(outline) // 2
    for i in range(half - 1):
        piece = np.stack([points[i], points[i + 1], points[-2 - i], points[-1 - i]])
        canvas.paint([piece], color, outline[i : i + 2, 2].mean())
    if label and high > low:
        canvas.annotate(label, points)


def draw_ground(canvas: Canvas, rng: Generator, street: Street, city: City) -> None:
    """Draws everything flat.

    Args:
        canvas: The canvas, with a sky.
        street: The cross-section.
        city: Decides the pavement.
    """
    grey = rng.uniform(72, 122)
    asphalt = np.clip(np.array([grey, grey, grey]) + rng.normal(0, 1.5, 3), 0, 255)
    pavement = np.array(city.pavement) + rng.normal(0, 9) + rng.normal(0, 2, 3)
    grass = np.array([96, 112, 58]) + rng.normal(0, 13, 3)
    for side in (-1, 1):
        beyond = rng.random()
        label, color = ("terrain", grass) if beyond < 0.45 else ("sidewalk", pavement * 0.96)
        _lay(canvas, label, strip(street.front(side), side * 400), color)
        if street.verge[side > 0]:
            _lay(canvas, "terrain", strip(street.front(side), street.curb(side) + side * street.pavement), grass)
        _lay(canvas, "sidewalk", strip(street.curb(side), street.curb(side) + side * street.pavement), pavement)
        _pave(canvas, street, side, pavement)
    _lay(canvas, "road", strip(street.left, street.right), asphalt)
    for side in (-1, 1):
        _draw_edge(canvas, street, side, asphalt, pavement)
    if street.crossing:
        _draw_crossing(canvas, rng, street, asphalt)
    if street.rails is not None:
        _draw_rails(canvas, rng, street.rails, asphalt)
    _draw_patches(canvas, rng, street, asphalt)
    _draw_marks(canvas, rng, street)


def _pave(canvas: Canvas, street: Street, side: int, pavement: Points) -> None:
    """Draws the joints of the slabs of a sidewalk."""
    start, stop = street.curb(side), street.curb(side) + side * street.pavement
    for part in (0.35, 0.7):
        x = start + (stop - start) * part
        canvas.paint_world([strip(x, x + 0.03, z1=40)], pavement, 0.82)
    joints = [strip(start, stop, z, z + 0.012 * z**0.5) for z in np.arange(3, 32, 1.5)]
    canvas.paint_world(joints, pavement, 0.85)


def _draw_edge(canvas: Canvas, street: Street, side: int, asphalt: Points, pavement: Points) -> None:
    """Draws the strip for parked cars and the curb."""
    edge, curb = (street.left, street.curb(-1)) if side < 0 else (street.right, street.curb(1))
    if edge != curb:
        _lay(canvas, "parking", strip(edge, curb), asphalt * 1.09 + 4)
        bays = [strip(edge, curb, z, z + 0.12) for z in np.arange(6.0, 50, 5.6)]
        canvas.paint_world(bays, (215, 215, 212))
    canvas.paint_world([strip(curb - side * 0.12, curb)], pavement, 0.6)
    canvas.paint_world([strip(curb, curb + side * 0.16)], pavement, 1.16)


def _draw_crossing(canvas: Canvas, rng: Generator, street: Street, asphalt: Points) -> None:
    """Draws a side street and, sometimes, stripes for people to cross."""
    z = street.crossing
    left, right = street.curb(-1) + 0.2, street.curb(1) - 0.2
    outline = np.array([[-200, 0, z], [left, 0, z], [right, 0, z], [300, 0, z]], float)
    back = outline[::-1] + (0, 0, CROSSING_METRES)
    _lay(canvas, "road", np.concatenate([outline, back]), asphalt)
    if rng.random() < 0.6:
        stripes = [strip(x, x + 0.5, z - 4.5, z - 1.5) for x in np.arange(street.left + 0.3, street.right - 0.5, 1.0)]
        canvas.paint_world(stripes, (212, 212, 208))
        canvas.paint_world(
            [strip(street.left + (street.right - street.left) / 2, street.right, z - 6, z - 5.5)], (212, 212, 208)
        )


def _draw_rails(canvas: Canvas, rng: Generator, middle: float, asphalt: Points) -> None:
    """Draws a tram's track, on grass, gravel or asphalt."""
    bed = [(104, 116, 70), (122, 112, 104), asphalt * 1.05][int(rng.integers(3))]
    _lay(canvas, "rail track", strip(middle - 1.3, middle + 1.3), np.asarray(bed, float))
    for x in (-0.75, 0.68):
        canvas.paint_world([strip(middle + x, middle + x + 0.08)], (150, 150, 155), 1.1)


def _draw_patches(canvas: Canvas, rng: Generator, street: Street, asphalt: Points) -> None:
    """Draws repairs, tyre tracks, manhole covers and leaves."""
    middle = 0.0
    for x in (middle - 0.85, middle + 0.75):
        canvas.paint_world([strip(x, x + 0.25, z1=60)], asphalt, 0.95)
    for _ in range(int(rng.integers(2, 7))):
        x, z = rng.uniform(street.left, street.right - 1), rng.uniform(5, 40)
        size = rng.uniform(0.5, 2.0, 2) * (1, 3)
        x1, z1 = min(x + size[0], street.right), z + size[1]
        canvas.paint_world([strip(x, x1, z, z1)], asphalt, rng.uniform(0.82, 1.1))
    for _ in range(int(rng.integers(0, 4))):
        x, z = rng.uniform(street.left + 0.5, street.right - 0.5), rng.uniform(5, 30)
        around = np.linspace(0, 2 * np.pi, 16)
        cover = np.stack([x + 0.33 * np.cos(around), 0 * around, z + 0.33 * np.sin(around)], axis=1)
        canvas.paint_world([cover], (58, 56, 55))


def _draw_marks(canvas: Canvas, rng: Generator, street: Street) -> None:
    """Draws the broken lines between lanes and the lines at the edges."""
    white = np.array([214, 214, 210]) * rng.uniform(0.8, 1.05)
    offset = rng.uniform(0, 9)
    lane = street.right - rng.uniform(0.4, 0.8) if rng.random() < 0.5 else None
    first = street.rails + 1.7 if street.rails is not None else street.left
    count = max(2, round((street.right - first) / 3.4))
    for number in range(1, count):
        x = first + (street.right - first) * number / count
        dashes = [
            strip(x, x + 0.13, z, z + 3.2) for z in np.arange(2.0 + offset, 140, 9.0) if not street.is_crossing(z, 4)
        ]
        for dash in dashes:
            canvas.paint_world([dash], white)
    if lane:
        canvas.paint_world([strip(street.right - 0.3, street.right - 0.18, z1=max(street.crossing, 20) - 1)], white)

"""Houses along the street: fronts with rows of windows, side walls, shops, roofs; and the skyline behind them."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.city import City, Street
from common.demo.shapes import Points, Tone

_FLOOR_METRES = 3.1


@dataclass(frozen=True)
class House:
    """One house.

    Attributes:
        side: -1 left of the street, 1 right of it.
        x: Position of its front.
        near: Distance of its near corner.
        far: Distance of its far corner.
        floors: Number of floors.
        color: Colour of its walls.
    """

    side: int
    x: float
    near: float
    far: float
    floors: int
    color: Points

    @property
    def height(self) -> float:
        """Height of the eaves in metres."""
        return self.floors * _FLOOR_METRES + 0.9


def _front(house: House, z0: float, z1: float, y0: float, y1: float) -> Points:
    """Gives a rectangle on the front, `(4, 3)`."""
    return np.array([[house.x, y0, z0], [house.x, y1, z0], [house.x, y1, z1], [house.x, y0, z1]])


def _gable(house: House, x0: float, x1: float, y0: float, y1: float) -> Points:
    """Gives a rectangle on the wall that faces the camera, at `x0` to `x1` metres behind the front."""
    a, b = house.x + house.side * x0, house.x + house.side * x1
    return np.array([[a, y0, house.near], [a, y1, house.near], [b, y1, house.near], [b, y0, house.near]])


def draw_house(canvas: Canvas, rng: Generator, house: House) -> None:
    """Draws a house and annotates it."""
    lit = 1.04 if canvas.light.side != house.side else 0.8
    if canvas.light.shadow > 0.8:
        lit = 0.94
    height, depth = house.height, rng.uniform(9, 14)
    gable_shade = 0.86 if lit > 0.9 else 0.98
    shapes = [_front(house, house.near, house.far, -0.1, height), _gable(house, 0, depth, -0.1, height)]
    roof = rng.random() < 0.65
    if roof:
        ridge = height + rng.uniform(1.5, 4.5)
        middle = house.x + house.side * depth / 2
        inner = [[middle, ridge, house.near], [middle, ridge, house.far]]
        shapes.append(np.array([[house.x, height, house.near], *inner, [house.x, height, house.far]]))
        shapes.append(
            np.array([[house.x, height, house.near], inner[0], [house.x + house.side * depth, height, house.near]])
        )
        tiles = [(124, 74, 58), (92, 78, 74), (72, 72, 78)][int(rng.integers(3))]
        canvas.paint_world([shapes[3]], house.color, gable_shade)
        canvas.paint_world([shapes[2]], tiles, lit)
    canvas.paint_world([shapes[1]], house.color, gable_shade)
    _draw_gable_windows(canvas, rng, house, depth)
    for z0 in np.arange(house.near, house.far, 5.0):
        canvas.paint_world([_front(house, z0, min(z0 + 5.0, house.far), -0.1, height)], house.color, lit)
    _draw_front(canvas, rng, house, lit)
    canvas.annotate_outline("building", [canvas.camera.project(shape) for shape in shapes])


def _draw_front(canvas: Canvas, rng: Generator, house: House, lit: float) -> None:
    """Draws cornices, windows and the ground floor."""
    bright = np.minimum(house.color * rng.uniform(1.05, 1.25) + 8, 240)
    has_shops = rng.random() < 0.45
    base = house.color * rng.uniform(0.6, 0.95)
    canvas.paint_world([_front(house, house.near, house.far, -0.1, 3.2 if has_shops else 0.8)], base, lit)
    if rng.random() < 0.5:
        bands = [
            _front(house, house.near, house.far, y - 0.12, y + 0.12)
            for y in np.arange(3.6, house.height, _FLOOR_METRES)
        ]
        canvas.paint_world(bands, bright, lit)
    canvas.paint_world([_front(house, house.near, house.far, house.height - 0.4, house.height)], bright, lit)
    pitch, width, tall = rng.uniform(2.0, 3.6), rng.uniform(0.9, 1.5), rng.uniform(1.3, 1.9)
    if rng.random() < 0.2:
        width = pitch * 0.86
    framed = rng.random() < 0.7
    columns = np.arange(house.near + pitch / 2, house.far - pitch / 2 + 0.1, pitch)
    for z in columns:
        if canvas.camera.scale(z) * width * abs(house.x) / z < 0.7:
            continue
        floors = 1.0 + _FLOOR_METRES * np.arange(1 if has_shops else 0, house.floors)
        windows = [_front(house, z - width / 2, z + width / 2, y, y + tall) for y in floors]
        if framed:
            frames = [
                _front(house, z - width / 2 - 0.14, z + width / 2 + 0.14, y - 0.16, y + tall + 0.16) for y in floors
            ]
            canvas.paint_world(frames, bright, lit)
        _draw_windows(canvas, rng, windows)
    if has_shops:
        _draw_shops(canvas, rng, house, lit)


def _draw_windows(canvas: Canvas, rng: Generator, windows: list[Points]) -> None:
    """Paints windows: dark ones, ones with curtains, ones that mirror the sky, lit ones at dusk."""
    kinds = rng.choice(4, len(windows), p=[0.5, 0.2, 0.22, 0.08])
    sky = canvas.light.haze / np.maximum(canvas.light.sun, 0.3)
    colors: list[Tone] = [(46, 52, 58), (150, 146, 138), sky * 0.72, (64, 60, 56)]
    if canvas.light.is_dark:
        colors[1], colors[3] = (400, 330, 200), (360, 300, 190)
    for kind, color in enumerate(colors):
        chosen = [window for window, k in zip(windows, kinds, strict=True) if k == kind]
        if chosen:
            canvas.paint_world(chosen, color)


def _draw_shops(canvas: Canvas, rng: Generator, house: House, lit: float) -> None:
    """Draws shop windows, their signs, awnings and doors on the ground floor."""
    z = house.near + 0.5
    while z + 3.0 < house.far:
        width = rng.uniform(2.4, 5.0)
        stop = min(z + width, house.far - 0.4)
        canvas.paint_world(
            [_front(house, z, stop, 0.5, 2.6)], (52, 54, 58) if not canvas.light.is_dark else (380, 330, 240)
        )
        if rng.random() < 0.6:
            canvas.paint_world([_front(house, z + 0.3, stop - 0.3, 0.6, 1.3)], rng.uniform(40, 190, 3), lit)
        color = rng.uniform(30, 230, 3)
        canvas.paint_world([_front(house, z, stop, 2.7, 3.2)], color, lit)
        if rng.random() < 0.3:
            awning = _front(house, z, stop, 2.2, 2.75)
            awning[[0, 3], 0] -= house.side * 1.2
            canvas.paint_world([awning], color, lit)
        z = stop + rng.uniform(0.4, 1.6)


def _draw_gable_windows(canvas: Canvas, rng: Generator, house: House, depth: float) -> None:
    if rng.random() < 0.4:
        return
    floors = 1.0 + _FLOOR_METRES * np.arange(house.floors)
    windows = [_gable(house, x, x + 1.1, y, y + 1.5) for x in np.arange(1.2, depth - 1.2, 3.1) for y in floors]
    _draw_windows(canvas, rng, windows)


def draw_skyline(canvas: Canvas, rng: Generator, street: Street, city: City) -> None:
    """Draws blocks of houses far behind the end of the street.

    Args:
        canvas: The canvas, with nothing but a sky.
        street: Decides the distance.
        city: Decides the walls.
    """
    z = street.end + 60
    x = -z * 0.6
    while x < z * 0.6:
        width = rng.uniform(12, 40)
        if rng.random() < 0.8:
            height = rng.uniform(8, 12) + rng.uniform(0, 3) * city.floors[1]
            block = np.array([[x, -0.5, z], [x, height, z], [x + width, height, z], [x + width, -0.5, z]])
            color = np.array(city.walls[int(rng.integers(len(city.walls)))])
            canvas.paint_world([block], color, 0.85)
            windows = [
                block * 0 + (x + u, y, z) + np.array([[0, 0, 0], [0, 1.6, 0], [1.6, 1.6, 0], [1.6, 0, 0]])
                for u in np.arange(2, width - 2, 4)
                for y in np.arange(1.5, height - 2, 3.1)
            ]
            if windows:
                canvas.paint_world(windows, (60, 64, 70))
            canvas.annotate("building", canvas.camera.project(block))
        x += width

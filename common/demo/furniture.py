"""Things along a street: lamps, bollards, traffic lights, bins and bridges."""

import numpy as np
from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.shapes import Points, Spot, Tone, circle, facing

_METAL = ((112, 116, 118), (84, 88, 90), (150, 152, 152), (60, 72, 64), (126, 112, 96))


def draw_post(canvas: Canvas, place: Spot, height: float, width: float, color: Tone) -> Points:
    """Draws a post with a bright and a dark side; returns its shape in pixels."""
    x, z = place
    post = facing(x, z, (-width / 2, width / 2), (-0.02, height))
    canvas.paint_world([post], color, 0.9)
    canvas.paint_world(
        [facing(x, z, (width * 0.1, width / 2), (0, height))], color, 0.62 if canvas.light.side < 0 else 1.15
    )
    pixels = canvas.camera.project(post)
    thin = 0.5 - np.ptp(pixels[:, 0]) / 2
    if thin > 0:
        pixels[:, 0] += np.array([-thin, -thin, thin, thin])
    return pixels


def draw_lamp(canvas: Canvas, rng: Generator, place: Spot, side: int) -> None:
    """Draws a street lamp with an arm over the road, or a plain pole, and annotates it as `pole`."""
    x, z = place
    color, height = _METAL[int(rng.integers(len(_METAL)))], rng.uniform(5.5, 9.5)
    shapes = [draw_post(canvas, place, height, rng.uniform(0.1, 0.2), color)]
    reach = -side * rng.uniform(1.0, 2.4)
    if rng.random() < 0.75:
        arm = np.array(
            [[x, height - 0.1, z], [x, height, z], [x + reach, height + 0.35, z], [x + reach, height + 0.25, z]]
        )
        canvas.paint_world([arm], color)
        shapes.append(canvas.camera.project(arm))
        head = facing(x + reach, z, (min(0, -side * 0.7), max(0, -side * 0.7)), (height + 0.2, height + 0.38))
        canvas.paint_world([head], (480, 440, 330) if canvas.light.is_dark else (176, 176, 172))
        shapes.append(canvas.camera.project(head))
    canvas.annotate_outline("pole", shapes)


def draw_pole_group(canvas: Canvas, rng: Generator, place: Spot) -> None:
    """Draws bollards that stand close together and annotates them as one `polegroup`."""
    x, z = place
    count = int(rng.integers(3, 6))
    shapes = [draw_post(canvas, (x + 0.35 * i, z + 0.4 * i), 1.0, 0.09, (92, 90, 86)) for i in range(count)]
    first, last = shapes[0], shapes[-1]
    around = np.concatenate([first[:2], last[1:3], last[2:], first[3:]])
    canvas.annotate("polegroup", around)


def draw_traffic_light(canvas: Canvas, rng: Generator, place: Spot, side: int) -> None:
    """Draws a traffic light on its pole, sometimes with a second one over the road, and annotates both."""
    x, z = place
    color = _METAL[int(rng.integers(len(_METAL)))]
    has_arm = rng.random() < 0.4
    shapes = [draw_post(canvas, place, 5.8 if has_arm else 3.4, 0.16, color)]
    heads = [(x, 2.9)]
    if has_arm:
        reach = -side * rng.uniform(2.5, 4.5)
        arm = facing(x, z, (min(0, reach), max(0, reach)), (5.6, 5.75))
        canvas.paint_world([arm], color)
        shapes.append(canvas.camera.project(arm))
        heads.append((x + reach, 5.5))
    canvas.annotate_outline("pole", shapes)
    lit, faces_away = int(rng.integers(3)), rng.random() < 0.2
    for head_x, high in heads:
        case = facing(head_x, z - 0.1, (-0.18, 0.18), (high - 0.5, high + 0.5))
        board = facing(head_x, z - 0.1, (-0.3, 0.3), (high - 0.62, high + 0.62)) if rng.random() < 0.3 else case
        canvas.paint_world([board], (22, 24, 24))
        canvas.paint_world([case], (40, 44, 42))
        middle, scale = canvas.camera.project([head_x, high, z - 0.1]), canvas.camera.scale(z)
        for number, (lamp, dark) in enumerate(
            (((520, 60, 40), (66, 24, 22)), ((500, 330, 30), (70, 54, 20)), ((60, 460, 250), (20, 60, 40)))
        ):
            spot = middle + (circle(0.13) + (0, (number - 1) * 0.3)) * scale
            if not faces_away:
                canvas.paint([spot], lamp if number == lit else dark, z)
        canvas.annotate_outline("traffic light", [canvas.camera.project(board)])


def draw_bin(canvas: Canvas, rng: Generator, place: Spot) -> None:
    """Draws a bin, a box or a poster, and annotates it as `static`; or luggage on wheels, as `dynamic`."""
    x, z = place
    kind = rng.random()
    if kind < 0.25:
        shape, color, label = facing(x, z, (-0.25, 0.25), (0.06, 0.75)), rng.uniform(30, 160, 3), "dynamic"
    elif kind < 0.7:
        shape, color, label = (
            facing(x, z, (-0.3, 0.3), (0.0, 1.1)),
            np.array([(60, 90, 60), (90, 90, 92), (170, 120, 40)][int(rng.integers(3))]),
            "static",
        )
    else:
        shape, color, label = facing(x, z, (-0.65, 0.65), (0.4, 2.4)), np.array([70.0, 74, 76]), "static"
    canvas.paint_world([shape], color, 0.9)
    middle = shape.mean(axis=0)
    canvas.paint_world(
        [middle + (shape - middle) * (0.85, 0.85, 1)], rng.uniform(60, 230, 3) if kind >= 0.7 else color, 1.0
    )
    canvas.annotate_outline(label, [canvas.camera.project(shape)])


def draw_bridge(canvas: Canvas, rng: Generator, z: float) -> None:
    """Draws a bridge across the street and annotates it."""
    color, low = np.array([146, 142, 134]) + rng.normal(0, 10), rng.uniform(4.8, 6.0)
    deck = np.array([[-60, low, z], [-60, low + 2.0, z], [60, low + 2.0, z], [60, low, z]])
    under = np.array([[-60, low, z], [60, low, z], [60, low, z + 9], [-60, low, z + 9]])
    canvas.paint_world([under], color, 0.45)
    canvas.paint_world([deck], color, 0.85)
    canvas.paint_world(
        [
            deck * (1, 0, 1) + (0, y, 0) + np.array([[0, 0, 0], [0, 0.12, 0], [0, 0.12, 0], [0, 0, 0]])
            for y in (low + 1.2, low + 1.8)
        ],
        color,
        1.05,
    )
    piers = [facing(x, z, (-0.7, 0.7), (0, low)) for x in (-11.0, 11.0)]
    canvas.paint_world(piers, color, 0.75)
    canvas.annotate_outline("bridge", [canvas.camera.project(shape) for shape in (deck, under, *piers)])

"""Cars, vans, trucks, buses, trams, caravans and trailers: bodies from side views, seen from any direction."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from common.demo.bodies import Body, Face, Place, box_body, draw_faces, profile_body, side_details
from common.demo.canvas import Canvas
from common.demo.shapes import Pair, Points, Tone

_GLASS = (44, 52, 60)
_PAINTS = (
    (34, 34, 38), (58, 60, 66), (120, 124, 128), (168, 172, 176), (214, 216, 218), (226, 226, 224), (96, 24, 26),
    (150, 30, 30), (30, 44, 92), (52, 84, 138), (38, 66, 56), (138, 122, 92), (186, 152, 40), (92, 96, 104),
)  # fmt: skip
# Side views from the rear bumper over the roof to the front bumper: (part of the length, height, material of the
# surface up to the next point). The length runs from -0.5 at the rear to 0.5 at the front.
_SEDAN = (
    (-0.48, 0.32, "body"), (-0.5, 0.62, "body"), (-0.485, 0.98, "body"), (-0.36, 1.02, "glass"), (-0.2, 1.42, "roof"),
    (0.06, 1.45, "glass"), (0.24, 1.0, "body"), (0.45, 0.82, "body"), (0.5, 0.6, "body"), (0.49, 0.3, "body"),
)  # fmt: skip
_HATCH = (
    (-0.48, 0.32, "body"), (-0.5, 0.7, "body"), (-0.49, 1.0, "glass"), (-0.42, 1.46, "roof"), (0.08, 1.5, "glass"),
    (0.28, 1.02, "body"), (0.46, 0.84, "body"), (0.5, 0.6, "body"), (0.49, 0.3, "body"),
)  # fmt: skip
_VAN = (
    (-0.48, 0.34, "body"), (-0.5, 0.9, "body"), (-0.5, 1.15, "glass"), (-0.48, 1.95, "roof"), (0.2, 2.0, "glass"),
    (0.36, 1.2, "body"), (0.47, 1.0, "body"), (0.5, 0.6, "body"), (0.49, 0.32, "body"),
)  # fmt: skip
_SHAPES = ((_SEDAN, 4.6, 1.82, 1.0), (_HATCH, 4.0, 1.76, 1.0), (_HATCH, 4.6, 1.84, 1.02), (_HATCH, 4.5, 1.9, 1.14))


def draw_car(canvas: Canvas, rng: Generator, place: Place, label: str | None = "car") -> list[Points]:
    """Draws a car or a van and annotates it, its license plate too.

    Args:
        place: Its place.
        label: `car`, or None to annotate nothing.

    Returns:
        The shapes of the outline, in pixels.
    """
    profile, length, width, tall = _SHAPES[int(rng.integers(len(_SHAPES)))]
    is_van = rng.random() < 0.12
    if is_van:
        profile, length, width, tall = _VAN, 5.0, 1.95, 1.0
    color = np.array(_PAINTS[int(rng.integers(len(_PAINTS)))]) * rng.uniform(0.85, 1.12)
    points = [(part * length, height * tall, kind) for part, height, kind in profile]
    body = Body(place, length, width, max(height for _, height, _ in points), color)
    faces = profile_body(body, points, _GLASS)
    roof_back = next(p for p, q in zip(points, points[1:], strict=False) if q[2] == "roof")
    front = [(p, q) for p, q in zip(points, points[1:], strict=False) if p[2] == "glass"][-1]
    belt = front[1][1] + 0.02
    top = front[0][1] - 0.1
    window = [
        (roof_back[0] + 0.12, belt),
        (roof_back[0] + 0.3 * 0.9, top),
        (front[0][0] + 0.05, top),
        (front[1][0] - 0.16, belt),
    ]
    middle = (front[0][0] + roof_back[0]) / 2 - 0.05
    panes = [
        window[:2] + [(middle - 0.04, top), (middle - 0.04, belt)],
        [(middle + 0.04, belt), (middle + 0.04, top)] + window[2:],
    ]
    if is_van and rng.random() < 0.6:
        panes = panes[1:]
    faces += side_details(body, panes, _GLASS, (-0.31 * length, 0.31 * length), 0.32)
    plates = _draw_ends(canvas, rng, body, faces)
    return _finish(canvas, body, faces, label, plates)


def _draw_ends(canvas: Canvas, rng: Generator, body: Body, faces: list[Face]) -> list[Points]:
    """Adds lamps, bumpers and plates to the rear and the front of a car; returns the plates."""
    half, length = body.width / 2 * 0.93, body.length / 2
    red = (190, 30, 26) if not canvas.light.is_dark else (380, 60, 50)
    white = (226, 226, 220) if not canvas.light.is_dark else (500, 480, 400)
    plates = []
    for end, lamp in ((-1, red), (1, white)):
        at = end * (length + 0.01)
        details: list[tuple[Points, Tone]] = [(body.cross(at, (-half * 0.98, half * 0.98), (0.3, 0.46)), (34, 34, 36))]
        for side in (-1, 1):
            x = _ordered(side * half * 0.7, side * half * 0.97)
            details.append((body.cross(at, x, (0.0, 0.32)), (22, 22, 24)))
        details.append((body.cross(at, (-half * 0.96, half * 0.96), (0.9, 0.94)), body.color * 0.6))
        for side in (-1, 1):
            x = _ordered(side * half * 0.62, side * half * 0.96)
            details.append((body.cross(end * length * 0.995, x, (0.66, 0.86)), lamp))
        plate = body.cross(end * (length + 0.02), (-0.26, 0.26), (0.48, 0.6))
        details.append((plate, (216, 216, 208)))
        if end > 0:
            details.append((body.cross(length + 0.01, (-half * 0.5, half * 0.5), (0.56, 0.76)), (28, 28, 30)))
        faces.append(Face(details[0][0], details[0][1], 0.9, tuple(details), is_end=end))
        plates.append((end, plate))
    return [plate for end, plate in plates if body.shows_end(end)]


def _ordered(one: float, other: float) -> Pair:
    return min(one, other), max(one, other)


def _finish(
    canvas: Canvas, body: Body, faces: list[Face], label: str | None, plates: Sequence[Points] = ()
) -> list[Points]:
    """Draws shadow and faces, and annotates the outline and the plates."""
    canvas.darken(canvas.camera.project(body.footprint(0.25)), 0.45)
    if canvas.light.shadow < 0.8:
        canvas.darken(canvas.camera.project(body.footprint(0.1) - (canvas.light.side * 0.9, 0, 0)), canvas.light.shadow)
    shapes = draw_faces(canvas, body, faces)
    if label:
        canvas.annotate_outline(label, shapes)
        for plate in plates:
            canvas.annotate("license plate", canvas.camera.project(plate))
    return shapes


def draw_bus(canvas: Canvas, rng: Generator, place: Place) -> None:
    """Draws a bus and annotates it."""
    colors = ((206, 178, 40), (190, 40, 36), (226, 226, 222), (40, 92, 140), (70, 130, 80))
    color = np.array(colors[int(rng.integers(len(colors)))]) * rng.uniform(0.85, 1.1)
    body = Body(place, 11.5, 2.5, 3.05, color)
    _finish(canvas, body, _coach(canvas, body, (-3.6, 3.4), 0.48, rng), "bus")


def draw_tram(canvas: Canvas, rng: Generator, place: Place) -> None:
    """Draws a tram and annotates it: the label `train`."""
    colors = ((196, 36, 32), (222, 206, 150), (60, 110, 90), (230, 230, 226))
    color = np.array(colors[int(rng.integers(len(colors)))]) * rng.uniform(0.85, 1.1)
    body = Body(place, float(rng.uniform(22, 32)), 2.4, 3.4, color)
    _finish(canvas, body, _coach(canvas, body, (), 0.0, rng), "train")


def _coach(canvas: Canvas, body: Body, wheels: Sequence[float], radius: float, rng: Generator) -> list[Face]:
    """Builds a long box with a row of windows, doors, a destination sign and lamps."""
    half, length, top = body.width / 2, body.length / 2, body.height
    trim = body.color * 0.55 if rng.random() < 0.5 else np.array([225.0, 225, 220])
    faces = box_body(body, (-length, length), (0.3, top), body.color)
    panes = [
        [(x, 1.35), (x, top - 0.55), (x + 1.15, top - 0.55), (x + 1.15, 1.35)]
        for x in np.arange(-length + 0.3, length - 1.2, 1.3)
    ]
    doors = [
        [(x, 0.45), (x, top - 0.6), (x + 1.1, top - 0.6), (x + 1.1, 0.45)]
        for x in (-length * 0.45, length * 0.2, length * 0.82)
    ]
    stripe = [[(-length, 0.75), (-length, 1.05), (length, 1.05), (length, 0.75)]]
    faces += side_details(body, stripe, trim, (), radius)
    faces += side_details(body, panes + doors, (50, 58, 66), wheels, radius)
    for end in (-1, 1):
        at = end * (length + 0.02)
        details: list[tuple[Points, Tone]] = [
            (body.cross(at, (-half * 0.88, half * 0.88), (1.25 if end > 0 else 1.6, top - 0.55)), (40, 46, 52)),
            (body.cross(at, (-half * 0.6, half * 0.6), (top - 0.42, top - 0.14)), (30, 28, 24)),
            (body.cross(at, (-half * 0.45, half * 0.3), (top - 0.36, top - 0.2)), (330, 230, 60)),
            (body.cross(at, (-half, half), (0.3, 0.55)), body.color * 0.4),
        ]
        corners = ((-0.2, 0.85), (0.25, 0.85), (0.0, 0.05), (-0.45, 0.05))
        low, high = 1.3 if end > 0 else 1.65, top - 0.6
        mirrored = body.to_world([[at, half * x, low + (high - low) * y] for x, y in corners])
        details.append((mirrored, (62, 70, 78)))
        lamp = (300, 290, 250) if end > 0 else (200, 34, 30)
        for side in (-1, 1):
            x = _ordered(side * half * 0.6, side * half * 0.9)
            details.append((body.cross(at, x, (0.62, 0.88)), lamp))
            if wheels:
                details.append((body.cross(at, x, (0.0, 0.3)), (22, 22, 24)))
        faces.append(Face(details[0][0], details[0][1], 0.9, tuple(details), is_end=end))
    return faces


def draw_truck(canvas: Canvas, rng: Generator, place: Place, label: str = "truck") -> None:
    """Draws a truck with a closed box, a canvas cover or an open bed, and annotates it."""
    cab = np.array(_PAINTS[int(rng.integers(len(_PAINTS)))]) * rng.uniform(0.85, 1.1)
    cover = np.array(
        [(226, 226, 222), (60, 92, 140), (160, 60, 50), (120, 124, 120), (206, 190, 150)][int(rng.integers(5))]
    )
    height = float(rng.uniform(2.7, 3.6))
    body = Body(place, 7.6, 2.4, height, cab)
    faces = box_body(body, (-3.8, 1.6), (0.75, height), cover)
    faces += box_body(body, (1.75, 3.8), (0.4, 2.6), cab)
    faces += box_body(body, (-3.7, 1.7), (0.5, 0.75), np.array([50.0, 50, 52]))
    window = [[(2.2, 1.55), (2.3, 2.35), (3.5, 2.35), (3.6, 1.55)]]
    faces += side_details(body, window, _GLASS, (-2.4, 2.8), 0.48)
    half = body.width / 2
    front: list[tuple[Points, Tone]] = [
        (body.cross(3.83, (-half * 0.9, half * 0.9), (1.5, 2.4)), _GLASS),
        (body.cross(3.83, (-half * 0.6, half * 0.6), (0.7, 1.2)), (34, 34, 36)),
    ]
    rear: list[tuple[Points, Tone]] = [
        (body.cross(-3.82, (-half, half), (0.5, 0.72)), (52, 50, 50)),
        (body.cross(-3.82, (-0.02, 0.02), (0.8, height - 0.1)), cover * 0.6),
    ]
    for side in (-1, 1):
        x = _ordered(side * half * 0.65, side * half * 0.95)
        rear.append((body.cross(-3.83, x, (0.52, 0.68)), (200, 36, 30)))
        front.append((body.cross(3.83, x, (0.6, 0.8)), (230, 230, 220)))
    faces.append(Face(front[0][0], front[0][1], 0.9, tuple(front), is_end=1))
    faces.append(Face(rear[0][0], rear[0][1], 0.9, tuple(rear), is_end=-1))
    _finish(canvas, body, faces, label)


def draw_trailer(canvas: Canvas, rng: Generator, place: Place, label: str) -> None:
    """Draws a parked `caravan` or `trailer` and annotates it."""
    is_caravan = label == "caravan"
    color = np.array([228.0, 226, 218]) if is_caravan else rng.uniform(60, 150, 3)
    body = Body(place, 4.8, 2.1, 2.4 if is_caravan else 1.3, color)
    faces = box_body(body, (-2.4, 2.4), (0.45, body.height), color)
    panes = [[(-1.5, 1.3), (-1.5, 1.9), (0.2, 1.9), (0.2, 1.3)]] if is_caravan else []
    faces += side_details(body, panes, _GLASS, (0.0,), 0.32)
    if is_caravan:
        window = body.cross(-2.42, (-0.7, 0.7), (1.3, 1.95))
        faces.append(Face(window, _GLASS, 0.9, ((window, _GLASS),), is_end=-1))
    _finish(canvas, body, faces, label)

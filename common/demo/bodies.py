"""Bodies of vehicles: faces in space, drawn from far to near.

A body has its own axes: `along` its length with the front at the positive end, `across` to its right, and up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from common.demo.canvas import Canvas
from common.demo.shapes import Pair, Points, Tone

# Shapes as `(along, up)`.
Panes = Sequence[Sequence[Pair]]
_TYRE = (26, 26, 28)
_HUB = (118, 120, 124)
_ROUND = np.linspace(0, 2 * np.pi, 20, endpoint=False)


@dataclass(frozen=True)
class Place:
    """Where a vehicle stands.

    Attributes:
        x: Position of its middle, in metres.
        z: Distance of its middle, in metres.
        heading: Its direction: 0 ahead, pi towards the camera, pi / 2 to the right.
    """

    x: float
    z: float
    heading: float


@dataclass(frozen=True)
class Body:
    """A vehicle's position, size and colour, in metres.

    Attributes:
        place: Position of its middle.
        length: Length along its own axis.
        width: Width across it.
        height: Height of the roof.
        color: Colour of the paint.
    """

    place: Place
    length: float
    width: float
    height: float
    color: Points

    def to_world(self, points: ArrayLike) -> Points:
        """Moves `(along, across, up)` of shape `(points, 3)` to the position of the vehicle."""
        along, across, up = np.asarray(points, float).T
        sine, cosine = np.sin(self.place.heading), np.cos(self.place.heading)
        world = np.empty((len(up), 3))
        world[:, 0] = self.place.x + along * sine + across * cosine
        world[:, 1] = up
        world[:, 2] = self.place.z + along * cosine - across * sine
        return world

    def cross(self, along: float, across: Pair, up: Pair) -> Points:
        """Gives a rectangle across the vehicle, in the world, from `across[0]` to `[1]` and `up[0]` to `[1]`."""
        (left, right), (low, high) = across, up
        return self.to_world([[along, left, low], [along, left, high], [along, right, high], [along, right, low]])

    def footprint(self, margin: float) -> Points:
        """Gives the rectangle on the ground under the vehicle."""
        a, w = self.length / 2 + margin * 0.4, self.width / 2 + margin
        return self.to_world([[-a, -w, 0], [-a, w, 0], [a, w, 0], [a, -w, 0]])

    def shows_end(self, end: int) -> bool:
        """Tells whether the camera sees the rear (-1) or the front (1)."""
        direction = np.array([np.sin(self.place.heading), np.cos(self.place.heading)]) * end
        middle = np.array([self.place.x, self.place.z]) + direction * self.length / 2
        return bool(direction @ middle < 0)

    def shows_side(self, side: int) -> bool:
        """Tells whether the camera sees the left (-1) or the right (1)."""
        direction = np.array([np.cos(self.place.heading), -np.sin(self.place.heading)]) * side
        middle = np.array([self.place.x, self.place.z]) + direction * self.width / 2
        return bool(direction @ middle < 0)


@dataclass(frozen=True)
class Face:
    """A flat piece of a body.

    Attributes:
        points: Its corners in the world, `(points, 3)`.
        color: Its colour.
        shade: How much light it gets.
        details: `(points, color)` drawn on the face, or instead of it if it is an end or a side.
        is_end: -1 for details of the rear, 1 of the front.
        is_side: -1 for details of the left, 1 of the right.
    """

    points: Points
    color: Tone
    shade: float
    details: tuple[tuple[Points, Tone], ...] = ()
    is_end: int = 0
    is_side: int = 0


def profile_body(body: Body, points: Sequence[tuple[float, float, str]], glass: Tone) -> list[Face]:
    """Extends a side view across the width.

    Args:
        points: `(along, up, kind)`; kind is the surface up to the next point: body, roof or glass.
        glass: Colour of glass.
    """

    def half(along: float, up: float) -> float:
        # Seen from above, the corners are round.
        round_off = min(max((abs(along) / body.length - 0.43) / 0.07, 0.0), 1.0)
        return _half_width(body, up) * (1 - 0.09 * round_off)

    faces = []
    for (a, u, kind), (b, v, _) in zip(points, points[1:], strict=False):
        quad = [[a, -half(a, u), u], [a, half(a, u), u], [b, half(b, v), v], [b, -half(b, v), v]]
        slope = abs(b - a) / (abs(b - a) + abs(v - u) + 1e-9)
        color = glass if kind == "glass" else body.color
        shade = 0.78 + 0.42 * slope
        details: tuple[tuple[Points, Tone], ...] = ()
        if kind == "glass":
            frame = [[p[0], p[1] * 0.86, p[2]] for p in quad]
            mirrored = [[p[0], q * p[1], p[2]] for p, q in zip(quad, (-0.3, 0.3, 0.75, 0.1), strict=True)]
            details = ((body.to_world(frame), glass), (body.to_world(mirrored), np.array(glass) * 1.45 + 8))
            color = body.color
        faces.append(Face(body.to_world(quad), color, shade, details))
    for side in (-1, 1):
        outline = [[a, side * half(a, u), u] for a, u, _ in points]
        faces.append(Face(body.to_world(outline), body.color, 0.92, is_side=side))
    return faces


def box_body(body: Body, along: Pair, up: Pair, color: Tone) -> list[Face]:
    """Builds a box as wide as the body from `along[0]` to `along[1]` and `up[0]` to `up[1]`."""
    (a, b), (low, high), w = along, up, body.width / 2
    quads = [
        ([[a, -w, low], [a, w, low], [a, w, high], [a, -w, high]], 0.84, 0),
        ([[b, -w, low], [b, w, low], [b, w, high], [b, -w, high]], 0.84, 0),
        ([[a, -w, high], [a, w, high], [b, w, high], [b, -w, high]], 1.1, 0),
        ([[a, -w, low], [a, -w, high], [b, -w, high], [b, -w, low]], 0.98, -1),
        ([[a, w, low], [a, w, high], [b, w, high], [b, w, low]], 0.98, 1),
    ]
    return [Face(body.to_world(quad), color, shade, is_side=side) for quad, shade, side in quads]


def side_details(body: Body, panes: Panes, color: Tone, wheels: Sequence[float], radius: float) -> list[Face]:
    """Builds the details of both sides.

    Args:
        panes: Shapes as `(along, up)`.
        color: Colour of the panes.
        wheels: Positions of the wheels along the body.
        radius: Radius of the wheels.
    """
    faces = []
    for side in (-1, 1):
        details = []
        for pane in panes:
            points = [[along, side * _half_width(body, up), up] for along, up in pane]
            details.append((body.to_world(points), color))
        for at in wheels:
            for size, tone in ((1.18, (20, 20, 22)), (1.0, _TYRE), (0.62, _HUB), (0.2, (60, 60, 62))):
                ring = np.empty((len(_ROUND), 3))
                ring[:, 0] = at + radius * size * np.cos(_ROUND)
                ring[:, 1] = side * body.width / 2
                ring[:, 2] = np.maximum(radius + radius * size * np.sin(_ROUND), 0)
                details.append((body.to_world(ring), tone))
        if details:
            faces.append(Face(details[0][0], color, 0.95, tuple(details), is_side=side))
    return faces


def _half_width(body: Body, up: float) -> float:
    """Gives half the width at a height: cars are narrower above the lower edge of their windows."""
    if body.height > 2.1:
        return body.width / 2
    return body.width / 2 * (1 - 0.24 * min(max((up - 0.95) / 0.55, 0.0), 1.0))


def draw_faces(canvas: Canvas, body: Body, faces: list[Face]) -> list[Points]:
    """Draws the faces of a body that the camera sees.

    Args:
        faces: Faces from the functions above.

    Returns:
        The shapes of the outline, in pixels.
    """
    visible = [face for face in faces if _is_visible(body, face)]
    attached = [face for face in visible if face.details and (face.is_end or face.is_side)]
    solid = [face for face in visible if not (face.details and (face.is_end or face.is_side))]
    solid.sort(key=lambda face: -np.hypot(*face.points[:, ::2].sum(axis=0)) / len(face.points))
    outline = []
    depth = body.place.z
    least = 0.7 / canvas.camera.scale(np.hypot(body.place.x, depth))

    def draw(points: Points, color: Tone, shade: float) -> Points:
        pixels = canvas.camera.project(points)
        canvas.paint([pixels], color, depth, shade)
        return pixels

    for face in solid:
        outline.append(draw(face.points, face.color, face.shade))
        for points, color in face.details:
            if np.ptp(points[:, 1]) > least:
                draw(points, color, 1.0)
    for points, color in (detail for face in attached for detail in face.details):
        if np.ptp(points[:, 1]) > least:
            outline.append(draw(points, color, 0.95))
    return outline


def _is_visible(body: Body, face: Face) -> bool:
    return (not face.is_end or body.shows_end(face.is_end)) and (not face.is_side or body.shows_side(face.is_side))

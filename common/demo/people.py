"""People on foot: flat figures that face the camera."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from common.demo.canvas import Canvas
from common.demo.shapes import Pair, Points, Spot, Tone, bar, ellipse

# A shape of a figure, its colour and its shade.
Part = tuple[Points, Tone, float]
_SKIN = ((224, 182, 150), (198, 152, 120), (150, 106, 80), (104, 74, 56))
_HAIR = ((40, 32, 28), (92, 66, 42), (170, 136, 84), (120, 118, 116), (24, 22, 22))


@dataclass(frozen=True)
class Stand:
    """Where something flat stands upright, facing the camera.

    Attributes:
        x: Position in metres.
        z: Distance in metres.
        aspect: Visible part of its length: 1 from the side, 0.2 from behind; negative if it looks left.
    """

    x: float
    z: float
    aspect: float = 1.0

    def to_pixels(self, canvas: Canvas, points: ArrayLike, is_round: bool = False) -> Points:
        """Moves `(along, up)` in metres to pixels; round things keep their width."""
        points = np.asarray(points, float)
        foot = canvas.camera.project([self.x, 0, self.z])
        factor = np.sign(self.aspect) if is_round else self.aspect
        return foot + points * (factor, -1) * canvas.camera.scale(self.z)


def choose_clothes(rng: Generator) -> tuple[Tone, Tone, Tone, Tone, Tone]:
    """Draws colours of jacket, trousers, skin, hair and shoes."""
    jacket, trousers = rng.uniform(20, 215, 3) * rng.uniform(0.4, 1), np.array([38, 42, 58]) + rng.uniform(-18, 60)
    if rng.random() < 0.45:
        jacket = np.full(3, rng.uniform(24, 110)) + rng.normal(0, 8, 3)
    skin, hair = _SKIN[int(rng.choice(4, p=[0.45, 0.3, 0.15, 0.1]))], _HAIR[int(rng.integers(len(_HAIR)))]
    return np.clip(jacket, 8, 240), np.clip(trousers, 8, 200), skin, hair, (34, 30, 30)


def draw_person(canvas: Canvas, rng: Generator, place: Spot, label: str | None = "person") -> list[Points]:
    """Draws a person who walks or stands, and annotates them.

    Args:
        place: `(x, z)` in metres.
        label: The label, or None to annotate nothing.

    Returns:
        The shapes of the outline, in pixels.
    """
    stand = Stand(*place, aspect=float(rng.choice([-1, 1])))
    size = rng.uniform(0.9, 1.08) * (0.68 if rng.random() < 0.08 else 1.0)
    parts = [(shape * size, color, shade) for shape, color, shade in _build_walker(rng)]
    return _draw_parts(canvas, stand, parts, label)


def _build_walker(rng: Generator) -> list[Part]:
    """Builds a figure of 1.7 metres, as `(shape, color, shade)` from back to front."""
    step = float(rng.choice([0.03, rng.uniform(0.12, 0.34)], p=[0.35, 0.65]))
    jacket, trousers, skin, hair, shoes = choose_clothes(rng)
    wide, swing = rng.uniform(0.38, 0.5), step * 0.7
    has_dress = rng.random() < 0.18
    legs = skin if has_dress else trousers
    parts = []
    for foot, knee, shade in ((-step, -step * 0.25, 0.8), (step, step * 0.75, 1.0)):
        parts.append((bar((foot, 0.02), (foot + 0.14, 0.05), 0.1, 0.08), shoes, shade))
        parts.append((bar((knee, 0.48), (foot, 0.05), 0.15, 0.1), legs, shade))
        parts.append((bar((0.0, 0.9), (knee, 0.46), 0.2, 0.15), legs, shade))
    if has_dress:
        parts.append((bar((0.0, 1.0), (0.0, 0.5), wide * 0.72, wide * 1.2), jacket, 0.9))
    parts.append((bar((-wide * 0.4, 1.36), (-swing, 0.82), 0.12, 0.09), jacket, 0.75))
    half = np.array([[0.4, 0.84], [0.5, 1.3], [0.3, 1.43]]) * (wide, 1)
    parts.append((np.concatenate([half * (-1, 1), half[::-1]]), jacket, 1.0))
    parts.append((bar((wide * 0.4, 1.36), (swing, 0.82), 0.12, 0.09), jacket, 0.88))
    parts.append((ellipse((swing, 0.78), 0.05, 0.06), skin, 1.0))
    if rng.random() < 0.35:
        parts.append((ellipse((-wide * 0.6, 1.1), 0.15, 0.24), rng.uniform(20, 180, 3), 0.9))
    return parts + build_head(rng, (0.02, 1.6), skin, hair)


def build_head(rng: Generator, middle: Pair, skin: Tone, hair: Tone) -> list[Part]:
    """Builds neck, face and hair, or the back of a head, as `(shape, color, shade)`."""
    x, y = middle
    neck = bar((x - 0.02, y - 0.2), (x, y - 0.08), 0.12, 0.11)
    if rng.random() < 0.4:
        return [(neck, skin, 0.8), (ellipse(middle, 0.105, 0.135), hair, 1.0)]
    return [
        (neck, skin, 0.8),
        (ellipse(middle, 0.1, 0.13), skin, 1.0),
        (ellipse((x - 0.02, y + 0.06), 0.105, 0.085), hair, 1.0),
    ]


def _draw_parts(canvas: Canvas, stand: Stand, parts: list[Part], label: str | None) -> list[Points]:
    """Draws a contact shadow and the parts, and annotates their outline."""
    foot = canvas.camera.project([stand.x, 0, stand.z])
    scale = canvas.camera.scale(stand.z)
    length = 1.1 if canvas.light.shadow < 0.8 else 0.4
    shadow = ellipse(foot - (canvas.light.side * length * 0.6 * scale, 0), length * scale, 0.07 * scale)
    canvas.darken(shadow, max(canvas.light.shadow, 0.55))
    shapes = []
    for shape, color, shade in parts:
        pixels = stand.to_pixels(canvas, shape, is_round=True)
        canvas.paint([pixels], color, stand.z, shade)
        shapes.append(pixels)
    if label:
        canvas.annotate_outline(label, shapes)
    return shapes

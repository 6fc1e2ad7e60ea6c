"""Fences, walls and guard rails along the street."""

import numpy as np
from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.shapes import Ends, along


def draw_fence(canvas: Canvas, rng: Generator, ends: Ends, height: float) -> None:
    """Draws a fence along the street, of bars, boards or mesh, and annotates it.

    Args:
        ends: `(x, near, far)` in metres.
        height: Height in metres.
    """
    x, near, far = ends
    color = [(58, 66, 62), (140, 112, 84), (160, 160, 158), (70, 92, 70), (206, 204, 196)][int(rng.integers(5))]
    gap = float(rng.choice([0.14, 0.25, 0.5]))
    width = gap * rng.uniform(0.22, 0.75)
    for z in np.arange(far, near, -2.5):
        stop = max(z - 2.5, near)
        bars = [along(x, (a, a - width), (0.08, height)) for a in np.arange(z, stop, -gap)]
        if gap / z * abs(x) / z * canvas.camera.focal < 0.8:
            bars = [along(x, (z, stop), (0.08, height))]
        canvas.paint_world(bars, color, 0.9)
        rails = [along(x, (z, stop), (y, y + 0.07)) for y in (0.15, height - 0.12)]
        rails.append(along(x, (z, z - 0.1), (0, height + 0.05)))
        canvas.paint_world(rails, color, 1.0)
    canvas.annotate("fence", canvas.camera.project(along(x, (near, far), (0, height))))


def draw_wall(canvas: Canvas, rng: Generator, ends: Ends, height: float) -> None:
    """Draws a wall of stones or concrete along the street and annotates it; arguments as for `draw_fence`."""
    x, near, far = ends
    color = np.array(
        [(140, 132, 122), (152, 150, 146), (134, 92, 76), (176, 168, 152)][int(rng.integers(4))]
    ) + rng.normal(0, 8)
    course = float(rng.uniform(0.25, 0.6))
    for z in np.arange(far, near, -4.0):
        stop = max(z - 4.0, near)
        canvas.paint_world([along(x, (z, stop), (-0.05, height))], color, 0.86)
        joints = [along(x, (z, stop), (y, y + 0.03)) for y in np.arange(course, height, course)]
        canvas.paint_world(joints, color, 0.62)
        stones = rng.uniform(0, 1, (6, 2)) * (4.0, height / course)
        for at, row in stones:
            a, b, low = max(z - at, near), max(z - at - course * 1.8, near), int(row) * course
            high = min(low + course, height)
            canvas.paint_world([along(x, (a, b), (low, high))], color, rng.uniform(0.72, 1.05))
    cap = along(x, (near, far), (height - 0.12, height + 0.05))
    canvas.paint_world([cap], color, 1.1)
    canvas.annotate("wall", canvas.camera.project(along(x, (near, far), (0, height + 0.05))))


def draw_guard_rail(canvas: Canvas, rng: Generator, ends: Ends) -> None:
    """Draws a steel rail along the street and annotates it; arguments as for `draw_fence`."""
    x, near, far = ends
    color = np.array([158, 160, 160]) * rng.uniform(0.8, 1.05)
    posts = [along(x, (z, z - 0.12), (0, 0.7)) for z in np.arange(far, near, -2.0)]
    canvas.paint_world(posts, (120, 122, 122))
    for y, shade in ((0.45, 0.8), (0.55, 1.1), (0.65, 0.85)):
        canvas.paint_world([along(x, (near, far), (y, y + 0.1))], color, shade)
    canvas.annotate("guard rail", canvas.camera.project(along(x, (near, far), (0.4, 0.76))))

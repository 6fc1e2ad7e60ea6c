"""Trees, bushes and hedges: crowns of many leaves with an irregular outline."""

import numpy as np
from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.city import Street
from common.demo.shapes import Ends, Points, Spot, Tone


def _blobs(rng: Generator, centers: Points, radii: Points, corners: int) -> Points:
    """Gives irregular round shapes, `(blobs, corners, 2)`."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 6, (len(centers), 1))
    reach = radii[:, None] * rng.uniform(0.72, 1.2, (len(centers), corners))
    return centers[:, None, :] + np.stack([np.cos(angles), np.sin(angles)], axis=-1) * reach[..., None]


def draw_crown(
    canvas: Canvas, rng: Generator, box: tuple[float, float, float, float], depth: float, color: Tone
) -> list[Points]:
    """Draws leaves that fill an ellipse.

    Args:
        box: Middle column, middle row, half the width and half the height, in pixels.
        depth: Distance in metres.
        color: Mean colour of the leaves.

    Returns:
        The shapes of the outline, in pixels.
    """
    middle, reach = np.array(box[:2]), np.array(box[2:])
    count = int(np.clip(reach.max() / 3, 8, 34))
    angles, radii = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None] * 0.78
    outline = _blobs(rng, middle + places * reach, reach.min() * rng.uniform(0.2, 0.42, count), 11)
    canvas.paint(list(outline), color, depth, 0.72)
    bulge = 1 + 0.13 * np.sin(rng.uniform(2.5, 4.5) * np.linspace(0, 2 * np.pi, 64) + rng.uniform(0, 6))
    leaves = int(np.clip(reach[0] * reach[1] / 12, 10, 1600))
    angles, radii = rng.uniform(0, 2 * np.pi, leaves), np.sqrt(rng.uniform(0, 1, leaves))
    radii = radii * bulge[(angles * 63 / (2 * np.pi)).astype(int)] * rng.uniform(0.93, 1.07, leaves)
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
    sizes = np.maximum(reach.min() * rng.uniform(0.025, 0.085, leaves) * (400 / max(leaves, 400)) ** 0.35, 0.8)
    tufts = _blobs(rng, middle + places * reach * 0.93, sizes, 6)
    # Leaves above and on the side of the sun are brighter.
    heights = -places[:, 1] + 0.4 * canvas.light.side * places[:, 0] + rng.normal(0, 0.5, leaves)
    for low, high, shade in ((-9, -0.5, 0.5), (-0.5, 0.0, 0.72), (0.0, 0.5, 0.98), (0.5, 9, 1.28)):
        chosen = tufts[(heights >= low) & (heights < high)]
        for part in np.array_split(chosen, max(1, len(chosen) // 100)):
            if len(part):
                canvas.paint(list(part), color + rng.normal(0, 7, 3), depth, shade)
    big = np.flatnonzero(radii > 0.85)[:60]
    return list(outline) + list(tufts[big])


def draw_tree(canvas: Canvas, rng: Generator, place: Spot, height: float, leaves: Tone) -> None:
    """Draws a tree and annotates it, trunk included.

    Args:
        place: Its foot in metres.
        height: Height in metres.
        leaves: Mean colour of the leaves.
    """
    x, z = place
    color = np.array(leaves) * rng.uniform(0.75, 1.2) + rng.normal(0, 8, 3)
    top, width = rng.uniform(0.28, 0.42) * height, rng.uniform(0.1, 0.2)
    lean = rng.normal(0, 0.3)
    trunk = np.array(
        [
            [x - width, 0, z],
            [x - width * 0.6 + lean, top + 1, z],
            [x + width * 0.6 + lean, top + 1, z],
            [x + width, 0, z],
        ]
    )
    canvas.paint_world([trunk], np.array([88, 76, 62]) + rng.normal(0, 8), 0.8)
    middle = canvas.camera.project([x + lean, (top + height) / 2, z])
    scale = canvas.camera.scale(z)
    reach = rng.uniform(0.24, 0.4) * height * scale, (height - top) / 2 * scale
    outline = draw_crown(canvas, rng, (*middle, *reach), z, color)
    canvas.annotate_outline("vegetation", [canvas.camera.project(trunk), *outline])


def draw_hedge(canvas: Canvas, rng: Generator, ends: Ends, height: float, leaves: Tone) -> None:
    """Draws a hedge or a row of bushes along the street and annotates it.

    Args:
        ends: `(x, near, far)` in metres.
        height: Height in metres.
        leaves: Mean colour of the leaves.
    """
    x, near, far = ends
    color = np.array(leaves) * rng.uniform(0.7, 1.1) + rng.normal(0, 6, 3)
    outline = []
    for z in np.arange(far, near, -max(1.0, height * 0.6)):
        scale = canvas.camera.scale(z)
        column, row = canvas.camera.project([x, height * 0.45, z])
        outline += draw_crown(canvas, rng, (column, row, height * 0.62 * scale, height * 0.58 * scale), z, color)
    canvas.annotate_outline("vegetation", outline)


def draw_woods(canvas: Canvas, rng: Generator, street: Street, leaves: Tone) -> None:
    """Draws trees in the distance, left and right of the end of the street.

    Args:
        canvas: The canvas, with nothing but sky and skyline.
        street: Decides the distance.
        leaves: Mean colour of the leaves.
    """
    z = street.end + 30
    scale = canvas.camera.scale(z)
    for side in (-1, 1):
        if rng.random() < 0.7:
            outline = []
            for x in np.arange(8, rng.uniform(20, 80), 10):
                height = rng.uniform(8, 15)
                column, row = canvas.camera.project([side * x, height * 0.45, z])
                box = (column, row, 7.5 * scale, height * 0.55 * scale)
                outline += draw_crown(canvas, rng, box, z, np.array(leaves) + rng.normal(0, 6, 3))
            canvas.annotate_outline("vegetation", outline)

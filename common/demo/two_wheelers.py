"""Bicycles and motorcycles, parked or ridden, and their riders."""

import numpy as np
from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.people import Stand, build_head, choose_clothes
from common.demo.shapes import Points, Tone, bar, ellipse


def draw_two_wheeler(
    canvas: Canvas, rng: Generator, stand: Stand, label: str | None = "bicycle", has_rider: bool = False
) -> list[Points]:
    """Draws a bicycle or a motorcycle, parked or ridden, and annotates it and its rider.

    Args:
        stand: Its place, and the direction from which it is seen.
        label: `bicycle`, `motorcycle`, or None to annotate nothing.
        has_rider: Whether somebody rides it.

    Returns:
        The shapes of the outline, in pixels.
    """
    is_motorcycle = label == "motorcycle"
    base, radius = (0.68, 0.31) if is_motorcycle else (0.54, 0.34)
    scale = canvas.camera.scale(stand.z)
    middle = stand.to_pixels(canvas, [[0, 0]])[0]
    reach = (base + radius) * abs(stand.aspect) * scale
    canvas.darken(ellipse(middle, reach, 0.09 * scale), 0.55)
    shapes = []
    for at in (-base, base):
        hub = stand.to_pixels(canvas, [[at, radius]])[0]
        x, y = max(abs(stand.aspect), 0.14 if is_motorcycle else 0.07) * radius * scale, radius * scale
        wheel = ellipse(hub, x, y)
        shapes.append(wheel)
        if is_motorcycle:
            canvas.paint([wheel], (24, 24, 26), stand.z)
            canvas.paint([ellipse(hub, x * 0.55, y * 0.55)], (96, 96, 100), stand.z)
        else:
            canvas.line(np.concatenate([wheel, wheel[:1]]), (30, 30, 32), stand.z, 0.05)
            for spoke in range(0, 9, 2):
                canvas.line(wheel[[spoke, spoke + 9]], (110, 110, 112), stand.z, 0.008)
    color = rng.uniform(20, 210, 3)
    shapes += _draw_motorcycle(canvas, stand, color) if is_motorcycle else _draw_bicycle(canvas, stand, color)
    if label:
        canvas.annotate_outline(label, shapes)
    if has_rider:
        _draw_rider(canvas, rng, stand, is_motorcycle)
    return shapes


def _draw_bicycle(canvas: Canvas, stand: Stand, color: Tone) -> list[Points]:
    rear, crank, saddle, neck, front = (-0.54, 0.34), (-0.05, 0.3), (-0.17, 0.88), (0.38, 0.8), (0.54, 0.34)
    bars = ((rear, crank), (crank, saddle), ((-0.16, 0.78), neck), (neck, crank), ((0.36, 1.02), front), (rear, saddle))
    shapes = []
    for a, b in bars:
        shape = stand.to_pixels(canvas, bar(a, b, 0.045, 0.045)) + ((-0.5, 0), (0.5, 0), (0.5, 0), (-0.5, 0))
        canvas.paint([shape], color, stand.z)
        shapes.append(shape)
    saddle = stand.to_pixels(canvas, [[-0.17, 0.9]])[0] + ellipse((0, 0), 0.11, 0.05) * canvas.camera.scale(stand.z)
    handle = stand.to_pixels(canvas, [[0.36, 1.03]])[0] + ellipse(
        (0, 0), 0.24 - 0.16 * abs(stand.aspect), 0.035
    ) * canvas.camera.scale(stand.z)
    canvas.paint([saddle, handle], (28, 26, 26), stand.z)
    return [*shapes, saddle, handle]


def _draw_motorcycle(canvas: Canvas, stand: Stand, color: Tone) -> list[Points]:
    wide = 0.16 * (1 - abs(stand.aspect))
    parts = [
        ([(-0.75, 0.5), (-0.7, 0.82), (0.0, 0.8), (0.3, 1.0), (0.62, 0.75), (0.45, 0.3), (-0.4, 0.28)], (44, 44, 46)),
        ([(-0.05, 0.72), (0.05, 0.95), (0.38, 1.02), (0.48, 0.75)], color),
        ([(0.35, 0.9), (0.42, 1.22), (0.62, 0.95), (0.68, 0.7)], color),
        ([(-0.85, 0.7), (-0.72, 0.88), (-0.1, 0.86), (-0.1, 0.74)], (30, 28, 28)),
    ]
    shapes = []
    for points, tone in parts:
        shape = stand.to_pixels(canvas, points)
        left = shape[:, 0] < shape[:, 0].mean()
        shape[:, 0] += np.where(left, -1, 1) * wide * canvas.camera.scale(stand.z)
        canvas.paint([shape], tone, stand.z)
        shapes.append(shape)
    lamp = stand.to_pixels(canvas, [[0.68, 0.86]])[0] + ellipse((0, 0), 0.08, 0.08) * canvas.camera.scale(stand.z)
    canvas.paint([lamp], (200, 60, 50) if abs(stand.aspect) < 0.5 else (220, 220, 210), stand.z)
    return shapes


def _draw_rider(canvas: Canvas, rng: Generator, stand: Stand, is_motorcycle: bool) -> None:
    jacket, trousers, skin, hair, shoes = choose_clothes(rng)
    aspect = max(abs(stand.aspect), 0.3) * np.sign(stand.aspect)
    body = Stand(stand.x, stand.z, aspect)
    crank = rng.uniform(0, 2 * np.pi)
    hip, shoulder = ((-0.35, 0.86), (0.0, 1.4)) if is_motorcycle else ((-0.15, 0.95), (0.1, 1.5))
    grip, girth = (0.36, 1.03), 0.16 * (1 - abs(aspect))
    parts = []
    for phase, shade in ((crank + np.pi, 0.75), (crank, 1.0)):
        foot = (-0.05 + 0.16 * np.cos(phase), 0.3 + 0.16 * np.sin(phase))
        knee = (0.28 + 0.06 * np.cos(phase), 0.68 + 0.1 * np.sin(phase))
        drift = girth * (1 if shade == 1.0 else -1)
        for a, b, wide in ((hip, knee, 0.19), (knee, foot, 0.13)):
            parts.append((bar(a, b, wide, wide * 0.75) + (drift, 0), trousers, shade))
        parts.append((bar(foot, (foot[0] + 0.17, foot[1]), 0.09, 0.07) + (drift, 0), shoes, shade))
    parts.append((bar(hip, shoulder, 0.3 + girth, 0.36 + girth), jacket, 1.0))
    for drift, shade in ((-girth * 1.4, 0.8), (girth * 1.4, 0.92)):
        parts.append((bar(shoulder, grip, 0.12, 0.09) + (drift, 0), jacket, shade))
    head = (shoulder[0] + 0.08, shoulder[1] + 0.22)
    heads = build_head(rng, head, skin, hair)
    if is_motorcycle:
        heads = [(ellipse(head, 0.15, 0.16), rng.uniform(20, 220, 3), 1.0)]
    shapes = []
    # Limbs keep their thickness in every direction of the rider.
    scale = np.array([np.sign(aspect) * max(abs(aspect), 0.75), -1]) * canvas.camera.scale(body.z)
    for shape, color, shade in parts:
        middle = shape.mean(axis=0)
        pixels = body.to_pixels(canvas, [middle])[0] + (shape - middle) * scale
        canvas.paint([pixels], color, body.z, shade)
        shapes.append(pixels)
    place = body.to_pixels(canvas, [head])[0]
    for shape, color, shade in heads:
        pixels = place + (shape - head) * (np.sign(aspect), -1) * canvas.camera.scale(body.z)
        canvas.paint([pixels], color, body.z, shade)
        shapes.append(pixels)
    canvas.annotate_outline("rider", shapes)

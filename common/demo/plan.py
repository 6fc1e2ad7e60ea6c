"""What stands where in a scene, and in which order it has to be drawn."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """Something that stands on the ground.

    Attributes:
        x: Of its middle, in metres; where it stretches along the street, of the side the camera sees.
        near: Distance of its near end, in metres.
        far: Distance of its far end.
        draw: Draws it, given the canvas and the frame's random numbers.
    """

    x: float
    near: float
    far: float
    draw: Callable


def plan(span, function, *arguments):
    """Makes an item.

    Args:
        span: `(x, z)`, or `(x, near, far)` for what stretches along the street.
        function: Called as `function(canvas, rng, *arguments)` when its turn comes.
        *arguments: What it needs.
    """
    x, near, far = span if len(span) == 3 else (span[0], span[1], span[1])
    return Item(float(x), float(near), float(far), lambda canvas, rng: function(canvas, rng, *arguments))


def far_to_near(items):
    """Sorts items so that each hides what is behind it.

    What stretches along the street is drawn when its far end has its turn, so that all that stands between it and the
    camera comes later; what stands on its other side is moved to the moment before.
    """
    long = [item for item in items if item.far - item.near > 2]

    def distance(item):
        hidden_by = [
            other.far + 0.01 * (item.near - other.near)
            for other in long
            if other.near < item.near < other.far and abs(item.x) > abs(other.x) and item.x * other.x > 0
        ]
        return max([item.far, *hidden_by])

    return sorted(items, key=distance, reverse=True)

"""The things in a scene: their places, and the order in which they are drawn."""

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from common.demo.canvas import Canvas
from common.demo.shapes import Ends, Spot


@dataclass(frozen=True)
class Item:
    """Something that stands on the ground.

    Attributes:
        x: Position of its middle, in metres; for a long thing along the street, of the side that the camera sees.
        near: Distance of its near end, in metres.
        far: Distance of its far end.
        draw: Draws it; takes the canvas and the random numbers of the frame.
    """

    x: float
    near: float
    far: float
    draw: Callable[[Canvas, Generator], object]


def plan(span: Spot | Ends, function: Callable[..., object], *arguments: object) -> Item:
    """Makes an item.

    Args:
        span: `(x, z)`, or `(x, near, far)` for a long thing along the street.
        function: Called as `function(canvas, rng, *arguments)` when its turn comes.
        *arguments: The other arguments of the function.
    """
    x, near, far = span if len(span) == 3 else (span[0], span[1], span[1])
    return Item(float(x), float(near), float(far), lambda canvas, rng: function(canvas, rng, *arguments))


def far_to_near(items: list[Item]) -> list[Item]:
    """Sorts items so that each hides what is behind it.

    A long thing along the street is drawn in the turn of its far end, so that everything between it and the camera is
    drawn later; things on its other side are drawn just before it.
    """
    long = [item for item in items if item.far - item.near > 2]

    def distance(item: Item) -> float:
        hidden_by = [
            other.far + 0.01 * (item.near - other.near)
            for other in long
            if other.near < item.near < other.far and abs(item.x) > abs(other.x) and item.x * other.x > 0
        ]
        return max([item.far, *hidden_by])

    return sorted(items, key=distance, reverse=True)

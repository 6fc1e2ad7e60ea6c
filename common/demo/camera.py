"""From metres to pixels: a pinhole camera behind the windscreen.

The world has `x` to the right, `y` up from the road and `z` ahead of the camera, in metres. Streets may bend: a point
`z` metres ahead is shifted to the right by `bend * z**2`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from common.demo.shapes import Points

NEAREST_METRES = 1.2


@dataclass(frozen=True)
class Camera:
    """The position of the camera and its view.

    Attributes:
        size_wh: Width and height of the frame, in pixels.
        height: Height of the camera above the road, in metres.
        horizon: Row of the horizon, as a part of the frame's height.
        turn: Column of the vanishing point, as a part of the frame's width.
        bend: How strongly the street bends to the right, per metre.
    """

    size_wh: tuple[int, int]
    height: float = 1.3
    horizon: float = 0.44
    turn: float = 0.5
    bend: float = 0.0

    @property
    def focal(self) -> float:
        """Focal length in pixels: a field of view of 49 degrees."""
        return 1.1 * self.size_wh[0]

    def scale(self, z: float) -> float:
        """Gives the pixels per metre at the distance `z`."""
        return self.focal / max(z, NEAREST_METRES)

    def sees(self, x: float, far: float, margin: float = 6.0) -> bool:
        """Tells whether something `margin` metres around `x`, and up to `far` metres away, can be in the frame."""
        inner = x - np.sign(x) * min(margin, abs(x))
        column = self.project([inner, 0.0, far])[0]
        return bool(0 <= column <= self.size_wh[0] or (column < 0) != (x < 0))

    def project(self, points: ArrayLike) -> Points:
        """Projects points of the world.

        Args:
            points: `(x, y, z)` in metres, shape `(..., 3)`; points nearer than the nearest distance are moved there.

        Returns:
            `(column, row)` in pixels, shape `(..., 2)`, possibly far outside the frame.
        """
        points = np.asarray(points, np.float64)
        z = np.maximum(points[..., 2], NEAREST_METRES)
        width, height = self.size_wh
        pixels = np.empty((*points.shape[:-1], 2))
        pixels[..., 0] = self.turn * width + self.focal * (points[..., 0] / z + self.bend * z)
        pixels[..., 1] = self.horizon * height + self.focal * (self.height - points[..., 1]) / z
        return pixels

"""From metres to pixels: a pinhole camera behind the windscreen.

The world has `x` to the right, `y` up from the road and `z` ahead of the camera, in metres. Streets may bend: what lies
`z` metres ahead is shifted to the right by `bend * z**2`.
"""

from dataclasses import dataclass

import numpy as np

NEAREST_METRES = 1.2


@dataclass(frozen=True)
class Camera:
    """Where the camera is and what it sees.

    Attributes:
        size_wh: Width and height of the frame, in pixels.
        height: Of the camera above the road, in metres.
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
    def focal(self):
        """Focal length in pixels: a field of view of 49 degrees."""
        return 1.1 * self.size_wh[0]

    def scale(self, z):
        """Gives the pixels per metre at the distance `z`."""
        return self.focal / max(z, NEAREST_METRES)

    def sees(self, x, far, margin=6.0):
        """Tells whether something `margin` metres around `x`, and up to `far` metres away, can be in the frame."""
        inner = x - np.sign(x) * min(margin, abs(x))
        column = self.project([inner, 0.0, far])[0]
        return bool(0 <= column <= self.size_wh[0] or (column < 0) != (x < 0))

    def project(self, points):
        """Projects points of the world.

        Args:
            points: `(x, y, z)` in metres, of shape `(..., 3)`; what is nearer than the nearest distance is moved there.

        Returns:
            `(column, row)` in pixels, `float64` of shape `(..., 2)`, possibly far outside of the frame.
        """
        points = np.asarray(points, np.float64)
        z = np.maximum(points[..., 2], NEAREST_METRES)
        width, height = self.size_wh
        pixels = np.empty((*points.shape[:-1], 2))
        pixels[..., 0] = self.turn * width + self.focal * (points[..., 0] / z + self.bend * z)
        pixels[..., 1] = self.horizon * height + self.focal * (self.height - points[..., 1]) / z
        return pixels

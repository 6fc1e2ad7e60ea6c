"""The picture of a scene and, with it, the polygons of the ground truth.

Everything that is drawn gets the light of the scene and fades into the haze with its distance. This module knows shapes
and colours, not what they mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import Polygon
from common.demo.camera import Camera
from common.demo.light import Light
from common.demo.shapes import Points, Tone

# fillPoly takes fixed-point coordinates, here in sixteenths of a pixel.
_SHIFT = 4


@dataclass
class Canvas:
    """The picture and the polygons of one frame, while they are drawn from far to near.

    Attributes:
        camera: From metres to pixels.
        light: Colours of sun and haze.
        picture: Red, green, blue, shape `(height, width, 3)`.
        polygons: The annotated polygons so far, in the order of drawing.
    """

    camera: Camera
    light: Light
    picture: NDArray[np.uint8]
    polygons: list[Polygon] = field(default_factory=list)

    def paint(self, shapes: Sequence[Points] | Points, color: Tone, depth: float, shade: float = 1.0) -> None:
        """Fills shapes with one colour.

        Args:
            shapes: Points `(column, row)` in pixels, each of shape `(points, 2)`.
            color: Red, green, blue in neutral light, 0 to 255.
            depth: Distance in metres, for the haze.
            shade: How much light the surface gets; 1 outdoors without shadow.
        """
        tone = self.light.tone(color, depth, shade)
        if isinstance(shapes, np.ndarray):
            fixed = list(_fixed_point(shapes))
        else:
            fixed = [_fixed_point(shape) for shape in shapes]
        cv2.fillPoly(self.picture, fixed, tone, cv2.LINE_AA, _SHIFT)

    def paint_world(self, shapes: Sequence[Points], color: Tone, shade: float = 1.0) -> None:
        """Fills shapes given in metres, each of shape `(points, 3)`; all fade by the distance of the first."""
        if len({len(shape) for shape in shapes}) == 1:
            corners = np.asarray(shapes, np.float64)
            self.paint(self.camera.project(corners), color, (corners[0, 0, 2] + corners[0, 2, 2]) / 2, shade)
        else:
            for shape in shapes:
                self.paint_world([shape], color, shade)

    def line(self, points: Points, color: Tone, depth: float, metres: float) -> None:
        """Draws an open line of a thickness given in metres through `(column, row)`, at least one pixel thick."""
        tone = self.light.tone(color, depth)
        thickness = max(1, round(metres * self.camera.scale(depth)))
        cv2.polylines(self.picture, [_fixed_point(points)], False, tone, thickness, cv2.LINE_AA, _SHIFT)

    def darken(self, points: Points, factor: float) -> None:
        """Multiplies the picture inside a shape by `factor`, with a soft edge: a cast shadow."""
        left, top, right, bottom = self._box([points], margin=0)
        if left >= right or top >= bottom:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [_fixed_point(points - (left, top))], 255, cv2.LINE_AA, _SHIFT)
        edge = max(1, min(self.camera.size_wh[0] // 300, min(mask.shape) // 3))
        soft = np.asarray(cv2.blur(mask, (2 * edge + 1, edge + 1)))
        part = self.picture[top:bottom, left:right]
        kept = cv2.cvtColor((255 - soft * (1 - factor)).astype(np.uint8), cv2.COLOR_GRAY2RGB)
        part[:] = cv2.multiply(part, kept, scale=1 / 255)

    def annotate(self, label: str, points: Points) -> None:
        """Adds a polygon to the ground truth, unless none of it is in the frame.

        Args:
            label: The label's name.
            points: `(column, row)` in pixels, shape `(points, 2)`; rounded to whole pixels.
        """
        width, height = self.camera.size_wh
        points = np.clip(np.rint(points), -width, 2 * width).astype(int)
        low, high = points.min(axis=0), points.max(axis=0)
        if (
            len(points) >= 3
            and high[0] >= 0
            and high[1] >= 0
            and low[0] < width
            and low[1] < height
            and high[1] > low[1]
        ):
            self.polygons.append(Polygon(label, tuple(map(tuple, points.tolist()))))

    def annotate_outline(self, label: str, shapes: Sequence[Points]) -> None:
        """Adds the common outline of several shapes to the ground truth, similar to the clicks of an annotator.

        Args:
            label: The label's name.
            shapes: Points in pixels as for `paint`; if parts do not touch, only the largest is kept.
        """
        left, top, right, bottom = self._box(shapes, margin=2)
        if right - left < 3 or bottom - top < 3:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        for shape in shapes:
            # One by one: if filled together, pixels that two shapes cover would count as outside.
            cv2.fillPoly(mask, [_fixed_point(shape - (left, top))], 255, cv2.LINE_8, _SHIFT)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        if not contours:
            return
        outline = cv2.approxPolyDP(max(contours, key=len), self.camera.size_wh[0] / 2600, True)[:, 0]
        # The painting rule leaves out the lowest row.
        middle = outline[:, 1].mean()
        outline = outline + (left, top) + np.stack([np.zeros(len(outline)), outline[:, 1] > middle], axis=1)
        self.annotate(label, outline)

    def _box(self, shapes: Sequence[Points], margin: int) -> tuple[int, int, int, int]:
        """Gives the part of the frame that shapes touch: left, top, right, bottom, widened by a few pixels."""
        width, height = self.camera.size_wh
        points = np.concatenate(shapes)
        left, top = points.min(axis=0).tolist()
        right, bottom = points.max(axis=0).tolist()
        return (
            int(min(max(left - margin, -margin), width)),
            int(min(max(top - margin, -margin), height)),
            int(min(max(right + margin + 1, 0), width + margin)),
            int(min(max(bottom + margin + 1, 0), height + margin)),
        )


def _fixed_point(shape: Points) -> NDArray[np.int32]:
    return (shape * (1 << _SHIFT)).astype(np.int32)

"""Three pictures of a frame, side by side in a contact sheet: photograph, labels, objects.

Labels lie over the photograph in the colours of the dataset, with outlines and names. Each object has its own colour, a
box and a number, over the photograph in gray. Everything is drawn at the size of the panel, so that lines and letters
are the same for photographs of any size.
"""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from common.inspection.lettering import Box, Canvas, fit_text, text_width
from common.inspection.loading import NO_CLASS, LoadedFrame, ShownObject
from common.labels.cityscapes import Color
from common.labels.tables import LabelTable, palette_color

TEXT = 15
_EMPTY = (236, 238, 241)
_LABEL_SHARE, _OBJECT_SHARE = 0.58, 0.62
# Names are written where a region reaches this many pixels around its innermost point; most names of a label.
_LEAST_RADIUS, _MOST_NAMES = 9, 6
_HUE_STEP = 0.61803398875
_STRIPE = 6
_LEAST_BOX, _MOST_TAGS, _LONGEST_TAG = 3, 300, 180
_FARTHEST, _LINE_SHARE = 100_000, 0.5


@dataclass(frozen=True)
class _Scene:
    """A frame at the size of its panel; what the frame does not have is None."""

    photo: NDArray[np.uint8] | None
    classes: NDArray[np.uint16] | None
    instances: NDArray[np.int32] | None
    scale: float
    size_wh: tuple[int, int]


def panel_size(size_wh: tuple[int, int], room_wh: tuple[int, int]) -> tuple[int, int]:
    """Computes the size at which a frame fits into a room, enlarged at most six times; all in pixels."""
    factor = min(room_wh[0] / size_wh[0], room_wh[1] / size_wh[1], 6)
    return max(1, round(size_wh[0] * factor)), max(1, round(size_wh[1] * factor))


def draw_panels(
    frame: LoadedFrame, colors: Mapping[str, Color], room_wh: tuple[int, int], with_objects: bool = True
) -> tuple[NDArray[np.uint8], ...]:
    """Draws the panels of a frame.

    Args:
        frame: The frame.
        colors: Red, green, blue by label name.
        room_wh: Largest width and height of a panel, in pixels.
        with_objects: Whether to draw the panel of objects.

    Returns:
        Two or three pictures of one size, shape `(height, width, 3)`; () for a frame that could not be read.
    """
    if frame.size_wh is None:
        return ()
    size_wh = panel_size(frame.size_wh, room_wh)
    photo = _resize(frame.photo, size_wh, smooth=True)
    classes, instances = _resize(frame.classes, size_wh), _resize(frame.instances, size_wh)
    scene = _Scene(photo, classes, instances, size_wh[0] / frame.size_wh[0], size_wh)
    drawn = [_photo_panel(scene), _labels_panel(frame, scene, colors)]
    if with_objects:
        drawn.append(_objects_panel(frame, scene))
    return tuple(drawn)


def object_color(number: int) -> Color:
    """Gives the bright colour of an object by its number from 0; neighbouring numbers have different colours."""
    hue = (0.02 + number * _HUE_STEP) % 1
    red, green, blue = colorsys.hls_to_rgb(hue, (0.56, 0.46, 0.66)[number % 3], 0.85)
    return round(red * 255), round(green * 255), round(blue * 255)


def label_colors(labels: LabelTable, names: Sequence[str]) -> dict[str, Color]:
    """Finds the colour of each name; a name that is not in the table gets a colour of the palette."""
    found = enumerate((name, labels.find(name)) for name in names)
    return {name: label.color if label else palette_color(place % 255 + 1) for place, (name, label) in found}


def _resize(pixels: NDArray[Any] | None, size_wh: tuple[int, int], smooth: bool = False) -> NDArray[Any] | None:
    if pixels is None:
        return None
    if not smooth:
        return cv2.resize(pixels, size_wh, interpolation=cv2.INTER_NEAREST_EXACT)
    is_smaller = size_wh[0] < pixels.shape[1]
    return cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC)


def _blank(size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    return np.full((size_wh[1], size_wh[0], 3), _EMPTY, np.uint8)


def _missing(size_wh: tuple[int, int], text: str) -> NDArray[np.uint8]:
    canvas = Canvas(_blank(size_wh))
    canvas.write((14, 12), text, TEXT, (110, 116, 126))
    return canvas.pixels


def _photo_panel(scene: _Scene) -> NDArray[np.uint8]:
    return scene.photo if scene.photo is not None else _missing(scene.size_wh, "no photograph")


def _labels_panel(frame: LoadedFrame, scene: _Scene, colors: Mapping[str, Color]) -> NDArray[np.uint8]:
    if scene.classes is None:
        return _missing(scene.size_wh, "no ground truth")
    ground = scene.photo if scene.photo is not None else _blank(scene.size_wh)
    palette = np.array([colors[name] for name in frame.names] or [_EMPTY], np.uint8)
    has_class = scene.classes != NO_CLASS
    painted = palette[np.where(has_class, scene.classes, 0)]
    share = _LABEL_SHARE if scene.photo is not None else 1
    blended = cv2.addWeighted(painted, share, ground, 1 - share, 0)
    mixed: NDArray[np.uint8] = np.where(has_class[:, :, None], blended, ground)
    edges = _edges(scene.classes)
    mixed[edges] = mixed[edges] // 4 + 190
    canvas = Canvas(_draw_outlines(mixed, frame))
    for index, (x, y) in _name_places(scene.classes, len(frame.names)):
        text = fit_text(frame.names[index], TEXT, _LONGEST_TAG)
        left, top = x - text_width(text, TEXT) // 2 - 4, y - TEXT // 2 - 2
        canvas.tag([(left, top)], text, TEXT, colors[frame.names[index]])
    return canvas.pixels


def _draw_outlines(pixels: NDArray[np.uint8], frame: LoadedFrame) -> NDArray[np.uint8]:
    """Draws the polygons of the source as fine lines, also the parts that other objects hide."""
    if not frame.outlines or frame.classes is None:
        return pixels
    lines = np.zeros(pixels.shape[:2], np.uint8)
    scale = np.array(lines.shape[::-1]) / frame.classes.shape[::-1]
    for _, points in frame.outlines:
        # Files may have corners far outside; OpenCV counts sixteenths of a pixel in 32 bits.
        places = np.clip(points * scale, -_FARTHEST, _FARTHEST) * 16
        cv2.polylines(lines, [np.rint(places).astype(np.int32)], True, 255, 1, cv2.LINE_AA, 4)
    share = lines[:, :, None] * (_LINE_SHARE / 255)
    return np.rint(pixels * (1 - share) + 255 * share).astype(np.uint8)


def _edges(values: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Marks the pixels whose right or lower neighbour has another value."""
    edges = np.zeros(values.shape, bool)
    edges[:, :-1] = values[:, :-1] != values[:, 1:]
    edges[:-1] |= values[:-1] != values[1:]
    return edges


def _name_places(classes: NDArray[np.uint16], count: int) -> list[tuple[int, tuple[int, int]]]:
    """Finds where names are written: class index and the innermost point of a region, the widest regions first."""
    places: list[tuple[float, int, tuple[int, int]]] = []
    for index in range(count):
        mask = np.pad((classes == index).astype(np.uint8), 1)
        number, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
        largest = np.argsort(stats[1:, cv2.CC_STAT_AREA])[::-1][:_MOST_NAMES] + 1
        for part in largest.tolist() if number > 1 else ():
            x, y, wide, high, _ = stats[part].tolist()
            inner = np.where(parts[y : y + high, x : x + wide] == part, depth[y : y + high, x : x + wide], 0)
            radius = float(inner.max())
            if radius >= _LEAST_RADIUS:
                row, column = np.unravel_index(int(inner.argmax()), inner.shape)
                places.append((radius, index, (int(x + column - 1), int(y + row - 1))))
    return [(index, place) for _, index, place in sorted(places, reverse=True)]


def _objects_panel(frame: LoadedFrame, scene: _Scene) -> NDArray[np.uint8]:
    if scene.instances is None:
        return _missing(scene.size_wh, "no ground truth")
    counted = [region for region in frame.regions if region.kind != "area"]
    if not counted:
        return _missing(scene.size_wh, "no objects")
    if scene.photo is not None:
        gray = cv2.cvtColor(scene.photo, cv2.COLOR_RGB2GRAY)[:, :, None]
        ground = np.repeat((gray * 0.7 + 60).astype(np.uint8), 3, axis=2)
    else:
        ground = _blank(scene.size_wh)
    colors = [object_color(place) if one.kind == "object" else (250, 250, 250) for place, one in enumerate(counted)]
    painted = np.array([_EMPTY, *colors], np.uint8)[scene.instances]
    is_object = scene.instances > 0
    is_group = np.array([False, *(one.kind == "group" for one in counted)])[scene.instances]
    height, width = scene.instances.shape
    diagonal = np.arange(height)[:, None] + np.arange(width)
    is_object &= ~is_group | (diagonal // _STRIPE % 2 == 0)
    blended = cv2.addWeighted(painted, _OBJECT_SHARE, ground, 1 - _OBJECT_SHARE, 0)
    mixed = np.where(is_object[:, :, None], blended, ground)
    inside = _edges(scene.instances) & (scene.instances > 0)
    mixed[inside] = painted[inside]
    return _write_boxes(Canvas(mixed), counted, colors, scene.scale)


def _write_boxes(
    canvas: Canvas, counted: Sequence[ShownObject], colors: Sequence[Color], scale: float
) -> NDArray[np.uint8]:
    boxes = [_scaled(one.box, scale) for one in counted]
    for box, color in zip(boxes, colors, strict=True):
        canvas.frame(box, color)
    by_size = sorted(range(len(counted)), key=lambda index: -counted[index].area)[:_MOST_TAGS]
    for index in by_size:
        (left, top, _, height), one = boxes[index], counted[index]
        text = fit_text(one.label, TEXT - 1, _LONGEST_TAG) + one.text.removeprefix(one.label)
        places = [(left, top - TEXT - 5), (left, top + height + 1), (left + 1, top + 1)]
        canvas.tag(places, text, TEXT - 1, colors[index])
    return canvas.pixels


def _scaled(box: Box, scale: float) -> Box:
    left, top, width, height = (round(value * scale) for value in box)
    return left, top, max(_LEAST_BOX, width), max(_LEAST_BOX, height)

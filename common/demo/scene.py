"""A street scene, drawn from far to near."""

import zlib

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from common.dataset.original.polygons import AnnotatedImage, PaintedFrame, paint_polygons
from common.demo.buildings import draw_skyline
from common.demo.camera import Camera
from common.demo.canvas import Canvas
from common.demo.city import CITY_OF_NAME, Street, make_street
from common.demo.greenery import draw_woods
from common.demo.ground import draw_ground
from common.demo.light import develop, draw_sky, make_light
from common.demo.plan import far_to_near
from common.demo.roadside import plan_roadside
from common.demo.traffic import GUESTS, plan_traffic


def draw_frame(
    name: str, size_wh: tuple[int, int], seed: int
) -> tuple[NDArray[np.uint8], AnnotatedImage, PaintedFrame]:
    """Draws one frame.

    Args:
        name: `<city>_<sequence>_<frame>`; name and seed decide everything.
        size_wh: Width and height, in pixels.
        seed: Seed of the whole dataset.

    Returns:
        The picture (red, green, blue, shape `(height, width, 3)`), its polygons, and the masks painted from them.
    """
    rng = np.random.default_rng((seed, zlib.crc32(name.encode())))
    city = CITY_OF_NAME[name.split("_")[0]]
    light = make_light(rng, city.haziness)
    camera = Camera(
        size_wh,
        height=rng.uniform(1.2, 1.4),
        horizon=rng.uniform(0.40, 0.47),
        turn=rng.uniform(0.42, 0.58),
        bend=float(rng.choice([0.0, rng.normal(0, 0.0012)])),
    )
    guest = GUESTS[int(name.split("_")[1]) % len(GUESTS)]
    street = make_street(rng, city, has_rails=guest == "train")
    sky = draw_sky(rng, light, size_wh, camera.horizon * size_wh[1])
    canvas = Canvas(camera, light, sky)
    width, height = size_wh
    canvas.annotate("sky", np.array([[0, 0], [width, 0], [width, height], [0, height]]))
    draw_skyline(canvas, rng, street, city)
    draw_woods(canvas, rng, street, city.leaves)
    draw_ground(canvas, rng, street, city)
    _draw_shadow_of_houses(canvas, street)
    for item in far_to_near(plan_roadside(rng, street, city) + plan_traffic(rng, street, city, guest)):
        if camera.sees(item.x, item.far):
            item.draw(canvas, rng)
    _draw_bonnet(canvas, rng)
    _annotate_borders(canvas, rng)
    image = AnnotatedImage(name, size_wh, tuple(canvas.polygons))
    painted = paint_polygons(image)
    return develop(rng, light, canvas.picture, painted.ids), image, painted


def _draw_shadow_of_houses(canvas: Canvas, street: Street) -> None:
    """Darkens the side of the street that is in the shadow of the houses."""
    if canvas.light.shadow > 0.8:
        return
    side = canvas.light.side
    front = street.front(side)
    reach = front - side * 5.0
    for z0, z1 in ((9.0, street.crossing - 2), (street.crossing + 11, street.end)):
        if z1 > z0:
            steps = np.geomspace(z0, z1, 8)
            outer = [[front + side * 3, 0, z] for z in steps]
            inner = [[reach, 0, z] for z in steps[::-1]]
            canvas.darken(canvas.camera.project(outer + inner), canvas.light.shadow)


def _draw_bonnet(canvas: Canvas, rng: Generator) -> None:
    """Draws the bonnet of the car that carries the camera: `ego vehicle`."""
    width, height = canvas.camera.size_wh
    across = np.linspace(-0.02, 1.02, 25)
    top = 0.905 + 0.055 * np.abs(across - 0.5) ** 2 * 4 + 0.012 * (np.abs(across - 0.5) > 0.47)
    edge = np.stack([across * width, top * height], axis=1)
    outline = np.concatenate([edge, [[1.02 * width, height + 2], [-0.02 * width, height + 2]]])
    color = np.array([34, 36, 40]) + rng.normal(0, 3)
    sky = canvas.light.haze * 0.35
    for part, amount in ((0.0, 1.0), (0.012, 0.8), (0.03, 0.55), (0.055, 0.3)):
        canvas.paint([outline + (0, part * height)], color + sky * amount, 0.0)
    canvas.paint([np.concatenate([edge, edge[::-1] + (0, 0.006 * height)])], color * 0.6, 0.0)
    canvas.annotate("ego vehicle", outline)


def _annotate_borders(canvas: Canvas, rng: Generator) -> None:
    """Annotates the empty edges that rectification leaves, and the border outside the evaluated region."""
    width, height = canvas.camera.size_wh
    rim, wedge = max(1, round(width / 400)), max(2, round(width / 130))
    top, bottom = round(height * rng.uniform(0.05, 0.3)), round(height * rng.uniform(0.7, 0.95))
    for points in (
        [[0, top], [wedge, height // 2], [0, bottom]],
        [[width, top], [width - wedge, height // 2], [width, bottom]],
    ):
        corners = np.array(points, float)
        canvas.paint([corners], (4, 4, 4), 0.0)
        canvas.annotate("rectification border", corners)
    outer = [[0, 0], [width, 0], [width, height], [0, height], [0, 0]]
    right, low = width - 1 - rim, height - rim
    inner = [[rim, rim], [rim, low], [right, low], [right, rim], [rim, rim]]
    canvas.annotate("out of roi", np.array(outer + inner))

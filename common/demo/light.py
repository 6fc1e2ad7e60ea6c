"""Light and air: the time of day, the haze, the sky, and what lens and sensor do to the picture."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from common.demo.shapes import Tone
from common.labels.cityscapes import LABEL_OF_NAME

# Strength of the surface texture by label: fine, medium and coarse grain.
_TEXTURE = {
    "road": (0.028, 0.025, 0.03),
    "sidewalk": (0.045, 0.04, 0.03),
    "parking": (0.06, 0.03, 0.03),
    "rail track": (0.08, 0.05, 0.03),
    "ground": (0.06, 0.04, 0.03),
    "building": (0.016, 0.02, 0.025),
    "wall": (0.06, 0.07, 0.03),
    "fence": (0.04, 0.03, 0.02),
    "bridge": (0.05, 0.04, 0.04),
    "vegetation": (0.085, 0.13, 0.04),
    "terrain": (0.14, 0.13, 0.05),
    "person": (0.03, 0.03, 0.0),
    "rider": (0.03, 0.03, 0.0),
}
# In grey levels: with this noise a frame of full size compresses to about 2.3 MB, like the photographs.
_NOISE = 0.44


@dataclass(frozen=True)
class Light:
    """The light of one frame.

    Attributes:
        sun: Red, green, blue factors on the colour of a surface.
        haze: Colour to which far things fade, also that of the sky at the horizon.
        zenith: Colour of the sky above.
        visibility: Distance in metres at which 63 % of a colour is haze.
        shadow: Factor of a cast shadow, 1 for none.
        side: Side of the street on which the sun is, -1 or 1.
        clouds: Part of the sky that is covered, 0 to 1.
        is_dark: Whether lamps and windows are lit.
    """

    sun: NDArray[np.float64]
    haze: NDArray[np.float64]
    zenith: NDArray[np.float64]
    visibility: float
    shadow: float
    side: int
    clouds: float
    is_dark: bool

    def tone(self, color: Tone, depth: float, shade: float = 1.0) -> list[float]:
        """Computes the red, green, blue that the camera sees of a surface of `color` at `depth` metres."""
        clear = math.exp(-max(depth, 0.0) / self.visibility)
        lit, lost = shade * clear, 1 - clear
        return [part * sun * lit + haze * lost for part, sun, haze in zip(color, self.sun, self.haze, strict=True)]


def make_light(rng: Generator, haziness: float = 1.0) -> Light:
    """Draws the light of a frame: sunny, overcast, foggy or dusk.

    Args:
        haziness: A city's own factor on the haze.
    """
    kind = rng.choice(["sunny", "overcast", "foggy", "dusk"], p=[0.42, 0.38, 0.1, 0.1])
    strength, haze, zenith, visibility, shadow, clouds = {
        "sunny": (1.08, (198, 210, 222), (96, 148, 205), 750, rng.uniform(0.42, 0.58), rng.uniform(0.0, 0.6)),
        "overcast": (0.95, (188, 192, 196), (170, 178, 186), 480, 0.85, 0.9),
        "foggy": (0.9, (186, 190, 193), (186, 190, 194), 95, 0.92, 0.4),
        "dusk": (0.68, (206, 164, 132), (78, 92, 130), 480, 0.8, rng.uniform(0.2, 0.8)),
    }[str(kind)]
    warmth = rng.normal(0.02, 0.035) + (0.06 if kind == "dusk" else 0.0)
    sun = strength * rng.uniform(0.85, 1.08) * np.array([1 + warmth, 1.0, 1 - warmth])
    jitter = rng.normal(0, 2, 3)
    return Light(
        sun=sun,
        haze=np.clip(np.array(haze) + jitter, 0, 250),
        zenith=np.clip(np.array(zenith) + rng.normal(0, 12) + jitter, 0, 250),
        visibility=visibility * rng.uniform(0.75, 1.4) / haziness,
        shadow=float(shadow),
        side=int(rng.choice([-1, 1])),
        clouds=float(clouds),
        is_dark=bool(kind == "dusk"),
    )


def cloud_noise(rng: Generator, size_wh: tuple[int, int], cells: tuple[int, int]) -> NDArray[np.float32]:
    """Draws smooth noise with a mean of 0 and a deviation of about 1.

    Args:
        size_wh: Width and height of the result, in pixels.
        cells: Number of random values across and down.

    Returns:
        Shape `(height, width)`.
    """
    small = rng.standard_normal((max(2, cells[1]), max(2, cells[0])), np.float32)
    return np.asarray(cv2.resize(small, size_wh, interpolation=cv2.INTER_CUBIC), np.float32)


def draw_sky(rng: Generator, light: Light, size_wh: tuple[int, int], horizon_row: float) -> NDArray[np.uint8]:
    """Draws a sky with clouds over the whole frame.

    Args:
        light: The light of the frame.
        size_wh: Width and height, in pixels.
        horizon_row: Where the sky has the colour of the haze.

    Returns:
        Red, green, blue, shape `(height, width, 3)`.
    """
    width, height = size_wh
    rise = np.clip(1 - np.arange(height, dtype=np.float32) / max(horizon_row, 1), 0, 1)[:, None]
    clouds = sum(cloud_noise(rng, size_wh, (3 * 2**i, 4 * 2**i)) / 1.7**i for i in range(5))
    cover = np.clip((clouds - 1.2 + 2.6 * light.clouds) * 0.7, 0, 1) * np.minimum(1, rise * 3 + 0.2)
    shading = 1 + 0.05 * np.clip(clouds, -2, 2)
    blue = light.haze.astype(np.float32) * (1 - rise[..., None]) + light.zenith.astype(np.float32) * rise[..., None]
    white = np.minimum(light.haze * 1.12, 250).astype(np.float32)
    sky = blue + (white * shading[..., None] - blue) * (cover * 0.85)[..., None]
    return np.clip(sky, 0, 255).astype(np.uint8)


def develop(rng: Generator, light: Light, picture: NDArray[np.uint8], ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Adds texture and the effects of lens and sensor to the drawn picture.

    Args:
        light: The light of the frame.
        picture: Red, green, blue, shape `(height, width, 3)`.
        ids: Label ids, shape `(height, width)`: the texture of a surface depends on its label.

    Returns:
        The photograph, same shape.
    """
    height, width = ids.shape
    size_wh = (width, height)
    tables = np.zeros((3, 256), np.float32)
    for name, strengths in _TEXTURE.items():
        tables[:, LABEL_OF_NAME[name].id] = strengths
    haze = light.haze.astype(np.float32)
    fine = cloud_noise(rng, size_wh, (width // 2, height // 2))
    medium = cloud_noise(rng, size_wh, (max(width // 10, 60), max(height // 8, 40)))
    coarse = cloud_noise(rng, size_wh, (20, 24))
    grain = cv2.LUT(ids, tables[0]) * fine + cv2.LUT(ids, tables[1]) * medium + cv2.LUT(ids, tables[2]) * coarse
    across = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    gain = np.float32(rng.uniform(0.9, 1.1)) * (1 - np.float32(rng.uniform(0.05, 0.16)) * (across + down))
    photo = picture.astype(np.float32)
    # Surfaces that the haze hides have no texture.
    photo += photo * (1 - photo / haze) * (grain * np.float32(1.7))[..., None]
    photo *= gain[..., None]
    photo = np.asarray(cv2.GaussianBlur(photo, (3, 3), 0.35 + 0.25 * width / 2048), np.float32)
    contrast = np.float32(rng.uniform(0.85, 1.12))
    photo = (photo - 110) * contrast + 110
    noise = rng.standard_normal((height, width), np.float32) * np.float32(_NOISE)
    photo += noise[..., None]
    return np.clip(photo + 0.5, 0, 255).astype(np.uint8)

"""Text on pictures: sizes, shortened lines, tags that do not cover each other.

Names may be any text. Characters that cannot be printed become "?", and lines are cut to the room they have. Pillow
has a font for ASCII; for other scripts a font of the system is used if there is one.
"""

import functools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from common.labels.cityscapes import Color
from common.text import one_line

# Fonts of the usual systems that have more letters than the one of Pillow.
_OTHER_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "msgothic.ttc",
    "DejaVuSans.ttf",
    "arial.ttf",
)
_LAST_ASCII = 0x7E
# Longer text of a file is cut before it is drawn or printed.
LONGEST_TEXT = 400
_DARK, _WHITE = (24, 27, 33), (255, 255, 255)
# Left, top, width, height.
Box = tuple[int, int, int, int]


@functools.lru_cache(maxsize=32)
def _font(size: int, is_ascii: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not is_ascii:
        for name in _OTHER_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _font_for(text: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return _font(size, all(ord(char) <= _LAST_ASCII for char in text))


def text_width(text: str, size: int) -> int:
    """Measures a line in pixels at a size in pixels."""
    return int(np.ceil(_font_for(text, size).getlength(text)))


def fit_text(text: str, size: int, width: int) -> str:
    """Shortens a line to a width in pixels; dots stand for what was cut."""
    text = one_line(text, LONGEST_TEXT)
    if text_width(text, size) <= width:
        return text
    fewest, most = 0, len(text)
    while fewest < most:  # the longest beginning that fits
        middle = (fewest + most + 1) // 2
        if text_width(f"{text[:middle]}...", size) <= width:
            fewest = middle
        else:
            most = middle - 1
    return f"{text[:fewest]}..."


class Canvas:
    """A picture to write on, red, green, blue of shape `(height, width, 3)`; it is copied."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._image = Image.fromarray(pixels)
        self._draw = ImageDraw.Draw(self._image)
        self._taken: list[Box] = []

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self._image.width

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture with everything that was drawn."""
        return np.array(self._image)

    def write(self, place: tuple[int, int], text: str, size: int, color: Color) -> None:
        """Writes a line; `place` is its left and top, `size` the size of the font, in pixels."""
        self._draw.text(place, text, font=_font_for(text, size), fill=color)

    def fill(self, box: Box, color: Color, outline: Color | None = None) -> None:
        """Fills a box."""
        left, top, width, height = box
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), fill=color, outline=outline)

    def frame(self, box: Box, color: Color) -> None:
        """Draws the border of a box."""
        left, top, width, height = box
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), outline=color)

    def tag(self, places: Iterable[tuple[int, int]], text: str, size: int, color: Color) -> bool:
        """Writes a text on a coloured ground, at the first place where it does not cover another tag.

        Args:
            places: Left and top to try, in this order; moved inward if the tag would leave the picture.
            text: One line.
            size: Size of the font in pixels.
            color: Colour of the ground; the letters are white on dark colours and dark on light ones.

        Returns:
            Whether there was room.
        """
        text = one_line(text, LONGEST_TEXT)
        lightness = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
        width, height = text_width(text, size) + 8, size + 4
        for left, top in places:
            left = max(0, min(left, self._image.width - width))
            top = max(0, min(top, self._image.height - height))
            if width <= self._image.width and not self._is_taken(left, top, width, height):
                self._taken.append((left, top, width, height))
                self._draw.rounded_rectangle((left, top, left + width - 1, top + height - 1), 3, fill=color)
                self.write((left + 4, top + 1), text, size, _DARK if lightness > 140 else _WHITE)
                return True
        return False

    def _is_taken(self, left: int, top: int, width: int, height: int) -> bool:
        right, bottom = left + width, top + height
        return any(left < x + wide and x < right and top < y + high and y < bottom for x, y, wide, high in self._taken)

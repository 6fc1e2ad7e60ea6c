"""Text on pictures, of any script the fonts at hand have: sizes, shortened lines, tags that do not cover each other.

Names come from strangers' files. Control characters and directions of writing are taken out, and lines are cut to the
room there is. Pillow brings a font for ASCII; for all else a font of the system is used where there is one.
"""

import functools
import unicodedata

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Fonts of the usual systems that know more letters than the one Pillow brings.
_OTHER_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "msgothic.ttc",
    "DejaVuSans.ttf",
    "arial.ttf",
)
_LAST_ASCII = 0x7E
_LONGEST_TEXT = 400


def plain_text(text):
    """Makes a text of strangers one line that can be drawn or printed; what is no letter becomes a question mark."""
    shown = text[:_LONGEST_TEXT]
    return "".join(char if unicodedata.category(char)[0] != "C" else "?" for char in shown)


@functools.lru_cache(maxsize=32)
def _font(size, is_ascii):
    if not is_ascii:
        for name in _OTHER_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _font_for(text, size):
    return _font(size, all(ord(char) <= _LAST_ASCII for char in text))


def text_width(text, size):
    """Measures a line in pixels at a size in pixels."""
    return int(np.ceil(_font_for(text, size).getlength(text)))


def fit_text(text, size, width):
    """Shortens a line to a width in pixels; what was cut shows as dots."""
    text = plain_text(text)
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
    """A picture to write on.

    Args:
        pixels: Red, green, blue, `uint8` of shape `(height, width, 3)`; is copied.
    """

    def __init__(self, pixels):
        self._image = Image.fromarray(pixels)
        self._draw = ImageDraw.Draw(self._image)
        self._taken = []

    @property
    def width(self):
        """In pixels."""
        return self._image.width

    @property
    def pixels(self):
        """The picture, as it was given."""
        return np.array(self._image)

    def write(self, place, text, size, color):
        """Writes a line; `place` is its left and top in pixels, `size` the height of its letters with their room."""
        self._draw.text(place, text, font=_font_for(text, size), fill=color)

    def fill(self, box, color, outline=None):
        """Fills a box given as left, top, width, height."""
        left, top, width, height = box
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), fill=color, outline=outline)

    def frame(self, box, color, thickness=1):
        """Draws a box around left, top, width, height."""
        left, top, width, height = box
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), outline=color, width=thickness)

    def tag(self, places, text, size, colors):
        """Writes a text on a ground of its own, at the first place where it covers no other tag.

        Args:
            places: `(left, top)` to try, in this order; moved inward where the tag would leave the picture.
            text: One line.
            size: Height of its letters in pixels.
            colors: Of the ground and of the letters.

        Returns:
            Whether there was room.
        """
        text = plain_text(text)
        width, height = text_width(text, size) + 8, size + 4
        for left, top in places:
            left = int(max(0, min(left, self._image.width - width)))
            top = int(max(0, min(top, self._image.height - height)))
            if width <= self._image.width and not self._is_taken(left, top, width, height):
                self._taken.append((left, top, width, height))
                self._draw.rounded_rectangle((left, top, left + width - 1, top + height - 1), 3, fill=colors[0])
                self.write((left + 4, top + 1), text, size, colors[1])
                return True
        return False

    def _is_taken(self, left, top, width, height):
        return any(
            left < x + wide and x < left + width and top < y + high and y < top + height
            for x, y, wide, high in self._taken
        )

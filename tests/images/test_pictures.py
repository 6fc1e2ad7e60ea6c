import io

import numpy as np
import pytest
from PIL import Image

from common.errors import DataError
from common.files.sources import NamedBytes
from common.images.pictures import (
    encode_palette_mask,
    read_brightness,
    read_colors,
    read_photograph,
    read_values,
)

GRAY = np.arange(64, dtype=np.uint8).reshape(8, 8)
READERS = [read_values, read_colors, read_brightness, read_photograph]


def picture(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return NamedBytes(f"a.{kind.lower()}", buffer.getvalue())


def test_values_of_a_palette_are_not_its_colours():
    palette = np.full((256, 3), 200, np.uint8)
    values, found = read_values(NamedBytes("a.png", encode_palette_mask(GRAY, palette)))
    assert (values == GRAY).all()
    assert (found == palette).all()


@pytest.mark.parametrize("pixels", [GRAY, GRAY.astype(np.uint16) * 900, GRAY > 3], ids=["8 bits", "16 bits", "1 bit"])
def test_values_of_any_depth_are_read(pixels):
    values, palette = read_values(picture(pixels))
    assert (values == pixels).all()
    assert values.dtype == (np.uint16 if pixels.dtype == np.uint16 else np.uint8)
    assert palette is None


def test_of_a_photograph_with_16_bits_the_upper_8_are_taken():
    pixels = GRAY.astype(np.uint16) * 900
    assert (read_photograph(picture(pixels)) == (pixels >> 8)[..., np.newaxis]).all()


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", b"\x89PNG\r\n\x1a\nxx", picture(GRAY).data[:-5], picture(GRAY, "JPEG").data[:-300]],
    ids=["empty", "text", "PNG start", "cut PNG", "cut JPEG"],
)
def test_a_damaged_file_is_named(read, data):
    with pytest.raises(DataError, match="strange file"):
        read(NamedBytes("strange file", data))


def test_colours_are_refused_where_values_are_wanted():
    with pytest.raises(DataError, match="a.png: .* mode RGB"):
        read_values(picture(np.stack([GRAY] * 3, axis=-1)))

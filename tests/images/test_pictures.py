import io

import numpy as np
import pytest
from PIL import Image

from common.errors import DataError
from common.files.sources import NamedBytes, Source
from common.images.pictures import (
    encode_palette_mask,
    measure_picture,
    picture_size,
    read_brightness,
    read_colors,
    read_photograph,
    read_values,
    read_whole,
    turned_note,
)
from common.images.png import read_mask
from tests.support.photographs import encoded, jpeg_with_wrong_rational, stored_for

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


UPRIGHT_PIXELS = np.kron(np.arange(12).reshape(3, 4, 1) * [20, 5, 9], np.ones((16, 16, 1))).astype(np.uint8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_and_its_size_are_upright_whatever_exif_says(tmp_path, kind, orientation):
    path = tmp_path / "a.picture"
    path.write_bytes(encoded(stored_for(UPRIGHT_PIXELS, orientation), kind, orientation))
    found = read_photograph(Source(path))
    assert found.shape == UPRIGHT_PIXELS.shape
    # A wrong turn makes it 22 and more.
    assert np.abs(found.astype(int) - UPRIGHT_PIXELS).mean() <= (2 if kind == "JPEG" else 0)
    assert picture_size(Source(path)) == (64, 48)
    assert measure_picture(Source(path)).stored_wh == ((64, 48) if orientation < 5 else (48, 64))
    assert read_whole(Source(path))[1] == orientation


def test_a_wrong_resolution_in_exif_has_nothing_to_do_with_the_pixels():
    damaged = NamedBytes("a.jpg", jpeg_with_wrong_rational(UPRIGHT_PIXELS))
    whole = NamedBytes("b.jpg", encoded(stored_for(UPRIGHT_PIXELS, 6), "JPEG", 6))
    assert np.array_equal(read_photograph(damaged), read_photograph(whole))


def test_exif_behind_the_pixels_of_a_png_turns_neither_pixels_nor_size(tmp_path):
    data = encoded(UPRIGHT_PIXELS, "PNG", 6)
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    path = tmp_path / "a.png"
    path.write_bytes(data[:start] + data[end:-12] + data[start:end] + data[-12:])
    assert picture_size(Source(path)) == (64, 48)
    assert np.array_equal(read_photograph(Source(path)), UPRIGHT_PIXELS)


def test_a_mask_is_read_as_it_is_stored():
    mask = NamedBytes("a.png", encoded(GRAY[:4], "PNG", 6))
    assert read_values(mask)[0].shape == read_mask(mask).shape == (4, 8)


def test_only_a_truth_that_fits_the_stored_pixels_gets_the_advice_about_exif(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(UPRIGHT_PIXELS, "JPEG", 6))
    assert "EXIF orientation 6" in turned_note(Source(path), (64, 48))
    assert turned_note(Source(path), (48, 64)) == turned_note(Source(path), (60, 40)) == ""
    path.write_bytes(encoded(UPRIGHT_PIXELS))
    assert turned_note(Source(path), (48, 64)) == ""


def test_a_size_behind_a_long_preview_is_found(tmp_path):
    path = tmp_path / "a.jpg"
    data = encoded(UPRIGHT_PIXELS, "JPEG", 6)
    comments = b"".join(b"\xff\xfe\xff\xff" + bytes(65533) for _ in range(2))
    path.write_bytes(data[:2] + comments + data[2:])
    assert picture_size(Source(path)) == (48, 64)

import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from common.images.orientation import read_orientation, turn_upright, turned_size

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_turned_as_pillow_turns_them(orientation):
    picture = Image.fromarray(PIXELS)
    picture.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(picture))
    found = turn_upright(PIXELS, orientation)
    assert np.array_equal(found, expected) and found.flags.c_contiguous
    assert turned_size((3, 2), orientation) == expected.shape[1::-1]


def test_a_mask_is_turned_like_its_picture():
    assert np.array_equal(turn_upright(PIXELS[..., 0], 6), turn_upright(PIXELS, 6)[..., 0])


@pytest.mark.parametrize("kind", ["<", ">"], ids=["II", "MM"])
@pytest.mark.parametrize(("code", "number"), [("B", 1), ("H", 3), ("I", 4)], ids=["byte", "short", "long"])
def test_both_byte_orders_and_all_whole_types_are_read(kind, code, number):
    start = (b"II*\0" if kind == "<" else b"MM\0*") + struct.pack(f"{kind}IH", 8, 1)
    entry = struct.pack(f"{kind}HHI{code}", 0x0112, number, 1, 6).ljust(12, b"\0")
    assert read_orientation(start + entry) == 6


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_an_unknown_orientation_is_upright(value):
    assert read_orientation(exif_of(value)) == 1


def test_exif_that_is_cut_off_or_damaged_is_upright_or_has_the_orientation():
    data, rng = exif_of(8), np.random.default_rng(0)
    assert read_orientation(data) == 8
    for length in range(len(data)):
        assert read_orientation(data[:length]) in (1, 8)
    for _ in range(300):
        changed = np.frombuffer(data, np.uint8).copy()
        changed[rng.integers(0, len(data), 3)] = rng.integers(0, 256, 3)
        assert 1 <= read_orientation(changed.tobytes()) <= 8
    assert [read_orientation(found) for found in (None, b"", "text")] == [1, 1, 1]

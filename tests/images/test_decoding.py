import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import DataError
from common.images.decoding import named_damage, open_picture
from common.images.pictures import encode_palette_mask, read_brightness, read_colors, read_photograph, read_values
from common.images.png import read_color_mask, read_mask
from tests.support.photographs import NamedPicture, encoded

NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.mark.parametrize(
    "error", [AssertionError(), SyntaxError("broken"), MemoryError(), zlib.error("incorrect data")]
)
def test_whatever_a_decoder_raises_names_the_file(error):
    with pytest.raises(DataError, match="a.png: is damaged"), named_damage("a.png", "is damaged"):
        raise error


def test_an_error_that_has_the_name_already_is_left_as_it_is():
    with pytest.raises(DataError, match=r"^b\.png: is too large$"), named_damage("a.png", "is damaged"):
        raise DataError("b.png: is too large")


def test_only_the_usual_kinds_of_pictures_are_opened():
    # Pillow would start Ghostscript for this one.
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n%%EndComments\nshowpage\n%%EOF\n"
    assert Image.open(io.BytesIO(data)).format == "EPS"
    with pytest.raises(DataError, match="a.png: is not a picture"), open_picture("a.png", data):
        pass


def damaged_files():
    palette = np.random.default_rng(1).integers(0, 256, (256, 3), np.uint8)
    yield "palette.png", encode_palette_mask(NOISE[..., 0], palette), (read_values, read_colors, read_mask)
    clear = io.BytesIO()
    mask = Image.fromarray(NOISE[..., 0], "P")
    mask.putpalette(palette.tobytes())
    mask.save(clear, "PNG", transparency=bytes(range(256)))
    yield "transparent palette.png", clear.getvalue(), (read_brightness, read_color_mask, read_photograph)
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM"):
        yield f"photo.{kind.lower()}", encoded(NOISE, kind, 6 if kind not in ("BMP", "GIF", "PPM") else None), (
            read_photograph, read_colors,
        )  # fmt: skip


@pytest.mark.parametrize(("name", "data", "readers"), [*damaged_files()], ids=lambda value: str(value)[:24])
def test_a_file_with_wrong_bytes_gives_pixels_or_is_named(name, data, readers):
    rng = np.random.default_rng(2)
    for number in range(60):
        changed = np.frombuffer(data, np.uint8).copy()
        # Half of them near the start, where the structure of the file is; a PNG gets right checksums.
        places = rng.integers(0, len(data) if number % 2 else min(len(data), 400), 3)
        changed[places] = rng.integers(0, 256, 3)
        file = NamedPicture(name, changed.tobytes()).with_right_checksums()
        for read in readers:
            try:
                read(file)
            except DataError as error:
                assert str(error).startswith(name)


def test_pictures_are_opened_in_one_module():
    places = [path for path in Path("common").rglob("*.py") if "Image.open(" in path.read_text("utf-8")]
    assert places == [Path("common/images/decoding.py")]

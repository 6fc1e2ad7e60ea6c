import io

import numpy as np
import pytest
from PIL import Image

from common.images.png import encode_image, encode_mask, read_image, read_mask


@pytest.mark.parametrize("shape", [(1, 1), (208, 416), (37, 53)])
def test_pillow_reads_what_is_written_and_the_other_way_round(shape):
    rng = np.random.default_rng(0)
    image, mask = rng.integers(0, 256, (*shape, 3), np.uint8), rng.integers(0, 35, shape, np.uint8)
    for array, mode, encode, read in ((image, "RGB", encode_image, read_image), (mask, "L", encode_mask, read_mask)):
        with Image.open(io.BytesIO(encode(array))) as picture:
            assert (picture.format, picture.mode) == ("PNG", mode)
            assert (np.asarray(picture) == array).all()
        written = io.BytesIO()
        Image.fromarray(array).save(written, "PNG")
        assert (read(written.getvalue()) == array).all()

"""Arrays as photographs and masks: what is accepted, and what is said of the rest."""

import pickle

import numpy as np
import pytest
from PIL import Image

from common.errors import DataError
from common.images.in_memory import ImageInMemory, as_area, as_image, as_values
from common.images.pictures import picture_size, read_photograph

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)


def test_a_photograph_in_memory_is_used_like_one_in_a_file():
    source = ImageInMemory("street", PIXELS)
    for one in (source, pickle.loads(pickle.dumps(source))):
        assert picture_size(one) == (6, 4)
        np.testing.assert_array_equal(read_photograph(one), PIXELS)
        assert one.signature() == source.signature()
        assert one.size() == len(source.read_bytes())
        assert str(one) == "street.png, an image in memory"


def test_photographs_of_one_name_are_different_values():
    assert len({ImageInMemory("street", PIXELS), ImageInMemory("street", PIXELS + 1)}) == 2


def test_whatever_numpy_makes_an_array_of_is_an_image():
    np.testing.assert_array_equal(as_image(Image.fromarray(PIXELS), "it"), PIXELS)
    assert as_image(PIXELS[::-1], "it").shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("image", "way_out"),
    [
        (PIXELS[..., 0], r"np.stack\(\[image\] \* 3, -1\)"),
        (PIXELS.transpose(2, 0, 1), r"image.transpose\(1, 2, 0\)"),
        (np.zeros((4, 6, 4), np.uint8), r"image\[..., :3\]"),
        (PIXELS / 255, r"\(image \* 255\)"),
        (PIXELS.astype(int), r"type int64 and shape \(4, 6, 3\); expected .* red, green, blue$"),
        (np.zeros((0, 6, 3), np.uint8), "has 6 x 0 pixels"),
        ("street.png", "shape \\(\\)"),
    ],
)
def test_what_is_no_image_is_refused_with_the_way_to_make_one(image, way_out):
    with pytest.raises(DataError, match=f"^it: .*{way_out}"):
        as_image(image, "it")


@pytest.mark.parametrize("mask", [[[True, False]], [[1, 0]], np.array([[255, 0]], np.uint8)])
def test_one_area_is_true_and_false_or_two_values(mask):
    assert as_area(mask, "it").tolist() == [[True, False]]


def test_a_mask_of_ids_is_not_taken_for_an_area():
    with pytest.raises(DataError, match="holds the value 26; expected one area, .* mask == 26"):
        as_area([[7, 26]], "it")
    with pytest.raises(DataError, match="holds the value -1; expected one area"):
        as_area([[-1, 0]], "it")


def test_values_become_bytes_of_the_same_numbers():
    assert as_values(np.array([[0, 255]], np.int64), "it", np.uint8).tolist() == [[0, 255]]
    assert as_values([[3, 4]], "it", np.uint8).dtype == np.uint8
    assert as_values([[3, 26001]], "it", np.uint16).tolist() == [[3, 26001]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[-1, 3]], "holds the value -1; expected 0 to 255"),
        ([[3, 26001]], "holds the value 26001"),
        (np.zeros((4, 6, 35), np.float32), r"largest class with .argmax\(-1\)"),
        ([3, 4], "expected whole numbers of shape"),
    ],
)
def test_values_that_no_mask_has_are_refused(values, message):
    with pytest.raises(DataError, match=message):
        as_values(values, "it", np.uint8)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from common.methods.agreement import AgreementRules, black_out, combine


def pixels(*rows):
    """Reads rows of values; # is 255 and . is 0."""
    return np.array(
        [[{"#": 255, ".": 0}.get(value) or int(value.strip(".") or 0) for value in row.split()] for row in rows],
        np.uint8,
    )


A = pixels("1 1 2 2", "1 1 2 2", "3 3 3 2", "3 3 0 0")
B = pixels("1 1 2 2", "1 2 2 2", "3 3 2 2", "3 3 0 3")
C = pixels("1 1 1 2", "1 2 2 2", "3 3 3 2", "3 4 0 0")
HALVES = "1 1 1 1 2 2 2 2"


def test_two_networks_agree_on_all_but_three_pixels():
    found = combine(np.stack([A, B]), AgreementRules())
    assert np.array_equal(found.label, pixels("1 1 2 2", "1 0 2 2", "3 3 0 2", "3 3 0 0"))
    assert np.array_equal(found.mask, pixels(". . . .", ". # . .", ". . # .", ". . . #"))
    assert (found.size, found.same_classes) == (3, True)


def test_all_of_three_networks_have_to_agree():
    found = combine(np.stack([A, B, C]), AgreementRules())
    assert np.array_equal(found.label, pixels("1 1 0 2", "1 0 2 2", "3 3 0 2", "3 0 0 0"))
    assert np.array_equal(found.mask, pixels(". . # .", ". # . .", ". . # .", ". # . #"))
    assert (found.size, found.same_classes) == (5, False)  # class 4 is only in C


def test_an_agreed_class_0_is_not_ignored():
    found = combine(np.stack([A, B]), AgreementRules(ignore=True))
    assert np.array_equal(found.label, pixels("1 1 2 2", "1 255 2 2", "3 3 255 2", "3 3 0 255"))


@pytest.mark.parametrize("block_output", [True, False])
def test_without_kernels_the_label_is_the_same_with_and_without_block_output(block_output):
    found = combine(np.stack([A, B]), AgreementRules(block_output=block_output))
    assert np.array_equal(found.label, pixels("1 1 2 2", "1 0 2 2", "3 3 0 2", "3 3 0 0"))


def test_the_image_is_black_in_the_mask_and_unchanged_elsewhere():
    image = np.full((4, 4, 3), (200, 150, 100), np.uint8)
    mask = pixels(". . . .", ". # . .", ". . # .", ". . . #")
    black = black_out(image, mask)
    assert (black[mask > 0] == 0).all()
    assert (black[mask == 0] == (200, 150, 100)).all()
    assert image.all()


def test_a_pixel_of_disagreement_grows_by_a_kernel():
    first, second = pixels(*[HALVES] * 4), pixels(*[HALVES] * 4)
    second[1, 3] = 2
    found = combine(np.stack([first, second]), AgreementRules(dilate_kernel=3))
    assert found.size == 1
    assert np.array_equal(found.mask > 0, np.pad(np.ones((3, 3), bool), ((0, 1), (2, 3))))
    assert np.array_equal(found.label, pixels(*["1 1 0 0 0 2 2 2"] * 3, HALVES))
    kept = combine(np.stack([first, second]), AgreementRules(dilate_kernel=3, block_output=False)).label
    assert np.array_equal(kept, pixels(HALVES, "1 1 1 0 2 2 2 2", HALVES, HALVES))


def test_what_leaves_the_mask_gets_the_class_of_the_nearest_agreed_pixel():
    first, second = pixels(*[HALVES] * 8), pixels(*["1 1 2 2 1 1 2 2"] * 8)
    found = combine(np.stack([first, second]), AgreementRules(erode_kernel=3))
    assert found.size == 32
    assert np.array_equal(found.mask, pixels(*[". . . # # . . ."] * 8))
    assert np.array_equal(found.label, pixels(*["1 1 1 0 0 2 2 2"] * 8))


def test_a_mask_that_vanishes_leaves_the_lowest_of_the_nearest_classes():
    first, second = pixels(*[HALVES] * 4), pixels(*[HALVES] * 4)
    second[1, 3] = 2
    found = combine(np.stack([first, second]), AgreementRules(erode_kernel=3))
    assert not found.mask.any()
    assert np.array_equal(found.label, pixels(*[HALVES] * 4))


@given(arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 3)), st.sampled_from([0, 3, 5]))
def test_the_mask_grows_with_the_number_of_networks_and_agreed_pixels_never_change(predictions, erode):
    before = None
    for number in (2, 3, 4):
        found = combine(predictions[:number], AgreementRules())
        assert found.size == np.count_nonzero(found.mask)
        if before is not None:
            assert (found.mask[before > 0] > 0).all()
        before = found.mask
        eroded = combine(predictions[:number], AgreementRules(erode_kernel=erode))
        assert np.array_equal(eroded.label[found.mask == 0], predictions[0][found.mask == 0])
        assert (eroded.label[eroded.mask > 0] == 0).all()

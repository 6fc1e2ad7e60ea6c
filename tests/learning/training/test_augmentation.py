import colorsys

import cv2
import numpy as np
import pytest

from common.config.settings import Recipe
from common.labels.cityscapes import IGNORE
from common.learning.training.augmentation import change, color_matrix, paste

NOTHING = Recipe(1, 1, 0.1, 0.1)


def recipe(**choices):
    return Recipe(1, 1, 0.1, 0.1, **choices)


@pytest.fixture
def pair():
    """An image whose red channel is its mask, so that whoever moves one without the other is found out."""
    mask = np.kron(np.arange(24, dtype=np.uint8).reshape(4, 6) * 10, np.ones((16, 16), np.uint8))
    return np.dstack([mask, np.zeros_like(mask), np.full_like(mask, 255)]), mask


def test_without_choices_nothing_is_changed(pair):
    image, mask = change(*pair, NOTHING, np.random.default_rng(0))
    assert (image == pair[0]).all()
    assert (mask == pair[1]).all()


def test_half_of_the_images_are_mirrored_with_their_masks(pair):
    mirrored = 0
    for seed in range(200):
        image, mask = change(*pair, recipe(flip=True), np.random.default_rng(seed))
        assert (image[..., 0] == mask).all()
        is_mirrored = (mask == pair[1][:, ::-1]).all()
        assert is_mirrored or (mask == pair[1]).all()
        mirrored += is_mirrored
    assert 75 < mirrored < 125


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("scale", [(0.5, 0.5), (1.0, 1.0001), (2.0, 2.0), (0.5, 2.0)])
def test_image_and_mask_are_moved_alike_and_masks_hold_old_classes_only(pair, scale, flip):
    for seed in range(20):
        image, mask = change(*pair, recipe(scale=scale, flip=flip), np.random.default_rng(seed))
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {*np.unique(pair[1]), IGNORE}
        # Away from borders, bilinear and nearest agree.
        inner = (cv2.erode(mask, np.ones((5, 5))) == cv2.dilate(mask, np.ones((5, 5)))) & (mask != IGNORE)
        inner[[0, -1]] = inner[:, [0, -1]] = False
        assert inner.any()
        assert (image[..., 0][inner] == mask[inner]).all()


def test_a_smaller_image_lies_whole_on_padding_that_is_not_trained_on(pair):
    for seed in range(20):
        image, mask = change(*pair, recipe(scale=(0.5, 0.5)), np.random.default_rng(seed))
        inside = mask != IGNORE
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (32, 48)
        assert inside.sum() == 32 * 48
        far = ~cv2.dilate(inside.astype(np.uint8), np.ones((3, 3))).astype(bool)
        assert (image[far] == 128).all()


def test_a_larger_image_has_no_padding_and_reaches_every_corner(pair):
    seen = np.zeros(256, bool)
    for seed in range(60):
        _, mask = change(*pair, recipe(scale=(2.0, 2.0)), np.random.default_rng(seed))
        assert (mask != IGNORE).all()
        seen[np.unique(mask)] = True
    assert seen[np.unique(pair[1])].all()


def test_halving_is_as_likely_as_doubling():
    mask = np.zeros((64, 64), np.uint8)
    image = np.zeros((64, 64, 3), np.uint8)
    found = [change(image, mask, recipe(scale=(0.5, 2.0)), np.random.default_rng(seed))[1] for seed in range(300)]
    assert 110 < sum((one == IGNORE).any() for one in found) < 190


def test_colours_change_the_image_alone_and_stay_in_their_range(pair):
    image, mask = change(*pair, recipe(color=(0.4, 0.4, 0.4, 0.05)), np.random.default_rng(3))
    assert (mask == pair[1]).all()
    assert (image != pair[0]).any()
    assert image.dtype == np.uint8


@pytest.mark.parametrize("place", range(4))
def test_each_share_of_the_colour_is_what_it_says(place):
    largest = [0.0, 0.0, 0.0, 0.0]
    largest[place] = 0.3
    rng = np.random.default_rng(7)
    matrix = color_matrix(largest, rng)
    again = np.random.default_rng(7)
    drawn = [again.uniform(-one, one) for one in largest]
    color = np.array([200.0, 100.0, 50.0])
    found = matrix[:, :3] @ color + matrix[:, 3]
    grey = color @ [0.299, 0.587, 0.114]
    if place == 0:
        expected = color * (1 + drawn[0])
    elif place == 1:
        expected = 127.5 + (color - 127.5) * (1 + drawn[1])
    elif place == 2:
        expected = grey + (color - grey) * (1 + drawn[2])
    else:
        assert found @ [0.299, 0.587, 0.114] == pytest.approx(grey)
        turned = colorsys.rgb_to_yiq(*found)[1:], colorsys.rgb_to_yiq(*color)[1:]
        angles = [np.arctan2(*reversed(one)) for one in turned]
        assert (angles[0] - angles[1]) / (2 * np.pi) == pytest.approx(drawn[3], abs=2e-3)
        return
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_grey_stays_grey_whatever_saturation_and_hue():
    matrix = color_matrix((0, 0, 1.0, 0.5), np.random.default_rng(1))
    np.testing.assert_allclose(matrix @ [90, 90, 90, 1], 90, rtol=1e-3)


@pytest.mark.parametrize("kind", ["cutmix", "classmix"])
def test_pasted_pixels_bring_their_classes(kind):
    masks = np.stack([np.kron([[n, n + 1], [n + 2, n + 3]], np.ones((8, 8))) for n in (0, 10, 20, 30)]).astype(np.uint8)
    images = np.repeat(masks[..., None], 3, 3)
    pasted = 0
    for seed in range(20):
        found_images, found_masks = paste(images, masks, kind, np.random.default_rng(seed))
        assert (found_images[..., 0] == found_masks).all()
        for place in range(4):
            other = masks[(place + 1) % 4]
            from_other = found_masks[place] != masks[place]
            assert (found_masks[place][from_other] == other[from_other]).all()
            pasted += from_other.any()
            if kind == "classmix" and from_other.any():
                assert len(np.unique(found_masks[place][from_other])) == 2  # half of its four classes
                assert np.isin(other, np.unique(other[from_other])).sum() == from_other.sum()
    assert 20 < pasted < 60  # of 80


def test_what_is_left_out_is_never_pasted_as_a_class():
    masks = np.full((2, 8, 8), IGNORE, np.uint8)
    masks[0] = 3
    images = np.zeros((2, 8, 8, 3), np.uint8)
    for seed in range(8):
        _, found = paste(images, masks, "classmix", np.random.default_rng(seed))
        assert (found[0] == 3).all()  # the other image has no class to paste

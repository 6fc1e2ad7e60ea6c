from dataclasses import replace

import cv2
import numpy as np
import pytest

from common.config.settings import AugmentationConfig
from common.dataset.prepared.augment import AugmentJob, augment, draw_view, write_augmented
from common.dataset.prepared.folders import Sample
from common.images.png import encode_image, encode_mask, read_image, read_mask
from common.parallel import run_all

NOTHING = AugmentationConfig(
    num_copies=3, free_rotation=False, brightness_alpha=(1, 1), brightness_beta=(0, 0), max_blur=0, max_noise=0
)
STUDY = replace(NOTHING, brightness_alpha=(0.6, 1.4), brightness_beta=(-15, 15), max_blur=1, max_noise=15)


def picture(seed=0, shape=(20, 30)):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (*shape, 3), dtype=np.uint8), rng.integers(0, 35, shape, dtype=np.uint8)


def draw(ranges, count=200, shape=(20, 30)):
    image, mask = picture(shape=shape)
    return image, mask, [augment(image, mask, ranges, np.random.default_rng(seed)) for seed in range(count)]


def test_without_ranges_only_the_flip_is_left_and_both_are_flipped_together():
    image, mask, copies = draw(NOTHING)
    flipped = 0
    for new_image, new_mask in copies:
        if (new_mask == mask).all():
            assert (new_image == image).all()
        else:
            flipped += 1
            assert (new_mask == mask[:, ::-1]).all()
            assert (new_image == image[:, ::-1]).all()
    assert 70 < flipped < 130  # p = 0.5 of 200: mean 100, standard deviation 7


def test_masks_hold_no_value_that_was_not_there():
    _, mask, copies = draw(STUDY, 50)
    assert all(set(np.unique(new_mask)) == set(np.unique(mask)) for _, new_mask in copies)


def test_noise_is_from_minus_15_to_14_and_clipped():
    noise_only = replace(NOTHING, max_noise=15)
    grey = np.full((200, 200, 3), 100, np.uint8)
    changed = augment(grey, grey[..., 0], noise_only, np.random.default_rng(0))[0].astype(int) - 100
    assert (changed.min(), changed.max()) == (-15, 14)
    assert abs(changed.mean() + 0.5) < 0.05  # uniform on -15..14 has the mean -0.5
    white = augment(grey * 0 + 255, grey[..., 0], noise_only, np.random.default_rng(0))[0]
    assert white.min() == 240
    assert white.max() == 255


def test_brightness_is_convert_scale_abs_half_of_the_time():
    fixed = replace(NOTHING, brightness_alpha=(0.6, 0.6), brightness_beta=(-15, -15))
    image, mask, copies = draw(fixed)
    expected = cv2.convertScaleAbs(image, alpha=0.6, beta=-15)
    changed = sum((new_image == expected).all() or (new_image == expected[:, ::-1]).all() for new_image, _ in copies)
    assert 70 < changed < 130
    # 0 becomes |0 * 0.6 - 15| = 15, as in the reference
    assert expected[image == 0].tolist() == [15] * int((image == 0).sum())


@pytest.mark.parametrize(
    ("value", "alpha", "beta", "found"),
    [
        (100, 1.05, 3, 108), (0, 0.95, -3, 3), (10, 0.95, -3, 6), (0, 0.6, -15, 15), (20, 0.6, -15, 3),
        (25, 0.6, -15, 0), (255, 1.4, 15, 255), (5, 0.9, 0, 4), (15, 0.9, 0, 14),
    ],
)  # fmt: skip
def test_contrast_and_offset_are_rounded_half_to_even_and_never_negative(value, alpha, beta, found):
    # |alpha x + beta|, for example 10 * 0.95 - 3 = 6.5 -> 6, 20 * 0.6 - 15 = -3 -> 3.
    ranges = AugmentationConfig(brightness_alpha=(alpha, alpha), brightness_beta=(beta, beta), max_blur=0, max_noise=0)
    image, mask = np.full((2, 2, 3), value, np.uint8), np.zeros((2, 2), np.uint8)
    drawn = {int(augment(image, mask, ranges, np.random.default_rng(seed))[0][0, 0, 0]) for seed in range(20)}
    assert drawn == {value, found}
    assert {int(draw_view(image, ranges, np.random.default_rng(seed))[0, 0, 0]) for seed in range(20)} == {value, found}


def test_in_a_view_the_contrast_changes_the_noise_and_in_a_copy_it_does_not():
    ranges = AugmentationConfig(brightness_alpha=(2, 2), brightness_beta=(0, 0), max_blur=0, max_noise=3)
    image, mask = np.full((32, 32, 3), 50, np.uint8), np.zeros((32, 32), np.uint8)
    views = [set(np.unique(draw_view(image, ranges, np.random.default_rng(seed))).tolist()) for seed in range(20)]
    copies = [
        set(np.unique(augment(image, mask, ranges, np.random.default_rng(seed))[0]).tolist()) for seed in range(20)
    ]
    # Noise of -3 to 2: 47 to 52, doubled afterwards; or added to 100.
    assert all(found in ({*range(47, 53)}, {*range(94, 105, 2)}) for found in views)
    assert all(found in ({*range(47, 53)}, {*range(97, 103)}) for found in copies)


def test_blur_is_a_3x3_gaussian_half_of_the_time():
    image, _, copies = draw(replace(NOTHING, max_blur=1))
    blurred = [cv2.GaussianBlur(kind, (3, 3), 0) for kind in (image, np.ascontiguousarray(image[:, ::-1]))]
    count = sum(any((new_image == kind).all() for kind in blurred) for new_image, _ in copies)
    assert 70 < count < 130


def test_free_rotation_gives_all_eight_positions_of_a_square():
    free = replace(NOTHING, free_rotation=True)
    image, mask, copies = draw(free, shape=(12, 12))
    assert len({new_mask.tobytes() for _, new_mask in copies}) == 8
    # the same turn for both: the image of a pixel goes where its mask goes
    index = np.arange(144, dtype=np.uint8).reshape(12, 12)
    for seed in range(20):
        turned, index_turned = augment(image, index, free, np.random.default_rng(seed))
        assert (turned.reshape(-1, 3) == image.reshape(-1, 3)[index_turned.ravel()]).all()


@pytest.fixture
def jobs(tmp_path):
    """Gives a function that makes jobs for four frames, writing to a folder of a name."""
    samples = []
    for seed in range(4):
        image, mask = picture(seed)
        paths = [tmp_path / kind / f"frame_{seed}.png" for kind in ("images", "masks")]
        for path, data in zip(paths, (encode_image(image), encode_mask(mask)), strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        samples.append(Sample(f"frame_{seed}", *paths))
    return lambda name, seed=42: [AugmentJob(sample, tmp_path / name, STUDY, seed) for sample in samples]


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def test_every_image_is_kept_and_gets_its_copies(jobs, tmp_path):
    written = [write_augmented(job) for job in jobs("out")]
    assert [len(files) for files in written] == [6] * 4  # three copies each, image and mask
    files = contents(tmp_path / "out")
    assert len(files) == 32
    assert {"images/frame_0.png", "images/frame_0_aug_0.png", "masks/frame_3_aug_2.png"} <= files.keys()
    assert (read_image(tmp_path / "out/images/frame_1.png") == picture(1)[0]).all()
    assert set(np.unique(read_mask(tmp_path / "out/masks/frame_1_aug_0.png"))) == set(np.unique(picture(1)[1]))


def test_the_bytes_depend_neither_on_workers_nor_on_order(jobs, tmp_path):
    list(run_all(write_augmented, jobs("one")))
    list(run_all(write_augmented, jobs("two")[::-1], workers=2))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_other_copies(jobs, tmp_path):
    list(map(write_augmented, jobs("one")))
    list(map(write_augmented, jobs("two", seed=43)))
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one["images/frame_0_aug_0.png"] != two["images/frame_0_aug_0.png"]
    assert one["images/frame_0_aug_0.png"] != one["images/frame_0_aug_1.png"]

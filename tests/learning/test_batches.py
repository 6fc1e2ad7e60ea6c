import numpy as np
import pytest

from common.dataset.png import encode_image, encode_mask
from common.dataset.prepared import Sample
from common.errors import DataError
from common.learning.batches import LoadedSplit, epoch_order, load_samples, steps_per_epoch, training_batches


def split(count):
    images = np.zeros((count, 2, 2, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return LoadedSplit(tuple(map(str, range(count))), images, images[..., 0])


@pytest.mark.parametrize(("images", "steps"), [(297, 9), (2975, 92), (2970, 92), (32, 1), (5, 1)])
def test_an_epoch_has_the_steps_of_the_study(images, steps):
    assert steps_per_epoch(images, 32) == steps
    assert epoch_order(images, 32, 0, 0).shape == (steps, min(32, images))


def test_no_image_comes_twice_in_an_epoch_and_the_left_out_ones_change():
    orders = [epoch_order(297, 32, 1, epoch).ravel() for epoch in range(20)]
    assert all(len(set(order)) == 288 for order in orders)
    assert set().union(*orders) == set(range(297))


def test_the_order_depends_on_seed_and_epoch_alone():
    assert (epoch_order(50, 8, 3, 2) == epoch_order(50, 8, 3, 2)).all()
    assert (epoch_order(50, 8, 3, 2) != epoch_order(50, 8, 3, 3)).any()
    assert (epoch_order(50, 8, 3, 2) != epoch_order(50, 8, 4, 2)).any()


def test_batches_from_a_later_epoch_on_are_those_of_the_whole_training():
    everything = [images.tobytes() for images, _ in training_batches(split(20), 8, 0, range(5))]
    rest = [images.tobytes() for images, _ in training_batches(split(20), 8, 0, range(3, 5))]
    assert everything[-len(rest) :] == rest
    assert len(everything) == 5 * 2


def test_images_and_masks_stay_together():
    for images, masks in training_batches(split(20), 8, 0, range(2)):
        assert (images[..., 0] == masks).all()


@pytest.fixture
def sample(tmp_path):
    (tmp_path / "a.png").write_bytes(encode_image(np.full((16, 32, 3), 7, np.uint8)))
    (tmp_path / "a_mask.png").write_bytes(encode_mask(np.full((16, 32), 34, np.uint8)))
    return Sample("a", tmp_path / "a.png", tmp_path / "a_mask.png")


def test_samples_are_loaded_as_they_are(sample):
    loaded = load_samples([sample, sample], (32, 16), 35, threads=2)
    assert loaded.images.shape == (2, 16, 32, 3)
    assert (loaded.images == 7).all()
    assert (loaded.masks == 34).all()


def test_a_file_of_another_size_or_class_is_named(sample):
    with pytest.raises(DataError, match=r"a\.png: has 32x16 pixels, expected 16x16"):
        load_samples([sample], (16, 16), 35)
    with pytest.raises(DataError, match=r"a_mask\.png: holds the class 34; expected classes from 0 to 18"):
        load_samples([sample], (32, 16), 19)


def test_255_is_taken_only_where_the_map_ignores_labels(sample):
    sample.mask.write_bytes(encode_mask(np.array([[255, 18] * 16] * 16, np.uint8)))
    loaded = load_samples([sample], (32, 16), 19, ignores=True)
    assert np.unique(loaded.masks).tolist() == [18, 255]
    with pytest.raises(DataError, match=r"a_mask\.png: holds the class 255; expected classes from 0 to 18"):
        load_samples([sample], (32, 16), 19)
    with pytest.raises(DataError, match=r"a_mask\.png: holds the class 18; expected classes from 0 to 17"):
        load_samples([sample], (32, 16), 18, ignores=True)


def test_a_split_of_which_no_pixel_counts_is_refused(sample):
    sample.mask.write_bytes(encode_mask(np.full((16, 32), 255, np.uint8)))
    with pytest.raises(DataError, match="LABEL_MAP ignores every pixel"):
        load_samples([sample, sample], (32, 16), 19, ignores=True)

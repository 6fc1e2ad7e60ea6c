import numpy as np
import pytest

from common.config.settings import TrainingSettings
from common.dataset.prepared.folders import Sample
from common.errors import DataError
from common.images.png import encode_image, encode_mask
from common.learning.training.batches import LoadedSplit, epoch_order, load_samples, training_batches


def split(count):
    images = np.zeros((count, 2, 2, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return LoadedSplit(tuple(map(str, range(count))), images, images[..., 0])


def settings(batch_size, seed, **choices):
    return TrainingSettings(5, batch_size, 0.003, 1e-4, seed=seed, **choices)


@pytest.mark.parametrize(("images", "steps"), [(297, 9), (2975, 92), (2970, 92), (32, 1), (5, 1)])
def test_an_epoch_has_the_steps_of_the_study(images, steps):
    assert settings(32, 0).steps_per_epoch(images) == steps
    assert epoch_order(images, settings(32, 0), 0)[1].shape == (steps, min(32, images))


def test_no_image_comes_twice_in_an_epoch_and_the_left_out_ones_change():
    orders = [epoch_order(297, settings(32, 1), epoch)[1].ravel() for epoch in range(20)]
    assert all(len(set(order)) == 288 for order in orders)
    assert set().union(*orders) == set(range(297))


def test_the_order_depends_on_seed_and_epoch_alone():
    assert (epoch_order(50, settings(8, 3), 2)[1] == epoch_order(50, settings(8, 3), 2)[1]).all()
    assert (epoch_order(50, settings(8, 3), 2)[1] != epoch_order(50, settings(8, 3), 3)[1]).any()
    assert (epoch_order(50, settings(8, 3), 2)[1] != epoch_order(50, settings(8, 4), 2)[1]).any()


def test_batches_from_a_later_epoch_on_are_those_of_the_whole_training():
    everything = [images.tobytes() for images, _ in training_batches(split(20), settings(8, 0), range(5))]
    rest = [images.tobytes() for images, _ in training_batches(split(20), settings(8, 0), range(3, 5))]
    assert everything[-len(rest) :] == rest
    assert len(everything) == 5 * 2


def test_images_and_masks_stay_together():
    for images, masks in training_batches(split(20), settings(8, 0), range(2)):
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
    with pytest.raises(DataError, match=r"a_mask\.png: contains class 34; expected classes from 0 to 18"):
        load_samples([sample], (32, 16), 19)


def test_255_is_taken_only_where_the_map_ignores_labels(sample):
    sample.mask.write_bytes(encode_mask(np.array([[255, 18] * 16] * 16, np.uint8)))
    loaded = load_samples([sample], (32, 16), 19, ignores=True)
    assert np.unique(loaded.masks).tolist() == [18, 255]
    with pytest.raises(DataError, match=r"a_mask\.png: contains class 255; expected classes from 0 to 18"):
        load_samples([sample], (32, 16), 19)
    with pytest.raises(DataError, match=r"a_mask\.png: contains class 18; expected classes from 0 to 17"):
        load_samples([sample], (32, 16), 18, ignores=True)


def test_a_split_of_which_no_pixel_counts_is_refused(sample):
    sample.mask.write_bytes(encode_mask(np.full((16, 32), 255, np.uint8)))
    with pytest.raises(DataError, match="LABEL_MAP ignores every pixel"):
        load_samples([sample, sample], (32, 16), 19, ignores=True)


def test_with_a_number_of_steps_every_image_has_its_turn_before_one_comes_again():
    choices = settings(8, 0, num_steps=20)
    found = np.concatenate([epoch_order(18, choices, epoch)[1].ravel() for epoch in range(5)])
    assert found.shape == (20 * 8,)
    for start in range(0, 144, 18):
        assert set(found[start : start + 18]) == set(range(18))
    passes = np.concatenate([epoch_order(18, choices, epoch)[0].ravel() for epoch in range(5)])
    assert passes.tolist() == [place // 18 for place in range(160)]


def test_fewer_images_than_a_batch_fill_it_with_the_next_pass():
    _, images = epoch_order(3, settings(8, 0, num_steps=10), 0)
    assert images.shape == (2, 8)
    assert sorted(np.bincount(images.ravel())) == [5, 5, 6]


MODERN = {
    "num_steps": 10, "flip": True, "scale": (0.5, 2.0), "color": (0.4, 0.4, 0.4, 0.05), "mix": "classmix",
}  # fmt: skip


def pictures(count):
    rng = np.random.default_rng(0)
    shape = (count, 16, 32)
    images, masks = rng.integers(0, 256, (*shape, 3), np.uint8), rng.integers(0, 35, shape, np.uint8)
    return LoadedSplit(tuple(map(str, range(count))), images, masks)


def as_bytes(batches):
    return [images.tobytes() + masks.tobytes() for images, masks in batches]


def test_changed_images_depend_on_seed_and_turn_alone_whatever_the_threads():
    data, choices = pictures(7), settings(4, 3, **MODERN)
    everything = as_bytes(training_batches(data, choices, range(5), threads=1))
    assert as_bytes(training_batches(data, choices, range(5), threads=4)) == everything
    assert as_bytes(training_batches(data, choices, range(3, 5))) == everything[6:]
    assert as_bytes(training_batches(data, settings(4, 4, **MODERN), range(5))) != everything
    assert len(set(everything)) == 10


def test_an_image_is_changed_in_another_way_at_every_turn():
    found = [
        images
        for images, _ in training_batches(
            pictures(1), settings(1, 0, num_steps=5, flip=True, color=(0.4, 0, 0, 0)), range(5)
        )
    ]
    assert len({images.tobytes() for images in found}) == 5


def test_the_images_in_memory_stay_as_they_are():
    data = pictures(5)
    before = data.images.tobytes(), data.masks.tobytes()
    list(training_batches(data, settings(4, 3, **MODERN), range(5)))
    assert (data.images.tobytes(), data.masks.tobytes()) == before

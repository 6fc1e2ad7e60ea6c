"""Training sets of labelled and pseudo-labelled pairs, with noisy copies that are drawn when they are needed."""

from dataclasses import replace

import numpy as np
import pytest

from common.config.methods import MethodConfig
from common.config.settings import TrainingSettings
from common.dataset.prepared.augment import augment, copy_random
from common.learning.training.batches import LoadedSplit, training_batches, with_copies
from common.results.job import PseudoLabels, SplitKey

SERIES = "CITYSCAPES_IM_plus_1_n2_gen0"
NOISE = MethodConfig().growth(3).noise


def split(prefix, count):
    rng = np.random.default_rng((ord(prefix), count))
    images = rng.integers(0, 256, (count, 8, 16, 3), np.uint8)
    masks = rng.integers(0, 35, (count, 8, 16), np.uint8)
    return LoadedSplit(tuple(f"{prefix}{number}" for number in range(count)), images, masks)


def pseudo_labels(**choices):
    return PseudoLabels(split=SplitKey("x", "y"), seed=42, **choices)


def settings(**choices):
    return TrainingSettings(3, 4, 0.003, 1e-4, seed=7, **choices)


def test_training_on_drawn_copies_gives_the_batches_of_stored_copies():
    labeled, pseudo = split("l", 3), split("u", 9)
    copies = {name: number % 3 for number, name in enumerate(pseudo.names)}
    drawn = with_copies(labeled, pseudo, pseudo_labels(noise=NOISE, copies_by_frame=True), copies, SERIES)
    stored = {name: (labeled.images[n], labeled.masks[n]) for n, name in enumerate(labeled.names)}
    stored |= {name: (pseudo.images[n], pseudo.masks[n]) for n, name in enumerate(pseudo.names)}
    for n, name in enumerate(pseudo.names):
        for copy in range(copies[name]):
            rng = copy_random(42, SERIES, name, copy)
            stored[f"{name}_aug_{copy}"] = augment(pseudo.images[n], pseudo.masks[n], NOISE, rng)
    names = sorted(stored)
    images, masks = (np.stack(arrays) for arrays in zip(*(stored[name] for name in names), strict=True))
    for choices in ({}, {"flip": True, "mix": "classmix"}):
        expected = training_batches(LoadedSplit(tuple(names), images, masks), settings(**choices), range(3))
        found = training_batches(drawn, settings(**choices), range(3), threads=3)
        for one, other in zip(expected, found, strict=True):
            assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("pairs", "noise", "size"),
    [(True, None, 12), (False, NOISE, 12), (True, NOISE, 21), (True, replace(NOISE, num_copies=2), 30)],
)
def test_the_set_has_the_labelled_pairs_once_and_pairs_and_copies_as_asked(pairs, noise, size):
    labeled, pseudo = split("l", 3), split("u", 9)
    copies = dict.fromkeys(pseudo.names, noise.num_copies if noise else 0)
    found = with_copies(labeled, pseudo, pseudo_labels(pairs=pairs, noise=noise), copies, SERIES)
    assert len(found) == size
    assert len(list(found.every_mask())) == size
    assert [found.names[found.sources[number]] for number in found.labeled] == ["l0", "l1", "l2"]


def test_sets_of_the_study_have_its_numbers_of_pairs_and_steps():
    # 2,678 copies + 297 labelled pairs; with the pairs and train_labeled_aug: 2 x 2,678 + 2,970.
    recipe = TrainingSettings(50, 32, 0.003, 1e-4)
    assert [recipe.steps_per_epoch(pairs) for pairs in (2678 + 297, 2 * 2678 + 2970, 5 * 2678 + 297)] == [92, 260, 427]


def test_copies_differ_between_series_and_numbers_and_are_the_same_each_time():
    labeled, pseudo = split("l", 1), split("u", 2)
    copies = dict.fromkeys(pseudo.names, 2)

    def first(series):
        made = with_copies(
            labeled, pseudo, pseudo_labels(pairs=False, noise=NOISE, copies_by_frame=True), copies, series
        )
        return [made.pair(number)[0] for number in range(1, 3)]

    assert all(np.array_equal(*pair) for pair in zip(first(SERIES), first(SERIES), strict=True))
    assert not np.array_equal(*first(SERIES))
    assert not np.array_equal(first(SERIES)[0], first("another")[0])


def test_every_batch_has_its_share_of_labelled_pairs():
    labeled, pseudo = split("l", 2), split("u", 30)
    made = with_copies(labeled, pseudo, pseudo_labels(labeled_share=0.25), dict.fromkeys(pseudo.names, 0), SERIES)
    recipe = TrainingSettings(2, 8, 0.003, 1e-4, seed=1, num_steps=20)
    of_labeled = {image.tobytes() for image in labeled.images}
    batches = list(training_batches(made, recipe, range(2)))
    assert len(batches) == 20
    for images, _ in batches:
        assert sum(image.tobytes() in of_labeled for image in images) >= 2
    seen = {image.tobytes() for images, _ in batches for image in images}
    assert len(seen) == 32  # 120 places for pairs of any kind: all come
    later = list(training_batches(made, recipe, range(1, 2)))
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(batches[10:], later, strict=True))


def test_a_changed_labelled_pair_that_comes_twice_is_changed_in_two_ways():
    labeled, pseudo = split("l", 1), split("u", 1)
    made = with_copies(labeled, pseudo, pseudo_labels(labeled_share=0.5), dict.fromkeys(pseudo.names, 0), SERIES)
    recipe = TrainingSettings(1, 4, 0.003, 1e-4, seed=1, num_steps=1, color=(0.4, 0.4, 0.4, 0.05))
    ((images, masks),) = training_batches(made, recipe, range(1))
    of_labeled = [image for image, mask in zip(images, masks, strict=True) if np.array_equal(mask, labeled.masks[0])]
    assert len(of_labeled) == 3  # two by the rule, one of the two others
    assert len({image.tobytes() for image in of_labeled}) == 3


@pytest.mark.parametrize("generation", range(5))
def test_noise_of_a_generation_stays_within_its_limits(generation):
    noise = MethodConfig().growth(generation).noise
    image, mask = np.full((64, 64, 3), 128, np.uint8), np.zeros((64, 64), np.uint8)
    mask[:, :10] = 7
    for copy in range(40):
        rng = copy_random(1, "x", "y", copy)
        found, label = augment(image, mask, noise, rng)
        # 128 * (1 + contrast) + offset, rounded; then the noise. Blur changes nothing of an even image.
        far = 128 * (noise.brightness_alpha[1] - 1) + noise.brightness_beta[1] + 0.5 + noise.max_noise
        assert np.abs(found.astype(int) - 128).max() <= far
        assert np.array_equal(label, mask) or np.array_equal(label, mask[:, ::-1])
    assert noise.max_blur == (generation == 4)

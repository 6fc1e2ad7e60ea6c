"""The training of step 05: worked numbers of the loss, views, and whole epochs of the toy network."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from common.config.settings import AugmentationConfig, NetworkSettings, TrainingSettings
from common.dataset.prepared.augment import copy_random, draw_view
from common.errors import DataError, TrainingError
from common.labels.maps import LabelMap, study_label_map
from common.learning.experiments.jobs import weights_digest
from common.learning.network.model_card import ModelCard, add_card
from common.learning.training import consistency
from common.learning.training.batches import LoadedSplit
from common.learning.training.checkpoint import values_of
from common.learning.training.consistency import (
    UnlabeledImages,
    compile_from,
    squared_difference,
    train_consistently,
    two_view_model,
)
from common.learning.training.loop import TrainingData, TrainingFiles
from tests.support.toy_network import plain_form

NETWORK = NetworkSettings(height=16, width=32, alpha=0.25)
SETTINGS = TrainingSettings(num_epochs=3, batch_size=4, learning_rate=0.01, weight_decay=1e-4, seed=5)
NOISE = AugmentationConfig(
    num_copies=1, brightness_alpha=(0.6, 1.4), brightness_beta=(-15.0, 15.0), max_blur=1, max_noise=15
)
QUIET = replace(NOISE, brightness_alpha=(1.0, 1.0), brightness_beta=(0.0, 0.0), max_blur=0, max_noise=0)


def images(count, seed, low=0):
    return np.random.default_rng(seed).integers(low, 256, (count, 16, 32, 3)).astype(np.uint8)


def labeled(count, seed):
    """Noise in two halves, each of a class and a brightness of its own."""
    pictures, masks = images(count, seed) // 2, np.full((count, 16, 32), 8, np.uint8)
    pictures[:, :, 16:] += 120
    masks[:, :, 16:] = 24
    return LoadedSplit(tuple(map(str, range(count))), pictures, masks)


def unlabeled(count=6, noise=NOISE, weight=1.0, pictures=None):
    pictures = labeled(count, 7).images if pictures is None else pictures
    return UnlabeledImages(tuple(f"u{number}" for number in range(count)), pictures, noise, weight, 5, "series_1")


@pytest.fixture(scope="module")
def data():
    return TrainingData(labeled(6, 0), labeled(3, 1), study_label_map())


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A saved network, as step 03 leaves it."""
    path = tmp_path_factory.mktemp("start") / "CITYSCAPES_subset_1_topK_1.keras"
    keras.utils.set_random_seed(3)
    plain_form(NETWORK).save(path)
    add_card(path, ModelCard(name="a", label_map=study_label_map(), size_wh=(32, 16), preparation="study"))
    return path


def compiled(data, start, settings=SETTINGS, count=6):
    return compile_from(start, weights_digest(start), NETWORK, settings, data, count)


def train_all(data, start, path, report=lambda entry: None, others=None, threads=1, settings=SETTINGS):
    model = compiled(data, start, settings)
    files = TrainingFiles(path / "checkpoint.npz", "identity", path / "events")
    return model, train_consistently(model, data, others or unlabeled(), settings, files, report, threads)


def outcome(trained):
    """All that two equal trainings have in common: weights and history, without the times."""
    model, state = trained
    history = [{key: value for key, value in entry.items() if "seconds" not in key} for entry in state.history]
    return history, [value.tobytes() for value in values_of(model.variables)]


@pytest.fixture(scope="module")
def trained(data, start, tmp_path_factory):
    """A model and the state of its training, by SETTINGS; only read."""
    return train_all(data, start, tmp_path_factory.mktemp("trained"))


class Free(keras.layers.Layer):
    """Logits that are the weights themselves, so that a step of the optimiser shows the gradient."""

    def build(self, shape):
        self.values = self.add_weight(shape=(1, 2, 3), name="values")

    def call(self, image):
        return self.values + 0 * image


def logits_of(probabilities):
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(np.array(probabilities, np.float32)), -60)  # softmax of -60 is 0 to 26 decimals


# Two pixels, three classes.
P = logits_of([[[0.7, 0.2, 0.1], [0.5, 0.5, 0.0]]])
Q = logits_of([[[0.5, 0.3, 0.2], [0.5, 0.4, 0.1]]])


@pytest.mark.backend
def test_the_loss_is_the_mean_of_the_squared_differences_of_the_probabilities():
    # (.2^2 + .1^2 + .1^2) / 3 = .02 and (0 + .1^2 + .1^2) / 3 = .00667; their mean is .01333.
    found = keras.ops.convert_to_numpy(squared_difference(P[None], Q[None]))
    np.testing.assert_allclose(found, [0.04 / 3], rtol=1e-5)
    assert keras.ops.convert_to_numpy(squared_difference(P[None], P[None])) == [0.0]


@pytest.mark.backend
def test_the_gradient_goes_through_both_views():
    first, second = Free(), Free()
    image = keras.Input((1, 2, 3))
    model = keras.Model(image, squared_difference(first(image), second(image)))
    first.values.assign(P)
    second.values.assign(Q)
    model.compile(keras.optimizers.SGD(1.0), loss=lambda _, found: keras.ops.mean(found), jit_compile=False)
    model.train_on_batch(np.zeros((1, 1, 2, 3), np.float32), np.zeros(1, np.float32))
    # By the probabilities: 2 (p - q) / 6 = (.0667 -.0333 -.0333), (0 .0333 -.0333); by a logit: p (that - its mean).
    for layer, before, expected in (
        (first, P, [[0.021, -0.014, -0.007], [-0.00833, 0.00833, 0.0]]),
        (second, Q, [[-0.025, 0.015, 0.010], [0.005, -0.00933, 0.00433]]),
    ):
        gradient = before - keras.ops.convert_to_numpy(layer.values)
        np.testing.assert_allclose(gradient, [expected], atol=1e-5)


@pytest.mark.backend
def test_equal_views_train_nothing(data, start):
    model = compiled(data, start)
    views = unlabeled(noise=QUIET).views(np.arange(4), epoch=0)
    assert (views[:, 0] == views[:, 1]).all()
    loss = two_view_model(model, 1.0).train_on_batch(views, np.zeros(4, np.float32))
    assert loss == pytest.approx(0, abs=1e-12)
    # A back end may compute the two in other orders; different views give 1e-5.
    assert all(np.abs(moment).max() < 1e-9 for moment in momenta(model))


def test_each_view_goes_through_the_network_in_a_call_of_its_own(data, start):
    """Batch normalisation takes the statistics of each view, and moves twice."""
    model = compiled(data, start)
    views = unlabeled().views(np.arange(4), epoch=0)
    first, second = (keras.ops.convert_to_numpy(model(views[:, one], training=True)) for one in (0, 1))
    expected = keras.ops.convert_to_numpy(squared_difference(first, second)).mean()
    fresh = compiled(data, start)
    loss = two_view_model(fresh, 2.0).train_on_batch(views, np.zeros(4, np.float32))
    assert loss == pytest.approx(2 * expected, rel=1e-4)
    for name in ("stem_norm", "down_norm"):
        moved = [keras.ops.convert_to_numpy(one.get_layer(name).moving_mean) for one in (model, fresh)]
        # Moved once, they would be half as large; the back end chooses which view comes first.
        np.testing.assert_allclose(*moved, rtol=1e-2, atol=1e-5)


def momenta(model, start_layers=("stem_conv", "down_conv")):
    """The first moments of the optimiser, a tenth of the gradient after one step, of the kernels of some layers."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    paths = [variable.path for variable in model.trainable_variables]
    values = values_of(optimizer._momentums)
    return [values[paths.index(f"{layer}/kernel")] for layer in start_layers]


@pytest.mark.parametrize("scaled", [True, False])
def test_the_gradient_does_not_vanish_in_float16(data, start, scaled):
    """A weight of 1e-4 makes the gradient by a probability, 2 / 35 / (4 * 512) = 3e-5, as small as in the study."""
    views = unlabeled().views(np.arange(4), epoch=0)

    def after_a_step(policy):
        keras.config.set_dtype_policy(policy)
        try:
            model = compiled(data, start)
            if not scaled:
                model.compile(optimizer=keras.optimizers.AdamW(), loss="mse", auto_scale_loss=False)
                model.optimizer.build(model.trainable_variables)
            pair = two_view_model(model, 1e-4)
            if not scaled:
                pair.compile(optimizer=model.optimizer, loss=pair.loss, auto_scale_loss=False)
            assert pair.optimizer is model.optimizer
            assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (
                scaled and policy == "mixed_float16"
            )
            pair.train_on_batch(views, np.zeros(4, np.float32))
            return momenta(model)
        finally:
            keras.config.set_dtype_policy("float32")

    for exact, found in zip(after_a_step("float32"), after_a_step("mixed_float16"), strict=True):
        assert np.abs(exact).max() > 0
        if scaled:
            assert np.corrcoef(exact.ravel(), found.ravel())[0, 1] > 0.95
            assert np.abs(found).sum() == pytest.approx(np.abs(exact).sum(), rel=0.2)
        else:
            assert np.abs(found).sum() < 0.2 * np.abs(exact).sum()


def test_views_are_new_in_each_epoch_and_belong_to_their_image():
    one = unlabeled()
    first, later = one.views(np.array([2, 0]), epoch=0), one.views(np.array([0, 2]), epoch=1)
    assert first.shape == (2, 2, 16, 32, 3)
    assert first.dtype == np.uint8
    assert not (first[0, 0] == first[0, 1]).all()
    assert not (first[0] == later[1]).all()
    assert (first[0] == one.views(np.array([2]), epoch=0)[0]).all()
    expected = draw_view(one.images[2], NOISE, copy_random(5, "series_1", "u2", 3))
    assert (later[1, 1] == expected).all()


def test_nothing_depends_on_the_number_of_threads(data, start, trained, tmp_path):
    assert outcome(train_all(data, start, tmp_path, threads=4)) == outcome(trained)


def test_both_halves_see_red_green_blue(data, start, tmp_path, monkeypatch):
    """Labelled images are red, unlabelled ones too; what the network is given is recorded."""
    red = np.zeros((6, 16, 32, 3), np.uint8)
    red[..., 0] = np.arange(100, 106)[:, None, None]
    seen = []

    def recorded(make, turns, threads):
        for turn in turns:
            seen.append(make(turn)[0])
            yield make(turn)

    monkeypatch.setattr(consistency, "made_ahead", recorded)
    of_red = replace(data, train=LoadedSplit(data.train.names, red, data.train.masks))
    settings = replace(SETTINGS, num_epochs=1)
    train_all(of_red, start, tmp_path, others=unlabeled(noise=QUIET, pictures=red), settings=settings)
    assert [batch.shape[0] for batch in seen] == [4, 2, 4, 2]  # the last batches are smaller, nothing is left out
    for batch in seen:
        assert batch[..., 0].min() >= 100
        assert not batch[..., 1:].any()
    for half in (seen[:2], seen[2:]):
        whole = np.concatenate([batch[:, 0, 0, 0].reshape(len(batch), -1)[:, 0] for batch in half])
        assert sorted(whole) == [100, 101, 102, 103, 104, 105]


@pytest.mark.backend
def test_an_epoch_has_both_losses_and_the_best_weights_are_those_with_the_lowest_loss_on_val(data, trained):
    model, state = trained
    assert [entry["epoch"] for entry in state.history] == [0, 1, 2]
    assert state.history[-1]["loss"] < state.history[0]["loss"]
    assert all(entry["consistency_loss"] > 0 for entry in state.history)
    lowest = [min(entry["loss_val_labeled"], entry["loss_val"]) for entry in state.history]
    assert state.best_epoch == lowest.index(min(lowest))
    found = model.evaluate(data.validate.images, data.validate.masks, batch_size=4, verbose=0)
    assert found == pytest.approx(min(lowest), rel=1e-6)


@pytest.mark.backend
def test_a_training_that_was_killed_goes_on_to_the_same_bits(data, start, trained, tmp_path):
    def stop(entry):
        if entry["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_all(data, start, tmp_path, stop)
    seen = []
    assert outcome(train_all(data, start, tmp_path, seen.append)) == outcome(trained)
    assert [entry.get("done_before", False) for entry in seen] == [True, True, False]


def test_the_training_begins_with_the_weights_of_the_start_network_and_a_new_optimiser(data, start):
    model, saved = compiled(data, start), keras.saving.load_model(start, compile=False)
    assert all((a == b).all() for a, b in zip(values_of(model.variables), values_of(saved.variables), strict=True))
    assert int(model.optimizer.iterations) == 0


def test_a_schedule_counts_the_steps_of_both_halves(data, start):
    model = compiled(data, start, replace(SETTINGS, schedule="cosine", warmup_steps=1_000), count=9)
    # 3 epochs of 2 labelled and 3 unlabelled batches; a warm-up that is longer takes all steps but one.
    schedule = model.optimizer._learning_rate
    assert (schedule.warmup_steps, schedule.decay_steps) == (14, 1)


def test_a_start_network_that_changed_or_is_another_one_is_refused(data, start):
    with pytest.raises(DataError, match="topK_1.keras: was changed"):
        compile_from(start, "00000000-1", NETWORK, SETTINGS, data, 6)
    with pytest.raises(DataError, match="topK_1.keras: .*step 03"):
        compile_from(start, weights_digest(start), replace(NETWORK, num_classes=7), SETTINGS, data, 6)
    other = LabelMap(("a", "b"), ((1, 1, 1), (2, 2, 2)), (0, *[1] * 33))
    with pytest.raises(DataError, match="topK_1.keras: .*LABEL_MAP"):
        compiled(replace(data, label_map=other), start)


def test_a_loss_that_is_nan_stops_with_the_way_out(data, start, tmp_path):
    model = compiled(data, start)
    model.set_weights([np.full_like(value, np.nan) for value in values_of(model.variables)])
    with pytest.raises(TrainingError, match="lower LR"):
        train_consistently(model, data, unlabeled(), SETTINGS, TrainingFiles(tmp_path / "a.npz", "identity"))

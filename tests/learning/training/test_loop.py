import math
from dataclasses import replace

import keras
import numpy as np
import pytest

from common.config.settings import NetworkSettings, TrainingSettings
from common.errors import TrainingError
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap, study_label_map
from common.learning.network.networks import class_index_model, copy_weights, validation_model
from common.learning.training import loop
from common.learning.training.batches import LoadedSplit, training_batches
from common.learning.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, values_of
from common.learning.training.loop import (
    TrainingData,
    TrainingFiles,
    compile_training,
    history_keys,
    masks_for_loss,
    train,
    training_loss,
)
from common.learning.training.losses import pixel_cross_entropy
from common.learning.training.recalibration import recalibrate
from common.learning.training.scoring import score, validate
from tests.support.toy_network import plain_form

NETWORK = NetworkSettings(height=16, width=32, alpha=0.25)
SETTINGS = TrainingSettings(num_epochs=4, batch_size=4, learning_rate=0.003, weight_decay=1e-4, seed=5)


def stripes(count, seed):
    """Pictures a small network learns at once: a stripe of each of three classes, each in a colour of its own."""
    rng = np.random.default_rng(seed)
    masks = np.empty((count, 16, 32), np.uint8)
    for mask in masks:
        borders = sorted(rng.integers(2, 30, 2))
        mask[:, : borders[0]], mask[:, borders[0] : borders[1]], mask[:, borders[1] :] = 8, 22, 24
    colors = np.zeros((35, 3), np.int16)
    colors[[8, 22, 24]] = [[90, 90, 90], [30, 160, 30], [120, 160, 240]]
    images = np.clip(colors[masks] + rng.integers(-20, 20, (*masks.shape, 3)), 0, 255).astype(np.uint8)
    return LoadedSplit(tuple(f"{seed}_{number}" for number in range(count)), images, masks)


@pytest.fixture(scope="module")
def data():
    return TrainingData(stripes(10, 0), stripes(4, 1), study_label_map())


def train_all(data, path, settings=SETTINGS, network=NETWORK, report=lambda entry: None):
    """Trains from the start or from the checkpoint at `path`, and returns the model and the state."""
    model = compile_training(network, settings, data)
    return model, train(model, data, settings, TrainingFiles(path, "identity"), report)


def stop(data, path, after, settings=SETTINGS):
    """Trains, and ends like a killed process after some epochs."""

    def report(entry):
        if entry["epoch"] + 1 == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_all(data, path, settings, report=report)


def outcome(trained):
    """All that two equal trainings have in common: weights and history, without the times."""
    model, state = trained
    history = [{key: value for key, value in entry.items() if "seconds" not in key} for entry in state.history]
    return history, [value.tobytes() for value in values_of(model.variables)]


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A model and the state of its training, by SETTINGS; only read."""
    return train_all(data, tmp_path_factory.mktemp("trained") / "a.npz")


def test_a_network_learns(data, tmp_path):
    settings = replace(SETTINGS, num_epochs=40, learning_rate=0.02, batchnorm_momentum=0.9)
    _, state = train_all(data, tmp_path / "a.npz", settings)
    assert state.history[-1]["loss"] < 0.5 * state.history[0]["loss"]
    assert max(entry["mIoU_val"] for entry in state.history) > 0.3


def test_the_same_seed_gives_the_same_bits_and_another_one_others(data, trained, tmp_path):
    assert outcome(train_all(data, tmp_path / "a.npz")) == outcome(trained)
    history, weights = outcome(train_all(data, tmp_path / "b.npz", replace(SETTINGS, seed=6)))
    assert (history, weights) != outcome(trained)


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(data, trained, tmp_path):
    stop(data, tmp_path / "a.npz", after=1)
    stop(data, tmp_path / "a.npz", after=3)
    assert outcome(train_all(data, tmp_path / "a.npz")) == outcome(trained)


@pytest.mark.backend
def test_the_weights_are_those_of_the_best_epoch(data, trained):
    model, state = trained
    scores = [entry["mIoU_val"] for entry in state.history]
    assert state.best_epoch == scores.index(max(scores))
    again = score(class_index_model(model), data.validate, data.label_map).means
    assert again == {"mIoU": scores[state.best_epoch], "mPA": state.history[state.best_epoch]["mPA_val"]}


@pytest.mark.backend
def test_the_saved_form_gives_the_same_scores(data, trained, tmp_path):
    model, _ = trained
    plain = plain_form(NETWORK)
    copy_weights(model, plain)
    plain.save(tmp_path / "a.keras")
    loaded = keras.saving.load_model(tmp_path / "a.keras", compile=False, safe_mode=True)
    ours = score(class_index_model(model), data.validate, data.label_map).means
    assert score(class_index_model(loaded), data.validate, data.label_map).means == pytest.approx(ours, abs=1e-3)


def test_fewer_images_than_a_batch_train_too(data, tmp_path):
    few = TrainingData(stripes(3, 2), data.validate, data.label_map)
    _, state = train_all(few, tmp_path / "a.npz", replace(SETTINGS, num_epochs=2))
    assert state.epochs_done == 2


@pytest.fixture(scope="module")
def ignoring(data):
    """The stripes with the third class ignored, and three training images of which no pixel counts."""
    label_map = LabelMap(("a", "b"), ((1, 1, 1), (2, 2, 2)), (0, 1, *[IGNORE] * 32))
    index = np.full(256, IGNORE, np.uint8)
    index[[8, 22]] = 0, 1
    train_split, validate = (LoadedSplit(s.names, s.images, index[s.masks]) for s in (data.train, data.validate))
    train_split.masks[:3] = IGNORE
    return TrainingData(train_split, validate, label_map)


def test_a_network_learns_from_the_pixels_that_count(ignoring, tmp_path):
    network = NetworkSettings(height=16, width=32, alpha=0.25, num_classes=2)
    # Pairs of images, so that some batches have nothing that counts.
    settings = replace(SETTINGS, num_epochs=12, batch_size=2, learning_rate=0.02)
    history = train_all(ignoring, tmp_path / "a.npz", settings, network)[1].history
    assert all(np.isfinite(entry["loss"]) for entry in history)
    assert min(entry["loss"] for entry in history) < 0.6 * history[0]["loss"]


def test_a_training_that_ignores_nothing_has_the_loss_of_the_study(data):
    assert compile_training(NETWORK, SETTINGS, data).loss is pixel_cross_entropy


def test_a_loss_that_is_nan_stops_with_the_way_out(data, tmp_path):
    model = compile_training(NETWORK, SETTINGS, data)
    model.set_weights([np.full_like(value, np.nan) for value in values_of(model.variables)])
    with pytest.raises(TrainingError, match="lower LR"):
        train(model, data, SETTINGS, TrainingFiles(tmp_path / "a.npz", "identity"))


@pytest.mark.backend
def test_a_checkpoint_is_exact(data, tmp_path):
    model, other = compile_training(NETWORK, SETTINGS, data), compile_training(NETWORK, SETTINGS, data)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=value.shape).astype(value.dtype) for value in values_of(model.variables)])
    save_checkpoint(tmp_path / "a.npz", TrainingState([], None, None), model, "me")
    load_checkpoint(tmp_path / "a.npz", other, "me", ())
    assert all((a == b).all() for a, b in zip(values_of(model.variables), values_of(other.variables), strict=True))


EVERYTHING = replace(
    SETTINGS, num_epochs=3, num_steps=30, schedule="cosine", warmup_steps=2, decay_on="kernels", gradient_clip=1.0,
    flip=True, scale=(0.5, 2.0), color=(0.4, 0.4, 0.4, 0.05), mix="classmix", loss="cross_entropy+dice",
    class_weights="inverse_sqrt", ema_momentum=0.9, batchnorm_momentum=0.9, batchnorm_recalibration=True,
)  # fmt: skip


@pytest.mark.backend
def test_with_all_choices_a_stopped_training_goes_on_to_the_same_bits(data, tmp_path):
    undisturbed = train_all(data, tmp_path / "a.npz", EVERYTHING)
    losses = [entry["loss"] for entry in undisturbed[1].history]
    assert losses[-1] < losses[0]
    stop(data, tmp_path / "b.npz", 2, EVERYTHING)
    assert outcome(train_all(data, tmp_path / "b.npz", EVERYTHING)) == outcome(undisturbed)


def running_mean(model, data, settings):
    """Trains step by step and computes the running mean of the weights by hand."""
    means, momentum = None, settings.ema_momentum
    for images, masks in training_batches(data.train, settings, range(settings.num_epochs)):
        model.train_on_batch(images, masks)
        now = [value.astype(np.float64) for value in values_of(model.trainable_variables)]
        means = now if means is None else [momentum * m + (1 - momentum) * n for m, n in zip(means, now, strict=True)]
    return means


@pytest.mark.backend
def test_the_running_mean_of_the_weights_is_what_is_scored_and_kept(data, tmp_path):
    settings = replace(SETTINGS, num_epochs=1, ema_momentum=0.8, num_steps=4)
    model, state = train_all(data, tmp_path / "a.npz", settings)
    expected = running_mean(compile_training(NETWORK, settings, data), data, settings)
    for found, mean in zip(values_of(model.trainable_variables), expected, strict=True):
        np.testing.assert_allclose(found, mean, rtol=1e-3, atol=2e-5)
    again = score(class_index_model(model), data.validate, data.label_map).means
    assert again["mIoU"] == state.history[0]["mIoU_val"]


@pytest.mark.backend
def test_recalibrated_statistics_are_those_of_all_training_images(data):
    model = compile_training(NETWORK, SETTINGS, data)
    weights = values_of(model.trainable_variables)
    recalibrate(model, data.train, len(data.train))
    assert all((a == b).all() for a, b in zip(weights, values_of(model.trainable_variables), strict=True))
    first = model.get_layer("stem_norm")
    before = keras.Model(model.input, first.input)
    inputs = np.asarray(keras.ops.convert_to_numpy(before(data.train.images)), np.float64)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(first.moving_mean), inputs.mean((0, 1, 2)), rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(first.moving_variance), inputs.var((0, 1, 2)), rtol=1e-3)
    # Normalised by them, a network that is used gives what it gave in training, where the batch is all images.
    used, trained = (
        np.asarray(keras.ops.convert_to_numpy(model(data.train.images, training=one))) for one in (False, True)
    )
    np.testing.assert_allclose(used, trained, rtol=0.02, atol=0.02)
    order = np.argsort(data.train.images.mean((1, 2, 3)))  # batches as unlike as they can be
    recalibrate(model, replace(data.train, images=data.train.images[order]), 3)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(first.moving_variance), inputs.var((0, 1, 2)), rtol=1e-3)


def cross_entropy(model, images, masks):
    """Of every pixel that counts, from the logits of a network."""
    logits = np.asarray(model.predict_on_batch(images), np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    counted = masks != IGNORE
    return -np.log(np.take_along_axis(chances, np.where(counted, masks, 0)[..., None], axis=-1)[..., 0][counted])


def test_one_pass_over_val_gives_its_scores_and_the_loss_of_the_pixels_that_count(data):
    model = compile_training(NETWORK, SETTINGS, data)
    masks = data.train.masks.copy()
    masks[3, :, :7] = IGNORE
    # 10 images: the second batch of 8 is filled up.
    both = validation_model(model, training_loss(SETTINGS, data, leaves_out=True), mirror=True)
    scores, loss = validate(both, data.train, masks, data.label_map)
    assert loss == pytest.approx(cross_entropy(model, data.train.images, masks).mean(), rel=1e-5)
    assert scores.images == score(class_index_model(model, mirror=True), data.train, data.label_map).images


def test_the_history_tells_steps_learning_rate_and_scores_of_val(data, trained):
    last = trained[1].history[-1]
    # 10 images in batches of 4: 2 steps
    assert (last["steps"], last["learning_rate"]) == (2, pytest.approx(0.003))
    assert last.keys() == set(history_keys(data))
    assert last.keys() > {"loss_val", "official_mIoU_val"}


def test_a_loss_on_val_that_is_infinite_is_left_out_and_stops_nothing(data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "validate", lambda *args: (validate(*args)[0], math.inf))
    model, state = train_all(data, tmp_path / "a.npz", replace(SETTINGS, num_epochs=1))
    assert "loss_val" not in state.history[0]
    again = load_checkpoint(tmp_path / "a.npz", model, "identity", history_keys(data), may_miss=("loss_val",))
    assert again.history == state.history


def test_void_counts_in_the_loss_on_val_only_where_it_is_trained_on(data):
    void, masks = data.label_map.void_classes[0], data.validate.masks.copy()
    masks[0] = void
    there = replace(data, validate=replace(data.validate, masks=masks))
    assert masks_for_loss(SETTINGS, there) is masks
    left = masks_for_loss(replace(SETTINGS, train_void=False), there)
    assert (np.unique(left[0]), (left[1:] == masks[1:]).all(), masks[0, 0, 0]) == (IGNORE, True, void)

from dataclasses import replace

import keras
import numpy as np
import pytest

from common.config.settings import NETWORKS, NetworkSettings
from common.errors import ConfigError
from common.learning.backend import machine as backend
from common.learning.network.networks import class_index_model, copy_weights, find_network
from common.learning.network.unet import plain_form, training_form
from common.learning.training.losses import pixel_cross_entropy

SMALL = NetworkSettings(height=32, width=64, alpha=0.25)
# For comparing gradients: with ReLU a last bit decides whether a value is passed on or not, and in float32 any two ways
# to compute the same network, Keras' own against float64 included, have gradients some percent apart.
SMOOTH = NetworkSettings(height=32, width=64, alpha=0.25, activation="silu")


def batch(images=2, settings=SMALL):
    rng = np.random.default_rng(0)
    size = (images, settings.height, settings.width)
    return rng.integers(0, 256, (*size, 3), dtype=np.uint8), rng.integers(0, settings.num_classes, size, dtype=np.uint8)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def make_both_forms(settings):
    """Both forms with the same weights, the moving statistics away from 0 and 1."""
    keras.utils.set_random_seed(0)
    training, plain = training_form(settings), plain_form(settings)
    rng = np.random.default_rng(1)
    training.set_weights([value + 0.1 * rng.random(value.shape, "float32") for value in training.get_weights()])
    copy_weights(training, plain)
    return training, plain


@pytest.fixture(scope="module")
def made():
    forms = make_both_forms(SMOOTH)
    return forms, forms[0].get_weights()


@pytest.fixture
def both_forms(made):
    """Both forms, built once, with the same weights as at first."""
    forms, weights = made
    for form in forms:
        form.set_weights(weights)
    return forms


def loss_and_gradients(model, loss):
    """One step of SGD with momentum: the velocity, from zero and with learning rate 1, is minus the gradient."""
    optimizer = keras.optimizers.SGD(1.0, momentum=0.9)
    # One step is not worth a graph under TensorFlow; under JAX single operations take longer than a graph.
    model.compile(optimizer=optimizer, loss=loss, run_eagerly=keras.backend.backend() != "jax")
    value = float(model.train_on_batch(*batch()))
    return value, [-keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables[2:]]


@pytest.mark.parametrize(
    "alpha, parameters", [(1, 682_259), (1.25, 1_064_415), (1.5, 1_531_211), (1.75, 2_082_647), (2, 2_718_723)]
)
def test_parameters_are_as_many_as_in_the_study(alpha, parameters):
    assert plain_form(NetworkSettings(16, 16, alpha=alpha)).count_params() == parameters


@pytest.mark.backend
@pytest.mark.parametrize("name", NETWORKS)
def test_both_forms_of_every_network_have_the_same_weights_and_end_in_logits(name):
    settings = replace(SMALL, name=name)
    training, plain = find_network(settings).training_form(settings), find_network(settings).plain_form(settings)
    copy_weights(training, plain)
    assert [layer.name for layer in (training.layers[-1], *plain.layers[-2:])] == ["logits", "logits", "softmax"]


def test_plain_form_has_stock_layers_only_and_ends_in_float32_probabilities():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = plain_form(SMALL)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(batch()[0])).sum(-1), 1, rtol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("is_training", [False, True])
def test_both_forms_give_the_same_output(both_forms, is_training):
    training, plain = both_forms
    images = batch()[0]
    logits = keras.ops.convert_to_numpy(training(images, training=is_training))
    stock = keras.Model(plain.input, [plain.get_layer("logits").output, plain.output])
    stock_logits, probabilities = map(keras.ops.convert_to_numpy, stock(images, training=is_training))
    # Without statistics of the batch, logits of these weights reach a million: of probabilities rounding shows.
    np.testing.assert_allclose(logits, stock_logits, rtol=0, atol=2e-5 * np.abs(stock_logits).max())
    np.testing.assert_allclose(softmax(stock_logits), probabilities, atol=1e-5)


@pytest.mark.backend
def test_both_forms_have_the_same_loss_and_gradients(both_forms):
    training, plain = both_forms
    # Of the logits: from probabilities, Keras cuts off below 1e-7 under JAX, and does not train under PyTorch.
    plain = keras.Model(plain.input, plain.get_layer("logits").output)
    loss, gradients = loss_and_gradients(training, pixel_cross_entropy)
    stock, stock_gradients = loss_and_gradients(plain, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert loss == pytest.approx(stock, rel=1e-6)
    ours, theirs = (np.concatenate([value.ravel() for value in values]) for values in (gradients, stock_gradients))
    assert np.linalg.norm(ours - theirs) < 1e-4 * np.linalg.norm(theirs)


@pytest.mark.backend
def test_loss_of_both_forms_is_the_same_with_relu():
    training, plain = make_both_forms(SMALL)
    images, labels = batch()
    loss = keras.ops.mean(pixel_cross_entropy(labels, training(images, training=True)))
    logits = keras.Model(plain.input, plain.get_layer("logits").output)(images, training=True)
    stock = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    assert float(loss) == pytest.approx(float(stock), rel=1e-5)


@pytest.mark.backend
def test_moving_statistics_of_both_forms_stay_equal(both_forms):
    training, plain = both_forms
    images = batch()[0]
    training(images, training=True)
    plain(images, training=True)
    for ours, theirs in zip(training.non_trainable_variables, plain.non_trainable_variables, strict=True):
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs), rtol=1e-4, atol=1e-5
        )


@pytest.mark.backend
def test_class_indices_are_the_largest_probabilities_also_of_a_model_loaded_in_safe_mode(both_forms, tmp_path):
    training, plain = both_forms
    plain.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    images = batch()[0]
    probabilities = plain.predict_on_batch(images)
    np.testing.assert_array_equal(loaded.predict_on_batch(images), probabilities)
    for model in (training, loaded):
        indices = keras.ops.convert_to_numpy(class_index_model(model)(images))
        assert indices.dtype == np.uint8
        assert (indices == probabilities.argmax(-1)).mean() > 0.999  # two can be equal but for rounding


def test_class_indices_above_255_are_int32():
    model = class_index_model(training_form(NetworkSettings(16, 16, num_classes=300, alpha=0.25)))
    assert model.output.dtype == "int32"


def test_class_index_model_shares_its_weights():
    model = training_form(SMALL)
    assert {id(value) for value in class_index_model(model).variables} == {id(value) for value in model.variables}


def test_weights_of_another_network_are_refused():
    with pytest.raises(ConfigError, match="stem_conv1/kernel"):
        copy_weights(training_form(SMALL), plain_form(NetworkSettings(32, 64, alpha=0.5)))


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="multiples of 16"):
        training_form(NetworkSettings(height=200, width=416))
    with pytest.raises(ValueError, match="alpha"):
        NetworkSettings(height=32, width=32, alpha=0.01)


@pytest.mark.backend
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_loss_falls_and_state_put_back_through_numpy_trains_on_bit_by_bit(precision):
    if precision == "mixed_bfloat16" and keras.backend.backend() != "tensorflow":
        pytest.skip("mixed_bfloat16 is used under TensorFlow only")
    keras.config.set_dtype_policy(precision)
    try:
        model = compiled()
    finally:
        keras.config.set_dtype_policy("float32")
    losses = [float(model.train_on_batch(*batch())) for _ in range(5)]
    state = [keras.ops.convert_to_numpy(value).copy() for value in model.variables + model.optimizer.variables]
    losses.append(float(model.train_on_batch(*batch())))
    assert losses[-1] < losses[0]
    undisturbed = model.get_weights()
    for variable, value in zip(model.variables + model.optimizer.variables, state, strict=True):
        variable.assign(value)
    model.train_on_batch(*batch())
    for ours, theirs in zip(undisturbed, model.get_weights(), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs)


def compiled():
    model = training_form(SMALL)
    model.compile(optimizer="adamw", loss=pixel_cross_entropy, jit_compile=backend.jit_compile())
    model.optimizer.build(model.trainable_variables)
    return model

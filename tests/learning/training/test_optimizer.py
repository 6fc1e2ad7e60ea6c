import keras
import numpy as np
import pytest

from common.config.settings import TrainingSettings
from common.learning.training.optimizer import make_optimizer

pytestmark = pytest.mark.backend


def adamw(learning_rate, weight_decay, **choices):
    """Makes the optimiser for ten steps."""
    settings = TrainingSettings(1, 4, learning_rate, weight_decay, **{"num_steps": 10, **choices})
    return make_optimizer(settings, 40)


def test_one_step_is_decay_then_adam_as_in_tensorflow_addons():
    variable = keras.Variable(np.array([2.0, -1.0], "float32"))
    gradient = np.array([0.5, -0.25])
    optimizer = adamw(learning_rate=0.003, weight_decay=1e-4)
    optimizer.build([variable])
    optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [variable])
    decayed = np.array([2.0, -1.0]) * (1 - 1e-4)  # the decay is not multiplied by the learning rate
    moment, square = 0.1 * gradient, 0.001 * gradient**2
    step = 0.003 * np.sqrt(1 - 0.999) / (1 - 0.9) * moment / (np.sqrt(square) + 1e-7)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), decayed - step, rtol=3e-7)


def test_without_gradient_only_the_decay_is_left():
    variable = keras.Variable(np.array([1.0], "float32"))
    optimizer = adamw(learning_rate=0.5, weight_decay=0.01)
    optimizer.build([variable])
    for _ in range(2):
        optimizer.apply([keras.ops.zeros(1)], [variable])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), [0.99 * 0.99], rtol=1e-6)


def test_biases_scales_and_offsets_decay_too():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 4, 4, 3))
    optimizer = adamw(learning_rate=0.003, weight_decay=0.1)
    optimizer.build(layer.trainable_variables)
    optimizer.apply([keras.ops.zeros(3) for _ in layer.trainable_variables], layer.trainable_variables)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer.gamma), np.full(3, 0.9), rtol=1e-6)


def test_moments_exist_after_build_and_not_before():
    variable = keras.Variable(np.zeros(3, "float32"))
    optimizer = adamw(0.003, 1e-4)
    before = [value.path.split("/")[-1] for value in optimizer.variables]
    optimizer.build([variable])
    assert before == ["iteration", "learning_rate"]
    assert len(optimizer.variables) == 4  # and first and second moment


def test_compile_adds_loss_scaling_to_mixed_float16():
    image = keras.Input((4,), dtype="float32")
    model = keras.Model(image, keras.layers.Dense(2, dtype="mixed_float16")(image))
    model.dtype_policy = "mixed_float16"
    model.compile(optimizer=adamw(0.003, 1e-4), loss="mse")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


def applied(optimizer, steps):
    """Applies gradients of 1 to one weight and returns what it is after every step."""
    variable = keras.Variable(np.array([1.0], "float32"))
    optimizer.build([variable])
    values = []
    for _ in range(steps):
        optimizer.apply([keras.ops.ones(1)], [variable])
        values.append(float(keras.ops.convert_to_numpy(variable)[0]))
    return np.array(values)


def test_the_rate_grows_then_falls_like_a_cosine_to_nothing():
    # With gradients that are all 1, a step of Adam is the learning rate.
    values = applied(adamw(0.1, 0.0, schedule="cosine", warmup_steps=4, num_steps=10), 10)
    rates = -np.diff([1.0, *values])
    warm = 0.1 * np.arange(4) / 4
    falling = 0.1 * (1 + np.cos(np.pi * np.arange(6) / 6)) / 2
    np.testing.assert_allclose(rates, [*warm, *falling], atol=2e-6)


def test_without_a_number_of_steps_the_cosine_spans_all_epochs():
    settings = TrainingSettings(2, 4, 0.1, 0.0, schedule="cosine")  # 12 images: 3 steps an epoch
    rates = -np.diff([1.0, *applied(make_optimizer(settings, 12), 6)])
    np.testing.assert_allclose(rates, 0.1 * (1 + np.cos(np.pi * np.arange(6) / 6)) / 2, atol=2e-6)


def test_a_warm_up_alone_ends_at_the_constant_rate():
    rates = -np.diff([1.0, *applied(adamw(0.1, 0.0, warmup_steps=5), 8)])
    np.testing.assert_allclose(rates, [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.1, 0.1], atol=2e-6)


def test_a_training_shorter_than_its_warm_up_only_warms_up():
    settings = TrainingSettings(1, 4, 0.1, 0.0, schedule="cosine", warmup_steps=100)  # 16 images: 4 steps
    rates = -np.diff([1.0, *applied(make_optimizer(settings, 16), 4)])
    np.testing.assert_allclose(rates, [0, 0.025, 0.05, 0.075], atol=2e-6)


def test_decay_follows_the_rate_and_is_what_was_asked_for_at_its_highest():
    variable = keras.Variable(np.array([1.0], "float32"))
    optimizer = adamw(0.1, 0.01, schedule="cosine", num_steps=2)
    optimizer.build([variable])
    for expected in (0.99, 0.99 * 0.995):  # the whole rate, then half of it
        optimizer.apply([keras.ops.zeros(1)], [variable])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), [expected], rtol=1e-6)


def test_decay_on_kernels_leaves_biases_scales_and_offsets_alone():
    image = keras.Input((4, 4, 3))
    layers = [
        keras.layers.Conv2D(2, 1, bias_initializer="ones"),
        keras.layers.BatchNormalization(beta_initializer="ones"),
    ]
    model = keras.Model(image, layers[1](layers[0](image)))
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in model.trainable_variables]
    optimizer = adamw(0.003, 0.1, decay_on="kernels")
    optimizer.build(model.trainable_variables)
    optimizer.apply([keras.ops.zeros(value.shape) for value in model.trainable_variables], model.trainable_variables)
    for variable, old in zip(model.trainable_variables, before, strict=True):
        factor = 0.9 if variable.path.endswith("kernel") else 1.0
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), factor * old, rtol=1e-6)


def test_gradients_are_cut_together_to_the_largest_norm():
    variables = [keras.Variable(np.zeros(1, "float32")) for _ in range(2)]
    optimizer = adamw(0.1, 0.0, gradient_clip=1.0)
    optimizer.build(variables)
    optimizer.apply([keras.ops.convert_to_tensor([3.0]), keras.ops.convert_to_tensor([4.0])], variables)
    moments = [v for v in optimizer.variables if v.path.endswith("momentum")]
    # A first moment is a tenth of the first gradient: 3/5 and 4/5 after the cut.
    found = [float(keras.ops.convert_to_numpy(moment)[0]) for moment in moments]
    np.testing.assert_allclose(found, [0.06, 0.08], rtol=1e-5)

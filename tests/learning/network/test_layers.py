import keras
import numpy as np
import pytest

from common.learning.network.layers import FusedBatchNormalization, largest, upsample_add

needs_fast_operations = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the fast layers exist under TensorFlow only"
)

pytestmark = pytest.mark.backend


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32") * 2 + 1


def to_numpy(tensor):
    return keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32"))


@needs_fast_operations
@pytest.mark.parametrize("dtype, tolerance", [("float32", 5e-6), ("mixed_bfloat16", 0.02)])
@pytest.mark.parametrize("training", [True, False])
def test_fused_batch_normalization_equals_the_stock_layer(dtype, tolerance, training):
    inputs = values(2, 6, 5, 4)
    stock, fused = keras.layers.BatchNormalization(dtype=dtype), FusedBatchNormalization(dtype=dtype)
    weights = [values(4, seed=1), values(4, seed=2), values(4, seed=3), np.abs(values(4, seed=4)) + 1]
    for layer in (stock, fused):
        layer.build(inputs.shape)
        layer.set_weights(weights)  # gamma, beta, moving mean, moving variance
    # In bfloat16 the last of 8 bits may differ.
    np.testing.assert_allclose(
        to_numpy(fused(inputs, training=training)),
        to_numpy(stock(inputs, training=training)),
        atol=tolerance,
        rtol=tolerance,
    )


@needs_fast_operations
def test_moving_statistics_are_kept_as_keras_does_with_the_variance_over_n():
    inputs = values(2, 3, 2, 4)  # 12 values a channel: n against n - 1 is 9 % apart
    layer = FusedBatchNormalization()
    layer(inputs, training=True)
    mean, variance = inputs.mean((0, 1, 2)), inputs.var((0, 1, 2))
    np.testing.assert_allclose(to_numpy(layer.moving_mean), 0.01 * mean, rtol=1e-5)
    np.testing.assert_allclose(to_numpy(layer.moving_variance), 0.99 + 0.01 * variance, rtol=1e-6)


@needs_fast_operations
def test_frozen_batch_normalization_uses_and_keeps_its_moving_statistics():
    layer = FusedBatchNormalization(trainable=False)
    inputs = values(2, 4, 4, 3)
    np.testing.assert_allclose(to_numpy(layer(inputs, training=True)), inputs / np.sqrt(1.001), rtol=1e-5)
    np.testing.assert_array_equal(to_numpy(layer.moving_mean), np.zeros(3))


@pytest.mark.parametrize("fast", [False, True])
def test_upsample_add_repeats_each_value_four_times(fast):
    coarse, skip = values(2, 2, 3, 4), values(2, 4, 6, 4, seed=1)
    expected = coarse.repeat(2, axis=1).repeat(2, axis=2) + skip
    np.testing.assert_array_equal(to_numpy(upsample_add(coarse, skip, "merge", fast)), expected)


@pytest.mark.parametrize("fast", [False, True])
def test_gradient_of_upsample_add_is_the_sum_of_four_and_the_value_itself(fast):
    """With its velocity from zero, one step of momentum keeps minus the gradient, here of two single offsets."""
    image = keras.Input((2, 2, 1))
    coarse = keras.layers.Conv2D(1, 2, kernel_initializer="zeros", name="coarse")(image)
    fine = keras.layers.Conv2D(1, 1, kernel_initializer="zeros", name="fine")(image)
    model = keras.Model(image, upsample_add(coarse, fine, "merge", fast))
    model.compile(keras.optimizers.SGD(1.0, momentum=0.9), loss=lambda truth, output: truth * output, jit_compile=False)
    weights = np.array([[1, 2], [3, 4]], "float32").reshape(1, 2, 2, 1)
    model.train_on_batch(np.zeros((1, 2, 2, 1), "float32"), weights)
    velocity = dict(zip([v.path for v in model.trainable_variables], model.optimizer.variables[2:], strict=True))
    # The loss is the mean of weights * output: (1 + 2 + 3 + 4) / 4 for either offset.
    for name in ("coarse/bias", "fine/bias"):
        np.testing.assert_allclose(to_numpy(velocity[name]), [-2.5], rtol=1e-6)


def test_largest_takes_the_first_of_equals():
    logits = np.array([[1, 3, 3, 2], [0, 0, 0, 0], [-4, -3, -2, -1]], "float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(largest(keras.ops.convert_to_tensor(logits))), [1, 0, 3])

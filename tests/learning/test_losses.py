import keras
import numpy as np
import pytest

from common.learning.losses import counted_cross_entropy, pixel_cross_entropy


def expected(labels, logits):
    logits = logits.astype("float64")
    largest = logits.max(-1, keepdims=True)
    log_sum = np.log(np.exp(logits - largest).sum(-1)) + largest[..., 0]
    return log_sum - np.take_along_axis(logits, labels[..., None].astype(int), -1)[..., 0]


def test_is_minus_the_log_of_the_probability_of_the_true_class():
    # Two equal logits: probability 1/2, so log 2 = 0.6931.
    loss = pixel_cross_entropy(np.zeros((1, 1, 1), "uint8"), keras.ops.zeros((1, 1, 1, 2)))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(loss), [[[np.log(2)]]], rtol=1e-6)


def test_equals_float64_arithmetic_for_random_logits():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 5, 7, 35)).astype("float32") * 5
    labels = rng.integers(0, 35, (2, 5, 7), dtype=np.uint8)
    loss = keras.ops.convert_to_numpy(pixel_cross_entropy(labels, keras.ops.convert_to_tensor(logits)))
    np.testing.assert_allclose(loss, expected(labels, logits), rtol=1e-5, atol=2e-6)


def test_stays_finite_where_the_probability_underflows():
    logits = np.array([[[[300.0, -300.0]]]], "float32")  # exp(-600) is 0 in float32
    loss = pixel_cross_entropy(np.ones((1, 1, 1), "uint8"), keras.ops.convert_to_tensor(logits))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(loss), [[[600.0]]], rtol=1e-6)


def test_gradient_is_probability_minus_truth():
    """Trains the logits themselves: with a velocity from zero, one step of momentum keeps minus the gradient."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(1, 2, 3, 5)).astype("float32")
    labels = rng.integers(0, 5, (1, 2, 3), dtype=np.uint8)
    image = keras.Input((2, 3, 1))
    logits = keras.layers.Conv2D(5, 1, use_bias=False, kernel_initializer="zeros")(image)
    offsets = keras.layers.EinsumDense("bhwc,cd->bhwd", (2, 3, 5), bias_axes="hwd", kernel_initializer="zeros")
    model = keras.Model(image, offsets(logits))
    offsets.bias.assign(values[0])
    model.compile(optimizer=keras.optimizers.SGD(1.0, momentum=0.9), loss=pixel_cross_entropy, jit_compile=False)
    model.train_on_batch(np.zeros((1, 2, 3, 1), "float32"), labels)
    index = [variable.path for variable in model.trainable_variables].index(offsets.bias.path)
    gradient = -keras.ops.convert_to_numpy(model.optimizer.variables[2 + index])
    exponentials = np.exp(values[0].astype("float64"))
    probabilities = exponentials / exponentials.sum(-1, keepdims=True)
    np.testing.assert_allclose(gradient, (probabilities - np.eye(5)[labels[0]]) / 6, atol=1e-7)  # the mean of 6 pixels


def test_ignored_pixels_are_no_part_of_the_mean():
    # Three pixels of two classes; the second is ignored. Logits 0 0: log 2; logits 0 log 3, class 1: -log(3/4).
    logits = np.array([[[[0, 0], [50, -50], [0, np.log(3)]]]], "float32")
    loss = counted_cross_entropy(np.array([[[0, 255, 1]]], "uint8"), keras.ops.convert_to_tensor(logits))
    assert float(loss) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2, rel=1e-6)


def test_where_nothing_is_ignored_the_mean_is_that_of_the_study():
    rng = np.random.default_rng(2)
    logits = keras.ops.convert_to_tensor(rng.normal(size=(2, 5, 7, 19)).astype("float32"))
    labels = rng.integers(0, 19, (2, 5, 7), dtype=np.uint8)
    ours, study = counted_cross_entropy(labels, logits), keras.ops.mean(pixel_cross_entropy(labels, logits))
    assert float(ours) == pytest.approx(float(study), rel=1e-6)


class Offsets(keras.layers.Layer):
    """Logits that are the weights themselves, so that a step of the optimiser shows the gradient."""

    def build(self, shape):
        self.values = self.add_weight(shape=(1, 2, 3, 5), name="values")

    def call(self, image):
        return self.values + 0 * image


@pytest.mark.parametrize("ignored", [0, 4, 6])
def test_ignored_pixels_have_no_gradient_and_a_batch_of_them_gives_zero(ignored):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(1, 2, 3, 5)).astype("float32")
    labels = rng.integers(0, 5, (1, 2, 3), dtype=np.uint8)
    labels.ravel()[:ignored] = 255
    image = keras.Input((2, 3, 1))
    layer = Offsets()
    model = keras.Model(image, layer(image))
    layer.values.assign(values)
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=counted_cross_entropy, jit_compile=False)
    loss = float(model.train_on_batch(np.zeros((1, 2, 3, 1), "float32"), labels))
    gradient = values - keras.ops.convert_to_numpy(layer.values)
    exponentials = np.exp(values.astype("float64"))
    probabilities = exponentials / exponentials.sum(-1, keepdims=True)
    counts = labels != 255
    truth = np.eye(5)[np.where(counts, labels, 0)]
    expected_gradient = (probabilities - truth) * counts[..., None] / max(6 - ignored, 1)
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-6)
    assert (gradient[~counts] == 0).all()
    assert loss == (
        pytest.approx(-np.log(probabilities[truth == 1][counts.ravel()]).mean(), rel=1e-5) if counts.any() else 0
    )

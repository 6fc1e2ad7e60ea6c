import keras
import numpy as np
import pytest

from common.learning.training.losses import (
    counted_cross_entropy,
    dice,
    inverse_sqrt_weights,
    lovasz,
    make_loss,
    pixel_cross_entropy,
)

pytestmark = pytest.mark.backend


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


def random_batch(classes=4, ignored=0.2, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, (2, 8, 12), dtype=np.uint8)
    labels[rng.random(labels.shape) < ignored] = 255
    return labels, rng.normal(size=(*labels.shape, classes)).astype("float32")


def probabilities_of(logits):
    exponentials = np.exp(logits.astype("float64"))
    return exponentials / exponentials.sum(-1, keepdims=True)


def test_dice_is_one_minus_twice_the_overlap_over_the_sum_of_sizes():
    labels, logits = random_batch(classes=5)
    labels[labels == 4] = 255  # a class that the batch does not hold
    found = float(dice(labels, keras.ops.convert_to_tensor(logits)))
    p, counts, parts = probabilities_of(logits), labels != 255, []
    for index in range(4):
        truth = (labels == index) & counts
        parts.append(1 - 2 * p[..., index][truth].sum() / (truth.sum() + p[..., index][counts].sum()))
    assert found == pytest.approx(np.mean(parts), rel=1e-5)


def jaccard_loss(wrong, truth):
    """One minus IoU of a class when the pixels in `wrong` are the ones that are wrong."""
    found = truth ^ wrong
    return 1 - (truth & found).sum() / (truth | wrong).sum()


def test_lovasz_is_the_jaccard_loss_where_predictions_are_certain():
    """The extension of a set function agrees with it on sets: probabilities of 0 and 1."""
    labels, _ = random_batch(classes=3, ignored=0.0)
    guesses = np.random.default_rng(5).integers(0, 3, labels.shape)
    logits = np.where(np.eye(3, dtype=bool)[guesses], 50.0, -50.0).astype("float32")
    found = float(lovasz(labels, keras.ops.convert_to_tensor(logits)))
    labels, guesses = labels[:, ::4, ::4], guesses[:, ::4, ::4]
    expected_loss = np.mean(
        [jaccard_loss((labels == one) ^ (guesses == one), labels == one) for one in np.unique(labels)]
    )
    assert found == pytest.approx(expected_loss, abs=1e-5)


def test_lovasz_is_the_sum_over_errors_of_the_growth_of_the_jaccard_loss():
    """By its definition, one pixel after the other in the order of their errors."""
    labels, logits = random_batch(classes=3)
    found = float(lovasz(labels, keras.ops.convert_to_tensor(logits)))
    labels, p = labels[:, ::4, ::4].ravel(), probabilities_of(logits[:, ::4, ::4]).reshape(-1, 3)
    labels, p = labels[labels != 255], p[labels != 255]
    values = []
    for one in np.unique(labels):
        truth = labels == one
        errors = np.where(truth, 1 - p[:, one], p[:, one])
        wrong, before, total = np.zeros(len(labels), bool), 0.0, 0.0
        for place in np.argsort(-errors):
            wrong[place] = True
            total += errors[place] * (jaccard_loss(wrong, truth) - before)
            before = jaccard_loss(wrong, truth)
        values.append(total)
    assert found == pytest.approx(np.mean(values), rel=1e-4)


@pytest.mark.parametrize("loss", [dice, lovasz])
def test_a_loss_of_areas_without_a_counted_pixel_is_zero(loss):
    labels, logits = random_batch(ignored=1.1)
    assert float(loss(labels, keras.ops.convert_to_tensor(logits))) == 0.0


def test_a_weighted_mean_counts_pixels_by_the_weight_of_their_class():
    # Probability 1/2 for either class of the first two pixels, 3/4 for the third, of class 1 with weight 3.
    logits = np.array([[[[0, 0], [50, -50], [0, np.log(3)]]]], "float32")
    labels = np.array([[[0, 255, 1]]], "uint8")
    loss = counted_cross_entropy(labels, keras.ops.convert_to_tensor(logits), np.array([1, 3], "float32"))
    assert float(loss) == pytest.approx((np.log(2) + 3 * np.log(4 / 3)) / 4, rel=1e-6)


def test_weights_grow_with_the_root_of_rareness_and_have_the_mean_one():
    masks = np.repeat(np.array([0, 1, 2, 255], np.uint8), [900, 100, 1, 50])
    weights = inverse_sqrt_weights(masks, 4)
    assert weights[1] / weights[0] == pytest.approx(3)
    assert weights[2] / weights[0] == pytest.approx(10)  # and not 30
    assert weights[3] == 1  # a class that does not occur
    assert (weights[:3] * [900, 100, 1]).sum() / 1001 == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "parts"),
    [("cross_entropy+dice", [counted_cross_entropy, dice]), ("cross_entropy+lovasz", [counted_cross_entropy, lovasz]),
     ("lovasz", [lovasz])],
)  # fmt: skip
def test_a_named_loss_is_the_sum_of_its_parts(name, parts):
    labels, logits = random_batch()
    logits = keras.ops.convert_to_tensor(logits)
    assert float(make_loss(name)(labels, logits)) == pytest.approx(sum(float(part(labels, logits)) for part in parts))


def test_the_loss_of_the_study_stays_what_it_was():
    assert make_loss("cross_entropy") is pixel_cross_entropy
    assert make_loss("cross_entropy", leaves_out=True) is counted_cross_entropy


def test_both_losses_stay_exact_where_one_of_the_probabilities_underflows():
    # Class 1 has probability exp(-600) at its only pixel, the first, class 0 has 1/2 at the second. So the overlap of
    # class 1 is 0; that of class 0 is 1/2, of one pixel in the truth and 1 + 1/2 in the prediction.
    logits = keras.ops.convert_to_tensor(np.array([[[[300, -300], [0, 0]]]], "float32"))
    loss = make_loss("cross_entropy+dice")(np.array([[[1, 0]]], "uint8"), logits)
    areas = 1 - (2 * 0.5 / 2.5 + 0) / 2
    assert float(loss) == pytest.approx((600 + np.log(2)) / 2 + areas, rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_of_cross_entropy_and_dice_is_the_slope(weighted):
    """Held against differences of the sum of the two parts, in which one logit at a time is moved."""
    labels, values = random_batch(classes=5, ignored=0.3, seed=3)
    labels, values = labels[:1, :2, :3], values[:1, :2, :3]
    labels[0, 0, 0], labels[0, 1, 1] = 255, 2
    weights = np.array([1, 2, 0.5, 3, 1], "float32") if weighted else None
    image = keras.Input((2, 3, 1))
    layer = Offsets()
    model = keras.Model(image, layer(image))
    layer.values.assign(values)
    loss = make_loss("cross_entropy+dice", weights, True)
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss, jit_compile=False)
    found_loss = float(model.train_on_batch(np.zeros((1, 2, 3, 1), "float32"), labels))
    gradient = values - keras.ops.convert_to_numpy(layer.values)

    def slow(logits):
        p, counts = probabilities_of(logits), labels != 255
        shares = counts * (1.0 if weights is None else weights[np.where(counts, labels, 0)])
        of_truth = np.take_along_axis(p, np.where(counts, labels, 0)[..., None].astype(int), -1)[..., 0]
        parts = []
        for one in np.unique(labels[counts]):
            truth = labels == one
            parts.append(1 - 2 * p[..., one][truth].sum() / max(truth.sum() + p[..., one][counts].sum(), 1))
        return -(shares * np.log(of_truth)).sum() / max(shares.sum(), 1) + np.mean(parts)

    assert found_loss == pytest.approx(slow(values.astype("float64")), rel=1e-5)
    for place in np.ndindex(values.shape):
        step = np.zeros(values.shape)
        step[place] = 1e-4
        slope = (slow(values + step) - slow(values - step)) / 2e-4
        assert gradient[place] == pytest.approx(slope, abs=2e-6)

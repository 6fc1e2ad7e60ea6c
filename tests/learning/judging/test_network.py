import keras
import numpy as np
import pytest
from keras import ops

from common.errors import ConfigError
from common.learning.judging.network import judging_form, plain_form, training_form
from common.learning.network.networks import copy_weights


def trainable(model):
    return sum(int(np.prod(weights.shape)) for weights in model.trainable_variables)


@pytest.mark.parametrize("alpha, parameters", [(2, 1_998_598), (1, 510_630), (0.5, 133_174)])
def test_it_has_as_many_parameters_as_the_study_says(alpha, parameters):
    models = [build((416, 208), 35, alpha) for build in (plain_form, training_form)]
    assert [model.count_params() for model in models] == [parameters] * 2
    if alpha == 2:
        assert [trainable(model) for model in models] == [1_996_358] * 2


@pytest.mark.parametrize("build", [plain_form, training_form])
def test_images_below_64_pixels_are_refused_with_the_way_out(build):
    with pytest.raises(ConfigError, match="128x48 pixels.*64 pixels.*RESIZE_FACTOR"):
        build((128, 48), 35, 1)


@pytest.fixture(scope="module")
def both():
    """Both forms with equal weights, images and masks, with pixels of no class in the second one."""
    keras.utils.set_random_seed(1)
    plain, training = plain_form((64, 64), 5, 0.5), training_form((64, 64), 5, 0.5)
    copy_weights(training, plain)
    rng = np.random.default_rng(2)
    images, masks = rng.integers(0, 256, (2, 64, 64, 3), np.uint8), rng.integers(0, 5, (2, 64, 64), np.uint8)
    masks[1, :32] = 255
    return plain, training, images, masks


def test_looking_classes_up_is_the_convolution_of_a_one_hot_mask(both):
    plain, training, images, masks = both
    one_hot = (masks[..., None] == np.arange(5)).astype(np.float32)  # 255 is nowhere
    expected = plain.predict_on_batch([images.astype(np.float32), one_hot])
    for model in (training, judging_form(plain)):
        for found, wanted in zip(model.predict_on_batch([images, masks]), expected, strict=True):
            assert found.shape == (2, 5)
            assert np.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_gives_float32_and_nearly_the_same(both, policy):
    plain, training, images, masks = both
    expected = training.predict_on_batch([images, masks])
    keras.config.set_dtype_policy(policy)
    try:
        model = training_form((64, 64), 5, 0.5)
    finally:
        keras.config.set_dtype_policy("float32")
    model.set_weights(training.get_weights())
    for found, wanted in zip(model([images, masks], training=False), expected, strict=True):
        assert found.dtype == "float32"
        assert np.allclose(ops.convert_to_numpy(found), wanted, atol=0.05)

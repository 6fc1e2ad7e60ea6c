import keras
import numpy as np
import pytest

from common.learning.backend import machine as backend

pytestmark = pytest.mark.skipif(backend.backend_name() != "tensorflow", reason="exports are made with TensorFlow")


@pytest.fixture
def model():
    """Up-sampling with a batch normalisation behind it, which computes something else while training."""
    image = keras.Input((4, 5, 3))
    values = keras.layers.UpSampling2D((2, 3), name="up")(image)
    model = keras.Model(image, keras.layers.BatchNormalization(name="norm")(values))
    model.get_layer("norm").set_weights([np.full(3, value, np.float32) for value in (2.0, 1.0, 0.5, 0.25)])
    return model


def test_repeating_pixels_in_one_operation_changes_no_value(model):
    from common.learning.exporting.onnx_form import with_resizing

    made, images = with_resizing(model), np.random.default_rng(0).random((2, 4, 5, 3), "float32")
    assert made.output_shape == (None, 8, 15, 3)
    np.testing.assert_allclose(made.predict_on_batch(images), model.predict_on_batch(images), rtol=1e-6)
    # Also where a graph is made of it, as exports do; (1 - 0.5) / sqrt(0.25 + 0.001) * 2 + 1 of an image of ones.
    found = made(np.ones((1, 4, 5, 3), np.float32))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), 0.5 / np.sqrt(0.251) * 2 + 1, rtol=1e-5)


def test_the_largest_class_is_the_first_of_equals():
    from common.learning.exporting.onnx_form import LargestClass

    logits = np.array([[[[1, 3, 3, 2], [0, 0, 0, 0]]]], "float32")
    assert keras.ops.convert_to_numpy(LargestClass()(logits)).tolist() == [[[1, 0]]]

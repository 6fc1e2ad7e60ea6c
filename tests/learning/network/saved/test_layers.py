"""What the layers of a saved network make, compared with Keras; the rules are those of `registry`."""

import json
import math

import keras
import pytest
from keras import layers

from common.learning.network.saved.network_config import check_network
from common.learning.network.saved.registry import LAYERS

IMAGE = (12, 20, 6)
# At least one of each kind, with every choice that changes sizes.
ONE_INPUT = [
    layers.Activation("gelu"), layers.ReLU(6), layers.LeakyReLU(), layers.ELU(), layers.Softmax(), layers.Dropout(0.1),
    layers.SpatialDropout2D(0.1), layers.Rescaling(2.0, 1.0), layers.PReLU(), layers.PReLU(shared_axes=[1, 2]),
    layers.Normalization(), layers.BatchNormalization(), layers.BatchNormalization(center=False),
    layers.LayerNormalization(scale=False), layers.GroupNormalization(3),
    layers.Conv2D(5, 3), layers.Conv2D(4, (3, 2), strides=(2, 3), padding="same", use_bias=False),
    layers.Conv2D(6, 3, groups=2, dilation_rate=(2, 3)), layers.Conv2D(4, 3, kernel_regularizer="l2", dtype="float16"),
    layers.Conv2DTranspose(5, 3, strides=2, padding="same"), layers.Conv2DTranspose(5, (4, 1), strides=(3, 2)),
    layers.Conv2DTranspose(5, 3, dilation_rate=2), layers.DepthwiseConv2D(3, strides=2, depth_multiplier=4),
    layers.SeparableConv2D(5, 3, padding="same", bias_constraint="max_norm"), layers.MaxPooling2D(3, strides=2),
    layers.AveragePooling2D((2, 3), padding="same"), layers.GlobalAveragePooling2D(),
    layers.GlobalAveragePooling2D(keepdims=True), layers.UpSampling2D((2, 3)),
    layers.UpSampling2D(interpolation="bilinear"), layers.Resizing(9, 7), layers.ZeroPadding2D(((1, 2), (3, 4))),
    layers.Cropping2D(((1, 2), (3, 4))), layers.Dense(7),
]  # fmt: skip
TWO_INPUTS = [layers.Add(), layers.Average(), layers.Multiply(), layers.Subtract(), layers.Concatenate()]


def checked(model):
    """What is left of a network for Keras."""
    return check_network(json.dumps(keras.saving.serialize_keras_object(model)).encode())


@pytest.mark.parametrize("layer", ONE_INPUT + TWO_INPUTS, ids=lambda layer: type(layer).__name__)
def test_a_layer_has_the_shape_and_weights_that_keras_gives_it(layer):
    image = keras.Input(IMAGE, name="image")
    model = keras.Model(image, layer([image, image] if layer in TWO_INPUTS else image))
    network = checked(model)
    rebuilt = keras.saving.deserialize_keras_object(network.config)
    assert rebuilt.output_shape == model.output_shape
    assert network.weight_count == sum(math.prod(weight.shape) for weight in model.weights)
    assert [(a.name, a.shape) for a in rebuilt.weights] == [(a.name, a.shape) for a in model.weights]
    assert (None, *network.shapes[layer.name]) == model.output_shape


def test_every_layer_that_is_allowed_is_compared_with_keras():
    assert {type(layer).__name__ for layer in ONE_INPUT + TWO_INPUTS} | {"InputLayer"} == set(LAYERS)

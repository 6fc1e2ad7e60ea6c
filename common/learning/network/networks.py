"""Networks by name, and what can be made of any of them: class indices, other input sizes, copies.

A network is a module of this folder, named as NETWORK in config.ini, with two forms that have the same weights in the
same order. The *training form* returns logits and may use fast layers of the back end; it is never saved. The *plain
form* ends in a softmax and has stock Keras layers only: it is what a `.keras` file contains, and it loads under
TensorFlow, JAX and PyTorch without any code of this project. In both forms the last layer before the softmax is called
"logits".
"""

import importlib
from typing import Protocol, cast

import keras
from keras import ops

from common.config.settings import NetworkSettings
from common.errors import ConfigError
from common.learning.network.layers import largest


class Network(Protocol):
    """What the module of a network offers."""

    def training_form(self, settings: NetworkSettings, batchnorm_momentum: float = ...) -> keras.Model:
        """Builds the form to train: uint8 or float images `(batch, height, width, channels)` to float32 logits."""

    def plain_form(self, settings: NetworkSettings) -> keras.Model:
        """Builds the form to save: the same images to class probabilities, in float32 whatever is trained in."""


def find_network(settings: NetworkSettings) -> Network:
    """Finds the network that the settings name."""
    return cast(Network, importlib.import_module(f"common.learning.network.{settings.name}"))


def class_index_model(model: keras.Model, mirror: bool = False) -> keras.Model:
    """Puts the choice of the class into the graph of a network, so that only one value a pixel leaves the device.

    Returns a model from images to class indices `(batch, height, width)`, uint8, or int32 above 256 classes. It shares
    the weights of the network, which has either form and may come from a file. With `mirror`, the mean of the
    probabilities for image and mirror image decides.
    """
    logits = model.get_layer("logits").output
    dtype = "uint8" if logits.shape[-1] <= 256 else "int32"
    if mirror:
        shared = keras.Model(model.input, ops.softmax(logits))
        image = keras.Input(model.input.shape[1:], name="image")
        both = shared(image) + ops.flip(shared(ops.flip(image, axis=2)), axis=2)
        return keras.Model(image, ops.cast(largest(both), dtype), name="class_index")
    return keras.Model(model.input, ops.cast(largest(logits), dtype), name="class_index")


def with_input(model: keras.Model, size_wh: tuple[int, int], batch: int | None = None) -> keras.Model:
    """Makes the same network for images of another size or a fixed batch, with copies of its weights.

    The model has one input, `image`; a `batch` of None allows any number of images.
    """
    width, height = size_wh
    image = keras.Input((height, width, 3), batch_size=batch, name="image")
    made = keras.models.clone_model(model, input_tensors=image)
    made.set_weights(model.get_weights())
    return made


def copy_of(model: keras.Model) -> keras.Model:
    """Makes the same network with its own copies of the weights, without optimiser and loss."""
    copy = keras.models.clone_model(keras.Model(model.input, model.output))
    copy.set_weights(model.get_weights())
    return copy


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copies all weights of one form into another form of the same network.

    Raises:
        ConfigError: If the two do not have the same weights in the same order; names the first that differs.
    """
    pairs = list(zip(source.variables, target.variables, strict=False))
    for ours, theirs in pairs:
        if (ours.path, ours.shape) != (theirs.path, theirs.shape):
            raise ConfigError(f"weights differ: {ours.path} {ours.shape} and {theirs.path} {theirs.shape}")
    if len(source.variables) != len(target.variables):
        raise ConfigError(f"{len(source.variables)} weights do not fit a network with {len(target.variables)}")
    target.set_weights(source.get_weights())

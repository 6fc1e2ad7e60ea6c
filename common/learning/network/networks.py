"""Networks by name, and what can be made of any of them: class indices, other input sizes, copies.

A network is a module of this folder, named as NETWORK in config.ini, with two forms that have the same weights in the
same order. The *training form* returns logits and may use fast layers of the back end; it is never saved. The *plain
form* ends in a softmax and has stock Keras layers only: it is what a `.keras` file contains, and it loads under
TensorFlow, JAX and PyTorch without any code of this project. In both forms the last layer before the softmax is called
"logits".
"""

import importlib
from collections.abc import Callable
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
    image, logits, judged = _judged_logits(model, mirror)
    return keras.Model(image, _class_indices(logits, judged), name="class_index")


def validation_model(
    model: keras.Model, loss: Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor], mirror: bool = False
) -> keras.Model:
    """Makes the model of `class_index_model` that also computes a loss, in the same pass over the images.

    Args:
        model: The network, in its training form.
        loss: From class indices and logits to the loss of a batch or of its pixels.
        mirror: Whether the mirror image decides too; the loss is that of the image alone.

    Returns:
        A model from images and their class indices to predicted class indices and the mean loss, once for each image.
    """
    image, logits, judged = _judged_logits(model, mirror)
    truth = keras.Input(logits.shape[1:-1], dtype="uint8", name="truth")
    return keras.Model([image, truth], [_class_indices(logits, judged), _MeanLoss(loss)(truth, logits)])


class _MeanLoss(keras.layers.Layer):
    """The mean of a loss over a batch, repeated for each of its images, in float32."""

    def __init__(self, loss: Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]) -> None:
        super().__init__(dtype="float32")
        self._loss = loss

    def call(self, truth: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        return ops.zeros_like(truth[:, 0, 0], "float32") + ops.mean(self._loss(truth, logits))


def _judged_logits(model: keras.Model, mirror: bool) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Gives the input of a network, its logits, and what decides the class: the logits, or the sum of two softmaxes."""
    logits = model.get_layer("logits").output
    if not mirror:
        return model.input, logits, logits
    shared = keras.Model(model.input, logits)
    image = keras.Input(model.input.shape[1:], name="image")
    first, mirrored = shared(image), shared(ops.flip(image, axis=2))
    return image, first, ops.softmax(first) + ops.flip(ops.softmax(mirrored), axis=2)


def _class_indices(logits: keras.KerasTensor, judged: keras.KerasTensor) -> keras.KerasTensor:
    return ops.cast(largest(judged), "uint8" if logits.shape[-1] <= 256 else "int32")


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

"""The form of a network that all readers of ONNX read equally.

Keras' own export writes up-sampling as repetition and the largest class as a sorted list. OpenCV 4 reads the first one
differently, the second one not at all or with another shape. One `Resize` and one `ArgMax` mean the same everywhere.
"""

from typing import Any

import keras
import tensorflow as tf


class RepeatPixels(keras.layers.Layer):
    """Makes height and width larger by whole factors, in one operation."""

    def __init__(self, factors: tuple[int, int], name: str) -> None:
        super().__init__(name=name)
        self._factors = factors

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Takes `(batch, height, width, channels)`."""
        sides = [side * factor for side, factor in zip(values.shape[1:3], self._factors, strict=True)]
        return tf.image.resize(values, sides, "nearest")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Gives the larger height and width."""
        batch, height, width, channels = input_shape
        return batch, height and height * self._factors[0], width and width * self._factors[1], channels


class LargestClass(keras.layers.Layer):
    """The class index of the largest value on the last axis, the first of equal ones, in one operation."""

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Takes `(batch, height, width, classes)` and returns int32 of shape `(batch, height, width)`."""
        return tf.argmax(values, axis=-1, output_type=tf.int32)

    def compute_output_spec(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Gives shape and type of the class indices."""
        return keras.KerasTensor(values.shape[:-1], dtype="int32")


def with_resizing(model: keras.Model) -> keras.Model:
    """Makes the same network, with a copy of its weights, in which up-sampling by repetition is one operation."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation == "nearest":
            # Not Keras' layer Resizing: all layers behind it would compute as in training.
            return RepeatPixels(tuple(layer.size), layer.name)
        return layer.__class__.from_config(layer.get_config())

    made = keras.models.clone_model(model, clone_function=clone)
    made.set_weights(model.get_weights())
    return made


def simplify_resizing(content: Any) -> None:
    """Writes resizing to the nearest pixel by whole factors in the plainest of the ways that mean the same.

    Args:
        content: An ONNX model. What its converter wrote is no longer part of the standard.
    """
    for node in content.graph.node:
        said = {attribute.name: attribute for attribute in node.attribute} if node.op_type == "Resize" else {}
        mode = said.get("coordinate_transformation_mode")
        if mode is not None and mode.s == b"tf_half_pixel_for_nn":
            mode.s = b"asymmetric"
            said["nearest_mode"].s = b"floor"

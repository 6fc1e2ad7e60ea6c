"""Layers that compute what a stock Keras layer computes, faster where the back end has an operation for it.

They exist only while a network is trained; the plain form that is saved has stock layers only.
"""

from collections.abc import Sequence

import keras
from keras import ops

from common.learning.backend import operations as backend_operations


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation in one operation; the same weights, values and moving statistics as Keras' own layer.

    TensorFlow's operation reads its input twice where Keras' own layer makes half a dozen passes and, in mixed
    precision, a float32 copy. It returns the variance divided by n - 1; Keras keeps the one divided by n, and so does
    this layer. (The Keras of TensorFlow 2, which the reference study ran on, kept the first one.)
    """

    def call(
        self, inputs: keras.KerasTensor, training: bool | None = None, mask: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Normalises `(batch, height, width, channels)` and, when training, updates the moving statistics."""
        if not (training and self.trainable):
            moving = self.moving_mean, self.moving_variance
            return backend_operations.fused_batch_norm(inputs, self.gamma, self.beta, self.epsilon, moving)[0]
        outputs, mean, variance = backend_operations.fused_batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        count = ops.cast(ops.prod(ops.shape(inputs)[:-1]), variance.dtype)
        variance = variance * (count - 1) / count
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs


class UpsampleAdd(keras.layers.Layer):
    """Doubles height and width of its first input by repetition and adds the second: `UpSampling2D`, then `Add`."""

    def call(self, inputs: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        """Takes `(batch, height, width, channels)` and `(batch, 2 * height, 2 * width, channels)`."""
        return backend_operations.upsample_add(*inputs)

    def compute_output_shape(self, input_shape: Sequence[Sequence[int | None]]) -> tuple[int | None, ...]:
        """Returns the shape of the second input."""
        return tuple(input_shape[1])


def normalize(values: keras.KerasTensor, name: str, fast: bool, momentum: float) -> keras.KerasTensor:
    """Applies batch normalisation, in its fused form if `fast` and the back end has it."""
    kind = (
        FusedBatchNormalization
        if fast and backend_operations.has_fast_operations()
        else keras.layers.BatchNormalization
    )
    return kind(momentum=momentum, name=name)(values)


def upsample_add(values: keras.KerasTensor, skip: keras.KerasTensor, name: str, fast: bool) -> keras.KerasTensor:
    """Doubles height and width by repetition and adds `skip`, in one layer if `fast` and the back end has it."""
    if fast and backend_operations.has_fast_operations():
        return UpsampleAdd(name=f"{name}_add")([values, skip])
    values = keras.layers.UpSampling2D(name=f"{name}_upsample")(values)
    return keras.layers.Add(name=f"{name}_add")([values, skip])


def largest(logits: keras.KerasTensor) -> keras.KerasTensor:
    """Finds the class index of the largest value on the last axis, the first of equal ones, by the faster operation."""
    if backend_operations.has_fast_operations():
        return ops.top_k(logits, 1)[1][..., 0]
    return ops.argmax(logits, axis=-1)

"""Layers that compute what a stock Keras layer computes, faster where the back end has an operation for it.

They exist only while a network is trained; what is saved holds stock layers alone (`unet.plain_unet`).
"""

import keras
from keras import ops

from common.learning import backend


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation with one operation in the training pass; the same weights, values and moving statistics.

    TensorFlow's operation reads its input twice where Keras' own layer makes half a dozen passes and, in mixed
    precision, a float32 copy. It returns the variance divided by n - 1; Keras keeps the one divided by n, and so does
    this layer. (TensorFlow 2's Keras, which the reference study ran on, kept the former.)
    """

    def call(self, inputs, training=None, mask=None):
        """Normalises `(batch, height, width, channels)` and, when training, updates the moving statistics."""
        if not (training and self.trainable and backend.has_fused_batch_norm()):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = backend.fused_batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        count = ops.cast(ops.prod(ops.shape(inputs)[:-1]), variance.dtype)
        variance = variance * (count - 1) / count
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs


def batch_normalization(name, fast):
    """Makes a batch normalisation layer, the fused one if `fast` and the back end has it."""
    if fast and backend.has_fused_batch_norm():
        return FusedBatchNormalization(name=name)
    return keras.layers.BatchNormalization(name=name)

"""Statistics of batch normalisation computed anew over the training images, no weight changed.

With few steps and a momentum of 0.99 the moving statistics of a training lag far behind the weights: after 50 steps
they still hold six tenths of where they began. What is computed here is what they are meant to be: mean and variance of
each layer's input over all training images, each batch normalised by its own statistics as in training.
"""

import keras
import numpy as np
from keras import ops

from common.learning.backend import machine as backend
from common.learning.network.unet import copy_of


def recalibrate(model, images, batch_size):
    """Sets the statistics of all batch normalisations of a network to those over some images.

    Args:
        model: The training form of the network; its moving statistics change.
        images: `uint8` of shape `(n, height, width, 3)`, as they are, in a fixed order.
        batch_size: Images at a time; normalisation inside a batch is by the batch, so it matters a little.
    """
    copy = copy_of(model)
    found = _normalizations(copy)
    for layer in found:
        layer.momentum = 0.0  # the moving statistics are then those of the last batch
    means, squares, total = [0.0] * len(found), [0.0] * len(found), 0
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        with backend.without_gradients():
            copy(batch, training=True)
        for place, layer in enumerate(found):
            mean, variance = (
                np.asarray(ops.convert_to_numpy(moving), np.float64)
                for moving in (layer.moving_mean, layer.moving_variance)
            )
            means[place] += len(batch) * mean
            squares[place] += len(batch) * (variance + mean**2)
        total += len(batch)
    for layer, mean, square in zip(_normalizations(model), means, squares, strict=True):
        mean = mean / total
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(np.maximum(square / total - mean**2, 0.0))


def _normalizations(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]

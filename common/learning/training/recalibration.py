"""Statistics of batch normalisation, computed again over the training images; no weight changes.

With few steps and a momentum of 0.99 the moving statistics of a training lag far behind the weights: after 50 steps
60 % of their value is still the initial one. Here they become what they stand for: mean and variance of each layer's
input over all training images, where each batch is normalised by its own statistics as in training.
"""

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from common.learning.backend import machine as backend
from common.learning.network.networks import copy_of
from common.learning.training.batches import LoadedSplit


def recalibrate(model: keras.Model, split: LoadedSplit, batch_size: int) -> None:
    """Sets the moving statistics of a network's training form to those over the images of a split.

    The batch size matters a little, because each batch is normalised by itself.
    """
    copy = copy_of(model)
    found = _normalizations(copy)
    for layer in found:
        layer.momentum = 0.0  # the moving statistics are then those of the last batch
    means: list[float | NDArray[np.float64]] = [0.0] * len(found)
    squares: list[float | NDArray[np.float64]] = [0.0] * len(found)
    total = 0
    for start in range(0, len(split), batch_size):
        batch, _ = split.pairs(np.arange(start, min(start + batch_size, len(split))))
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
    for layer, sum_of_means, square in zip(_normalizations(model), means, squares, strict=True):
        of_all = sum_of_means / total
        layer.moving_mean.assign(of_all)
        layer.moving_variance.assign(np.maximum(square / total - of_all**2, 0.0))


def _normalizations(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]

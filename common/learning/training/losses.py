"""Losses: the cross-entropy of the study, over all classes with void, and those of other recipes.

Sources: Dice after Milletari et al., "V-Net" (2016), with the plain sums; Lovasz-softmax after Berman, Triki and
Blaschko (2018). Keras has a Dice loss, but it can leave out neither pixels nor classes that do not occur in a batch.

In all functions `class_indices` have the shape `(batch, height, width)` and any type, with `IGNORE` where a pixel does
not count; `logits` are float32 of shape `(batch, height, width, classes)`. 0, and no gradient, if no pixel counts.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from common.labels.cityscapes import IGNORE
from common.learning.backend import operations as backend_operations

Loss: TypeAlias = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]
# Lovasz sorts the pixels once a class, so it uses only every fourth row and column.
_LOVASZ_STRIDE = 4
# Of a class that is a hundred times as rare as the most frequent one, or rarer.
_LARGEST_WEIGHT = 10.0


def make_loss(name: str, weights: NDArray[np.float32] | None = None, leaves_out: bool = False) -> Loss:
    """Makes the loss of a recipe, for `compile`.

    Args:
        name: One of the values of `Recipe.loss`.
        weights: Weight of each class in the cross-entropy, shape `(classes,)`; None for equal weights.
        leaves_out: Whether there is `IGNORE` in the class indices.
    """
    if name == "cross_entropy" and weights is None:
        return counted_cross_entropy if leaves_out else pixel_cross_entropy
    of_areas = _OF_AREAS.get(name)

    def loss(class_indices: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        if of_areas is dice and backend_operations.has_fast_operations():
            # From one softmax and with one gradient.
            filled, counts = _counted(class_indices)
            losses, area_loss = backend_operations.pixel_losses_and_dice(filled, counts, logits)
            return _mean_of_counted(losses, filled, counts, weights) + area_loss
        total = 0.0 if name == "lovasz" else counted_cross_entropy(class_indices, logits, weights)
        return total + of_areas(class_indices, logits) if of_areas else total

    return loss


def inverse_sqrt_weights(masks: Iterable[NDArray[np.uint8]], num_classes: int) -> NDArray[np.float32]:
    """Computes weights that grow for rare classes: one over the square root of the class' share of the pixels.

    The mean over all pixels of the masks but `IGNORE` is 1. No class that occurs has more than 10 times the weight of
    the most frequent one; classes that do not occur have weight 1.
    """
    counts = np.zeros(IGNORE + 1)
    for mask in masks:  # one by one, because counting makes eight bytes of each value
        counts += np.bincount(mask.reshape(-1), minlength=IGNORE + 1)
    counts = counts[:num_classes]
    there = counts > 0
    weights = np.ones(num_classes)
    weights[there] = np.minimum(np.sqrt(counts.max() / counts[there]), _LARGEST_WEIGHT)
    weights[there] *= counts.sum() / (weights * counts).sum()
    return weights.astype(np.float32)


def dice(class_indices: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Computes one minus the mean Dice coefficient of the classes that occur in the batch, from 0 to 1."""
    truth, probabilities = _flat(class_indices, logits)
    overlap = ops.sum(truth * probabilities, axis=0)
    sizes = ops.sum(truth, axis=0), ops.sum(probabilities, axis=0)
    return _mean_of_present(1 - 2 * overlap / ops.maximum(sizes[0] + sizes[1], 1.0), sizes[0])


def lovasz(class_indices: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Computes the Lovasz extension of one minus IoU, the mean over the classes that occur in the batch, from 0 to 1.

    Only every fourth row and column is used.
    """
    step = _LOVASZ_STRIDE
    truth, probabilities = _flat(class_indices[:, ::step, ::step], logits[:, ::step, ::step])
    truth, probabilities = ops.transpose(truth), ops.transpose(probabilities)
    errors = ops.where(truth > 0, 1 - probabilities, probabilities)
    order = ops.argsort(-ops.stop_gradient(errors), axis=1)
    sorted_truth = ops.take_along_axis(truth, order, axis=1)
    total = ops.sum(truth, axis=1, keepdims=True)
    found = ops.cumsum(sorted_truth, axis=1)
    # 1 - IoU if the pixels with the largest errors so far are wrong; its growth is the weight of each error.
    union = total + ops.cumsum(1 - sorted_truth, axis=1)
    loss = 1 - (total - found) / ops.maximum(union, 1.0)
    growth = loss - ops.concatenate([ops.zeros_like(loss[:, :1]), loss[:, :-1]], axis=1)
    values = ops.sum(ops.take_along_axis(errors, order, axis=1) * growth, axis=1)
    return _mean_of_present(values, total[:, 0])


def _flat(class_indices: keras.KerasTensor, logits: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Makes truth (one-hot) and probabilities of shape `(pixels, classes)`, both 0 where a pixel does not count."""
    classes = logits.shape[-1]
    class_indices = ops.reshape(ops.cast(class_indices, "int32"), (-1,))
    counts = ops.not_equal(class_indices, IGNORE)
    probabilities = ops.reshape(ops.softmax(logits), (-1, classes))
    truth = ops.one_hot(ops.where(counts, class_indices, -1), classes, dtype=logits.dtype)
    return truth, probabilities * ops.cast(counts, logits.dtype)[:, None]


def _mean_of_present(values: keras.KerasTensor, sizes: keras.KerasTensor) -> keras.KerasTensor:
    present = ops.cast(sizes > 0, values.dtype)
    return ops.sum(values * present) / ops.maximum(ops.sum(present), 1.0)


def pixel_cross_entropy(class_indices: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Computes the cross-entropy of every pixel, where all count; as a loss in `compile`, Keras takes the mean."""
    if backend_operations.has_fast_operations():
        return backend_operations.cross_entropy(ops.cast(class_indices, "int32"), logits)
    return keras.losses.sparse_categorical_crossentropy(class_indices, logits, from_logits=True)


def counted_cross_entropy(
    class_indices: keras.KerasTensor, logits: keras.KerasTensor, weights: NDArray[np.float32] | None = None
) -> keras.KerasTensor:
    """Computes the mean cross-entropy of the pixels that count, weighted by class if there are weights."""
    filled, counts = _counted(class_indices)
    return _mean_of_counted(pixel_cross_entropy(filled, logits), filled, counts, weights)


def _counted(class_indices: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Makes int32 indices that are all classes, and a float32 mask: 1 where a pixel counts, else 0."""
    class_indices = ops.cast(class_indices, "int32")
    counts = ops.not_equal(class_indices, IGNORE)
    # Class 0 in place of IGNORE: an index without a logit is an error on one device and a wrong number on another.
    return ops.where(counts, class_indices, 0), ops.cast(counts, "float32")


def _mean_of_counted(
    losses: keras.KerasTensor, filled: keras.KerasTensor, counts: keras.KerasTensor, weights: NDArray[np.float32] | None
) -> keras.KerasTensor:
    losses = ops.where(counts > 0, losses, 0.0)
    if weights is not None:
        counts = counts * ops.take(ops.convert_to_tensor(weights), filled)
        losses = losses * counts
    return ops.sum(losses) / ops.maximum(ops.sum(counts), 1.0)


_OF_AREAS = {"cross_entropy+dice": dice, "cross_entropy+lovasz": lovasz, "lovasz": lovasz}

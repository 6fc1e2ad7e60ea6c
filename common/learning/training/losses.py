"""Losses: cross-entropy over all classes, void included, as in the study; and what other recipes train with.

Sources: Dice after Milletari et al., "V-Net" (2016), with the plain sums; Lovasz-softmax after Berman, Triki and
Blaschko (2018). Keras has a Dice loss, but it can neither leave out pixels nor classes that a batch does not hold.
"""

import keras
import numpy as np
from keras import ops

from common.labels.cityscapes import IGNORE
from common.learning.backend import operations as backend_operations

# Lovasz sorts the pixels once a class, so that only every so many rows and columns are affordable.
_LOVASZ_STRIDE = 4
# A class that is a hundred times rarer than the rest counts ten times as much, and no class counts more than that.
_LARGEST_WEIGHT = 10.0


def make_loss(name, weights=None, leaves_out=False):
    """Makes the loss of a recipe, to be given to `compile`.

    Args:
        name: One of the values of `Recipe.loss`.
        weights: Weight by class, shape `(classes,)`; None for equal ones. They are for the cross-entropy.
        leaves_out: Whether class indices hold `IGNORE`.
    """
    if name == "cross_entropy" and weights is None:
        return counted_cross_entropy if leaves_out else pixel_cross_entropy
    of_areas = _OF_AREAS.get(name)

    def loss(class_indices, logits):
        if of_areas is dice and backend_operations.has_fast_operations():
            return _fast_cross_entropy_and_dice(class_indices, logits, weights)
        total = 0.0 if name == "lovasz" else counted_cross_entropy(class_indices, logits, weights)
        return total + of_areas(class_indices, logits) if of_areas else total

    return loss


def inverse_sqrt_weights(masks, num_classes):
    """Computes weights that grow with the rareness of a class: one over the root of its share of the pixels.

    Args:
        masks: Class indices, `uint8` of shape `(n, height, width)`; `IGNORE` does not count.
        num_classes: Number of classes.

    Returns:
        float32 of shape `(num_classes,)`; their mean over all counted pixels is 1. No class that occurs has more than
        10 times that of the commonest; classes that do not occur have weight 1.
    """
    # One mask after the other: to be counted, its values become eight bytes each.
    counts = sum(np.bincount(mask.reshape(-1), minlength=IGNORE + 1) for mask in masks)[:num_classes].astype(np.float64)
    there = counts > 0
    weights = np.ones(num_classes)
    weights[there] = np.minimum(np.sqrt(counts.max() / counts[there]), _LARGEST_WEIGHT)
    weights[there] *= counts.sum() / (weights * counts).sum()
    return weights.astype(np.float32)


def dice(class_indices, logits):
    """Computes one minus the mean Dice coefficient of the classes that the batch holds.

    Args:
        class_indices: Shape `(batch, height, width)`, any type; `IGNORE` where a pixel does not count.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        float32 scalar from 0 to 1; 0 if no pixel counts.
    """
    truth, probabilities = _flat(class_indices, logits)
    overlap = ops.sum(truth * probabilities, axis=0)
    sizes = ops.sum(truth, axis=0), ops.sum(probabilities, axis=0)
    return _mean_of_present(1 - 2 * overlap / ops.maximum(sizes[0] + sizes[1], 1.0), sizes[0])


def lovasz(class_indices, logits):
    """Computes the Lovasz extension of one minus IoU, the mean over the classes that the batch holds.

    Args:
        class_indices: Shape `(batch, height, width)`, any type; `IGNORE` where a pixel does not count. Every fourth
            row and column is used.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        float32 scalar from 0 to 1; 0 if no pixel counts.
    """
    step = _LOVASZ_STRIDE
    truth, probabilities = _flat(class_indices[:, ::step, ::step], logits[:, ::step, ::step])
    truth, probabilities = ops.transpose(truth), ops.transpose(probabilities)
    errors = ops.where(truth > 0, 1 - probabilities, probabilities)
    order = ops.argsort(-ops.stop_gradient(errors), axis=1)
    sorted_truth = ops.take_along_axis(truth, order, axis=1)
    total = ops.sum(truth, axis=1, keepdims=True)
    found = ops.cumsum(sorted_truth, axis=1)
    # 1 - IoU when the pixels with the largest errors so far are the wrong ones; its growth weighs each error.
    union = total + ops.cumsum(1 - sorted_truth, axis=1)
    loss = 1 - (total - found) / ops.maximum(union, 1.0)
    growth = loss - ops.concatenate([ops.zeros_like(loss[:, :1]), loss[:, :-1]], axis=1)
    values = ops.sum(ops.take_along_axis(errors, order, axis=1) * growth, axis=1)
    return _mean_of_present(values, total[:, 0])


def _flat(class_indices, logits):
    """Makes truth (one-hot) and probabilities of shape `(pixels, classes)`, both 0 where a pixel does not count."""
    classes = logits.shape[-1]
    class_indices = ops.reshape(ops.cast(class_indices, "int32"), (-1,))
    counts = ops.not_equal(class_indices, IGNORE)
    probabilities = ops.reshape(ops.softmax(logits), (-1, classes))
    truth = ops.one_hot(ops.where(counts, class_indices, -1), classes, dtype=logits.dtype)
    return truth, probabilities * ops.cast(counts, logits.dtype)[:, None]


def _mean_of_present(values, sizes):
    present = ops.cast(sizes > 0, values.dtype)
    return ops.sum(values * present) / ops.maximum(ops.sum(present), 1.0)


def pixel_cross_entropy(class_indices, logits):
    """Computes the cross-entropy of every pixel; given to `compile`, Keras takes the mean.

    Args:
        class_indices: Shape `(batch, height, width)`, any type.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        float32 of shape `(batch, height, width)`.
    """
    if backend_operations.has_fast_operations():
        return backend_operations.cross_entropy(ops.cast(class_indices, "int32"), logits)
    return keras.losses.sparse_categorical_crossentropy(class_indices, logits, from_logits=True)


def counted_cross_entropy(class_indices, logits, weights=None):
    """Computes the mean cross-entropy of the pixels that count; given to `compile` where some do not.

    Args:
        class_indices: Shape `(batch, height, width)`, any type; `IGNORE` where a pixel does not count.
        logits: float32 of shape `(batch, height, width, classes)`.
        weights: Weight by class for a weighted mean, shape `(classes,)`; None for equal ones.

    Returns:
        float32 scalar; 0, and no gradient, for a batch in which no pixel counts.
    """
    filled, counts = _counted(class_indices)
    return _mean_of_counted(pixel_cross_entropy(filled, logits), filled, counts, weights)


def _counted(class_indices):
    """Makes indices that are all classes, int32, and float32 of 1 where a pixel counts, else 0."""
    class_indices = ops.cast(class_indices, "int32")
    counts = ops.not_equal(class_indices, IGNORE)
    # Class 0 in place of IGNORE: an index without a logit is an error on one device and a wrong number on another.
    return ops.where(counts, class_indices, 0), ops.cast(counts, "float32")


def _mean_of_counted(losses, filled, counts, weights):
    losses = ops.where(counts > 0, losses, 0.0)
    if weights is not None:
        counts = counts * ops.take(ops.convert_to_tensor(weights), filled)
        losses = losses * counts
    return ops.sum(losses) / ops.maximum(ops.sum(counts), 1.0)


def _fast_cross_entropy_and_dice(class_indices, logits, weights):
    """Computes the sum of `counted_cross_entropy` and `dice` from one softmax and with one gradient."""
    filled, counts = _counted(class_indices)
    losses, of_areas = backend_operations.pixel_losses_and_dice(filled, counts, logits)
    return _mean_of_counted(losses, filled, counts, weights) + of_areas


_OF_AREAS = {"cross_entropy+dice": dice, "cross_entropy+lovasz": lovasz, "lovasz": lovasz}

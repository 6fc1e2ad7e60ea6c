"""The loss of the study: cross-entropy over all classes, void included; and the same without ignored pixels."""

import keras
from keras import ops

from common.labels import IGNORE
from common.learning import backend


def pixel_cross_entropy(class_indices, logits):
    """Computes the cross-entropy of every pixel; given to `compile`, Keras takes the mean.

    Args:
        class_indices: Shape `(batch, height, width)`, any type.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        float32 of shape `(batch, height, width)`.
    """
    if backend.has_fast_operations():
        return backend.cross_entropy(ops.cast(class_indices, "int32"), logits)
    return keras.losses.sparse_categorical_crossentropy(class_indices, logits, from_logits=True)


def counted_cross_entropy(class_indices, logits):
    """Computes the mean cross-entropy of the pixels that count; given to `compile` where a label map ignores labels.

    Args:
        class_indices: Shape `(batch, height, width)`, any type; `IGNORE` where a pixel does not count.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        float32 scalar; 0, and no gradient, for a batch in which no pixel counts.
    """
    class_indices = ops.cast(class_indices, "int32")
    counts = ops.not_equal(class_indices, IGNORE)
    # Class 0 in place of IGNORE: an index without a logit is an error on one device and a wrong number on another.
    losses = pixel_cross_entropy(ops.where(counts, class_indices, 0), logits)
    number = ops.sum(ops.cast(counts, "float32"))
    return ops.sum(ops.where(counts, losses, 0.0)) / ops.maximum(number, 1.0)

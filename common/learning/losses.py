"""The loss of the study: cross-entropy over all classes, void included."""

import keras
from keras import ops

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

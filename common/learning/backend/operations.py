"""Operations that are faster in the back end than through Keras.

Tensors are symbolic or real ones of the back end, `keras.KerasTensor` in the annotations.
"""

from collections.abc import Callable, Sequence

import keras

from common.learning.backend.machine import backend_name

# Below it, float32 numbers lose their digits.
_SMALLEST_NORMAL = 1.1754944e-38


def has_fast_operations() -> bool:
    """Tells whether this module has faster operations for the back end than Keras' own: TensorFlow only."""
    return backend_name() == "tensorflow"


def fused_batch_norm(
    values: keras.KerasTensor,
    scale: keras.KerasTensor,
    offset: keras.KerasTensor,
    epsilon: float,
    moving: Sequence[keras.KerasTensor] | None = None,
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Normalises over all axes but the last, in one operation.

    Args:
        values: Shape `(batch, height, width, channels)`, float32, bfloat16 or float16.
        scale: Gamma, float32 of shape `(channels,)`.
        offset: Beta, same shape and type.
        epsilon: Added to the variance.
        moving: Mean and variance to normalise by; None for those of the batch.

    Returns:
        The normalised values, type of `values`; the batch's mean; its variance divided by n - 1 (both float32).
    """
    import tensorflow as tf

    mean, variance = moving or ((), ())
    outputs = tf.raw_ops.FusedBatchNormV3(
        x=values,
        scale=scale,
        offset=offset,
        mean=tf.convert_to_tensor(mean, "float32"),
        variance=tf.convert_to_tensor(variance, "float32"),
        epsilon=epsilon,
        is_training=moving is None,
    )
    return outputs.y, outputs.batch_mean, outputs.batch_variance


def upsample_add(values: keras.KerasTensor, skip: keras.KerasTensor) -> keras.KerasTensor:
    """Doubles height and width by repetition and adds, without making the doubled array.

    Args:
        values: Shape `(batch, height, width, channels)`.
        skip: Shape `(batch, 2 * height, 2 * width, channels)`, same type.

    Returns:
        The sum, shape and type of `skip`.
    """
    import tensorflow as tf

    height, width, channels = values.shape[1:]

    @tf.custom_gradient
    def add(values: tf.Tensor, skip: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, tf.Tensor]]]:
        fine = tf.reshape(skip, (-1, 2, width, 2, channels)) + tf.reshape(values, (-1, 1, width, 1, channels))

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # A repeated value's gradient is the sum of four: four times their mean, which is exact and one operation.
            return 4 * tf.nn.avg_pool2d(upstream, 2, 2, "VALID"), upstream

        return tf.reshape(fine, tf.shape(skip)), gradient

    total = add(values, skip)
    total.set_shape((values.shape[0], 2 * height, 2 * width, channels))
    return total


def cross_entropy(class_indices: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Computes the same as TensorFlow's sparse cross-entropy, by its faster softmax.

    Args:
        class_indices: int32 of shape `(batch, height, width)`.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        Minus the log of the true class' probability, float32 of shape `(batch, height, width)`.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def loss(logits: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        probabilities = tf.nn.softmax(logits)
        of_truth = tf.gather(probabilities, class_indices, batch_dims=3)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            truth = tf.one_hot(class_indices, logits.shape[-1], dtype=logits.dtype)
            return (probabilities - truth) * upstream[..., None]

        return _minus_log(of_truth, class_indices, logits, probabilities), gradient

    return loss(logits)


def _minus_log(
    of_truth: keras.KerasTensor,
    class_indices: keras.KerasTensor,
    logits: keras.KerasTensor,
    probabilities: keras.KerasTensor,
) -> keras.KerasTensor:
    """Computes minus the log of the true class' probability, from the logits if one is too small for a float32."""
    import tensorflow as tf

    def from_logits() -> tf.Tensor:
        # The probability of the largest logit's class is never near 0.
        log_sum = tf.reduce_max(logits, -1) - tf.math.log(tf.reduce_max(probabilities, -1))
        return log_sum - tf.gather(logits, class_indices, batch_dims=len(class_indices.shape))

    underflows = tf.reduce_min(of_truth) < _SMALLEST_NORMAL
    return tf.cond(underflows, from_logits, lambda: -tf.math.log(of_truth))


def pixel_losses_and_dice(
    class_indices: keras.KerasTensor, counts: keras.KerasTensor, logits: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Computes `cross_entropy` and the Dice loss of the classes that occur, from one softmax and with one gradient.

    Args:
        class_indices: int32 of shape `(batch, height, width)`; any class where a pixel does not count.
        counts: float32 of the same shape, 1 where a pixel counts, else 0.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        The cross-entropy of every pixel, counted or not, float32 of shape `(batch, height, width)`; the Dice loss, a
        float32 scalar: one minus the mean over classes of 2 * overlap / (size of truth + size of prediction).
    """
    import tensorflow as tf

    classes = logits.shape[-1]
    truth, weights = tf.reshape(class_indices, (-1,)), tf.reshape(counts, (-1,))
    shape = tf.shape(class_indices)

    @tf.custom_gradient
    def losses(logits: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
        probabilities = tf.nn.softmax(logits)
        of_truth = tf.gather(probabilities, truth, batch_dims=1)
        cross_entropies = _minus_log(of_truth, truth, logits, probabilities)
        # Sums by class and broadcasts as products of matrices: several times faster here than the operations for them.
        one_hot = tf.one_hot(truth, classes, dtype=logits.dtype)
        sums = tf.matmul(one_hot, tf.stack([of_truth * weights, weights], 1), transpose_a=True)
        overlap, size_of_truth = sums[:, 0], sums[:, 1]
        both = tf.maximum(size_of_truth + tf.linalg.matvec(probabilities, weights, transpose_a=True), 1.0)
        present = tf.cast(size_of_truth > 0, logits.dtype)
        share = present / tf.maximum(tf.reduce_sum(present), 1.0)
        dice = tf.reduce_sum(share * (1 - 2 * overlap / both))

        def gradient(of_cross_entropies: tf.Tensor, of_dice: tf.Tensor) -> tf.Tensor:
            # The derivative of the loss by a probability is `anywhere`, plus `at_truth` for the true class.
            at_truth = of_dice * share * -2 / both
            anywhere = of_dice * share * 2 * overlap / both**2
            more = weights * tf.gather(at_truth, truth) * of_truth
            mean = weights * tf.linalg.matvec(probabilities, anywhere) + more
            upstream = of_cross_entropies - mean
            rows = tf.stack([upstream, weights], 1)
            factors = tf.matmul(rows, tf.stack([tf.ones_like(anywhere), anywhere]))
            return probabilities * factors + one_hot * (more - of_cross_entropies)[:, None]

        return (cross_entropies, dice), gradient

    cross_entropies, dice = losses(tf.reshape(logits, (-1, classes)))
    return tf.reshape(cross_entropies, shape), dice

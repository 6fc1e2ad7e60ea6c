"""AdamW with the decay as the reference study means it.

The study used the AdamW of TensorFlow Addons: w -= weight_decay * w, then the step of Adam, for every weight, biases
and the scales and offsets of batch normalisation included; beta 0.9 and 0.999, epsilon 1e-7, added to the root of the
*uncorrected* second moment. Keras' AdamW does the same in the same order, but multiplies the decay by the learning
rate.
"""

import keras


def adamw(learning_rate, weight_decay):
    """Makes the optimiser.

    With a mixed_float16 model, `compile` wraps it in Keras' `LossScaleOptimizer`.

    Args:
        learning_rate: Constant, above 0.
        weight_decay: Share that is taken off every weight per step, whatever the learning rate.
    """
    return keras.optimizers.AdamW(
        learning_rate, weight_decay=weight_decay / learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7
    )

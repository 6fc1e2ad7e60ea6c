"""AdamW with the decay as the reference study means it."""

import keras


def adamw(learning_rate, weight_decay):
    """Makes the optimiser; `weight_decay` is the share taken off each weight per step, whatever the learning rate."""
    return keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay / learning_rate)

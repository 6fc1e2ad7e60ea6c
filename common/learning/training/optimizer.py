"""AdamW with the weight decay of the reference study, and what other recipes add to it.

The study used the AdamW of TensorFlow Addons: w -= weight_decay * w, then the step of Adam, for every weight, biases
and the scales and offsets of batch normalisation included; beta 0.9 and 0.999, epsilon 1e-7, added to the root of the
*uncorrected* second moment. Keras' AdamW does the same in the same order, but multiplies the decay by the learning
rate: so the decay here follows the schedule of the learning rate, and has the given value at its peak.
"""

import keras

from common.config.settings import TrainingSettings


def make_optimizer(settings: TrainingSettings, num_images: int) -> keras.optimizers.Optimizer:
    """Makes the optimiser of a recipe; the number of training images decides the number of steps.

    With a mixed_float16 model, `compile` wraps it in Keras' `LossScaleOptimizer`.
    """
    optimizer = keras.optimizers.AdamW(
        _learning_rate(settings, settings.num_epochs * settings.steps_per_epoch(num_images)),
        weight_decay=settings.weight_decay / settings.learning_rate,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        global_clipnorm=settings.gradient_clip or None,
        use_ema=settings.ema_momentum > 0,
        ema_momentum=settings.ema_momentum,
    )
    if settings.decay_on == "kernels":
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _learning_rate(settings: TrainingSettings, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Returns a constant rate as a number, else a schedule; a training shorter than its warm-up only warms up."""
    warmup = min(settings.warmup_steps, steps)
    if settings.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else settings.learning_rate,
            max(1, steps - warmup),
            warmup_target=settings.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    if warmup:
        return keras.optimizers.schedules.PolynomialDecay(0.0, warmup, settings.learning_rate)
    return settings.learning_rate

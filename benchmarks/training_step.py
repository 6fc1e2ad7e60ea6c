"""How long a training step takes: Keras as it comes against the training form of this project, and how equal they are.

    python -m benchmarks.training_step [--quick] [--json FILE]

U-Net of the study, 208 x 416, alpha 1, batch 32. All contestants take their steps in turns in one process, so that
whatever else the machine does hits all of them alike; what counts is the median of the ratios of neighbouring steps.
"""

import time

from benchmarks.timing import main, row
from common.learning.backend import machine as backend

backend.quiet_start()

import keras
import numpy as np

from common.config.settings import (
    NetworkSettings,
    TrainingSettings,
)
from common.learning.network.networks import copy_weights
from common.learning.network.unet import plain_form, training_form
from common.learning.training.losses import pixel_cross_entropy
from common.learning.training.optimizer import make_optimizer

STUDY = NetworkSettings(height=208, width=416)
PAPER = TrainingSettings(num_epochs=50, batch_size=32, learning_rate=0.003, weight_decay=1e-4)
# With ReLU a last bit decides whether a value is passed on; gradients are compared where float32 can be compared.
SMOOTH = NetworkSettings(height=208, width=416, activation="elu")


def measure(quick=False):
    """Measures speed and equality; returns rows of `timing.row`. Quick takes small batches: to see that it runs."""
    batch_size, steps = (4, 3) if quick else (32, 9)
    rows = _speeds(batch_size, steps) + _differences()
    keras.config.set_dtype_policy("float32")
    return rows


def _batch(size):
    rng = np.random.default_rng(0)
    shape = (size, STUDY.height, STUDY.width)
    labels = rng.integers(0, STUDY.num_classes, shape, dtype=np.uint8)
    return rng.integers(0, 256, (*shape, STUDY.channels), dtype=np.uint8), labels


def _as_it_comes():
    """Stock layers, softmax, cross-entropy of probabilities: what a Keras user writes down first."""
    model = plain_form(STUDY)
    model.compile(
        optimizer=make_optimizer(PAPER, 32), loss="sparse_categorical_crossentropy", jit_compile=backend.jit_compile()
    )
    return model


def _ours(precision):
    keras.config.set_dtype_policy(precision)
    model = training_form(STUDY)
    model.compile(optimizer=make_optimizer(PAPER, 32), loss=pixel_cross_entropy, jit_compile=backend.jit_compile())
    return model


def _speeds(batch_size, steps):
    keras.utils.set_random_seed(0)
    models = {"as it comes": _as_it_comes(), "float32": _ours("float32"), "mixed_bfloat16": _ours("mixed_bfloat16")}
    batch = _batch(batch_size)
    times = {name: [] for name in models}
    for _ in range(steps + 1):
        for name, model in models.items():
            start = time.perf_counter()
            model.train_on_batch(*batch)
            times[name].append((time.perf_counter() - start) / batch_size * 1000)
    base = times.pop("as it comes")[1:]  # the first step builds the graph
    asked = {"float32": 1 / 0.72, "mixed_bfloat16": 1 / 0.45 if backend.has_bfloat16_processor() else None}
    return [row(f"training step, {name}, ms an image", times[name][1:], base, asked[name]) for name in times]


def _differences():
    """Compares losses and gradients from the same weights and images, and both with float64."""
    rows = []
    for settings, asked in ((STUDY, (1e-4, None)), (SMOOTH, (1e-4, 5e-3))):
        keras.config.set_dtype_policy("float32")
        training, plain = training_form(settings), plain_form(settings)
        copy_weights(training, plain)
        exact = _loss_and_gradient(_float64(plain), keras.losses.SparseCategoricalCrossentropy(dtype="float64"))
        ours = _loss_and_gradient(training, pixel_cross_entropy)
        stock = _loss_and_gradient(plain, "sparse_categorical_crossentropy")
        for index, what in enumerate(("loss", "gradient")):
            values = [contestant[index] for contestant in (ours, stock, exact)]
            errors = [_relative(value, values[2]) for value in values[:2]]
            name = f"{what}, float32, {settings.activation}"
            rows.append(row(f"{name}: relative difference", [_relative(*values[:2])], None, asked[index]))
            rows.append(row(f"{name}: error against float64", errors[:1], errors[1:]))
    return rows


def _relative(value, reference):
    return float(np.linalg.norm(value - reference) / np.linalg.norm(reference))


def _float64(model):
    def in_float64(layer):
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float64"})

    exact = keras.models.clone_model(model, clone_function=in_float64)
    exact.set_weights(model.get_weights())
    return exact


def _loss_and_gradient(model, loss):
    """Takes one step of SGD with momentum: the velocity, from zero and with learning rate 1, is minus the gradient."""
    model.compile(optimizer=keras.optimizers.SGD(1.0, momentum=0.9), loss=loss, jit_compile=backend.jit_compile())
    value = float(model.train_on_batch(*_batch(4)))
    velocities = [keras.ops.convert_to_numpy(variable).ravel() for variable in model.optimizer.variables[2:]]
    return value, -np.concatenate(velocities).astype("float64")


if __name__ == "__main__":
    main(__doc__, measure)

"""How long a training step takes: Keras as it comes against the training form of this project, and how equal they are.

    python benchmarks/training_step.py [--json FILE] [--quick]

U-Net of the study, 208 x 416, alpha 1, batch 32. All contestants take their steps in turns in one process, so that
whatever else the machine does hits all of them alike; what counts is the median of the ratios of neighbouring steps.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common.files import write_json
from common.learning import backend

backend.quiet_start()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from common.learning.losses import pixel_cross_entropy  # noqa: E402
from common.learning.optimizer import adamw  # noqa: E402
from common.learning.unet import NetworkSettings, copy_weights, plain_unet, training_unet  # noqa: E402

STUDY = NetworkSettings(height=208, width=416)
# With ReLU a last bit decides whether a value is passed on; gradients are compared where float32 can be compared.
SMOOTH = NetworkSettings(height=208, width=416, activation="elu")


def measure(quick=False):
    """Measures speed and equality.

    Args:
        quick: Takes batches of 4 and 3 steps instead of 32 and 9: to see that it runs, not to quote.

    Returns:
        A list of dictionaries with `name`, `ours`, `against`, `ratio` and `asked`, the largest ratio that is enough or
        None. Speeds are in milliseconds an image; of differences, `ratio` is the relative one.
    """
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
    model = plain_unet(STUDY)
    model.compile(
        optimizer=adamw(0.003, 1e-4), loss="sparse_categorical_crossentropy", jit_compile=backend.jit_compile()
    )
    return model


def _ours(precision):
    keras.config.set_dtype_policy(precision)
    model = training_unet(STUDY)
    model.compile(optimizer=adamw(0.003, 1e-4), loss=pixel_cross_entropy, jit_compile=backend.jit_compile())
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
    rows = []
    for name, asked in (("float32", 0.72), ("mixed_bfloat16", 0.45)):
        pairs = list(zip(times[name][1:], base, strict=True))
        ours, against = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(mine / theirs for mine, theirs in pairs)
        rows.append(_row(f"training step, {name} (ms an image)", (ours, against), ratio, asked))
    return rows


def _differences():
    """Compares losses and gradients from the same weights and images, and both with float64."""
    rows = []
    for settings, asked in ((STUDY, (1e-4, None)), (SMOOTH, (1e-4, 5e-3))):
        keras.config.set_dtype_policy("float32")
        training, plain = training_unet(settings), plain_unet(settings)
        copy_weights(training, plain)
        exact = _loss_and_gradient(_float64(plain), keras.losses.SparseCategoricalCrossentropy(dtype="float64"))
        ours = _loss_and_gradient(training, pixel_cross_entropy)
        stock = _loss_and_gradient(plain, "sparse_categorical_crossentropy")
        for index, name in enumerate(("loss", "gradient")):
            values = [contestant[index] for contestant in (ours, stock, exact)]
            sizes = [float(np.linalg.norm(value)) for value in values[:2]]
            errors = [_relative(value, values[2]) for value in values[:2]]
            name = f"{name}, float32, {settings.activation}"
            rows.append(_row(name, sizes, _relative(*values[:2]), asked[index]))
            rows.append(_row(f"{name}: error against float64", errors, errors[0] / errors[1], None))
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


def _row(name, ours_against, ratio, asked):
    ours, against = ours_against
    return {"name": name, "ours": ours, "against": against, "ratio": ratio, "asked": asked}


def main():
    """Measures, prints a table and, if asked, writes the rows as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="also write the rows there")
    parser.add_argument("--quick", action="store_true", help="small batches, few steps: to see that it runs")
    arguments = parser.parse_args()
    rows = measure(arguments.quick)
    print(f"{'':45}{'ours':>12}{'against':>12}{'ratio':>12}{'asked':>10}")
    for row in rows:
        asked = "" if row["asked"] is None else f"{row['asked']:g}"
        print(f"{row['name']:45}{row['ours']:12.5g}{row['against']:12.5g}{row['ratio']:12.3g}{asked:>10}")
    if arguments.json:
        write_json(arguments.json, rows)


if __name__ == "__main__":
    main()

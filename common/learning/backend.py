"""What depends on the machine and on the Keras back end: precision, determinism, memory, fast operations, exports.

The only module that touches TensorFlow, JAX or PyTorch directly; each is imported by the function that needs it, and
only if it is the back end Keras runs on. `quiet_start` is to be called before Keras is imported for the first time.
"""

import contextlib
import importlib
import os
import platform
import sys
import warnings
from pathlib import Path

from common.config_keys import PRECISIONS
from common.errors import ConfigError

# Where the processor multiplies bfloat16 itself; without it bfloat16 is emulated and slower than float32.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
# Below it, float32 numbers lose their digits.
_SMALLEST_NORMAL = 1.1754944e-38


def quiet_start():
    """Imports Keras and its back end without TensorFlow's start-up messages; what comes later is shown.

    Where the environment sets TF_CPP_MIN_LOG_LEVEL, everything is shown as it asks for.
    """
    if "keras" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    with _native_messages_dropped():
        importlib.import_module("keras")
        if backend_name() == "tensorflow":
            has_gpu()  # it also logs when it looks for devices


@contextlib.contextmanager
def _native_messages_dropped():
    """Sends what is written to file descriptor 2 to nowhere: TensorFlow logs there before its log level counts."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error stream
        yield
        return
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def backend_name():
    """Returns the name of the back end Keras runs on: `tensorflow`, `jax` or `torch`."""
    import keras

    return keras.backend.backend()


def has_gpu():
    """Tells whether the back end sees a GPU."""
    name = backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    if name == "jax":
        import jax

        return jax.default_backend() in ("gpu", "cuda", "rocm")
    import torch

    return torch.cuda.is_available()


def has_bfloat16_processor(cpuinfo="/proc/cpuinfo"):
    """Tells whether the processor multiplies bfloat16 itself, as far as the system says so (Linux)."""
    try:
        text = Path(cpuinfo).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())


def choose_precision(precision="auto"):
    """Chooses the Keras policy to train with.

    Args:
        precision: One of `PRECISIONS`. "auto": mixed_float16 on a GPU; on a processor mixed_bfloat16 where TensorFlow
            is the back end and the processor has instructions for it, otherwise float32.

    Returns:
        The name of a Keras dtype policy.

    Raises:
        ConfigError: If the name is unknown, or if float16 is asked for where only float32 hardware is.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision = {precision}: unknown, expected one of {', '.join(PRECISIONS)}")
    gpu = has_gpu()
    if precision == "mixed_float16" and not gpu:
        raise ConfigError(
            "precision = mixed_float16: no GPU was found, and on a processor float16 is about 180 times slower than "
            "float32; use precision = auto"
        )
    if precision != "auto":
        return precision
    if gpu:
        return "mixed_float16"
    return "mixed_bfloat16" if backend_name() == "tensorflow" and has_bfloat16_processor() else "float32"


def prepare_devices(threads=None):
    """Lets several trainings share a GPU's memory, and limits the processor threads of one training.

    To be called before the first model is built: a back end cannot change either afterwards.

    Args:
        threads: Threads for one operation; None leaves the choice to the back end, as JAX always does.
    """
    name = backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
    elif name == "jax":
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    elif threads:
        import torch

        torch.set_num_threads(threads)


def make_deterministic():
    """Makes equal inputs give equal bits, in this process and in the next one on the same machine.

    On a processor, with the same number of threads, trainings repeat bit by bit without it, in float32 and bfloat16;
    TensorFlow then runs the same kernels either way. On a GPU it is needed, and some operations get slower. JAX takes
    it from the environment only, before it starts: XLA_FLAGS=--xla_gpu_deterministic_ops=true.
    """
    name = backend_name()
    if name == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif name == "torch":
        import torch

        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


def without_gradients():
    """Makes a context in which nothing is kept for gradients: PyTorch keeps it outside of a training too."""
    if backend_name() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


def describe():
    """Describes what a training ran on, for its result file.

    Returns:
        A dictionary of strings: Keras, the back end and its version, Python, system, devices.
    """
    import keras

    name = backend_name()
    version = importlib.import_module(name).__version__
    return {
        "keras": keras.__version__,
        "backend": f"{name} {version}",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": "gpu" if has_gpu() else "cpu",
    }


def jit_compile():
    """Returns what `compile` is to be given: XLA is slower than TensorFlow's own kernels on a processor."""
    return False if backend_name() == "tensorflow" and not has_gpu() else "auto"


def has_fast_operations():
    """Tells whether this module has faster operations for the back end than Keras' own: TensorFlow only."""
    return backend_name() == "tensorflow"


def fused_batch_norm(values, scale, offset, epsilon, moving=None):
    """Normalises over all axes but the last, in one operation.

    Args:
        values: Shape `(batch, height, width, channels)`, float32, bfloat16 or float16.
        scale: Gamma, float32 of shape `(channels,)`.
        offset: Beta, same shape and type.
        epsilon: Added to the variance.
        moving: Mean and variance to normalise by; None takes the batch's own.

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


def upsample_add(values, skip):
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
    def add(values, skip):
        fine = tf.reshape(skip, (-1, 2, width, 2, channels)) + tf.reshape(values, (-1, 1, width, 1, channels))

        def gradient(upstream):
            # A repeated value's gradient is the sum of four: four times their mean, which is exact and one operation.
            return 4 * tf.nn.avg_pool2d(upstream, 2, 2, "VALID"), upstream

        return tf.reshape(fine, tf.shape(skip)), gradient

    total = add(values, skip)
    total.set_shape((values.shape[0], 2 * height, 2 * width, channels))
    return total


def cross_entropy(class_indices, logits):
    """Computes what TensorFlow's sparse cross-entropy computes, from its faster softmax.

    Args:
        class_indices: int32 of shape `(batch, height, width)`.
        logits: float32 of shape `(batch, height, width, classes)`.

    Returns:
        Minus the log of the true class' probability, float32 of shape `(batch, height, width)`.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def loss(logits):
        probabilities = tf.nn.softmax(logits)
        of_truth = tf.gather(probabilities, class_indices, batch_dims=3)

        def gradient(upstream):
            truth = tf.one_hot(class_indices, logits.shape[-1], dtype=logits.dtype)
            return (probabilities - truth) * upstream[..., None]

        return _minus_log(of_truth, class_indices, logits, probabilities), gradient

    return loss(logits)


def _minus_log(of_truth, class_indices, logits, probabilities):
    """Computes minus the log of the true class' probability, from the logits if one is too small for a float32."""
    import tensorflow as tf

    def from_logits():
        # The probability of the largest logit's class is never near 0.
        log_sum = tf.reduce_max(logits, -1) - tf.math.log(tf.reduce_max(probabilities, -1))
        return log_sum - tf.gather(logits, class_indices, batch_dims=len(class_indices.shape))

    underflows = tf.reduce_min(of_truth) < _SMALLEST_NORMAL
    return tf.cond(underflows, from_logits, lambda: -tf.math.log(of_truth))


def pixel_losses_and_dice(class_indices, counts, logits):
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
    def losses(logits):
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

        def gradient(of_cross_entropies, of_dice):
            # The loss' derivative by a probability: `anywhere`, and `at_truth` more where the class is the true one.
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


def saved_model_to_tflite(folder):
    """Converts a SavedModel to the bytes of a TensorFlow Lite model."""
    import tensorflow as tf

    with _native_messages_dropped():
        return tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()


def run_saved_model(folder, images):
    """Runs a SavedModel's default signature on `images`; returns its one output."""
    import tensorflow as tf

    (found,) = tf.saved_model.load(str(folder)).signatures["serving_default"](image=tf.constant(images)).values()
    return found.numpy()


def run_tflite(path, images):
    """Runs a TensorFlow Lite model's default signature on `images`; returns its one output."""
    import tensorflow as tf

    with warnings.catch_warnings(), _native_messages_dropped():
        # It advises a package that takes its place some day.
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
        interpreter = tf.lite.Interpreter(str(path))
        (found,) = interpreter.get_signature_runner("serving_default")(image=images).values()
    return found

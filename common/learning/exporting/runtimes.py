"""Runs exported models by the runtimes they were made for, and by nothing of Keras."""

import warnings

from common.learning.backend.machine import native_messages_dropped


def saved_model_to_tflite(folder):
    """Converts a SavedModel to the bytes of a TensorFlow Lite model."""
    import tensorflow as tf

    with native_messages_dropped():
        return tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()


def run_saved_model(folder, images):
    """Runs a SavedModel's default signature on `images`; returns its one output."""
    import tensorflow as tf

    (found,) = tf.saved_model.load(str(folder)).signatures["serving_default"](image=tf.constant(images)).values()
    return found.numpy()


def run_tflite(path, images):
    """Runs a TensorFlow Lite model's default signature on `images`; returns its one output."""
    import tensorflow as tf

    with warnings.catch_warnings(), native_messages_dropped():
        # It advises a package that takes its place some day.
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
        interpreter = tf.lite.Interpreter(str(path))
        (found,) = interpreter.get_signature_runner("serving_default")(image=images).values()
    return found


def run_exported(path, kind, images):
    """Runs an exported model on the processor.

    Args:
        path: The file, or the folder of a SavedModel.
        kind: `onnx`, `saved_model` or `tflite`.
        images: float32 of shape `(batch, height, width, 3)`.

    Returns:
        The one output, an array.
    """
    if kind == "onnx":
        return _run_onnx(path, images)
    if kind == "saved_model":
        return run_saved_model(path, images)
    return run_tflite(path, images)


def _run_onnx(path, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": images})
    return found

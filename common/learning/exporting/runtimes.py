"""Runs exported models with the runtimes they were made for, without Keras."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.learning.backend.machine import native_messages_dropped


def saved_model_to_tflite(folder: Path) -> bytes:
    """Converts a SavedModel to the bytes of a TensorFlow Lite model."""
    import tensorflow as tf

    with native_messages_dropped():
        content: bytes = tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
    return content


def _run_saved_model(folder: Path, images: NDArray[np.float32]) -> NDArray[Any]:
    import tensorflow as tf

    (found,) = tf.saved_model.load(str(folder)).signatures["serving_default"](image=tf.constant(images)).values()
    return np.asarray(found)


def _run_tflite(path: Path, images: NDArray[np.float32]) -> NDArray[Any]:
    import tensorflow as tf

    with warnings.catch_warnings(), native_messages_dropped():
        # It recommends a package that will replace it one day.
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
        interpreter = tf.lite.Interpreter(str(path))
        (found,) = interpreter.get_signature_runner("serving_default")(image=images).values()
    return np.asarray(found)


def run_exported(path: Path, kind: str, images: NDArray[np.float32]) -> NDArray[Any]:
    """Runs an exported model of a kind on the processor, on images `(batch, height, width, 3)`.

    Returns:
        The one output: float32 probabilities or uint8 class indices.
    """
    return {"onnx": _run_onnx, "saved_model": _run_saved_model, "tflite": _run_tflite}[kind](path, images)


def _run_onnx(path: Path, images: NDArray[np.float32]) -> NDArray[Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": images})
    return np.asarray(found)

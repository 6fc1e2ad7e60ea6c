"""Runs exported models by the runtimes they were made for, and by nothing of Keras."""

from common.learning import backend


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
        return backend.run_saved_model(path, images)
    return backend.run_tflite(path, images)


def _run_onnx(path, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": images})
    return found

"""Saved models for other programs: ONNX, SavedModel, TensorFlow Lite; each is run and compared before it is kept.

All have one input `image`, float32 of shape `(batch, height, width, 3)`, red, green, blue from 0 to 255, and one
output, `probabilities` or `class_indices`. Each contains `segmentation.json`: the model's card, and its input and
output. All are made with TensorFlow, which loads a `.keras` file whatever it was trained with.
"""

import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from common.errors import ConfigError, DataError, ProjectError
from common.learning.backend import machine as backend
from common.learning.exporting.files import CARD_NAME, check_packages, new_place
from common.learning.exporting.runtimes import run_exported, saved_model_to_tflite
from common.learning.network.layers import largest
from common.learning.network.model_card import ModelCard, load_model
from common.learning.network.networks import with_input
from common.learning.predicting.ensembles import Ensemble

# The most that conversion and another order of additions may change; measured: 2e-6 and no pixel.
LARGEST_DIFFERENCE = 1e-3
LARGEST_SHARE = 1e-3
# Images compared if the batch may have any size: the image and its mirror image.
_COMPARED = 2


@dataclass(frozen=True)
class ExportSettings:
    """What is made of a model.

    Attributes:
        kind: One of `files.ENDINGS`.
        size_wh: None for the model's own size.
        batch: Number of images at a time; None for any.
        class_indices: Whether the output is class indices, uint8 of shape `(batch, height, width)`, not probabilities.
    """

    kind: str
    size_wh: tuple[int, int] | None = None
    batch: int | None = None
    class_indices: bool = False

    @property
    def output(self) -> str:
        """Name of the output."""
        return "class_indices" if self.class_indices else "probabilities"


@dataclass(frozen=True)
class Comparison:
    """How an exported model differs from the saved one.

    Attributes:
        difference: Largest absolute difference of a probability; None if the output is class indices.
        pixels: Number of pixels compared.
        other_class: Number of those with another most probable class.
    """

    difference: float | None
    pixels: int
    other_class: int

    @property
    def is_close(self) -> bool:
        """Whether the exported model can be used in place of the saved one."""
        is_near = self.difference is None or self.difference <= LARGEST_DIFFERENCE  # False for NaN
        return is_near and self.other_class <= LARGEST_SHARE * self.pixels

    def __str__(self) -> str:
        text = f"another class on {self.other_class:,} of {self.pixels:,} pixels"
        return text if self.difference is None else f"largest difference of a probability {self.difference:.1e}, {text}"


def export_model(
    path: Path, target: Path, settings: ExportSettings, image: NDArray[np.uint8], overwrite: bool = False
) -> Comparison:
    """Exports a saved model, runs both on an image and its mirror image, and keeps the new one if they agree.

    The image is red, green, blue, of shape `(height, width, 3)`; it is resized to the size of the network.

    Raises:
        ConfigError: If a package is missing, Keras does not run on TensorFlow, or a setting is impossible.
        DataError: If `path` cannot be used, `target` may not be written, or the exported model differs.
    """
    _check(settings)
    model, card = load_model(path)
    ensemble = Ensemble([(model, card)], settings.size_wh)
    ensemble.check_memory(settings.batch or _COMPARED)
    card = card.model_copy(update={"size_wh": ensemble.inputs[0].size_wh})
    images = _batch(image, card.size_wh, settings.batch)
    with new_place(target, settings.kind, overwrite) as place:
        try:
            _write(_network(model, card, settings), place, settings, _described(card, settings))
            comparison = _compare(ensemble.probabilities([images])[0], run_exported(place, settings.kind, images))
        except (ProjectError, OSError, MemoryError):
            raise
        except Exception as error:  # converters raise whatever their parts raise
            reason = " ".join(str(error).split())[:300]
            raise DataError(f"{path}: cannot be exported as {settings.kind}: {reason}; nothing was written") from error
        if not comparison.is_close:
            raise DataError(
                f"{path}: exported as {settings.kind} it gives other results: {comparison}; expected at most "
                f"{LARGEST_DIFFERENCE} and {LARGEST_SHARE:.1%} of the pixels; nothing was written"
            )
    return comparison


def _check(settings: ExportSettings) -> None:
    check_packages(settings.kind)
    if (name := backend.backend_name()) != "tensorflow":
        raise ConfigError(
            f"export to {settings.kind}: needs Keras on TensorFlow, found {name}; set KERAS_BACKEND=tensorflow, under "
            "which every .keras file loads"
        )
    if settings.batch is not None and settings.batch < 1:
        raise ConfigError(f"batch = {settings.batch}: expected at least 1 image at a time")


def _batch(image: NDArray[np.uint8], size_wh: tuple[int, int], batch: int | None) -> NDArray[np.float32]:
    """Makes a batch of the image and its mirror image in turn, so that images in a wrong order are noticed."""
    import cv2

    resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR)
    pair = resized, resized[:, ::-1]
    return np.stack([pair[index % 2] for index in range(batch or _COMPARED)]).astype(np.float32)


def _network(model: keras.Model, card: ModelCard, settings: ExportSettings) -> keras.Model:
    network, choose = with_input(model, card.size_wh, settings.batch), largest
    if settings.kind == "onnx":
        from common.learning.exporting.onnx_form import LargestClass, with_resizing

        network, choose = with_resizing(network), LargestClass()
    output, last = network.output, network.layers[-1]
    if settings.class_indices:
        # The softmax keeps the order. Not ops.argmax, which has operations that converters do not know.
        output = ops.cast(choose(last.input if isinstance(last, keras.layers.Softmax) else output), "uint8")
    return keras.Model(network.input, {settings.output: output}, name="exported")


def _described(card: ModelCard, settings: ExportSettings) -> str:
    """Makes the text of `segmentation.json`."""
    width, height = card.size_wh
    shape: list[int | None] = [settings.batch, height, width]
    classes, type_ = ([], "uint8") if settings.class_indices else ([len(card.label_map)], "float32")
    return json.dumps(
        {
            **card.model_dump(mode="json"),
            "input": {"name": "image", "type": "float32", "shape": [*shape, 3]},
            "output": {"name": settings.output, "type": type_, "shape": [*shape, *classes]},
            "export": asdict(settings),
        }
    )


def _write(network: keras.Model, place: Path, settings: ExportSettings, card_text: str) -> None:
    if settings.kind == "onnx":
        _write_onnx(network, place, card_text)
    elif settings.kind == "saved_model":
        network.export(str(place), format="tf_saved_model", verbose=False)
        # The folder that TensorFlow reserves for additions of others.
        (place / "assets.extra").mkdir()
        (place / "assets.extra" / CARD_NAME).write_text(card_text, encoding="utf-8")
    else:
        _write_tflite(network, place, card_text)


def _write_onnx(network: keras.Model, place: Path, card_text: str) -> None:
    import onnx

    from common.learning.exporting.onnx_form import simplify_resizing

    network(np.zeros([size or 1 for size in network.input_shape], np.float32))  # Keras needs one call
    with warnings.catch_warnings():
        # Keras uses a name that numpy plans to give another meaning.
        warnings.filterwarnings("ignore", r"In the future `np\.object`", FutureWarning)
        network.export(str(place), format="onnx", verbose=False)
    content = onnx.load(str(place))
    simplify_resizing(content)
    for value in (*content.graph.input, *content.graph.output):
        batch = value.type.tensor_type.shape.dim[0]
        if batch.dim_param:
            batch.dim_param = "batch"
    onnx.helper.set_model_props(content, {CARD_NAME: card_text})
    onnx.checker.check_model(content)
    onnx.save(content, str(place))


def _write_tflite(network: keras.Model, place: Path, card_text: str) -> None:
    import zipfile

    with TemporaryDirectory(prefix="export-") as folder:
        network.export(folder, format="tf_saved_model", verbose=False)
        place.write_bytes(saved_model_to_tflite(Path(folder)))
    # A zip behind the model, where TensorFlow Lite keeps associated files.
    with zipfile.ZipFile(place, "a") as archive:
        archive.writestr(zipfile.ZipInfo(CARD_NAME), card_text)


def _compare(expected: NDArray[np.float32], found: NDArray[Any]) -> Comparison:
    """Compares probabilities `(batch, height, width, classes)` with probabilities or with class indices."""
    classes = expected.argmax(-1)
    difference = None
    if found.shape == expected.shape:
        difference, found = float(np.abs(found - expected).max()), found.argmax(-1)
    elif found.shape != classes.shape:
        raise ValueError(f"it gives shape {found.shape}, expected {expected.shape}")
    return Comparison(difference, classes.size, int((classes != found).sum()))

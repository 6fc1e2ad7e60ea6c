"""What a saved model says about itself: its classes, size and scaling of its input, in one JSON inside the file.

A `.keras` file is a zip; Keras leaves members it does not know alone. So a model that is copied, renamed or linked
still knows what its outputs mean. A file without the card is refused: its classes would be guessed.

A file may come from a stranger. Before Keras sees it, only members that a model needs are accepted, of sizes that a
model can need, with layers that only compute: other layers run code or read files.
"""

import json
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Any, Literal

import keras
from pydantic import AfterValidator, PositiveInt, ValidationError

from common.config.settings import PREPARATIONS
from common.errors import DataError
from common.files.models import FileModel, explain
from common.labels.maps import LabelMap

_MEMBER = "segmentation.json"
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
# The largest of the study's networks has 11 MB of weights and 60 KB of config.
_LARGEST_BYTES = {_MEMBER: 1_000_000, _CONFIG: 16_000_000, "metadata.json": 1_000_000, _WEIGHTS: 1_000_000_000}
_MODULES = ("keras", "keras.initializers", "keras.regularizers", "keras.constraints", "keras.layers")
_NETWORK = ("keras.src.models.functional", "Functional")
# Layers that compute and do nothing else.
_LAYERS = frozenset((
    "Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D",
    "Conv2DTranspose", "Cropping2D", "DepthwiseConv2D", "Dropout", "ELU", "GlobalAveragePooling2D",
    "GroupNormalization", "InputLayer", "LayerNormalization", "LeakyReLU", "MaxPooling2D", "Multiply",
    "Normalization", "PReLU", "ReLU", "Rescaling", "Resizing", "SeparableConv2D", "Softmax", "SpatialDropout2D",
    "Subtract", "UpSampling2D", "ZeroPadding2D",
))  # fmt: skip


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("expected a name that can be printed")
    return name


def _known_preparation(name: str) -> str:
    if name not in PREPARATIONS:
        raise ValueError(f"expected one of {', '.join(PREPARATIONS)}")
    return name


class ModelCard(FileModel):
    """What a model knows about itself.

    Attributes:
        name: As in file names, `CITYSCAPES_subset_1_0`.
        size_wh: Width and height of the images it was trained on, in pixels.
        scaling: Range of the values of an image; the network scales them itself.
        preparation: How those images were made smaller, one of `PREPARATIONS`.
    """

    name: Annotated[str, AfterValidator(_printable)]
    label_map: LabelMap
    size_wh: tuple[PositiveInt, PositiveInt]
    channels: Literal["RGB"] = "RGB"
    scaling: Literal["0-255"] = "0-255"
    preparation: Annotated[str, AfterValidator(_known_preparation)]


def add_card(path: Path, card: ModelCard) -> None:
    """Writes the card into a saved model that has none."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(_MEMBER), card.model_dump_json())


def read_card(path: Path) -> ModelCard:
    """Reads the card of a saved model.

    Raises:
        DataError: If the file is missing, not a Keras model or unsafe, or its card is missing or wrong; names it.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is not a file; expected a .keras model, for example in BASE_DIR/models")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            _check_layers(path, json.loads(_read(archive, _CONFIG)))
            content = _read(archive, _MEMBER)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a .keras model, for example in BASE_DIR/models") from None
    except _DAMAGED as error:
        raise DataError(f"{path}: is damaged or not a Keras model ({error}); expected a .keras file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return ModelCard.model_validate_json(content)
    except ValidationError as error:
        raise DataError(f"{path}: {_MEMBER}: {explain(error)}; train the model again or take another one") from error


# What damaged zips and JSON raise.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError, NotImplementedError, RuntimeError)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Reads a member to its end, but never more than its limit: the size in the table of contents can be false."""
    with archive.open(name) as member:
        data = member.read(_LARGEST_BYTES[name] + 1)
    if len(data) > _LARGEST_BYTES[name]:
        raise ValueError(f"{name} has more bytes than its entry says")
    return data


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    names = [info.filename for info in members]
    if _CONFIG not in names or _WEIGHTS not in names:
        raise DataError(f"{path}: is not a Keras model; expected a .keras file that steps 02 to 04 wrote")
    if _MEMBER not in names:
        raise DataError(
            f"{path}: does not say which classes it predicts, nor the size and scaling of its images; expected a model "
            "that steps 02 to 04 trained"
        )
    for info in members:
        if info.filename not in _LARGEST_BYTES or names.count(info.filename) > 1:
            raise DataError(f"{path}: contains {info.filename[:100]!r}, which no model needs; do not trust this file")
        if info.file_size > _LARGEST_BYTES[info.filename]:
            raise DataError(
                f"{path}: its {info.filename} has {info.file_size:,} bytes, at most "
                f"{_LARGEST_BYTES[info.filename]:,} are allowed"
            )


def _check_layers(path: Path, config: Any) -> None:
    """Refuses every part of a network that is not known to only compute."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            module, name = value.get("module"), value.get("class_name", "")
            if name == "__keras_tensor__" and module is None or (module, name) == _NETWORK or not name:
                continue
            if module not in _MODULES or (module == "keras.layers" and name not in _LAYERS):
                raise DataError(
                    f"{path}: has a part {str(name)[:60]!r} of {str(module)[:60]!r}, which may do more than "
                    "compute, and is not loaded; expected a model that steps 02 to 04 trained"
                )


def load_model(path: Path) -> tuple[keras.Model, ModelCard]:
    """Loads a saved model, images in and class probabilities out, and its card.

    Raises:
        DataError: As `read_card` does, or if Keras cannot load the file, or the network does not fit the card.
    """
    card = read_card(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        takes, gives = tuple(model.input_shape), tuple(model.output_shape)
    except Exception as error:  # Keras raises whatever its parts raise
        reason = " ".join(str(error).split())[:300]
        text = f"{path}: cannot be loaded as a Keras model: {reason}; train it again or copy it again"
        raise DataError(text) from error
    width, height = card.size_wh
    if (takes, gives) != ((None, height, width, 3), (None, height, width, len(card.label_map))):
        raise DataError(
            f"{path}: takes {takes} and gives {gives}, but its card says {len(card.label_map)} classes and images "
            f"of {width}x{height} pixels; do not trust this file"
        )
    return model, card

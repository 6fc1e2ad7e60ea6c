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
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import keras
from pydantic import AfterValidator, PositiveInt, ValidationError

from common.config.settings import PREPARATIONS
from common.errors import DataError
from common.files.models import FileModel, explain
from common.labels.maps import LabelMap

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
# The largest of the study's networks has 11 MB of weights and 60 KB of config.
_LARGEST_BYTES = {_CONFIG: 16_000_000, "metadata.json": 1_000_000, _WEIGHTS: 1_000_000_000}
_LARGEST_CARD_BYTES = 1_000_000
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


@dataclass(frozen=True)
class FileKind:
    """A kind of model file, told by the name of the card in it.

    Attributes:
        member: Name of the card in the zip.
        layers: Names of the Keras layers it may have.
        expected: What is expected instead of another file, for messages.
        without_card: What a Keras model without the card is, for messages.
        other_cards: What a file with another card is, by the name of that card.
    """

    member: str
    layers: frozenset[str]
    expected: str
    without_card: str
    other_cards: dict[str, str]


SEGMENTATION = FileKind(
    "segmentation.json",
    _LAYERS,
    "a model that steps 02 to 14 trained",
    "does not say which classes it predicts, nor the size and scaling of its images",
    {"evalnet.json": "is an EvalNet: it judges masks and cannot predict any"},
)
EVALNET = FileKind(
    "evalnet.json",
    _LAYERS | {"Dense"},
    "an EvalNet that steps 10, 12 and 14 train, from BASE_DIR/models/evalnets",
    "is not an EvalNet",
    {},
)
Card = TypeVar("Card", bound=FileModel)


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


def add_card(path: Path, card: FileModel, kind: FileKind = SEGMENTATION) -> None:
    """Writes the card into a saved model that has none."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(kind.member), card.model_dump_json())


def read_card(path: Path) -> ModelCard:
    """Reads the card of a saved model.

    Raises:
        DataError: If the file is missing, not a Keras model or unsafe, or its card is missing or wrong; names it.
    """
    return read_card_of(path, SEGMENTATION, ModelCard)


def read_card_of(path: Path, kind: FileKind, card: type[Card]) -> Card:
    """Reads the card of a model file of any kind; raises DataError as `read_card` does."""
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is not a file; expected a .keras model, for example in BASE_DIR/models")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive, kind)
            _check_layers(path, json.loads(_read(archive, _CONFIG, _LARGEST_BYTES[_CONFIG])), kind)
            content = _read(archive, kind.member, _LARGEST_CARD_BYTES)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a .keras model, for example in BASE_DIR/models") from None
    except _DAMAGED as error:
        raise DataError(f"{path}: is damaged or not a Keras model ({error}); expected a .keras file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return card.model_validate_json(content)
    except ValidationError as error:
        raise DataError(
            f"{path}: {kind.member}: {explain(error)}; train the model again or take another one"
        ) from error


# What damaged zips and JSON raise.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError, NotImplementedError, RuntimeError)


def _read(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Reads a member to its end, but never more than its limit: the size in the table of contents can be false."""
    with archive.open(name) as member:
        data = member.read(largest + 1)
    if len(data) > largest:
        raise ValueError(f"{name} has more bytes than its entry says")
    return data


def _check_members(path: Path, archive: zipfile.ZipFile, kind: FileKind) -> None:
    members = archive.infolist()
    names = [info.filename for info in members]
    if _CONFIG not in names or _WEIGHTS not in names:
        raise DataError(f"{path}: is not a Keras model; expected {kind.expected}")
    if kind.member not in names:
        found = next((text for name, text in kind.other_cards.items() if name in names), kind.without_card)
        raise DataError(f"{path}: {found}; expected {kind.expected}")
    limits = {**_LARGEST_BYTES, kind.member: _LARGEST_CARD_BYTES}
    for info in members:
        if info.filename not in limits or names.count(info.filename) > 1:
            raise DataError(f"{path}: contains {info.filename[:100]!r}, which no model needs; do not trust this file")
        if info.file_size > limits[info.filename]:
            raise DataError(
                f"{path}: its {info.filename} has {info.file_size:,} bytes, at most "
                f"{limits[info.filename]:,} are allowed"
            )


def _check_layers(path: Path, config: Any, kind: FileKind) -> None:
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
            if module not in _MODULES or (module == "keras.layers" and name not in kind.layers):
                raise DataError(
                    f"{path}: has a part {str(name)[:60]!r} of {str(module)[:60]!r}, which may do more than "
                    f"compute, and is not loaded; expected {kind.expected}"
                )


def load_model(path: Path) -> tuple[keras.Model, ModelCard]:
    """Loads a saved model, images in and class probabilities out, and its card.

    Raises:
        DataError: As `read_card` does, or if Keras cannot load the file, or the network does not fit the card.
    """
    card = read_card(path)
    width, height = card.size_wh
    shapes = (None, height, width, 3), (None, height, width, len(card.label_map))
    about = f"{len(card.label_map)} classes and images of {width}x{height} pixels"
    return load_checked(path, shapes, about), card


def load_checked(path: Path, shapes: tuple[Any, Any], about: str) -> keras.Model:
    """Loads a model whose card was read.

    Args:
        path: The file.
        shapes: Shape of its input and output by the card; lists of shapes where there are several.
        about: What the card says, for messages.

    Raises:
        DataError: If Keras cannot load the file, or the network has other shapes.
    """
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        takes, gives = model.input_shape, model.output_shape
    except Exception as error:  # Keras raises whatever its parts raise
        reason = " ".join(str(error).split())[:300]
        text = f"{path}: cannot be loaded as a Keras model: {reason}; train it again or copy it again"
        raise DataError(text) from error
    if (takes, gives) != shapes:
        raise DataError(f"{path}: takes {takes} and gives {gives}, but its card says {about}; do not trust this file")
    return model

"""What a saved model says about itself: its classes, its input's size and scaling, in one JSON inside the file.

A `.keras` file is a zip; Keras leaves members it does not know alone. So a model that is copied, renamed or linked
still knows what its outputs mean. A file without the card is refused: its classes would be guessed.

A file may come from a stranger. Before Keras sees it, its members are held against those a model has, their sizes
against what a model can need, and its layers against those that only compute: others run code or read files.
"""

import json
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import keras

from common.config.keys import PREPARATIONS
from common.errors import DataError
from common.labels.cityscapes import IGNORE, LARGEST_ID
from common.labels.maps import LabelMap

_MEMBER = "segmentation.json"
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
# The largest of the study's networks has 11 MB of weights and 60 KB of config.
_LARGEST_BYTES = {_MEMBER: 1_000_000, _CONFIG: 16_000_000, "metadata.json": 1_000_000, _WEIGHTS: 1_000_000_000}
_MODULES = ("keras", "keras.initializers", "keras.regularizers", "keras.constraints", "keras.layers")
_NETWORK = ("keras.src.models.functional", "Functional")
# Layers that compute and do nothing else.
_LAYERS = frozenset(
    (
        "Activation",
        "Add",
        "Average",
        "AveragePooling2D",
        "BatchNormalization",
        "Concatenate",
        "Conv2D",
        "Conv2DTranspose",
        "Cropping2D",
        "DepthwiseConv2D",
        "Dropout",
        "ELU",
        "GlobalAveragePooling2D",
        "GroupNormalization",
        "InputLayer",
        "LayerNormalization",
        "LeakyReLU",
        "MaxPooling2D",
        "Multiply",
        "Normalization",
        "PReLU",
        "ReLU",
        "Rescaling",
        "Resizing",
        "SeparableConv2D",
        "Softmax",
        "SpatialDropout2D",
        "Subtract",
        "UpSampling2D",
        "ZeroPadding2D",
    )
)
_SCALING = "0-255"


@dataclass(frozen=True)
class ModelCard:
    """What a model knows about itself.

    Attributes:
        name: As in file names, `CITYSCAPES_subset_1_0`.
        label_map: The `LabelMap` of its outputs.
        size_wh: Width and height of the images it was trained on, in pixels. Images are red, green, blue, values from 0
            to 255; the network scales them itself.
        preparation: How those images were made smaller, one of `PREPARATIONS`.
    """

    name: str
    label_map: LabelMap
    size_wh: tuple[int, int]
    preparation: str = "study"

    def as_json(self):
        """Makes JSON-able values."""
        return {
            "name": self.name,
            "label_map": self.label_map.as_json(),
            "size_wh": list(self.size_wh),
            "channels": "RGB",
            "scaling": _SCALING,
            "preparation": self.preparation,
        }

    @classmethod
    def from_json(cls, content):
        """Reads what `as_json` made.

        Raises:
            ValueError: If it is something else; says what.
        """
        try:
            label_map = LabelMap.from_json(content["label_map"])
            name, size_wh = content["name"], tuple(content["size_wh"])
            scaling = content["scaling"], content["channels"]
            preparation = content.get("preparation", "study")  # older cards do not have it
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"lacks {error}") from error
        if scaling != (_SCALING, "RGB"):
            raise ValueError(f"asks for images scaled to {scaling[0]} in {scaling[1]}; known is {_SCALING} in RGB")
        if (
            not (isinstance(name, str) and name.isprintable())
            or len(size_wh) != 2
            or not all(type(side) is int and side > 0 for side in size_wh)
        ):
            raise ValueError("has no name or no size of two positive whole numbers")
        if preparation not in PREPARATIONS:
            raise ValueError(f"has an unknown preparation; known are {', '.join(PREPARATIONS)}")
        _check_label_map(label_map)
        return cls(name, label_map, size_wh, preparation)


def _check_label_map(label_map):
    classes = range(len(label_map.names))
    colors_fit = len(label_map.colors) == len(classes) and all(
        len(color) == 3 and all(type(value) is int and 0 <= value <= 255 for value in color)
        for color in label_map.colors
    )
    ids_fit = len(label_map.class_of_id) == LARGEST_ID + 1 and all(
        type(index) is int and (index in classes or index == IGNORE) for index in label_map.class_of_id
    )
    names_fit = all(isinstance(name, str) and name.isprintable() for name in label_map.names)
    if not (0 < len(classes) <= IGNORE and colors_fit and ids_fit and names_fit):
        raise ValueError("has a label map whose names, colours and ids do not fit together")


def add_card(path, card):
    """Writes the card into a saved model that has none."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(_MEMBER), json.dumps(card.as_json()))


def read_card(path):
    """Reads the card of a saved model.

    Raises:
        DataError: If the file is missing, no Keras model, unsafe, or says nothing about its classes; names it.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is no file; expected a .keras model, as BASE_DIR/models holds")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            _check_layers(path, json.loads(_read(archive, _CONFIG)))
            content = json.loads(_read(archive, _MEMBER))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a .keras model, as BASE_DIR/models holds") from None
    except _DAMAGED as error:
        raise DataError(f"{path}: is no Keras model or damaged ({error}); expected a .keras file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return ModelCard.from_json(content)
    except ValueError as error:
        raise DataError(f"{path}: its {_MEMBER} {error}; train the model again or take another one") from error


# What damaged zips and JSON raise.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError, NotImplementedError, RuntimeError)


def _read(archive, name):
    """Reads a member to its end, but never more than it may have: what the table of contents says can be false."""
    with archive.open(name) as member:
        data = member.read(_LARGEST_BYTES[name] + 1)
    if len(data) > _LARGEST_BYTES[name]:
        raise ValueError(f"{name} holds more bytes than it says")
    return data


def _check_members(path, archive):
    members = archive.infolist()
    names = [info.filename for info in members]
    if _CONFIG not in names or _WEIGHTS not in names:
        raise DataError(f"{path}: is no Keras model; expected a .keras file as steps 02 to 04 write it")
    if _MEMBER not in names:
        raise DataError(
            f"{path}: does not say which classes it predicts, nor the size and scaling of its images; expected a model "
            "that steps 02 to 04 of this version trained"
        )
    for info in members:
        if info.filename not in _LARGEST_BYTES or names.count(info.filename) > 1:
            raise DataError(f"{path}: holds {info.filename[:100]!r}, which no model needs; do not trust this file")
        if info.file_size > _LARGEST_BYTES[info.filename]:
            raise DataError(
                f"{path}: its {info.filename} has {info.file_size:,} bytes, at most "
                f"{_LARGEST_BYTES[info.filename]:,} are read"
            )


def _check_layers(path, config):
    """Refuses everything in a network that is not known to do nothing but compute."""
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


def load_model(path):
    """Loads a saved model that knows its classes.

    Returns:
        The Keras model, images in and class probabilities out, and its `ModelCard`.

    Raises:
        DataError: If `read_card` does, or Keras cannot load the file, or what it holds does not fit its card.
    """
    card = read_card(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        takes, gives = tuple(model.input_shape), tuple(model.output_shape)
    except Exception as error:  # Keras raises whatever its parts raise
        reason = " ".join(str(error).split())[:300]
        raise DataError(
            f"{path}: cannot be loaded as a Keras model: {reason}; train it again or copy it anew"
        ) from error
    width, height = card.size_wh
    if (takes, gives) != ((None, height, width, 3), (None, height, width, len(card.label_map))):
        raise DataError(
            f"{path}: takes {takes} and gives {gives}, but says that it makes {len(card.label_map)} classes of images "
            f"of {width}x{height} pixels; do not trust this file"
        )
    return model, card

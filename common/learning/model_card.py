"""What a saved model says about itself: its classes, its input's size and scaling, in one JSON inside the file.

A `.keras` file is a zip; Keras leaves members it does not know alone. So a model that is copied, renamed or linked
still knows what its outputs mean. A file without the card is refused: its classes would be guessed.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import keras

from common.errors import DataError
from common.labels import IGNORE, LARGEST_ID, LabelMap

_MEMBER = "segmentation.json"
_LARGEST = 1_000_000
_SCALING = "0-255"


@dataclass(frozen=True)
class ModelCard:
    """What a model knows about itself.

    Attributes:
        name: As in file names, `CITYSCAPES_subset_1_0`.
        label_map: The `LabelMap` of its outputs.
        size_wh: Width and height of the images it was trained on, in pixels. Images are red, green, blue, values from 0
            to 255; the network scales them itself.
    """

    name: str
    label_map: LabelMap
    size_wh: tuple[int, int]

    def as_json(self):
        """Makes JSON-able values."""
        return {
            "name": self.name,
            "label_map": self.label_map.as_json(),
            "size_wh": list(self.size_wh),
            "channels": "RGB",
            "scaling": _SCALING,
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
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"lacks {error}") from error
        if scaling != (_SCALING, "RGB"):
            raise ValueError(f"asks for images scaled to {scaling[0]} in {scaling[1]}; known is {_SCALING} in RGB")
        if (
            not isinstance(name, str)
            or len(size_wh) != 2
            or not all(type(side) is int and side > 0 for side in size_wh)
        ):
            raise ValueError("has no name or no size of two positive whole numbers")
        _check_label_map(label_map)
        return cls(name, label_map, size_wh)


def _check_label_map(label_map):
    classes = range(len(label_map.names))
    colors_fit = len(label_map.colors) == len(classes) and all(
        len(color) == 3 and all(type(value) is int and 0 <= value <= 255 for value in color)
        for color in label_map.colors
    )
    ids_fit = len(label_map.class_of_id) == LARGEST_ID + 1 and all(
        type(index) is int and (index in classes or index == IGNORE) for index in label_map.class_of_id
    )
    if not (colors_fit and ids_fit and all(isinstance(name, str) for name in label_map.names)):
        raise ValueError("has a label map whose names, colours and ids do not fit together")


def add_card(path, card):
    """Writes the card into a saved model that has none."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(_MEMBER), json.dumps(card.as_json()))


def read_card(path):
    """Reads the card of a saved model.

    Raises:
        DataError: If the file is missing, no Keras model, or says nothing about its classes; names it.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info.file_size for info in archive.infolist()}
            if "config.json" not in members:
                raise DataError(f"{path}: is no Keras model; expected a .keras file as steps 02 to 04 write it")
            if _MEMBER not in members:
                raise DataError(
                    f"{path}: does not say which classes it predicts, nor the size and scaling of its images; expected "
                    "a model that steps 02 to 04 of this version trained"
                )
            if members[_MEMBER] > _LARGEST:
                raise DataError(f"{path}: its {_MEMBER} has {members[_MEMBER]:,} bytes, at most {_LARGEST:,} are read")
            content = json.loads(archive.read(_MEMBER))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a .keras model, as BASE_DIR/models holds") from None
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: is no Keras model or damaged ({error}); expected a .keras file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return ModelCard.from_json(content)
    except ValueError as error:
        raise DataError(f"{path}: its {_MEMBER} {error}; train the model again or take another one") from error


def load_model(path):
    """Loads a saved model that knows its classes.

    Returns:
        The Keras model, images in and class probabilities out, and its `ModelCard`.

    Raises:
        DataError: If `read_card` does, or Keras cannot load the file or refuses it as unsafe.
    """
    card = read_card(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its parts raise
        reason = " ".join(str(error).split())[:300]
        raise DataError(
            f"{path}: cannot be loaded as a Keras model: {reason}; train it again or copy it anew"
        ) from error
    channels = model.output_shape[-1] if isinstance(model.output_shape, tuple) else None
    if channels != len(card.label_map):
        raise DataError(f"{path}: predicts {channels} classes, but says that it has {len(card.label_map)}")
    return model, card

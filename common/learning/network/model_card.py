"""What a saved model says about itself: its classes, size and scaling of its input, in one JSON inside the file.

A `.keras` file is a zip; Keras leaves members it does not know alone. So a model that is copied, renamed or linked
still knows what its outputs mean. A file without the card is refused: its classes would be guessed.

A file may come from a stranger: `saved.model_file` reads and checks it, and Keras sees what is left of it. It is
imported with the first network that is built: cards are read without it, in no time.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, PositiveInt, ValidationError

from common.config.settings import PREPARATIONS
from common.errors import DataError
from common.files.models import FileModel, explain
from common.labels.maps import LabelMap
from common.learning.network.saved.model_file import FileKind, ModelFile, read_model_file

if TYPE_CHECKING:
    import keras

SEGMENTATION = FileKind(
    "segmentation.json",
    "a model that steps 02 to 14 trained",
    "does not say which classes it predicts, nor the size and scaling of its images",
    {"evalnet.json": "is an EvalNet: it judges masks and cannot predict any"},
)
EVALNET = FileKind(
    "evalnet.json",
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
        recipe: Name of the recipe it was trained by; "" if that is not known.
    """

    name: Annotated[str, AfterValidator(_printable)]
    label_map: LabelMap
    size_wh: tuple[PositiveInt, PositiveInt]
    channels: Literal["RGB"] = "RGB"
    scaling: Literal["0-255"] = "0-255"
    preparation: Annotated[str, AfterValidator(_known_preparation)]
    recipe: Annotated[str, AfterValidator(_printable)] = ""


def add_card(path: Path, card: FileModel, kind: FileKind = SEGMENTATION) -> None:
    """Writes the card into a saved model that has none."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(kind.member), card.model_dump_json())


def read_card(path: Path, file: ModelFile, kind: FileKind, card: type[Card]) -> Card:
    """Reads the card of a model file that came from `path`.

    Raises:
        DataError: If it says nothing usable; names the file, the key and what is allowed.
    """
    try:
        return card.model_validate_json(file.card)
    except ValidationError as error:
        raise DataError(
            f"{path}: {kind.member}: {explain(error)}; train the model again or take another one"
        ) from error


def read_model_card(path: Path) -> ModelCard:
    """Reads what a saved model says about itself, and checks the file as far as that needs no Keras.

    Raises:
        DataError: As `load_model`, but for a network that does not fit the card.
    """
    return read_card(path, read_model_file(path, SEGMENTATION), SEGMENTATION, ModelCard)


def load_model(path: Path) -> tuple["keras.Model", ModelCard]:
    """Loads a saved model, images in and class probabilities out, and its card.

    Raises:
        DataError: If the file is missing, not a model of this project or unsafe, its card is wrong, or its network does
            not fit the card; names it.
    """
    file = read_model_file(path, SEGMENTATION)
    card = read_card(path, file, SEGMENTATION, ModelCard)
    width, height = card.size_wh
    shapes = (None, height, width, 3), (None, height, width, len(card.label_map))
    about = f"{len(card.label_map)} classes and images of {width}x{height} pixels"
    return build_checked(path, file, shapes, about), card


def build_checked(path: Path, file: ModelFile, shapes: tuple[Any, Any], about: str) -> "keras.Model":
    """Builds the network of a model file.

    Args:
        path: Where the file came from, for messages.
        file: What it contains.
        shapes: Shape of its input and output by the card; lists of shapes where there are several.
        about: What the card says, for messages.

    Raises:
        DataError: If Keras cannot build it, its weights do not fit, or the network has other shapes.
    """
    import keras

    try:
        model = keras.saving.deserialize_keras_object(file.network.config, safe_mode=True)
        takes, gives = model.input_shape, model.output_shape
        _put_weights(model, file.arrays)
    except Exception as error:  # Keras raises whatever its parts raise
        reason = " ".join(str(error).split())[:300]
        text = f"{path}: cannot be loaded as a Keras model: {reason}; train it again or copy it again"
        raise DataError(text) from error
    if (takes, gives) != shapes:
        raise DataError(f"{path}: takes {takes} and gives {gives}, but its card says {about}; do not trust this file")
    return model


def _put_weights(model: "keras.Model", arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Gives all layers their weights, which Keras saves by the class of a layer and its number among those of it."""
    numbers: Counter[str] = Counter()
    left = dict(arrays)
    for layer in model.layers:
        words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
        kind = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
        place = f"layers/{kind}_{numbers[kind]}" if numbers[kind] else f"layers/{kind}"
        numbers[kind] += 1
        names = [f"{place}/vars/{number}" for number in range(len(layer.weights))]
        if missing := [name for name in names if name not in left]:
            raise ValueError(f"its weights lack {missing[0]} of the layer {layer.name!r}")
        layer.load_own_variables({str(number): left.pop(name) for number, name in enumerate(names)})
    # Dropout may have saved the state of its random numbers.
    unused = [name for name in left if not name.endswith("seed_generator/vars/0")]
    if unused:
        raise ValueError(f"its weights have {unused[0]}, which no layer takes")

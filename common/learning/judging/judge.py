"""Saved EvalNets, and what they say of masks."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from common.errors import DataError
from common.files.disk import atomic_path
from common.files.models import FileModel
from common.labels.maps import LabelMap
from common.learning.judging.network import judging_form
from common.learning.network.model_card import EVALNET, add_card, build_checked, read_card
from common.learning.network.saved.model_file import read_model_file

_BATCH = 8


class EvalNetCard(FileModel):
    """What an EvalNet file knows about itself: its name, classes, and the width and height of its images in pixels."""

    name: str
    label_map: LabelMap
    size_wh: tuple[PositiveInt, PositiveInt]


def save_evalnet(path: Path, plain: keras.Model, card: EvalNetCard) -> None:
    """Writes the plain form of an EvalNet with its card."""
    with atomic_path(path, durable=True) as temporary:
        plain.save(temporary)
        add_card(temporary, card, EVALNET)


def load_evalnet(path: Path) -> tuple[keras.Model, EvalNetCard]:
    """Loads an EvalNet in its plain form, and its card.

    Raises:
        DataError: If the file is not an EvalNet, unsafe or damaged, or does not fit its card; names it.
    """
    file = read_model_file(path, EVALNET)
    card = read_card(path, file, EVALNET, EvalNetCard)
    (width, height), classes = card.size_wh, len(card.label_map)
    takes = [(None, height, width, 3), (None, height, width, classes)]
    about = f"{classes} classes and images of {width}x{height} pixels"
    return build_checked(path, file, (takes, [(None, classes)] * 2), about), card


class Judge:
    """Some EvalNets that judge together."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Loads EvalNets from their files.

        Raises:
            DataError: As `load_evalnet` does, or if they are for different classes; names the file.
        """
        self._models, cards = [], []
        for path in paths:
            plain, card = load_evalnet(path)
            self._models.append(judging_form(plain))
            cards.append(card)
            if card.label_map.class_of_id != cards[0].label_map.class_of_id or card.size_wh != cards[0].size_wh:
                raise DataError(
                    f"{path}: judges other classes or other images than {paths[0]}; start the step that trains them "
                    "again"
                )
        self._paths, self._card = tuple(paths), cards[0]

    def judge(
        self, images: NDArray[np.uint8], masks: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Judges masks `(n, height, width)` of images `(n, height, width, 3)`.

        Returns:
            IoU and presence of each class, 0 to 1, both of shape `(evalnets, n, classes)`.

        Raises:
            DataError: If the masks have another size than those the EvalNets were trained on.
        """
        width, height = self._card.size_wh
        if masks.shape[1:] != (height, width):
            raise DataError(
                f"{self._paths[0]}: judges masks of {width}x{height} pixels, not of "
                f"{masks.shape[2]}x{masks.shape[1]}; start the step that trains it again"
            )
        found = [predict(model, images, masks, _BATCH) for model in self._models]
        return np.stack([iou for iou, _ in found]), np.stack([presence for _, presence in found])


def predict(
    model: keras.Model, images: NDArray[np.uint8], masks: NDArray[np.uint8], batch: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Predicts IoU and presence, both of shape `(n, classes)`, with an EvalNet in its training or judging form."""
    parts = []
    for start in range(0, len(masks), batch):
        inputs = [values[start : start + batch] for values in (images, masks)]
        there = len(inputs[1])
        # The last batch is filled up, so that the network is compiled for one shape only.
        filled = [np.concatenate([one, np.zeros((batch - there, *one.shape[1:]), np.uint8)]) for one in inputs]
        parts.append([np.asarray(values)[:there] for values in model.predict_on_batch(filled)])
    iou, presence = zip(*parts, strict=True)
    return np.concatenate(iou), np.concatenate(presence)

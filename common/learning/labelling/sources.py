"""How networks make labels: each source takes images in batches and gives a label for each.

Networks run in float32 and see images as they are prepared; a batch has the same size every time, so that a network is
compiled once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from common.dataset.prepared.augment import copy_random, draw_view
from common.errors import DataError
from common.learning.network.model_card import ModelCard, load_model
from common.learning.network.networks import class_index_model
from common.learning.predicting.ensembles import Ensemble
from common.methods.agreement import Agreement, AgreementRules, combine
from common.methods.jobs import LabelJob, Views

BATCH = 8
Pixels = NDArray[np.uint8]
Teacher = tuple[keras.Model, ModelCard]


@dataclass(frozen=True)
class Label:
    """A label for one image.

    Attributes:
        mask: Class indices, of shape `(height, width)`.
        agreement: What it was made from, if networks had to agree.
    """

    mask: Pixels
    agreement: Agreement | None = None


class LabelSource(Protocol):
    """Makes labels."""

    def label(self, names: Sequence[str], images: Pixels) -> list[Label]:
        """Labels images `(n, height, width, 3)`, at most `BATCH`, by their names."""


def load_teachers(job: LabelJob) -> list[Teacher]:
    """Loads the networks of a job with their cards.

    Raises:
        DataError: If one is missing or damaged, or has other classes or another size than the job; names it.
    """
    teachers = []
    for file in job.teachers:
        path = Path(job.base_dir) / file.path
        model, card = load_model(path)
        if card.label_map != job.classes or card.size_wh != job.size_wh:
            raise DataError(
                f"{path}: has {len(card.label_map)} classes and takes images of {'x'.join(map(str, card.size_wh))}; "
                f"expected {len(job.classes)} and {'x'.join(map(str, job.size_wh))}, as config.ini says: run its "
                "step again"
            )
        teachers.append((model, card))
    return teachers


def make_source(job: LabelJob, teachers: Sequence[Teacher]) -> LabelSource:
    """Makes the source that a job names from its teachers."""
    if job.kind == "agreement":
        return Agreeing([model for model, _ in teachers], job.rules, job.filter_classes)
    if job.kind == "mean_of_views" and job.views is not None:
        return MeanOfViews(teachers[0][0], job.views, job.seed_of_split, job.name)
    return MeanOfModels(teachers)


class MeanOfModels:
    """The class with the largest mean probability of all networks."""

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        self._ensemble = Ensemble(teachers)

    def label(self, names: Sequence[str], images: Pixels) -> list[Label]:
        """See `LabelSource`."""
        return [Label(mask) for mask in self._ensemble.class_indices(_filled(images))[: len(images)]]


class MeanOfViews:
    """The class with the largest mean probability that one network gives for several noisy views of an image."""

    def __init__(self, model: keras.Model, views: Views, seed: int, series: str) -> None:
        self._model, self._views, self._seed, self._series = model, views, seed, series

    def label(self, names: Sequence[str], images: Pixels) -> list[Label]:
        """See `LabelSource`."""
        found = []
        for name, image in zip(names, images, strict=True):
            probabilities = np.asarray(self._model.predict_on_batch(self.views(name, image)))
            found.append(Label(probabilities.mean(axis=0).argmax(axis=-1).astype(np.uint8)))
        return found

    def views(self, name: str, image: Pixels) -> Pixels:
        """Draws the views of an image, of shape `(views, height, width, 3)`; as published one more, in a chain."""
        drawn: list[Pixels] = []
        for number in range(self._views.number + self._views.cumulative):
            rng = copy_random(self._seed, self._series, name, number)
            before = drawn[-1] if drawn and self._views.cumulative else image
            drawn.append(draw_view(before, self._views.noise, rng))
        return np.stack(drawn)


class Agreeing:
    """The class that all networks give; where they differ there is no label."""

    def __init__(self, models: Sequence[keras.Model], rules: AgreementRules, compare_classes: bool = False) -> None:
        self._predictions, self._rules, self._compare_classes = Predictions(models), rules, compare_classes

    def label(self, names: Sequence[str], images: Pixels) -> list[Label]:
        """See `LabelSource`."""
        agreements = [combine(of_image, self._rules, self._compare_classes) for of_image in self._predictions(images)]
        return [Label(one.label, one) for one in agreements]


class Predictions:
    """The class indices of several networks, computed in one graph."""

    def __init__(self, models: Sequence[keras.Model]) -> None:
        image = keras.Input(models[0].input.shape[1:], name="image")
        parts = [class_index_model(model) for model in models]
        named = [keras.Model(part.input, part.output, name=f"teacher{n}") for n, part in enumerate(parts)]
        self._graph = keras.Model(image, [part(image) for part in named], name="teachers")

    def __call__(self, images: Pixels) -> Pixels:
        """Predicts images `(n, height, width, 3)`, at most `BATCH`; returns `(n, networks, height, width)`."""
        found = self._graph.predict_on_batch(_filled(images))
        return np.stack([np.asarray(one)[: len(images)] for one in found], axis=1)


def _filled(images: Pixels) -> Pixels:
    missing = BATCH - len(images)
    return np.concatenate([images, np.zeros((missing, *images.shape[1:]), np.uint8)]) if missing else images

"""One or several models used as one network, at their own size or another, with or without the mirrored image.

The probabilities of all models, and of an image and its mirror image, are averaged; the largest mean decides. Models
of one size are one graph, so that the average is computed where the network runs.
"""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from common.errors import ConfigError, DataError, ProjectError
from common.learning.network.model_card import ModelCard, load_model
from common.learning.network.networks import class_index_model, with_input
from common.learning.predicting.members import NetworkInput, check_members, check_size, network_input
from common.text import count


class Ensemble:
    """One or more networks with equal classes.

    Attributes:
        label_map: The classes of all of them.
        names: Of the models.
        inputs: What they take; each kind of input once.
    """

    def __init__(
        self,
        members: Sequence[tuple[keras.Model, ModelCard]],
        size_wh: tuple[int, int] | None = None,
        mirror: bool = False,
    ) -> None:
        """Puts networks together that return class probabilities.

        Args:
            members: The networks and their cards.
            size_wh: The size to run all of them at; None for the own size of each.
            mirror: Whether the mean of the image and its mirror image counts.

        Raises:
            ConfigError: If no network can take the size.
        """
        if size_wh is not None:
            check_size(size_wh)
        self.label_map = members[0][1].label_map
        self.names = tuple(card.name for _, card in members)
        self._mirror = mirror
        self._groups: dict[NetworkInput, list[keras.Model]] = {}
        for model, card in members:
            takes = network_input(card, size_wh)
            group = self._groups.setdefault(takes, [])
            group.append(model if takes.size_wh == card.size_wh else with_input(model, takes.size_wh))
        self.inputs = tuple(self._groups)
        self._count = len(members)
        self._index_graph: keras.Model | None = None
        self._mean_graphs: list[keras.Model] = []

    def fits(self, size_wh: tuple[int, int]) -> bool:
        """Tells whether images of a size need no resizing, neither before nor after the network."""
        return [kind.size_wh for kind in self.inputs] == [size_wh]

    def check_memory(self, batch: int) -> None:
        """Refuses a batch that cannot fit in memory; a network needs more than the probabilities counted here.

        Raises:
            ConfigError: If the probabilities of one batch alone need more than the memory of the machine.
        """
        pixels = sum(math.prod(kind.size_wh) for kind in self.inputs)
        needed, there = 4 * len(self.label_map) * pixels * batch, _machine_memory()
        if needed > there:
            sizes = ", ".join("x".join(map(str, kind.size_wh)) for kind in self.inputs)
            raise ConfigError(
                f"{count(batch, 'image')} of {sizes} at a time: the probabilities alone take {needed / 1e9:,.1f} GB, "
                f"and this machine has {there / 1e9:,.1f} GB; choose a smaller batch or size"
            )

    def class_indices(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Predicts images that fit, of shape `(n, height, width, 3)`; returns shape `(n, height, width)`."""
        self._index_graph = self._index_graph or self._make_index_graph()
        return np.asarray(self._index_graph.predict_on_batch(images))

    def probabilities(self, images: Sequence[NDArray[np.uint8 | np.float32]]) -> list[NDArray[np.float32]]:
        """Predicts, for each kind of input, the share of its models in the mean of all.

        Takes an array `(n, height, width, 3)` for each of `inputs` and returns one `(n, height, width, classes)` for
        each. Resized to one size, their sum is the mean of all models.
        """
        self._mean_graphs = self._mean_graphs or [self._make_mean_graph(group) for group in self._groups]
        graphs = zip(self._mean_graphs, images, strict=True)
        return [np.asarray(graph.predict_on_batch(batch)) for graph, batch in graphs]

    def _make_index_graph(self) -> keras.Model:
        (group,) = self._groups
        models = self._groups[group]
        if len(models) == 1 and not self._mirror and _has_logits(models[0]):
            return class_index_model(models[0])
        mean = self._make_mean_graph(group)
        return keras.Model(mean.input, ops.cast(ops.argmax(mean.output, axis=-1), "uint8"), name="class_index")

    def _make_mean_graph(self, group: NetworkInput) -> keras.Model:
        """Builds the graph from images to the sum of one group's models over the number of all of them."""
        width, height = group.size_wh
        models = self._groups[group]
        if self._count == 1 and not self._mirror:
            return models[0]
        # In one graph every part needs its own name.
        models = [keras.Model(model.input, model.output, name=f"member{n}") for n, model in enumerate(models)]
        image = keras.Input((height, width, 3), name="image")
        found = [model(image) for model in models]
        if self._mirror:
            mirrored = ops.flip(image, axis=2)
            found += [ops.flip(model(mirrored), axis=2) for model in models]
        return keras.Model(image, sum(found[1:], found[0]) / (self._count * (1 + self._mirror)), name="mean")


def load_ensemble(
    files: Iterable[Path], size_wh: tuple[int, int] | None = None, mirror: bool = False, mixed: bool = False
) -> Ensemble:
    """Loads one or more `.keras` files as one network; size and mirror are those of `Ensemble`.

    Raises:
        DataError: If a file cannot be used, or as `check_members`.
        ConfigError: If no network can take the size, or as `check_members`.
    """
    files = list(files)
    if size_wh is not None:
        check_size(size_wh)
    members = [load_model(path) for path in files]
    check_members({path: card for path, (_, card) in zip(files, members, strict=True)}, mixed)
    try:
        return Ensemble(members, size_wh, mirror)
    except ProjectError:
        raise
    except Exception as error:  # Keras raises whatever its layers raise
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{files[0]}: cannot be run at another size than its own: {reason}") from error


def _machine_memory() -> float:
    """Returns the memory of this machine in bytes; infinity where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf


def _has_logits(model: keras.Model) -> bool:
    """Tells whether the network is one of this project's, which ends in a layer of logits and a softmax."""
    last = [layer.name for layer in model.layers[-2:]]
    return last == ["logits", "softmax"]

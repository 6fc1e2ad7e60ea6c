"""Networks as they are used: one model or several, at their own size or another, with or without the mirrored image.

The probabilities of all models, and of an image and its mirror image, are averaged; the largest mean decides. Models
of one size are one graph, so that the average is made where the network runs.
"""

import hashlib
import math
import os
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from common.dataset.prepared.resize import LARGEST_SIDE, SIDE_MULTIPLE
from common.errors import ConfigError, DataError, ProjectError
from common.learning.network.model_card import load_model
from common.learning.network.networks import class_index_model, with_input


@dataclass(frozen=True)
class NetworkInput:
    """What a network takes: photographs of `size_wh` pixels, made smaller as PREPARATION `preparation` does it."""

    size_wh: tuple[int, int]
    preparation: str


class Ensemble:
    """One or more networks with equal classes.

    Attributes:
        label_map: The classes of all of them.
        names: Of the models.
        inputs: What they take, each once: a `NetworkInput`.
    """

    def __init__(self, members, size_wh=None, mirror=False):
        """Puts networks together.

        Args:
            members: Pairs of a Keras model, class probabilities out, and its `ModelCard`.
            size_wh: The size to run all of them at; None takes each one's own.
            mirror: Whether the mean of the image and its mirror image counts.

        Raises:
            ConfigError: If the size is none a network can take.
        """
        if size_wh is not None:
            _check_size(size_wh)
        self.label_map = members[0][1].label_map
        self.names = tuple(card.name for _, card in members)
        self._mirror = mirror
        self._groups = {}
        for model, card in members:
            size = size_wh or card.size_wh
            group = self._groups.setdefault(NetworkInput(size, card.preparation), [])
            group.append(model if size == card.size_wh else with_input(model, size))
        self.inputs = tuple(self._groups)
        self._count = len(members)
        self._graphs = {}

    def fits(self, size_wh):
        """Tells whether images of a size need no resizing, neither before nor after the network."""
        return [kind.size_wh for kind in self.inputs] == [tuple(size_wh)]

    def check_memory(self, batch):
        """Refuses what cannot fit in memory; the probabilities are only a part of what a network needs.

        Raises:
            ConfigError: If the probabilities of one batch alone need more than the memory of the machine.
        """
        pixels = sum(math.prod(kind.size_wh) for kind in self.inputs)
        needed, there = 4 * len(self.label_map) * pixels * batch, _machine_memory()
        if needed > there:
            sizes = ", ".join("x".join(map(str, kind.size_wh)) for kind in self.inputs)
            raise ConfigError(
                f"{batch:,} images of {sizes} at a time: the probabilities alone take {needed / 1e9:,.1f} GB, and "
                f"this machine has {there / 1e9:,.1f} GB; choose a smaller batch or size"
            )

    def class_indices(self, images):
        """Predicts images that fit: `uint8` of shape `(n, height, width, 3)` to `uint8` `(n, height, width)`."""
        if "indices" not in self._graphs:
            self._graphs["indices"] = self._index_graph()
        return np.asarray(self._graphs["indices"].predict_on_batch(images))

    def probabilities(self, images):
        """Predicts each model's share of the mean.

        Args:
            images: For each of `inputs`, `uint8` of shape `(n, height, width, 3)`.

        Returns:
            As many arrays, float32 of shape `(n, height, width, classes)`; their sum, once they are of one size, is the
            mean of all models.
        """
        if "probabilities" not in self._graphs:
            self._graphs["probabilities"] = [self._mean_graph(group) for group in self._groups]
        graphs = self._graphs["probabilities"]
        return [np.asarray(graph.predict_on_batch(batch)) for graph, batch in zip(graphs, images, strict=True)]

    def _index_graph(self):
        (group,) = self._groups
        models = self._groups[group]
        if len(models) == 1 and not self._mirror and _has_logits(models[0]):
            return class_index_model(models[0])
        mean = self._mean_graph(group)
        return keras.Model(mean.input, ops.cast(ops.argmax(mean.output, axis=-1), "uint8"), name="class_index")

    def _mean_graph(self, group):
        """Builds the graph from images to the sum of one group's models over the number of all of them."""
        width, height = group.size_wh
        models = self._groups[group]
        if self._count == 1 and not self._mirror:
            return models[0]
        # In one graph every part needs a name of its own.
        models = [keras.Model(model.input, model.output, name=f"member{n}") for n, model in enumerate(models)]
        image = keras.Input((height, width, 3), name="image")
        found = [model(image) for model in models]
        if self._mirror:
            mirrored = ops.flip(image, axis=2)
            found += [ops.flip(model(mirrored), axis=2) for model in models]
        return keras.Model(image, sum(found[1:], found[0]) / (self._count * (1 + self._mirror)), name="mean")


def load_ensemble(files, size_wh=None, mirror=False):
    """Loads one or more saved models as one network.

    Args:
        files: Paths of `.keras` files, as `model_files` finds them.
        size_wh: As for `Ensemble`.
        mirror: As for `Ensemble`.

    Raises:
        DataError: If a file cannot be used, or two do not predict the same classes; names both.
        ConfigError: If the size is none a network can take.
    """
    files = list(files)
    if size_wh is not None:
        _check_size(size_wh)
    members = [load_model(path) for path in files]
    first = members[0][1].label_map
    for path, (_, card) in zip(files, members, strict=True):
        if card.label_map != first:
            raise DataError(
                f"{files[0]} and {path}: predict different classes ({len(first)} and {len(card.label_map)}), so that "
                "their probabilities have no mean; give models that were trained with one LABEL_MAP"
            )
    try:
        return Ensemble(members, size_wh, mirror)
    except ProjectError:
        raise
    except Exception as error:  # Keras raises whatever its layers raise
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{files[0]}: cannot be run at another size than its own: {reason}") from error


def model_files(paths):
    """Finds `.keras` files, those in folders too; of equal files, as a model and its `topK` link, the first.

    Returns:
        SHA-256 of the content by `Path`, as text; "" for a file that cannot be read, which loading it will say.

    Raises:
        DataError: If a folder holds none.
    """
    files = []
    for path in paths:
        found = sorted(path.glob("*.keras")) if path.is_dir() else [path]
        if not found:
            raise DataError(f"{path}: holds no .keras file; give a model, as in BASE_DIR/models")
        files += found
    kept = {}
    for file in files:
        digest = _digest(file)
        kept.setdefault(digest or file, (file, digest))
    return dict(kept.values())


def _digest(file):
    try:
        if file.is_file():
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        pass  # loading the file says why
    return ""


def _check_size(size_wh):
    if any(side % SIDE_MULTIPLE or not 0 < side <= LARGEST_SIDE for side in size_wh):
        width, height = size_wh
        raise ConfigError(
            f"size {width}x{height}: width and height must be multiples of {SIDE_MULTIPLE}, at most {LARGEST_SIDE}"
        )


def _machine_memory():
    """Memory of this machine in bytes; infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf


def _has_logits(model):
    """Tells whether the network is one of this project's, which ends in a layer of logits and a softmax."""
    last = [layer.name for layer in model.layers[-2:]]
    return last == ["logits", "softmax"]

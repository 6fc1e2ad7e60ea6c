"""The training of step 05: a trained network goes on, on labels and on giving equal answers to two noisy views.

Each epoch is one pass over the labelled images and one over the unlabelled ones; the last batch of a pass may be
smaller than the others. The best network is the one with the lowest loss on val after either pass, the first of equals.
Views are drawn while the training runs, from (seed, series and image, epoch and view) alone. As in `loop`, the whole
state is saved after every epoch, and a killed training goes on to the same bits.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from common.config.settings import AugmentationConfig, NetworkSettings, TrainingSettings
from common.dataset.prepared.augment import copy_random, draw_view
from common.errors import ConfigError, DataError, TrainingError
from common.evaluation.metrics import paper
from common.learning.backend import machine as backend
from common.learning.experiments.jobs import ProgressEntry, weights_digest
from common.learning.network.model_card import load_model
from common.learning.network.networks import class_index_model, copy_weights
from common.learning.training.batches import LoadedSplit, made_ahead, make_batch
from common.learning.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, values_of
from common.learning.training.event_file import EventFile
from common.learning.training.loop import (
    TrainingData,
    TrainingFiles,
    compile_training,
    history_keys,
    learning_rate,
    masks_for_loss,
)
from common.learning.training.recalibration import recalibrate
from common.learning.training.scoring import score

_VIEWS = 2

# What only the history of this training says.
_MORE_HISTORY = ("consistency_loss", "loss_val_labeled")


@dataclass(frozen=True)
class UnlabeledImages:
    """Images without labels, and what is asked of the network's answers to their views.

    Attributes:
        names: Of the images.
        images: Red, green, blue, of shape `(n, height, width, 3)`.
        noise: What the views are drawn from.
        weight: Of the consistency loss.
        seed: Of the training.
        series: Name of the series of models, so that runs and strengths see other views.
    """

    names: tuple[str, ...]
    images: NDArray[np.uint8]
    noise: AugmentationConfig
    weight: float
    seed: int
    series: str

    def __len__(self) -> int:
        return len(self.names)

    def views(self, numbers: NDArray[np.int64], epoch: int) -> NDArray[np.uint8]:
        """Draws the views of some images in an epoch, of shape `(len(numbers), 2, height, width, 3)`."""
        return np.stack([[self._view(number, _VIEWS * epoch + view) for view in range(_VIEWS)] for number in numbers])

    def _view(self, image: int, number: int) -> NDArray[np.uint8]:
        rng = copy_random(self.seed, self.series, self.names[image], number)
        return draw_view(self.images[image], self.noise, rng)


def compile_from(
    start: Path, digest: str, network: NetworkSettings, settings: TrainingSettings, data: TrainingData, unlabeled: int
) -> keras.Model:
    """Builds the training form of a network with the weights of a saved one, a new optimiser and the recipe's loss.

    Args:
        start: The saved network.
        digest: Of its weights, as the script saw them.
        network: What the saved network was built from.
        settings: How it is trained.
        data: Labelled images and classes.
        unlabeled: Number of unlabelled images; it decides the number of steps of a schedule.

    Raises:
        DataError: If the file is not the one the script saw, or its network is another one; names it.
    """
    if weights_digest(start) != digest:
        raise DataError(f"{start}: was changed while the script was running; start the script again")
    passes = [_steps(count, settings.batch_size) for count in (len(data.train), unlabeled)]
    steps = settings.num_epochs * sum(passes)
    counted = replace(settings, num_steps=steps, warmup_steps=min(settings.warmup_steps, steps - 1))
    model = compile_training(network, counted, data)
    saved, card = load_model(start)
    if card.label_map.class_of_id != data.label_map.class_of_id:
        raise DataError(f"{start}: has other classes than LABEL_MAP asks for; run step 03 first")
    try:
        copy_weights(saved, model)
    except ConfigError as error:
        raise DataError(
            f"{start}: is not the network its result file describes ({error}); run step 03 first"
        ) from error
    return model


def squared_difference(first: keras.KerasTensor, second: keras.KerasTensor) -> keras.KerasTensor:
    """Computes how much two answers differ, for each image.

    Args:
        first: Logits of one view, float32 of shape `(batch, height, width, classes)`.
        second: Logits of the other view.

    Returns:
        The mean over pixels and classes of the squared difference of the probabilities, float32 of shape `(batch,)`.
    """
    return ops.mean(ops.square(ops.softmax(first) - ops.softmax(second)), axis=(1, 2, 3))


def two_view_model(model: keras.Model, weight: float) -> keras.Model:
    """Builds the second half of the training from a compiled network: it shares its layers and its optimiser.

    Takes views `(batch, 2, height, width, 3)`, each of which goes through the network in a call of its own, and trains
    the mean of `squared_difference`, times `weight`; the targets of `fit` are not used. The gradient goes through both
    calls. Under mixed_float16 the optimiser scales this loss too: the gradient by one probability, 2e-8 at the study's
    size, would else be 0 in float16.
    """
    views = keras.Input((_VIEWS, *model.input_shape[1:]), dtype="uint8", name="views")
    difference = squared_difference(model(views[:, 0]), model(views[:, 1]))
    pair = keras.Model(views, difference, name="two_views")

    def loss(_: keras.KerasTensor, difference: keras.KerasTensor) -> keras.KerasTensor:
        return weight * ops.mean(difference)

    pair.compile(optimizer=model.optimizer, loss=loss, jit_compile=backend.jit_compile())
    return pair


def train_consistently(
    model: keras.Model,
    data: TrainingData,
    unlabeled: UnlabeledImages,
    settings: TrainingSettings,
    files: TrainingFiles,
    report: Callable[[ProgressEntry], object] = print,
    threads: int = 1,
) -> TrainingState:
    """Trains a compiled network on labels and consistency, from the start or from its checkpoint.

    Args:
        model: From `compile_from`. Ends with the weights that had the lowest loss on val.
        data: Labelled images, those that choose the best epoch, and classes.
        unlabeled: Images without labels.
        settings: How it is trained; `num_steps` and `ema_momentum` are not used.
        files: What is written after each epoch.
        report: Called after every epoch with its history entry.
        threads: How many threads draw views ahead of the training.

    Returns:
        The state after the last epoch; its best epoch is the one in which the loss on val was lowest.

    Raises:
        TrainingError: If a loss becomes NaN or infinite.
    """
    state = load_checkpoint(files.checkpoint, model, files.identity, history_keys(data, *_MORE_HISTORY))
    for entry in state.history:
        report({**entry, "done_before": True})
    events = EventFile(files.events, state.history) if files.events is not None else None
    if events is not None:
        events.begin()
    training = _Training(model, data, unlabeled, settings, threads)
    for epoch in range(state.epochs_done, settings.num_epochs):
        state.history.append(training.run_epoch(epoch, state))
        save_checkpoint(files.checkpoint, state, model, files.identity)
        report(state.history[-1])
        if events is not None:
            events.on_epoch_end(epoch)
    model.set_weights(state.best_weights or [])
    if settings.batchnorm_recalibration:
        recalibrate(model, data.train, settings.batch_size)
    return state


class _Training:
    """The two halves of an epoch, and what is measured on val after each."""

    def __init__(
        self,
        model: keras.Model,
        data: TrainingData,
        unlabeled: UnlabeledImages,
        settings: TrainingSettings,
        threads: int,
    ) -> None:
        self._model, self._pair = model, two_view_model(model, unlabeled.weight)
        self._data, self._unlabeled, self._settings, self._threads = data, unlabeled, settings, threads
        self._predictor = class_index_model(model, settings.flip_tta)
        self._val_masks = masks_for_loss(settings, data)

    def run_epoch(self, epoch: int, state: TrainingState) -> ProgressEntry:
        """Trains one epoch, keeps the weights that are the best so far in the state, and returns the history entry."""
        start = time.perf_counter()
        loss = self._fit(self._model, self._labeled_batches(epoch), len(self._data.train), epoch)
        after_labels = time.perf_counter()
        loss_val_labeled = self._validate(epoch, state, _lowest(state))
        before_views = time.perf_counter()
        consistency_loss = self._fit(self._pair, self._view_batches(epoch), len(self._unlabeled), epoch)
        after_views = time.perf_counter()
        loss_val = self._validate(epoch, state, min(_lowest(state), loss_val_labeled))
        scores = score(self._predictor, self._data.validate, self._data.label_map)
        means, size = scores.means, self._settings.batch_size
        seconds = after_labels - start + after_views - before_views
        entry: ProgressEntry = {
            "epoch": epoch,
            "steps": _steps(len(self._data.train), size) + _steps(len(self._unlabeled), size),
            "learning_rate": learning_rate(self._model),
            "loss": loss,
            "consistency_loss": consistency_loss,
            "loss_val_labeled": loss_val_labeled,
            "loss_val": loss_val,
            "mIoU_val": cast(float, means[paper.MIOU.key]),
            "mPA_val": cast(float, means[paper.MPA.key]),
            "seconds": round(seconds, 3),
            "seconds_validation": round(time.perf_counter() - start - seconds, 3),
        }
        return scores.with_pooled(entry)

    def _fit(
        self,
        model: keras.Model,
        batches: Iterator[tuple[NDArray[np.uint8], NDArray[np.generic]]],
        images: int,
        epoch: int,
    ) -> float:
        """Trains one pass and returns its loss, the mean over images."""
        steps = _steps(images, self._settings.batch_size)
        done = model.fit(batches, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
        return _finite(float(done.history["loss"][0]), epoch)

    def _validate(self, epoch: int, state: TrainingState, lowest: float) -> float:
        """Computes the loss on val, and keeps the weights if it is lower than the lowest so far."""
        images, size = self._data.validate.images, self._settings.batch_size
        loss = _finite(float(self._model.evaluate(images, self._val_masks, batch_size=size, verbose=0)), epoch)
        if loss < lowest:
            state.best_epoch, state.best_weights = epoch, values_of(self._model.variables)
        return loss

    def _labeled_batches(self, epoch: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.generic]]]:
        """Yields images and masks, changed as the recipe says."""
        settings, split = self._settings, self._data.train

        def make(numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.generic]]:
            return make_batch(split, settings, np.full(len(numbers), epoch), numbers)

        return made_ahead(make, self._turns(split, (settings.seed, epoch)), self._threads)

    def _view_batches(self, epoch: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.generic]]]:
        """Yields views, and targets that stand for nothing."""

        def make(numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.generic]]:
            return self._unlabeled.views(numbers, epoch), np.zeros(len(numbers), np.float32)

        return made_ahead(make, self._turns(self._unlabeled, (self._settings.seed, epoch, 1)), self._threads)

    def _turns(self, images: LoadedSplit | UnlabeledImages, seed: tuple[int, ...]) -> list[NDArray[np.int64]]:
        """Cuts a pass over all images, in an order that the seed decides, into batches; the last may be smaller."""
        order, size = np.random.default_rng(seed).permutation(len(images)), self._settings.batch_size
        return [order[first : first + size] for first in range(0, len(order), size)]


def _steps(images: int, batch_size: int) -> int:
    return -(-images // batch_size)


def _lowest(state: TrainingState) -> float:
    """Finds the lowest loss on val in the history."""
    losses = (min(entry["loss_val_labeled"], entry["loss_val"]) for entry in state.history)
    return min(losses, default=math.inf)


def _finite(loss: float, epoch: int) -> float:
    if not math.isfinite(loss):
        raise TrainingError(f"a loss was {loss} in epoch {epoch + 1}; lower LR or set PRECISION = float32")
    return loss

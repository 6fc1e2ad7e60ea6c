"""One training: from decoded images to the weights of the best epoch.

The best epoch is the one with the highest validation mIoU of the paper metric, the first of equals. After every epoch
the whole state is saved: a killed training resumes after its last whole epoch and ends with the same weights.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import keras
import numpy as np
from numpy.typing import NDArray

from common.config.settings import NetworkSettings, TrainingSettings
from common.errors import TrainingError
from common.evaluation.metrics import paper
from common.evaluation.metrics.registry import area_metric
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap
from common.learning.backend import machine as backend
from common.learning.experiments.jobs import ProgressEntry
from common.learning.network.networks import copy_of, find_network, validation_model
from common.learning.training.batches import LoadedSplit, training_batches
from common.learning.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, values_of
from common.learning.training.event_file import EventFile
from common.learning.training.losses import Loss, inverse_sqrt_weights, make_loss
from common.learning.training.optimizer import make_optimizer
from common.learning.training.recalibration import recalibrate
from common.learning.training.scoring import validate
from common.learning.training.step_progress import StepProgress

# What an entry of the history says; beside it the pooled score on val, by its own key.
_HISTORY = (
    "epoch",
    "steps",
    "learning_rate",
    "loss",
    "loss_val",
    "mIoU_val",
    "mPA_val",
    "seconds",
    "seconds_validation",
)


@dataclass(frozen=True)
class TrainingData:
    """What a training sees: images to train on, images that choose the best epoch, and the classes of all masks.

    Void is `IGNORE` in the masks to train on where the recipe says so, and so are pixels that teachers do not agree on
    where `pseudo_labels_ignore`.
    """

    train: LoadedSplit
    validate: LoadedSplit
    label_map: LabelMap
    pseudo_labels_ignore: bool = False

    @property
    def leaves_out(self) -> bool:
        """Whether masks to train on hold `IGNORE`."""
        return self.label_map.ignores or self.pseudo_labels_ignore


@dataclass(frozen=True)
class TrainingFiles:
    """What a training writes while it runs.

    A checkpoint of a training with another identity is ignored. `events` is the folder of the event file for
    TensorBoard; None for none.
    """

    checkpoint: Path
    identity: str
    events: Path | None = None


def compile_training(network: NetworkSettings, settings: TrainingSettings, data: TrainingData) -> keras.Model:
    """Builds the training form of a network with loss, optimiser and the optimiser's state, from the seed.

    Only the number of images and the classes of the data are used.
    """
    keras.utils.set_random_seed(settings.seed)
    model = find_network(network).training_form(network, settings.batchnorm_momentum)
    model.compile(
        optimizer=make_optimizer(settings, len(data.train)),
        loss=training_loss(settings, data, data.leaves_out or settings.leaves_out_pixels),
        jit_compile=backend.jit_compile(),
    )
    model.optimizer.build(model.trainable_variables)
    return model


def training_loss(settings: TrainingSettings, data: TrainingData, leaves_out: bool) -> Loss:
    """Makes the loss of a recipe, with the weights that the training images decide."""
    weighted = settings.class_weights == "inverse_sqrt"
    weights = inverse_sqrt_weights(data.train.every_mask(), len(data.label_map)) if weighted else None
    return make_loss(settings.loss, weights, leaves_out)


def masks_for_loss(settings: TrainingSettings, data: TrainingData) -> NDArray[np.uint8]:
    """Makes the masks of val for the loss: void does not count where the recipe leaves it out of the training."""
    if settings.train_void or not data.label_map.void_classes:
        return data.validate.masks
    masks = data.validate.masks.copy()
    for void in data.label_map.void_classes:  # one by one, because a search for several makes eight bytes of each pixel
        masks[masks == void] = IGNORE
    return masks


def history_keys(data: TrainingData, *more: str) -> tuple[str, ...]:
    """Names what an entry of the history of a training says."""
    metric = area_metric(data.label_map)
    return (*_HISTORY, *more, *([f"{metric.key}_val"] if metric else []))


def train(
    model: keras.Model,
    data: TrainingData,
    settings: TrainingSettings,
    files: TrainingFiles,
    report: Callable[[ProgressEntry], object] = print,
    threads: int = 1,
) -> TrainingState:
    """Trains a compiled model, from the start or from its checkpoint.

    Args:
        model: From `compile_training`. Ends with the weights of the best epoch.
        data: Images and classes.
        settings: How it is trained.
        files: What is written after each epoch.
        report: Called after every epoch with its history entry, and now and then within an epoch.
        threads: How many threads change images ahead of the training.

    Returns:
        The state after the last epoch.

    Raises:
        TrainingError: If the loss becomes NaN or infinite.
    """
    state = load_checkpoint(files.checkpoint, model, files.identity, history_keys(data), may_miss=("loss_val",))
    epochs = range(state.epochs_done, settings.num_epochs)
    for entry in state.history:
        report({**entry, "done_before": True})

    def after_epoch() -> None:
        save_checkpoint(files.checkpoint, state, model, files.identity)
        report(state.history[-1])

    # The running mean of the weights has a network of its own, so that the trained one always keeps its own weights.
    scored = copy_of(model) if settings.ema_momentum else model
    images, steps = settings.images_per_step(len(data.train)), settings.steps_per_epoch(len(data.train))
    callbacks: list[keras.callbacks.Callback] = [
        StepProgress(report, steps, images),
        _EndOfEpoch(state, data, scored, settings, after_epoch),
    ]
    if files.events is not None:
        events = EventFile(files.events, state.history)
        events.begin()
        callbacks.append(events)
    if epochs:
        model.fit(
            training_batches(data.train, settings, epochs, threads),
            steps_per_epoch=steps,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            callbacks=callbacks,
            shuffle=False,  # the batches come shuffled
            verbose=0,
        )
    model.set_weights(state.best_weights or [])
    if settings.batchnorm_recalibration:
        recalibrate(model, data.train, settings.batch_size)
    return state


def learning_rate(model: keras.Model) -> float:
    """Reads the learning rate of the next step."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


class _EndOfEpoch(keras.callbacks.Callback):
    """Scores the network after every epoch, remembers the best one and saves the state."""

    def __init__(
        self,
        state: TrainingState,
        data: TrainingData,
        scored: keras.Model,
        settings: TrainingSettings,
        after_epoch: Callable[[], object],
    ) -> None:
        super().__init__()
        self._state, self._data, self._scored, self._after_epoch = state, data, scored, after_epoch
        self._steps = settings.steps_per_epoch(len(data.train))
        self._masks = masks_for_loss(settings, data)
        # All images of a batch have the same size, also those that fill up the last one: their pixels do not count.
        self._predictor = validation_model(scored, training_loss(settings, data, True), settings.flip_tta)
        self._start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Scores, compares with the best epoch, saves and reports."""
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise TrainingError(f"the loss was {loss} in epoch {epoch + 1}; lower LR or set PRECISION = float32")
        if self._scored is not self.model:
            self._scored.set_weights(self.model.get_weights())
            self.model.optimizer.finalize_variable_values(self._scored.trainable_variables)
            # Under JAX these are now the optimiser's own arrays, which a prediction would delete: make copies.
            self._scored.set_weights(values_of(self._scored.variables))
        trained = time.perf_counter()
        scores, loss_val = validate(self._predictor, self._data.validate, self._masks, self._data.label_map)
        miou, mpa = (cast(float, scores.means[metric.key]) for metric in (paper.MIOU, paper.MPA))
        history = self._state.history
        if self._state.best_epoch is None or miou > history[self._state.best_epoch]["mIoU_val"]:
            self._state.best_epoch = epoch
            self._state.best_weights = values_of(self._scored.variables)
        entry: ProgressEntry = {
            "epoch": epoch,
            "steps": self._steps,
            "learning_rate": learning_rate(self.model),
            "loss": loss,
            "mIoU_val": miou,
            "mPA_val": mpa,
            "seconds": round(trained - self._start, 3),
            "seconds_validation": round(time.perf_counter() - trained, 3),
        }
        # In float16 the running statistics of early epochs can make logits infinite; training goes on all the same.
        if math.isfinite(loss_val):
            entry["loss_val"] = loss_val
        history.append(scores.with_pooled(entry))
        self._after_epoch()

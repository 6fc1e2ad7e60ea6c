"""One training: from decoded images to the weights of the best epoch.

The best epoch is the one with the highest validation mIoU of the paper metric, the first of equals. After every epoch
the whole state is saved; a training that was killed goes on after its last whole epoch and ends with the same weights.
"""

import math
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras

from common.errors import TrainingError
from common.labels.maps import LabelMap
from common.learning.backend import machine as backend
from common.learning.network.unet import class_index_model, copy_of, training_unet
from common.learning.training.batches import LoadedSplit, training_batches
from common.learning.training.checkpoint import load_checkpoint, save_checkpoint, values_of
from common.learning.training.event_file import EventFile
from common.learning.training.losses import inverse_sqrt_weights, make_loss
from common.learning.training.optimizer import make_optimizer
from common.learning.training.recalibration import recalibrate
from common.learning.training.scoring import score


@dataclass(frozen=True)
class TrainingData:
    """What a training sees.

    Attributes:
        train: `LoadedSplit`; void made `IGNORE` in its masks where the recipe says so.
        validate: `LoadedSplit`.
        label_map: The `LabelMap` of the masks.
    """

    train: LoadedSplit
    validate: LoadedSplit
    label_map: LabelMap


@dataclass(frozen=True)
class TrainingFiles:
    """What a training writes while it runs.

    Attributes:
        checkpoint: The file of the state that is saved after every epoch.
        identity: Fingerprint of the training; a checkpoint of another one is not gone on with.
        events: Folder of the event file for TensorBoard; None for none.
    """

    checkpoint: Path
    identity: str
    events: Path | None = None


def compile_training(network, settings, data):
    """Builds the training form of a network with loss and optimiser, its state made, from the seed.

    Args:
        network: `NetworkSettings`.
        settings: `TrainingSettings`.
        data: `TrainingData`; its number of images and classes are used, not the images.
    """
    keras.utils.set_random_seed(settings.seed)
    model = training_unet(network, settings.batchnorm_momentum)
    weighted = settings.class_weights == "inverse_sqrt"
    weights = inverse_sqrt_weights(data.train.masks, network.num_classes) if weighted else None
    model.compile(
        optimizer=make_optimizer(settings, len(data.train)),
        loss=make_loss(settings.loss, weights, data.label_map.ignores or settings.leaves_out_pixels),
        jit_compile=backend.jit_compile(),
    )
    model.optimizer.build(model.trainable_variables)
    return model


def train(model, data, settings, files, report=print, threads=1):
    """Trains a compiled model, from the start or from its checkpoint.

    Args:
        model: From `compile_training`. Ends with the weights of the best epoch.
        data: `TrainingData`.
        settings: `TrainingSettings`.
        files: `TrainingFiles`.
        report: Called after every epoch with its history entry.
        threads: How many change images ahead of the training.

    Returns:
        The `TrainingState` after the last epoch.

    Raises:
        TrainingError: If the loss is no number any more.
    """
    state = load_checkpoint(files.checkpoint, model, files.identity)
    epochs = range(state.epochs_done, settings.num_epochs)
    for entry in state.history:
        report({**entry, "done_before": True})
    save = partial(save_checkpoint, files.checkpoint, state, model, files.identity)
    # With a running mean of the weights, a network of its own holds it: the one that is trained never has other weights
    # than its own.
    scored = copy_of(model) if settings.ema_momentum else model
    callbacks = [_EndOfEpoch(state, data, (scored, settings.flip_tta), save, report)]
    if files.events is not None:
        callbacks.append(EventFile(files.events, state.history))
        callbacks[-1].begin()
    if epochs:
        model.fit(
            training_batches(data.train, settings, epochs, threads),
            steps_per_epoch=settings.steps_per_epoch(len(data.train)),
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            callbacks=callbacks,
            shuffle=False,  # the batches come shuffled
            verbose=0,
        )
    model.set_weights(state.best_weights)
    if settings.batchnorm_recalibration:
        recalibrate(model, data.train.images, settings.batch_size)
    return state


class _EndOfEpoch(keras.callbacks.Callback):
    """Scores the network after every epoch, remembers the best one and saves the state."""

    def __init__(self, state, data, scored, save, report):
        super().__init__()
        self._state, self._data, self._save, self._report = state, data, save, report
        self._scored, mirror = scored
        self._predictor = class_index_model(self._scored, mirror)
        self._start = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Scores, compares, saves, reports."""
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise TrainingError(f"the loss was {loss} in epoch {epoch + 1}; lower LR or set PRECISION = float32")
        if self._scored is not self.model:
            self._scored.set_weights(self.model.get_weights())
            self.model.optimizer.finalize_variable_values(self._scored.trainable_variables)
            # Under JAX these are now the optimiser's own arrays, which a prediction would give away: copies instead.
            self._scored.set_weights(values_of(self._scored.variables))
        trained = time.perf_counter()
        miou, mpa = score(self._predictor, self._data.validate, self._data.label_map).mean
        history = self._state.history
        if self._state.best_epoch is None or miou > history[self._state.best_epoch]["mIoU_val"]:
            self._state.best_epoch = epoch
            self._state.best_weights = values_of(self._scored.variables)
        history.append(
            {
                "epoch": epoch,
                "loss": loss,
                "mIoU_val": miou,
                "mPA_val": mpa,
                "seconds": round(trained - self._start, 3),
                "seconds_validation": round(time.perf_counter() - trained, 3),
            }
        )
        self._save()
        self._report(history[-1])

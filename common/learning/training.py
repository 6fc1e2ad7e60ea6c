"""One training: from decoded images to the weights of the best epoch.

The best epoch is the one with the highest validation mIoU of the paper metric, the first of equals. After every epoch
the whole state is saved; a training that was killed goes on after its last whole epoch and ends with the same weights.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import keras

from common.errors import TrainingError
from common.learning import backend
from common.learning.batches import steps_per_epoch, training_batches
from common.learning.checkpoint import load_checkpoint, save_checkpoint, values_of
from common.learning.event_file import EventFile
from common.learning.losses import counted_cross_entropy, pixel_cross_entropy
from common.learning.optimizer import adamw
from common.learning.scoring import score
from common.learning.unet import class_index_model, training_unet


@dataclass(frozen=True)
class TrainingData:
    """What a training sees: `LoadedSplit`s, and the label map of their masks."""

    train: object
    validate: object
    label_map: object


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


def compile_training(network, settings, ignores=False):
    """Builds the training form of a network with loss and optimiser, its state made, from the seed.

    Args:
        network: `NetworkSettings`.
        settings: `TrainingSettings`.
        ignores: Whether masks hold `IGNORE`.
    """
    keras.utils.set_random_seed(settings.seed)
    model = training_unet(network)
    model.compile(
        optimizer=adamw(settings.learning_rate, settings.weight_decay),
        loss=counted_cross_entropy if ignores else pixel_cross_entropy,
        jit_compile=backend.jit_compile(),
    )
    model.optimizer.build(model.trainable_variables)
    return model


def train(model, data, settings, files, report=print):
    """Trains a compiled model, from the start or from its checkpoint.

    Args:
        model: From `compile_training`. Ends with the weights of the best epoch.
        data: `TrainingData`.
        settings: `TrainingSettings`.
        files: `TrainingFiles`.
        report: Called after every epoch with its history entry.

    Returns:
        The `TrainingState` after the last epoch.

    Raises:
        TrainingError: If the loss is no number any more.
    """
    state = load_checkpoint(files.checkpoint, model, files.identity)
    epochs = range(state.epochs_done, settings.num_epochs)
    for entry in state.history:
        report({**entry, "done_before": True})
    callbacks = [
        _EndOfEpoch(state, data, lambda: save_checkpoint(files.checkpoint, state, model, files.identity), report)
    ]
    if files.events is not None:
        callbacks.append(EventFile(files.events, state.history))
        callbacks[-1].begin()
    if epochs:
        model.fit(
            training_batches(data.train, settings.batch_size, settings.seed, epochs),
            steps_per_epoch=steps_per_epoch(len(data.train), settings.batch_size),
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            callbacks=callbacks,
            shuffle=False,  # the batches come shuffled
            verbose=0,
        )
    model.set_weights(state.best_weights)
    return state


class _EndOfEpoch(keras.callbacks.Callback):
    """Scores the network after every epoch, remembers the best one and saves the state."""

    def __init__(self, state, data, save, report):
        super().__init__()
        self._state, self._data, self._save, self._report = state, data, save, report
        self._predictor = None
        self._start = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Scores, compares, saves, reports."""
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise TrainingError(f"the loss was {loss} in epoch {epoch + 1}; lower LR or set PRECISION = float32")
        self._predictor = self._predictor or class_index_model(self.model)
        trained = time.perf_counter()
        miou, mpa = score(self._predictor, self._data.validate, self._data.label_map).mean
        history = self._state.history
        if self._state.best_epoch is None or miou > history[self._state.best_epoch]["mIoU_val"]:
            self._state.best_epoch = epoch
            self._state.best_weights = values_of(self.model.variables)
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

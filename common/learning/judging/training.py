"""One training of an EvalNet: from masks and what should be said of them to the weights of the best epoch.

The best epoch is the one with the lowest validation loss, the first of equals. After every epoch the whole state is
saved: a killed training resumes after its last whole epoch and ends with the same weights.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from common.config.settings import TrainingSettings
from common.errors import TrainingError
from common.learning.backend import machine as backend
from common.learning.experiments.jobs import ProgressEntry
from common.learning.judging.data import JudgedRows
from common.learning.judging.jobs import EvalNetScores
from common.learning.judging.judge import predict
from common.learning.judging.network import training_form
from common.learning.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, values_of
from common.learning.training.optimizer import make_optimizer

# Keras' own, which keeps the logarithm finite.
_EPSILON = 1e-7
Batch = tuple[tuple[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]

# What an entry of the history says.
_HISTORY = ("epoch", "loss", "loss_val", "seconds", "seconds_validation")


def compile_evalnet(
    size_wh: tuple[int, int], num_classes: int, alpha: float, settings: TrainingSettings, num_rows: int
) -> keras.Model:
    """Builds the training form of an EvalNet with losses, optimiser and the optimiser's state, from the seed."""
    keras.utils.set_random_seed(settings.seed)
    model = training_form(size_wh, num_classes, alpha)
    model.compile(
        optimizer=make_optimizer(settings, num_rows),
        loss=["mean_squared_error", "binary_crossentropy"],
        jit_compile=backend.jit_compile(),
    )
    model.optimizer.build(model.trainable_variables)
    return model


def train_evalnet(
    model: keras.Model,
    train: JudgedRows,
    validate: JudgedRows,
    settings: TrainingSettings,
    checkpoint: Path,
    identity: str,
    report: Callable[[ProgressEntry], object] = print,
) -> TrainingState:
    """Trains a compiled EvalNet, from the start or from its checkpoint.

    Args:
        model: From `compile_evalnet`. Ends with the weights of the best epoch.
        train: What it learns from.
        validate: What decides the best epoch.
        settings: How it is trained.
        checkpoint: File of the state, written after each epoch.
        identity: A checkpoint of a training with another identity is ignored.
        report: Called after every epoch with its history entry.

    Raises:
        TrainingError: If the loss becomes NaN or infinite.
    """
    state = load_checkpoint(checkpoint, model, identity, _HISTORY)
    epochs = range(state.epochs_done, settings.num_epochs)
    for entry in state.history:
        report({**entry, "done_before": True})

    def after_epoch() -> None:
        save_checkpoint(checkpoint, state, model, identity)
        report(state.history[-1])

    if epochs:
        model.fit(
            batches(train, settings, epochs),
            steps_per_epoch=settings.steps_per_epoch(len(train)),
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            callbacks=[_EndOfEpoch(state, validate, settings.batch_size, after_epoch)],
            shuffle=False,  # the batches come shuffled
            verbose=0,
        )
    model.set_weights(state.best_weights or [])
    return state


def batches(rows: JudgedRows, settings: TrainingSettings, epochs: Iterable[int]) -> Iterator[Batch]:
    """Yields `(images, masks), (iou, presence)` for all steps of all `epochs` (from 0).

    One shuffled pass over all rows follows the other; the last batch of a pass may be smaller. An epoch has
    rows // batch_size steps, so that it ends somewhere in a pass.
    """
    steps, of_pass = settings.steps_per_epoch(len(rows)), math.ceil(len(rows) / settings.batch_size)
    for epoch in epochs:
        for number in range(epoch * steps, (epoch + 1) * steps):
            one, place = divmod(number, of_pass)
            order = np.random.default_rng((settings.seed, one)).permutation(len(rows))
            chosen = order[place * settings.batch_size :][: settings.batch_size]
            yield (rows.images[rows.image_of[chosen]], rows.masks[chosen]), (rows.iou[chosen], rows.presence[chosen])


def score_evalnet(model: keras.Model, rows: JudgedRows, batch: int) -> EvalNetScores:
    """Scores an EvalNet, in its training or judging form, on all rows.

    Raises:
        TrainingError: If it gives something that is not a number.
    """
    iou, presence = [], []
    for start in range(0, len(rows), batch * 16):  # the images of all rows would fill the memory
        masks = rows.masks[start : start + batch * 16]
        images = rows.images[rows.image_of[start : start + batch * 16]]
        found = predict(model, images, masks, batch)
        iou.append(found[0])
        presence.append(found[1])
    errors = [
        np.concatenate(found).astype(np.float64) - wanted
        for found, wanted in ((iou, rows.iou), (presence, rows.presence))
    ]
    if not np.isfinite(errors).all():
        raise TrainingError("the network gives values that are not numbers; lower LR or set PRECISION = float32")
    # How far the presence is from what it should be, so that its cross-entropy is -log(1 - error).
    detection_loss = float(-np.log(1 - np.minimum(np.abs(errors[1]), 1 - _EPSILON)).mean())
    iou_loss = float(np.square(errors[0]).mean())
    return EvalNetScores(
        total_loss=iou_loss + detection_loss,
        iou_loss=iou_loss,
        detection_loss=detection_loss,
        iou_mae=float(np.abs(errors[0]).mean()),
        detection_mae=float(np.abs(errors[1]).mean()),
    )


class _EndOfEpoch(keras.callbacks.Callback):
    """Scores the EvalNet after every epoch, remembers the best one and saves the state."""

    def __init__(
        self, state: TrainingState, validate: JudgedRows, batch: int, after_epoch: Callable[[], object]
    ) -> None:
        super().__init__()
        self._state, self._validate, self._batch, self._after_epoch = state, validate, batch, after_epoch
        self._start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Scores, compares with the best epoch, saves and reports."""
        loss, trained = float((logs or {})["loss"]), time.perf_counter()
        if not math.isfinite(loss):
            raise TrainingError(f"the loss was {loss} in epoch {epoch + 1}; lower LR or set PRECISION = float32")
        of_validation = score_evalnet(self.model, self._validate, self._batch).total_loss
        history = self._state.history
        if self._state.best_epoch is None or of_validation < history[self._state.best_epoch]["loss_val"]:
            self._state.best_epoch = epoch
            self._state.best_weights = values_of(self.model.variables)
        history.append(
            {
                "epoch": epoch,
                "loss": loss,
                "loss_val": of_validation,
                "seconds": round(trained - self._start, 3),
                "seconds_validation": round(time.perf_counter() - trained, 3),
            }
        )
        self._after_epoch()

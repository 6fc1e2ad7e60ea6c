"""Tells within an epoch how far the training is, and how fast."""

import time
from collections.abc import Callable, Mapping

import keras

from common.learning.experiments.jobs import ProgressEntry

_SECONDS_BETWEEN = 2.0


class StepProgress(keras.callbacks.Callback):
    """Reports the step, images a second and the seconds left of the epoch, now and then.

    The clock starts after the first step of an epoch, because the first step of all also compiles the network.
    """

    def __init__(self, report: Callable[[ProgressEntry], object], steps: int, images_per_step: int) -> None:
        super().__init__()
        self._report, self._steps, self._images = report, steps, images_per_step
        self._first = self._last = 0.0

    # Not at the end of a step: Keras would wait there for the device after every step.
    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Reports if the last report is a while ago; `batch` steps of the epoch are done."""
        now = time.monotonic()
        if batch <= 1:
            self._first = self._last = now
        elif now - self._last >= _SECONDS_BETWEEN:
            self._last = now
            seconds = (now - self._first) / (batch - 1)
            left = seconds * (self._steps - batch)
            self._report(
                {
                    "step": batch,
                    "steps": self._steps,
                    "images_per_second": round(self._images / seconds, 1),
                    "seconds_left": round(left, 1),
                }
            )

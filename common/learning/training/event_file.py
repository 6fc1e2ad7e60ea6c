"""The curves of a training as TensorBoard's event file, for `tensorboard --logdir BASE_DIR/tensorboard`.

The file is made from the history, which the checkpoint keeps: a resumed training writes its earlier epochs again into a
new file. So the steps are always those of the history, none twice and none missing, wherever the training was stopped.
The step is the number of the epoch, from 0 as in the history.

Written with TensorBoard's own records. Keras' callback would import TensorFlow under every back end, and TensorBoard's
`EventFileWriter` does so where it is installed; scalars need neither.
"""

import contextlib
import io
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import keras
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from common.files.disk import write_bytes
from common.learning.experiments.jobs import ProgressEntry

_Tag = Literal[
    "loss",
    "mIoU_val",
    "mPA_val",
    "consistency_loss",
    "loss_val",
    "learning_rate",
    "official_mIoU_val",
    "pooled_mIoU_val",
]
SCALARS: tuple[Literal["loss", "mIoU_val", "mPA_val"], ...] = ("loss", "mIoU_val", "mPA_val")
# What not all trainings have.
MORE_SCALARS: tuple[_Tag, ...] = (
    "consistency_loss", "loss_val", "learning_rate", "official_mIoU_val", "pooled_mIoU_val"
)  # fmt: skip


class EventFile(keras.callbacks.Callback):
    """Writes the entries of a history as they come."""

    def __init__(self, folder: Path, history: list[ProgressEntry]) -> None:
        """Keeps the places; `begin` writes.

        The history is that of a `TrainingState`: it grows by an entry per epoch before this callback is called. Event
        files in the folder come from an earlier attempt and are removed.
        """
        super().__init__()
        self.folder, self._history = folder, history
        # TensorBoard reads files in the order of their names.
        self._path = folder / f"events.out.tfevents.{time.time_ns():019d}"
        self._written, self._time = 0, 0.0

    def begin(self) -> None:
        """Starts the file with what the history holds so far.

        The times of earlier epochs are counted back from now by the seconds they took, so that TensorBoard's axis of
        relative time shows the time of training, without pauses.
        """
        earlier = list(self.folder.glob("events.out.tfevents.*"))
        self._time = time.time() - sum(map(_seconds, self._history))
        # The second event tells a TensorBoard that has read an earlier file to forget what it showed.
        head = [Event(file_version="brain.Event:2"), Event(session_log=SessionLog(status=SessionLog.START), step=0)]
        for event in head:
            event.wall_time = self._time
        write_bytes(self._path, _records([*head, *self._new_events()]))
        for path in earlier:
            with contextlib.suppress(OSError):  # Windows keeps a file that a running TensorBoard reads
                path.unlink()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the epoch."""
        with self._path.open("ab") as file:
            file.write(_records(self._new_events()))

    def _new_events(self) -> list[Event]:
        events = []
        for entry in self._history[self._written :]:
            self._time += _seconds(entry)
            values = [Summary.Value(tag=tag, simple_value=entry[tag]) for tag in _tags(entry)]
            events.append(Event(wall_time=self._time, step=entry["epoch"], summary=Summary(value=values)))
        self._written = len(self._history)
        return events


def _tags(entry: ProgressEntry) -> list[_Tag]:
    return [*SCALARS, *(tag for tag in MORE_SCALARS if tag in entry)]


def _seconds(entry: ProgressEntry) -> float:
    return entry["seconds"] + entry["seconds_validation"]


def _records(events: Iterable[Event]) -> bytes:
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString())
    return buffer.getvalue()

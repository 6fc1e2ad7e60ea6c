"""The curves of a training as TensorBoard's event file, for `tensorboard --logdir BASE_DIR/tensorboard`.

The file is made from the history, which the checkpoint keeps: a training that goes on writes its earlier epochs again
into a new file, so that the steps are always those of the history, none doubled and none missing, wherever it was
stopped. The step is the number of the epoch, from 0 as in the history.

Written with TensorBoard's own records. Keras' callback would import TensorFlow under every back end, and TensorBoard's
`EventFileWriter` does so where it is installed; scalars need neither.
"""

import contextlib
import io
import time

import keras
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from common.files.disk import write_bytes

SCALARS = ("loss", "mIoU_val", "mPA_val")


class EventFile(keras.callbacks.Callback):
    """Writes the entries of a history as they come.

    Attributes:
        folder: The folder of the model's event file.
    """

    def __init__(self, folder, history):
        """Args:
        folder: Made if needed; event files in it are of an earlier attempt and are removed.
        history: The list of a `TrainingState`; grows by an entry per epoch before this callback is called.
        """
        super().__init__()
        self.folder, self._history = folder, history
        self._path, self._written = None, 0
        self._time = 0.0

    def begin(self):
        """Starts the file with what the history holds so far.

        The times of earlier epochs are reckoned back from now by the seconds they took, so that TensorBoard's axis of
        relative time shows the time of training, without pauses.
        """
        name = f"events.out.tfevents.{time.time_ns():019d}"  # TensorBoard reads files in the order of names
        earlier = list(self.folder.glob("events.out.tfevents.*"))
        self._time = time.time() - sum(map(_seconds, self._history))
        # The second event tells a TensorBoard that has read an earlier file to forget what it showed.
        head = [Event(file_version="brain.Event:2"), Event(session_log=SessionLog(status=SessionLog.START), step=0)]
        for event in head:
            event.wall_time = self._time
        self._path, self._written = self.folder / name, 0
        write_bytes(self._path, _records([*head, *self._new_events()]))
        for path in earlier:
            with contextlib.suppress(OSError):  # Windows keeps a file that a running TensorBoard reads
                path.unlink()

    def on_epoch_end(self, epoch, logs=None):
        """Adds the epoch."""
        with self._path.open("ab") as file:
            file.write(_records(self._new_events()))

    def _new_events(self):
        events = []
        for entry in self._history[self._written :]:
            self._time += _seconds(entry)
            values = [Summary.Value(tag=tag, simple_value=entry[tag]) for tag in SCALARS]
            events.append(Event(wall_time=self._time, step=entry["epoch"], summary=Summary(value=values)))
        self._written = len(self._history)
        return events


def _seconds(entry):
    return entry["seconds"] + entry["seconds_validation"]


def _records(events):
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString())
    return buffer.getvalue()

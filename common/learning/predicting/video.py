"""Videos: their pictures one after the other, upright, and what a network makes of them as videos of the same size.

    OUT/<name>_color.mp4      colours of the classes
    OUT/<name>_overlay.mp4    colours over the pictures
    OUT/labelIds/<name>/000000.png ...    label ids of every picture, where asked for

Read and written by OpenCV's FFmpeg, from files alone: a video that refers to another place is not followed.
"""

import contextlib
import logging
import os
import time
from pathlib import Path

import cv2

from common.errors import DataError
from common.files.disk import atomic_path, write_bytes
from common.images.png import LARGEST_PIXELS, encode_mask
from common.learning.predicting.prediction import Lanes, Outcome, prepare
from common.learning.predicting.result_folder import blend
from common.parallel import progress

log = logging.getLogger(__name__)
VIDEO_ENDINGS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")
_CODEC = "mp4v"
# Of a video that does not say.
_PICTURES_PER_SECOND = 25.0
_FASTEST = 1000


def is_video(path):
    """Tells by the ending of its name whether a file is a video."""
    return Path(path).is_file() and Path(path).suffix.lower() in VIDEO_ENDINGS


def predict_video(ensemble, path, folder, batch=8, label_ids=False):
    """Predicts every picture of a video and writes the results as videos.

    Args:
        ensemble: The `Ensemble`.
        path: The video.
        folder: The `ResultFolder`.
        batch: How many pictures the network takes at a time.
        label_ids: Whether label ids are written too, one PNG a picture.

    Returns:
        The `Outcome`.

    Raises:
        DataError: If the file is no video that can be read, or videos cannot be written here; names it.
    """
    path, outcome, start = Path(path), Outcome(), time.monotonic()
    label_map = folder.label_map

    def load(numbered):
        number, picture = numbered
        image = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return prepare(ensemble, f"{number:06d}", image, folder.overlay)

    def finish(pair):
        loaded, class_indices = pair
        indices = class_indices()
        if label_ids:
            ids = encode_mask(label_map.decode(indices))
            write_bytes(folder.path / "labelIds" / path.stem / f"{loaded.name}.png", ids)
        colors = label_map.colorize(indices)
        return [colors, *([blend(loaded.image, colors)] if folder.overlay else [])]

    kinds = ["color", *(["overlay"] if folder.overlay else [])]
    targets = [folder.path / f"{path.stem}_{kind}.mp4" for kind in kinds]
    with _opened(path) as video, Lanes(ensemble, batch, outcome) as lanes, _Writers(targets, video.rate) as writers:
        results = lanes.run(load, enumerate(video), finish)
        for pictures in progress(results, "predict", video.length, "picture"):
            writers.write(pictures)
            outcome.frames += 1
        if not outcome.frames:
            raise _unreadable(path)
        if outcome.frames < (video.length or 0):
            log.warning(
                "%s: says that it has %s pictures, %s could be read; what follows may be damaged",
                *(path, f"{video.length:,}", f"{outcome.frames:,}"),
            )
    outcome.seconds = time.monotonic() - start
    return outcome


class _Video:
    """The pictures of an open video: blue, green, red, `uint8` of shape `(height, width, 3)`."""

    def __init__(self, path, capture):
        self._path, self._capture = path, capture
        rate, length = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.rate = rate if 0 < rate <= _FASTEST else _PICTURES_PER_SECOND
        self.length = int(length) if 0 < length < 1e9 else None

    def __iter__(self):
        shape = None
        while True:
            done, picture = self._capture.read()
            if not done:
                return
            shape = shape or picture.shape
            if picture.shape != shape:
                raise DataError(f"{self._path}: its pictures change their size; cut it where they do")
            yield picture


@contextlib.contextmanager
def _opened(path):
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what went wrong is said here
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)  # as above
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    cv2.utils.logging.setLogLevel(level)
    try:
        if not capture.isOpened():
            raise _unreadable(path)
        width, height = (int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if not 0 < width * height <= LARGEST_PIXELS:
            raise DataError(f"{path}: has {width} x {height} pixels, expected were 1 to {LARGEST_PIXELS:,} pixels")
        yield _Video(path, capture)
    finally:
        capture.release()


def _unreadable(path):
    return DataError(
        f"{path}: is no video, is damaged, or has a codec that OpenCV lacks; convert it to an MP4 "
        "with H.264 and try again"
    )


class _Writers:
    """Videos that take their places together, when all of them are complete; opened with the first picture."""

    def __init__(self, targets, rate):
        self._targets, self._rate = targets, rate
        self._stack, self._writers, self._size = contextlib.ExitStack(), [], None

    def __enter__(self):
        return self

    def write(self, pictures):
        """Adds one picture to each: red, green, blue, `uint8` of shape `(height, width, 3)`."""
        if not self._writers:
            self._size = pictures[0].shape[1], pictures[0].shape[0]
            self._writers = [self._open(target) for target in self._targets]
        for writer, picture in zip(self._writers, pictures, strict=True):
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def _open(self, target):
        temporary = self._stack.enter_context(atomic_path(target))
        writer = cv2.VideoWriter(
            str(temporary), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*_CODEC), self._rate, self._size
        )
        self._stack.callback(_complete, target, temporary)
        self._stack.callback(writer.release)
        if not writer.isOpened():
            width, height = self._size
            raise DataError(
                f"{target}: OpenCV cannot write a video of {width} x {height} pixels here; it needs FFmpeg with MPEG-4"
            )
        return writer

    def __exit__(self, *error):
        return self._stack.__exit__(*error)


def _complete(target, temporary):
    if not temporary.is_file() or not temporary.stat().st_size:
        raise DataError(f"{target}: could not be written; is the disk full?")

"""Videos: their pictures one after the other, upright, and predictions as videos of the same size.

    OUT/<name>_color.mp4      colours of the classes
    OUT/<name>_overlay.mp4    colours over the pictures
    OUT/labelIds/<name>/000000.png ...    label ids of every picture, if they are wanted

OpenCV writes pictures at one constant rate. A video whose pictures come at uneven times, as phones record it, gets that
of its mean, and a warning says how far a picture is from its time.

Read and written by OpenCV's FFmpeg, from files only: a reference in a video to another place is not followed.
"""

import contextlib
import itertools
import logging
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.disk import atomic_path, write_bytes
from common.images.decoding import check_pixels
from common.images.png import encode_mask
from common.learning.predicting.ensembles import Ensemble
from common.learning.predicting.prediction import Lanes, Loaded, Outcome, Predicted, prepare
from common.learning.predicting.result_folder import ResultFolder, blend
from common.parallel import progress

log = logging.getLogger(__name__)
_CODEC = "mp4v"
# If the video does not say.
_PICTURES_PER_SECOND = 25.0
_FASTEST = 1000
# In seconds; a shorter one is hardly seen, and times in files are rounded.
_LARGEST_SHIFT = 0.1


def predict_video(
    ensemble: Ensemble, path: Path, folder: ResultFolder, batch: int = 8, label_ids: bool = False
) -> Outcome:
    """Predicts every picture of a video and writes the results as videos; with `label_ids`, also one PNG a picture.

    Raises:
        DataError: If the video cannot be read, or videos cannot be written here; names it.
    """
    outcome, start = Outcome(), time.monotonic()
    label_map = folder.label_map

    def load(numbered: tuple[int, NDArray[np.uint8]]) -> Loaded:
        number, picture = numbered
        image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
        return prepare(ensemble, f"{number:06d}", image, folder.overlay)

    def finish(pair: Predicted) -> list[NDArray[np.uint8]]:
        loaded, class_indices = pair
        indices = class_indices()
        if label_ids:
            ids = encode_mask(label_map.decode(indices))
            write_bytes(folder.path / "labelIds" / path.stem / f"{loaded.name}.png", ids)
        colors = label_map.colorize(indices)
        return [colors] if loaded.image is None else [colors, blend(loaded.image, colors)]

    kinds = ["color", *(["overlay"] if folder.overlay else [])]
    targets = [folder.path / f"{path.stem}_{kind}.mp4" for kind in kinds]
    with _opened(path) as video, Lanes(ensemble, batch, outcome) as lanes, _Writers(targets, video.rate) as writers:
        results = lanes.run(load, enumerate(video), finish)
        for pictures in progress(results, "predict", video.length, "picture"):
            writers.write(pictures)
            outcome.frames += 1
        if not outcome.frames:
            raise _unreadable(path)
        _warn_of_uneven_times(path, video)
        if outcome.frames < (video.length or 0):
            log.warning(
                "%s: says that it has %s pictures, %s could be read; the rest may be damaged",
                *(path, f"{video.length:,}", f"{outcome.frames:,}"),
            )
    outcome.seconds = time.monotonic() - start
    return outcome


def _warn_of_uneven_times(path: Path, video: "_Video") -> None:
    number, seconds = video.largest_shift
    if abs(seconds) > _LARGEST_SHIFT:
        log.warning(
            "%s: its pictures come at uneven times; the result has %.4g pictures a second, so that picture %s comes "
            "%.2f s too %s; for results at the right times, first convert the video to a constant rate, for example "
            "with: ffmpeg -i IN -vf fps=30 OUT.mp4",
            *(path, video.rate, f"{number:,}", abs(seconds), "late" if seconds > 0 else "early"),
        )


class _Video:
    """The pictures of an open video: blue, green, red, of shape `(height, width, 3)`.

    Attributes:
        rate: Pictures a second.
        length: How many pictures it says that it has; None if it does not.
        largest_shift: Of the pictures read so far, the number of the one that is furthest from its time at a constant
            rate, and how many seconds it comes late there.
    """

    def __init__(self, path: Path, capture: cv2.VideoCapture) -> None:
        self._path, self._capture = path, capture
        rate, length = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.rate = rate if 0 < rate <= _FASTEST else _PICTURES_PER_SECOND
        self.length = int(length) if 0 < length < 1e9 else None
        self.largest_shift = (0, 0.0)
        self._start: float | None = None

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        shape = None
        for number in itertools.count():
            done, picture = self._capture.read()
            if not done:
                return
            self._compare_time(number)
            shape = shape or picture.shape
            if picture.shape != shape:
                raise DataError(f"{self._path}: its pictures change their size; cut it where they do")
            yield np.asarray(picture, np.uint8)

    def _compare_time(self, number: int) -> None:
        """Compares the time of the picture that was just read with the one it gets in a video of constant rate."""
        seconds = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._start is None:
            self._start = seconds
        # A file without times has 0 everywhere.
        shift = number / self.rate - (seconds - self._start) if seconds > self._start else 0.0
        if abs(shift) > abs(self.largest_shift[1]):
            self.largest_shift = (number, shift)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[_Video]:
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # this module reports errors
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)  # for the same reason
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    cv2.utils.logging.setLogLevel(level)
    try:
        if not capture.isOpened():
            raise _unreadable(path)
        width, height = (int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        check_pixels(path, (width, height))
        yield _Video(path, capture)
    finally:
        capture.release()


def _unreadable(path: Path) -> DataError:
    return DataError(
        f"{path}: is not a video, is damaged, or has a codec that OpenCV lacks; convert it to an MP4 "
        "with H.264 and try again"
    )


class _Writers:
    """Videos that take their places together, when all of them are complete; opened with the first picture."""

    def __init__(self, targets: Sequence[Path], rate: float) -> None:
        self._targets, self._rate = targets, rate
        self._stack = contextlib.ExitStack()
        self._writers: list[cv2.VideoWriter] = []

    def __enter__(self) -> Self:
        return self

    def write(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        """Adds one picture to each: red, green, blue, of shape `(height, width, 3)`."""
        if not self._writers:
            height, width = pictures[0].shape[:2]
            self._writers = [self._open(target, (width, height)) for target in self._targets]
        for writer, picture in zip(self._writers, pictures, strict=True):
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def _open(self, target: Path, size_wh: tuple[int, int]) -> cv2.VideoWriter:
        temporary = self._stack.enter_context(atomic_path(target))
        writer = cv2.VideoWriter(str(temporary), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*_CODEC), self._rate, size_wh)
        self._stack.callback(_complete, target, temporary)
        self._stack.callback(writer.release)
        if not writer.isOpened():
            width, height = size_wh
            raise DataError(
                f"{target}: OpenCV cannot write a video of {width} x {height} pixels here; it needs FFmpeg with MPEG-4"
            )
        return writer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)


def _complete(target: Path, temporary: Path) -> None:
    if not temporary.is_file() or not temporary.stat().st_size:
        raise DataError(f"{target}: could not be written; is the disk full?")

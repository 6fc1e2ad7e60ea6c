"""Runs a function over the frames of a dataset, on many cores where it can, and never holds all of them."""

from collections.abc import Sequence

import cv2

from common.parallel import progress, run_all


class _InWorker:
    """A function that keeps OpenCV to one thread, so that the processes do not get into each other's way."""

    def __init__(self, function):
        self._function = function

    def __call__(self, frame):
        cv2.setNumThreads(1)
        return self._function(frame)


def for_each_frame(function, dataset, workers, description):
    """Calls `function` for every frame and yields the results in the order of the frames.

    Args:
        function: A picklable function of an `AnnotatedFrame`, as a module's function or a `partial` of one.
        dataset: `FrameDataset`. Frames from a generator are taken one by one, in this process.
        workers: Number of processes, for frames in a sequence.
        description: Shown before the progress bar.
    """
    if isinstance(dataset.frames, Sequence):
        yield from run_all(_InWorker(function) if workers > 1 else function, dataset.frames, workers, description)
    else:
        yield from progress(map(function, dataset.frames), description)

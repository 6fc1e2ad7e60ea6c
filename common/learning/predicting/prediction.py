"""From photographs to classes at their own size: decoding, the network, widening and writing at the same time.

Photographs of any size come in; each is resized as step 00 resized the training images, and the probabilities are
widened to its own size before the largest is chosen. A photograph that already has the network's size goes through
unchanged. A result does not depend on the batch a photograph shares.
"""

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from common.dataset.prepared.resize import resize_image
from common.errors import ConfigError, DataError
from common.images.pictures import read_photograph
from common.learning.predicting.upsampling import largest_class
from common.parallel import progress, usable_cores

_MOST_THREADS = 8


@dataclass(frozen=True)
class Loaded:
    """A photograph as the network takes it.

    Attributes:
        name: Of the photograph.
        size_wh: Width and height of the photograph in pixels.
        inputs: For each size of the ensemble, `uint8` of shape `(height, width, 3)`.
        image: The photograph itself, where it is still needed, else None.
        error: Why it could not be read, else "".
    """

    name: str
    size_wh: tuple[int, int] = (0, 0)
    inputs: tuple = ()
    image: np.ndarray | None = None
    error: str = ""


@dataclass
class Outcome:
    """What became of a run.

    Attributes:
        frames: Number of photographs predicted.
        kept: Number of those that were done before.
        failures: One sentence for each that could not be read.
        seconds: From the first photograph to the last file.
        network_seconds: Of these, in the network.
    """

    frames: int = 0
    kept: int = 0
    failures: list = field(default_factory=list)
    seconds: float = 0.0
    network_seconds: float = 0.0

    def __str__(self):
        parts = [f"{self.frames:,} predicted"]
        if self.kept:
            parts.append(f"{self.kept:,} were done before")
        if self.failures:
            parts.append(f"{len(self.failures):,} could not be read")
        if self.frames:
            whole, network = (self.frames / max(value, 1e-9) for value in (self.seconds, self.network_seconds))
            parts.append(f"{whole:.1f} frames per second, the network alone {network:.1f}")
        return ", ".join(parts)


def prepare(ensemble, name, image, keep=False):
    """Resizes a photograph to every input of the ensemble.

    Args:
        ensemble: The `Ensemble`.
        name: Of the photograph.
        image: Red, green, blue, `uint8` of shape `(height, width, 3)`.
        keep: Whether the photograph itself is needed afterwards.
    """
    size_wh = image.shape[1], image.shape[0]
    inputs = tuple(resize_image(image, kind.size_wh, kind.preparation) for kind in ensemble.inputs)
    return Loaded(name, size_wh, inputs, image if keep else None)


def predict_photographs(ensemble, photographs, folder, batch=8):
    """Predicts photographs and writes the results.

    Args:
        ensemble: The `Ensemble`.
        photographs: `Photograph`s; those whose results are there are left out.
        folder: The `ResultFolder`.
        batch: How many the network takes at a time.

    Returns:
        The `Outcome`.

    Raises:
        ConfigError: If `batch` is less than one, or more than fit in memory.
    """
    waiting = [photo for photo in photographs if not folder.holds(photo.name)]
    outcome = Outcome(kept=len(photographs) - len(waiting))

    def load(photo):
        try:
            return prepare(ensemble, photo.name, read_photograph(photo.source), folder.overlay)
        except DataError as error:
            return Loaded(photo.name, error=str(error))

    def finish(pair):
        loaded, class_indices = pair
        folder.write(loaded.name, class_indices(), loaded.image)

    start = time.monotonic()
    batch = min(batch, max(1, len(waiting)))
    with Lanes(ensemble, batch, outcome) as lanes:
        for _ in progress(lanes.run(load, waiting, finish), "predict", len(waiting), "image"):
            outcome.frames += 1
    outcome.seconds = time.monotonic() - start
    return outcome


class Lanes:
    """Threads before and after a network, which itself runs in the thread that asks for results."""

    def __init__(self, ensemble, batch, outcome):
        """Starts no threads yet.

        Args:
            ensemble: The `Ensemble`.
            batch: How many photographs the network takes at a time.
            outcome: The `Outcome` that gets the failures and the seconds in the network.
        """
        if batch < 1:
            raise ConfigError(f"batch {batch}: at least one photograph at a time was expected")
        ensemble.check_memory(batch)
        self._ensemble, self._batch, self._outcome = ensemble, batch, outcome
        threads = min(_MOST_THREADS, usable_cores())
        self._before, self._after = ThreadPoolExecutor(threads), ThreadPoolExecutor(threads)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for pool in (self._before, self._after):
            pool.shutdown(cancel_futures=True)

    def run(self, load, items, finish):
        """Yields what `finish` makes of each pair of `Loaded` and a function that gives its class indices.

        The order is that of the items as long as all need resizing, or none does. At most a few batches wait anywhere.

        Args:
            load: Makes a `Loaded` of an item; runs in threads.
            items: Any iterable; drawn from in the calling thread.
            finish: Takes a pair as above; runs in threads.
        """
        loaded = _in_order(self._before, load, items, 2 * self._batch)
        return _in_order(self._after, finish, self._predict(loaded), 2 * self._batch)

    def _predict(self, loaded):
        waiting = {True: [], False: []}
        for item in loaded:
            if item.error:
                self._outcome.failures.append(item.error)
                continue
            fits = self._ensemble.fits(item.size_wh)
            waiting[fits].append(item)
            if len(waiting[fits]) == self._batch:
                yield from self._predict_batch(waiting[fits], fits)
                waiting[fits] = []
        for fits, items in waiting.items():
            if items:
                yield from self._predict_batch(items, fits)

    def _predict_batch(self, items, fits):
        # The last batch is filled up, so that the network is compiled for one shape only.
        filled = items + items[:1] * (self._batch - len(items))
        inputs = [np.stack(images) for images in zip(*(item.inputs for item in filled), strict=True)]
        start = time.monotonic()
        if fits:
            indices = self._ensemble.class_indices(inputs[0])
        else:
            grids = self._ensemble.probabilities(inputs)
        self._outcome.network_seconds += time.monotonic() - start
        for number, item in enumerate(items):
            if fits:
                yield item, _Chosen(indices[number])
            else:
                yield item, _ToChoose([grid[number] for grid in grids], item.size_wh)


@dataclass(frozen=True)
class _Chosen:
    indices: np.ndarray

    def __call__(self):
        return self.indices


@dataclass(frozen=True)
class _ToChoose:
    grids: list
    size_wh: tuple[int, int]

    def __call__(self):
        return largest_class(self.grids, self.size_wh)


def _in_order(pool, function, items, ahead):
    """Calls a function in threads and yields the results in order, at most `ahead` of them early."""
    pending = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) >= ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()

"""From photographs to classes at their own size: decoding, the network, upsampling and writing at the same time.

A photograph of any size is resized as step 00 resized the training images, and the probabilities are resized to its own
size before the largest is chosen. A photograph that already has the network's size is used unchanged. A result does
not depend on the other photographs of its batch.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from common.dataset.prepared.resize import resize_image
from common.errors import ConfigError, DataError
from common.files.disk import PlaceError
from common.images.pictures import read_photograph
from common.learning.predicting.ensembles import Ensemble
from common.learning.predicting.photographs import Photograph
from common.learning.predicting.result_folder import ResultFolder
from common.learning.predicting.upsampling import largest_class
from common.parallel import progress, usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")
_MOST_THREADS = 8


@dataclass(frozen=True)
class Loaded:
    """A photograph resized for the network.

    Attributes:
        size_wh: Width and height of the photograph in pixels.
        inputs: For each kind of input of the ensemble, shape `(height, width, 3)`.
        image: The photograph itself if it is still needed, else None.
        error: Why it could not be read, else "".
    """

    name: str
    size_wh: tuple[int, int] = (0, 0)
    inputs: tuple[NDArray[np.uint8], ...] = ()
    image: NDArray[np.uint8] | None = None
    error: str = ""


@dataclass
class Outcome:
    """The outcome of a run.

    Attributes:
        frames: Number of photographs predicted.
        kept: Number of those that had results before.
        failures: One sentence for each that could not be read, or whose results cannot have its name.
        seconds: From the first photograph to the last file.
        network_seconds: How many of these in the network.
    """

    frames: int = 0
    kept: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    network_seconds: float = 0.0

    def __str__(self) -> str:
        parts = [f"{self.frames:,} predicted"]
        if self.kept:
            parts.append(f"{self.kept:,} were done before")
        if self.failures:
            parts.append(f"{len(self.failures):,} could not be read")
        if self.frames:
            whole, network = (self.frames / max(value, 1e-9) for value in (self.seconds, self.network_seconds))
            parts.append(f"{whole:.1f} frames per second, the network alone {network:.1f}")
        return ", ".join(parts)


def prepare(ensemble: Ensemble, name: str, image: NDArray[np.uint8], keep: bool = False) -> Loaded:
    """Resizes a photograph `(height, width, 3)` for every kind of input; `keep` if it is still needed afterwards."""
    size_wh = image.shape[1], image.shape[0]
    inputs = tuple(resize_image(image, kind.size_wh, kind.preparation) for kind in ensemble.inputs)
    return Loaded(name, size_wh, inputs, image if keep else None)


def choose_classes(ensemble: Ensemble, items: Sequence[Loaded]) -> list[Callable[[], NDArray[np.uint8]]]:
    """Runs the networks on photographs that all need resizing, or none.

    Returns:
        For each a function that chooses its class indices, `(height, width)`, which takes time.
    """
    inputs = [np.stack(images) for images in zip(*(item.inputs for item in items), strict=True)]
    if ensemble.fits(items[0].size_wh):
        return [partial(np.asarray, indices) for indices in ensemble.class_indices(inputs[0])]
    grids = zip(*ensemble.probabilities(inputs), strict=True)
    return [partial(largest_class, parts, item.size_wh) for parts, item in zip(grids, items, strict=True)]


def predict_photographs(
    ensemble: Ensemble, photographs: Sequence[Photograph], folder: ResultFolder, batch: int = 8
) -> Outcome:
    """Predicts the photographs that have no results in the folder yet, some at a time, and writes the results.

    Raises:
        ConfigError: If `batch` is less than one, or more than fit in memory.
    """
    waiting = [photo for photo in photographs if not folder.holds(photo.name)]
    outcome = Outcome(kept=len(photographs) - len(waiting))

    def load(photo: Photograph) -> Loaded:
        try:
            return prepare(ensemble, photo.name, read_photograph(photo.source), folder.overlay)
        except DataError as error:
            return Loaded(photo.name, error=str(error))

    def finish(pair: Predicted) -> str:
        loaded, class_indices = pair
        try:
            folder.write(loaded.name, class_indices(), loaded.image)
        except PlaceError as error:
            return str(error)
        return ""

    start = time.monotonic()
    batch = min(batch, max(1, len(waiting)))
    with Lanes(ensemble, batch, outcome) as lanes:
        for failure in progress(lanes.run(load, waiting, finish), "predict", len(waiting), "image"):
            outcome.frames += not failure
            outcome.failures += [failure] if failure else []
    outcome.seconds = time.monotonic() - start
    return outcome


# A photograph, and a function that chooses its class indices, `(height, width)`, which takes time.
Predicted: TypeAlias = tuple[Loaded, Callable[[], NDArray[np.uint8]]]


class Lanes:
    """Threads before and after a network; the network itself runs in the thread that asks for results."""

    def __init__(self, ensemble: Ensemble, batch: int, outcome: Outcome) -> None:
        """Starts no threads yet; failures and the seconds in the network are added to `outcome`."""
        if batch < 1:
            raise ConfigError(f"batch {batch}: expected at least one photograph at a time")
        ensemble.check_memory(batch)
        self._ensemble, self._batch, self._outcome = ensemble, batch, outcome
        threads = min(_MOST_THREADS, usable_cores())
        self._before, self._after = ThreadPoolExecutor(threads), ThreadPoolExecutor(threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for pool in (self._before, self._after):
            pool.shutdown(cancel_futures=True)

    def run(
        self, load: Callable[[Item], Loaded], items: Iterable[Item], finish: Callable[[Predicted], Result]
    ) -> Iterator[Result]:
        """Yields the results of `finish`.

        They are in the order of the items if all need resizing, or none. At most a few batches wait anywhere. `load`
        and `finish` run in threads; the items are read in the calling thread.
        """
        loaded = _in_order(self._before, load, items, 2 * self._batch)
        return _in_order(self._after, finish, self._predict(loaded), 2 * self._batch)

    def _predict(self, loaded: Iterable[Loaded]) -> Iterator[Predicted]:
        waiting: dict[bool, list[Loaded]] = {True: [], False: []}
        for item in loaded:
            if item.error:
                self._outcome.failures.append(item.error)
                continue
            fits = self._ensemble.fits(item.size_wh)
            waiting[fits].append(item)
            if len(waiting[fits]) == self._batch:
                yield from self._predict_batch(waiting[fits])
                waiting[fits] = []
        for items in waiting.values():
            if items:
                yield from self._predict_batch(items)

    def _predict_batch(self, items: list[Loaded]) -> Iterator[Predicted]:
        # The last batch is filled up, so that the network is compiled for one shape only.
        filled = items + items[:1] * (self._batch - len(items))
        start = time.monotonic()
        choices = choose_classes(self._ensemble, filled)
        self._outcome.network_seconds += time.monotonic() - start
        yield from zip(items, choices, strict=False)  # the batch may be filled up


def _in_order(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """Calls a function in threads and yields the results in order, at most `ahead` of them early."""
    pending: deque[Future[Result]] = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) >= ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()

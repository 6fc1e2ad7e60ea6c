"""Decoded images in memory, and the batches of every epoch in an order that the seed alone decides.

Images stay uint8 until the network scales them: 2,975 images of 416x208 with their masks are 1.0 GB. Batches come from
a plain generator, so that any Keras back end can use them; TensorFlow draws them in a thread of its own.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from common.config.settings import AugmentationConfig, TrainingSettings
from common.dataset.prepared.augment import augment, copy_random
from common.dataset.prepared.folders import Sample
from common.dataset.prepared.pairs import read_pair
from common.errors import DataError
from common.labels.cityscapes import IGNORE
from common.learning.training.augmentation import change, paste
from common.results.job import PseudoLabels

_Turn = TypeVar("_Turn")
_Batch = TypeVar("_Batch")
# Each has a finished batch waiting in memory.
_MOST_THREADS = 4
# Far above the number of any pass.
_OTHER_PASSES = 1 << 40


@dataclass(frozen=True)
class LoadedSplit:
    """The frames of a split, in memory.

    Images are red, green, blue, of shape `(n, height, width, 3)`; masks are class indices of shape
    `(n, height, width)`, with `IGNORE` where a pixel does not count.
    """

    names: tuple[str, ...]
    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.names)

    def pair(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Gives the image `(height, width, 3)` and the mask `(height, width)` with a number."""
        return self.images[number], self.masks[number]

    def pairs(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Gives several images and masks as one array each."""
        return self.images[numbers], self.masks[numbers]

    def every_mask(self) -> Iterable[NDArray[np.uint8]]:
        """Gives the masks one by one, each as often as it is trained on."""
        return self.masks


@dataclass(frozen=True)
class TrainingSet(LoadedSplit):
    """Pairs with labels of people and pairs with labels of networks, and noisy copies that are drawn when asked for.

    The pairs are numbered as if the copies were files named `<name>_aug_<copy>`, sorted by name. A copy is the same
    each time: its random state is that of (seed, crc32(series and name), copy).

    Attributes:
        sources: Which of `images` each pair comes from, shape `(pairs,)`.
        copies: The number of the copy, -1 for the pair itself, shape `(pairs,)`.
        labeled: Numbers of the pairs with labels of people.
        labeled_share: Smallest share of them in each batch.
        noise: What copies are drawn from; None where there are none.
        seed: Of the study.
        series: Name of the series of models, so that runs see other copies.
    """

    sources: NDArray[np.int64]
    copies: NDArray[np.int64]
    labeled: NDArray[np.int64]
    labeled_share: float
    noise: AugmentationConfig | None
    seed: int
    series: str

    def __len__(self) -> int:
        return len(self.sources)

    def pair(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `LoadedSplit`; draws the copy if it is one."""
        source, copy = int(self.sources[number]), int(self.copies[number])
        image, mask = self.images[source], self.masks[source]
        if copy < 0 or self.noise is None:
            return image, mask
        return augment(image, mask, self.noise, copy_random(self.seed, self.series, self.names[source], copy))

    def pairs(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `LoadedSplit`."""
        images, masks = zip(*map(self.pair, map(int, numbers)), strict=True)
        return np.stack(images), np.stack(masks)

    def every_mask(self) -> Iterable[NDArray[np.uint8]]:
        """See `LoadedSplit`; a copy has as many pixels of each class as the pair it was made of."""
        return (self.masks[source] for source in self.sources)


def with_copies(
    labeled: LoadedSplit, pseudo: LoadedSplit, settings: PseudoLabels, copies_of: Mapping[str, int], series: str
) -> TrainingSet:
    """Adds pairs with labels of networks to those with labels of people; `copies_of` is their number by name."""
    names = labeled.names + pseudo.names
    entries = [(name, number, -1) for number, name in enumerate(labeled.names)]
    for number, name in enumerate(pseudo.names, start=len(labeled)):
        entries += [(name, number, -1)] if settings.pairs else []
        entries += [(f"{name}_aug_{copy}", number, copy) for copy in range(copies_of[name])]
    entries.sort()
    sources = np.array([source for _, source, _ in entries], np.int64)
    return TrainingSet(
        names,
        np.concatenate([labeled.images, pseudo.images]),
        np.concatenate([labeled.masks, pseudo.masks]),
        sources,
        np.array([copy for _, _, copy in entries], np.int64),
        np.flatnonzero(sources < len(labeled)),
        settings.labeled_share,
        settings.noise,
        settings.seed,
        series,
    )


def load_samples(
    samples: Sequence[Sample], size_wh: tuple[int, int], num_classes: int, threads: int = 1, ignores: bool = False
) -> LoadedSplit:
    """Decodes samples into memory; `ignores` tells whether masks may contain `IGNORE` too.

    Raises:
        DataError: If a file is broken, has another size or a class too large, or if no pixel of all counts.
    """
    width, height = size_wh
    images = np.empty((len(samples), height, width, 3), np.uint8)
    masks = np.empty((len(samples), height, width), np.uint8)

    def load(index: int) -> bool:
        images[index], masks[index] = read_pair(samples[index], size_wh, num_classes, ignores)
        return not ignores or bool((masks[index] != IGNORE).any())

    with ThreadPoolExecutor(threads) as pool:
        counts = list(pool.map(load, range(len(samples))))
    if counts and not any(counts):
        raise DataError(f"{samples[0].mask.parent}: LABEL_MAP ignores every pixel; give the labels that occur a class")
    return LoadedSplit(tuple(sample.name for sample in samples), images, masks)


def epoch_order(num_images: int, settings: TrainingSettings, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Decides which images make up the batches of one epoch (counted from 0), from the seed alone.

    Without a number of steps, every image comes at most once; up to batch_size - 1 images are left out, different ones
    in each epoch, so that all batches are full. With fewer images than batch_size there is one batch of all of them.
    With a number of steps, one pass over all images follows the other, and each epoch takes the next batches.

    Returns:
        Numbers of passes and of images, both of shape `(steps, batch)`.
    """
    steps, batch = settings.steps_per_epoch(num_images), settings.images_per_step(num_images)
    if not settings.num_steps:
        order = _shuffled(num_images, settings.seed, epoch)[: steps * batch]
        return np.full((steps, batch), epoch), order.reshape(steps, batch)
    return _stream(num_images, settings.seed, epoch, steps, batch)


def _order_of(
    split: LoadedSplit, settings: TrainingSettings, epoch: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Like `epoch_order`; fills the first places of each batch with labelled pairs where the split asks for it."""
    if not isinstance(split, TrainingSet) or not split.labeled_share:
        return epoch_order(len(split), settings, epoch)
    steps, batch = settings.steps_per_epoch(len(split)), settings.images_per_step(len(split))
    first = min(math.ceil(split.labeled_share * batch), batch - 1)
    if not first:  # a batch of one image has no room for two kinds
        return epoch_order(len(split), settings, epoch)
    passes, numbers = _stream(len(split.labeled), settings.seed + 1, epoch, steps, first)
    others = _stream(len(split), settings.seed, epoch, steps, batch - first)
    # Other passes than those of the others, so that a pair that comes twice is changed in two ways.
    passes += _OTHER_PASSES
    return np.hstack([passes, others[0]]), np.hstack([split.labeled[numbers], others[1]])


def _stream(
    num_images: int, seed: int, epoch: int, steps: int, batch: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cuts an endless row of passes over all images into batches; gives passes and images of one epoch."""
    start, end = epoch * steps * batch, (epoch + 1) * steps * batch
    first, last = start // num_images, (end - 1) // num_images
    orders = [_shuffled(num_images, seed, one) for one in range(first, last + 1)]
    images = np.concatenate(orders)[start - first * num_images :][: end - start]
    return (np.arange(start, end) // num_images).reshape(steps, batch), images.reshape(steps, batch)


def _shuffled(num_images: int, seed: int, number: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, number)).permutation(num_images)


def training_batches(
    split: LoadedSplit, settings: TrainingSettings, epochs: Iterable[int], threads: int = 1
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yields `(images, masks)` for all steps of all `epochs` (from 0), changed as the recipe says.

    `threads` change images ahead of the training; the result does not depend on their number.
    """
    turns = (
        (passes, images) for epoch in epochs for passes, images in zip(*_order_of(split, settings, epoch), strict=True)
    )
    changes = settings.augments or settings.mix != "none"
    if not changes and not isinstance(split, TrainingSet):
        for _, images in turns:
            yield split.pairs(images)
        return
    yield from made_ahead(lambda turn: make_batch(split, settings, *turn), turns, threads)


def made_ahead(make: Callable[[_Turn], _Batch], turns: Iterable[_Turn], threads: int) -> Iterator[_Batch]:
    """Yields what `make` gives for each turn, in their order; some threads work a little ahead."""
    threads = min(_MOST_THREADS, threads)
    cv2.setNumThreads(1)  # these threads are enough
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[_Batch]] = deque()
        for turn in turns:
            ahead.append(pool.submit(make, turn))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def make_batch(
    split: LoadedSplit, settings: TrainingSettings, passes: NDArray[np.int64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Makes one batch; pass and number of an image decide the random state that changes it."""
    changed = []
    for one, number in zip(passes, numbers, strict=True):
        rng = np.random.default_rng((settings.seed, one, number))
        changed.append(change(*split.pair(int(number)), settings, rng))
    images, masks = (np.stack(arrays) for arrays in zip(*changed, strict=True))
    if settings.mix != "none":
        rng = np.random.default_rng((settings.seed, passes[0], numbers[0], len(split)))
        images, masks = paste(images, masks, settings.mix, rng)
    return images, masks

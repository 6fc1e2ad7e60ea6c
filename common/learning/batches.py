"""Decoded images in memory, and the batches of every epoch in an order that the seed alone decides.

Images stay uint8 until the network scales them: 2,975 images of 416x208 with their masks are 1.0 GB. Batches come from
a plain generator, so that any Keras back end can use them; TensorFlow draws them in a thread of its own.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from common.dataset.png import read_image, read_mask
from common.errors import DataError
from common.labels import IGNORE


@dataclass(frozen=True)
class LoadedSplit:
    """The images and masks of a split, in memory.

    Attributes:
        names: Frame names, sorted.
        images: Red, green, blue, `uint8` of shape `(n, height, width, 3)`.
        masks: Class indices, `uint8` of shape `(n, height, width)`; `IGNORE` where a pixel does not count.
    """

    names: tuple[str, ...]
    images: np.ndarray
    masks: np.ndarray

    def __len__(self):
        return len(self.names)


def load_samples(samples, size_wh, num_classes, threads=1, ignores=False):
    """Decodes samples into memory.

    Args:
        samples: `Sample`s in the order wanted.
        size_wh: The size each must have, in pixels.
        num_classes: Every mask value must be below it.
        threads: Number of threads that decode.
        ignores: Whether masks may hold `IGNORE` too.

    Raises:
        DataError: If a file is broken, has another size or a class too large, or if no pixel of all counts; names the
            file.
    """
    width, height = size_wh
    images = np.empty((len(samples), height, width, 3), np.uint8)
    masks = np.empty((len(samples), height, width), np.uint8)

    def load(index):
        sample = samples[index]
        try:
            image, mask = read_image(sample.image), read_mask(sample.mask)
        except DataError as error:
            folders = f"{sample.mask.parent.parent.name}, train_full and val_test"
            raise DataError(f"{error}: delete the folders {folders}, then run the steps from 00 on") from error
        for path, found in ((sample.image, image), (sample.mask, mask)):
            if found.shape[:2] != (height, width):
                raise DataError(f"{path}: has {found.shape[1]}x{found.shape[0]} pixels, expected {width}x{height}")
        counted = mask[mask != IGNORE] if ignores else mask
        if (largest := int(counted.max(initial=0))) >= num_classes:
            raise DataError(f"{sample.mask}: holds the class {largest}; expected classes from 0 to {num_classes - 1}")
        images[index], masks[index] = image, mask
        return counted.size > 0

    with ThreadPoolExecutor(threads) as pool:
        counts = list(pool.map(load, range(len(samples))))
    if counts and not any(counts):
        raise DataError(f"{samples[0].mask.parent}: LABEL_MAP ignores every pixel; give the labels that occur a class")
    return LoadedSplit(tuple(sample.name for sample in samples), images, masks)


def steps_per_epoch(num_images, batch_size):
    """Counts the optimiser steps of one epoch: images // batch_size as in the study, and one if there are fewer."""
    return max(1, num_images // batch_size)


def epoch_order(num_images, batch_size, seed, epoch):
    """Decides which images make up the batches of one epoch.

    Every image comes at most once; up to batch_size - 1 images, others in every epoch, sit it out, so that all batches
    are full.

    Returns:
        Indices, shape `(steps, batch)`. With fewer images than batch_size: one batch of all of them.
    """
    order = np.random.default_rng((seed, epoch)).permutation(num_images)
    batch = min(batch_size, num_images)
    steps = steps_per_epoch(num_images, batch_size)
    return order[: steps * batch].reshape(steps, batch)


def training_batches(split, batch_size, seed, epochs):
    """Yields `(images, masks)` for all steps of all `epochs`, a range of epoch numbers."""
    for epoch in epochs:
        for indices in epoch_order(len(split), batch_size, seed, epoch):
            yield split.images[indices], split.masks[indices]

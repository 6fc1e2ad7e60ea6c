"""Offline augmentation of step 04: copies of an image and its mask, drawn from ranges.

The order of the steps and the ranges are the study's: flip left-right, brightness through convertScaleAbs (which takes
the absolute value, so that dark pixels pushed below zero come back brighter), Gaussian blur, uniform noise. Randomness
is drawn per (seed, name, copy): the result depends neither on the order of files nor on the number of workers.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from common.files.disk import link_or_copy, write_bytes
from common.images.png import encode_image, encode_mask, is_whole_png, read_image, read_mask


@dataclass(frozen=True)
class AugmentationRanges:
    """What copies are drawn from; brightness and noise in grey levels of 0-255.

    Attributes:
        brightness_alpha: Range of the contrast factor.
        brightness_beta: Range of the brightness offset.
        max_blur: 0 no blur; k: kernel sizes up to 2k + 1 pixels, each as likely as none.
        max_noise: Uniform integers from -max_noise to max_noise - 1 are added to every channel.
        free_rotation: Also flips upside down and turns by multiples of 90 degrees; needs square images.
    """

    brightness_alpha: tuple[float, float]
    brightness_beta: tuple[float, float]
    max_blur: int
    max_noise: int
    free_rotation: bool = False


def augment(image, mask, ranges, rng):
    """Draws one augmented copy.

    Args:
        image: `uint8` of shape `(height, width, 3)`.
        mask: Class indices, `uint8` of shape `(height, width)`.
        ranges: `AugmentationRanges`.
        rng: A `numpy.random.Generator`.

    Returns:
        The new image and mask; the mask holds no value that was not there.
    """
    image, mask = _turn(image, mask, ranges, rng)
    alpha, beta = rng.uniform(*ranges.brightness_alpha), rng.uniform(*ranges.brightness_beta)
    if rng.random() < 0.5:
        image = cv2.convertScaleAbs(image, alpha=alpha, beta=beta)
    blur = rng.integers(0, ranges.max_blur, endpoint=True)
    if blur:
        image = cv2.GaussianBlur(image, (2 * int(blur) + 1,) * 2, 0)
    if ranges.max_noise:
        noise = rng.integers(-ranges.max_noise, ranges.max_noise, size=image.shape, dtype=np.int16)
        image = cv2.add(image, noise, dtype=cv2.CV_8U)  # clips to 0..255
    return image, mask


def _turn(image, mask, ranges, rng):
    if ranges.free_rotation and rng.random() < 0.5:
        image, mask = cv2.flip(image, 0), cv2.flip(mask, 0)
    if rng.random() < 0.5:
        image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
    if ranges.free_rotation:
        quarters = int(rng.integers(0, 4))
        image, mask = np.rot90(image, -quarters), np.rot90(mask, -quarters)
    return np.ascontiguousarray(image), np.ascontiguousarray(mask)


@dataclass(frozen=True)
class AugmentJob:
    """One image to be copied and augmented; picklable.

    Attributes:
        sample: The prepared image and mask.
        folder: Gets `images` and `masks`: `<name>.png` and `<name>_aug_<n>.png`.
        copies: Number of augmented copies.
        ranges: What they are drawn from.
        seed: Of the study.
    """

    sample: object
    folder: Path
    copies: int
    ranges: AugmentationRanges
    seed: int


def augmented_names(name, copies):
    """Lists the files of one image and its augmented copies: `<name>.png`, `<name>_aug_0.png`, ..."""
    return [f"{name}.png", *(f"{name}_aug_{copy}.png" for copy in range(copies))]


def write_augmented(job):
    """Writes one image, its mask and their augmented copies; keeps what is there already.

    Returns:
        Number of pairs, the original included.
    """
    for kind, source in (("images", job.sample.image), ("masks", job.sample.mask)):
        if not (target := job.folder / kind / source.name).exists():
            link_or_copy(source, target)
    image, mask = None, None
    for copy, file in enumerate(augmented_names(job.sample.name, job.copies)[1:]):
        targets = job.folder / "images" / file, job.folder / "masks" / file
        if all(is_whole_png(target) for target in targets):
            continue
        if image is None:
            image, mask = read_image(job.sample.image), read_mask(job.sample.mask)
        rng = np.random.default_rng((job.seed, zlib.crc32(job.sample.name.encode()), copy))
        new_image, new_mask = augment(image, mask, job.ranges, rng)
        write_bytes(targets[0], encode_image(new_image))
        write_bytes(targets[1], encode_mask(new_mask))
    return job.copies + 1

"""Noisy copies and views of an image, drawn from ranges; and the offline augmentation of step 04, which stores copies.

The order of the steps and the ranges are the study's: flip left-right, brightness through convertScaleAbs (which takes
the absolute value, so that dark pixels pushed below zero come back brighter), Gaussian blur, uniform noise. Randomness
is drawn per (seed, name, copy): the result depends neither on the order of files nor on the number of workers.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from common.config.settings import AugmentationConfig
from common.dataset.prepared.folders import Sample
from common.files.disk import FileEntry, entry_of, link_or_copy, write_bytes
from common.images.png import encode_image, encode_mask, is_whole_png, read_image, read_mask

Pixels = NDArray[np.uint8]


def augment(image: Pixels, mask: Pixels, ranges: AugmentationConfig, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Draws one augmented copy.

    Args:
        image: Of shape `(height, width, 3)`.
        mask: Class indices, of shape `(height, width)`.
        ranges: What is drawn from; free rotation needs square images.
        rng: Where randomness comes from.

    Returns:
        The new image and mask; the mask holds no value that was not there.
    """
    image, mask = _turn(image, mask, ranges, rng)
    alpha, beta = rng.uniform(*ranges.brightness_alpha), rng.uniform(*ranges.brightness_beta)
    if rng.random() < 0.5:
        image = np.asarray(cv2.convertScaleAbs(image, alpha=alpha, beta=beta), np.uint8)
    return _blur_and_noise(image, ranges, rng), mask


def draw_view(image: Pixels, ranges: AugmentationConfig, rng: np.random.Generator) -> Pixels:
    """Draws one noisy view of an image, of shape `(height, width, 3)`: nothing is moved, so that labels still fit.

    The study's order for views: blur, noise, then the brightness, which also changes the noise.
    """
    image = _blur_and_noise(image, ranges, rng)
    if rng.random() < 0.5:
        alpha, beta = rng.uniform(*ranges.brightness_alpha), rng.uniform(*ranges.brightness_beta)
        image = np.asarray(cv2.convertScaleAbs(image, alpha=alpha, beta=beta), np.uint8)
    return image


def _blur_and_noise(image: Pixels, ranges: AugmentationConfig, rng: np.random.Generator) -> Pixels:
    blur = rng.integers(0, ranges.max_blur, endpoint=True)
    if blur:
        image = np.asarray(cv2.GaussianBlur(image, (2 * int(blur) + 1,) * 2, 0), np.uint8)
    if ranges.max_noise:
        noise = rng.integers(-ranges.max_noise, ranges.max_noise, size=image.shape, dtype=np.int16)
        image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)  # clips to 0..255
    return image


def _turn(image: Pixels, mask: Pixels, ranges: AugmentationConfig, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    if ranges.free_rotation and rng.random() < 0.5:
        image, mask = np.asarray(cv2.flip(image, 0), np.uint8), np.asarray(cv2.flip(mask, 0), np.uint8)
    if rng.random() < 0.5:
        image, mask = np.asarray(cv2.flip(image, 1), np.uint8), np.asarray(cv2.flip(mask, 1), np.uint8)
    if ranges.free_rotation:
        quarters = int(rng.integers(0, 4))
        image, mask = np.rot90(image, -quarters), np.rot90(mask, -quarters)
    return np.ascontiguousarray(image), np.ascontiguousarray(mask)


def copy_random(seed: int, series: str, name: str, copy: int) -> np.random.Generator:
    """Makes the random state of one copy or view of an image, which depends on nothing else.

    Args:
        seed: SEED of config.ini.
        series: Name of a series of models; "" for copies that all series share.
        name: Of the image.
        copy: Number of the copy.
    """
    return np.random.default_rng((seed, zlib.crc32(f"{series}{name}".encode()), copy))


@dataclass(frozen=True)
class AugmentJob:
    """One image to be copied and augmented; picklable.

    Attributes:
        sample: The prepared image and mask.
        folder: Gets `images` and `masks`: `<name>.png` and `<name>_aug_<n>.png`.
        augmentation: What the copies are drawn from, and how many.
        seed: Of the study.
    """

    sample: Sample
    folder: Path
    augmentation: AugmentationConfig
    seed: int


def augmented_names(name: str, copies: int) -> list[str]:
    """Lists the files of one image and its augmented copies: `<name>.png`, `<name>_aug_0.png`, ..."""
    return [f"{name}.png", *(f"{name}_aug_{copy}.png" for copy in range(copies))]


def write_augmented(job: AugmentJob) -> dict[str, FileEntry]:
    """Writes one image, its mask and their augmented copies; keeps what is there already.

    Returns:
        Size in bytes and CRC-32 of the copies by file, for example "images/a_aug_0.png", as they were written or found.
    """
    written: dict[str, FileEntry] = {}
    for kind, source in (("images", job.sample.image), ("masks", job.sample.mask)):
        if not (target := job.folder / kind / source.name).exists():
            link_or_copy(source, target)
    original = None
    for copy, file in enumerate(augmented_names(job.sample.name, job.augmentation.num_copies)[1:]):
        names = f"images/{file}", f"masks/{file}"
        targets = [job.folder / name for name in names]
        if all(is_whole_png(target) for target in targets):
            written |= zip(names, map(entry_of, targets), strict=True)
            continue
        if original is None:
            original = read_image(job.sample.image), read_mask(job.sample.mask)
        rng = copy_random(job.seed, "", job.sample.name, copy)
        new_image, new_mask = augment(*original, job.augmentation, rng)
        written[names[0]] = write_bytes(targets[0], encode_image(new_image))
        written[names[1]] = write_bytes(targets[1], encode_mask(new_mask))
    return written

"""Changes of an image and its mask while they are fed to a training, from a random state that the caller gives.

OpenCV does the work: one warp mirrors, scales and cuts image and mask together, one colour matrix changes brightness,
contrast, saturation and hue. Keras' own layers would return masks as float and run inside the training. This is not
the augmentation of the study, which `dataset/prepared/augment.py` makes beforehand.

Images are red, green, blue, of shape `(height, width, 3)`; masks are class indices of shape `(height, width)`.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from common.config.settings import Recipe
from common.labels.cityscapes import IGNORE

# Colour outside the image: a middle grey, which is close to any image.
_PADDING = (128, 128, 128)
# Share of the images that something is pasted into.
_PASTE_PROBABILITY = 0.5
# The colours of a pixel as brightness, weighted as the eye does it (ITU-R BT.601), and two axes of colour: YIQ.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)


def change(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], settings: Recipe, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Recolours, mirrors, scales and cuts an image, and its mask with it; `flip`, `scale` and `color` say how much.

    Returns:
        Image and mask of the same shapes; `IGNORE` where the mask would be outside the image.
    """
    if any(settings.color):
        image = np.asarray(cv2.transform(image, color_matrix(settings.color, rng)), np.uint8)
    flipped = settings.flip and rng.random() < 0.5
    if settings.scale != (1.0, 1.0):
        image, mask = _warp(image, mask, _matrix(image.shape, settings.scale, flipped, rng))
    elif flipped:
        image, mask = np.asarray(cv2.flip(image, 1), np.uint8), np.asarray(cv2.flip(mask, 1), np.uint8)
    return image, mask


def _matrix(
    shape: tuple[int, ...], scale: tuple[float, float], flipped: bool, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draws factor and place: a window of the scaled image, or the scaled image somewhere on the padding."""
    height, width = shape[:2]
    # Halving is as likely as doubling.
    factor = math.exp(rng.uniform(math.log(scale[0]), math.log(scale[1])))
    left, top = ((1 - factor) * side * rng.random() for side in (width, height))
    # OpenCV counts from the centres of pixels, sizes from their edges.
    half = 0.5 * factor - 0.5
    if flipped:
        return np.array([[-factor, 0, left + factor * width - 0.5 * factor - 0.5], [0, factor, top + half]])
    return np.array([[factor, 0, left + half], [0, factor, top + half]])


def _warp(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    size_wh = mask.shape[1], mask.shape[0]
    warped = cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR, borderValue=_PADDING)
    classes = cv2.warpAffine(mask, matrix, size_wh, flags=cv2.INTER_NEAREST, borderValue=IGNORE)
    return np.asarray(warped, np.uint8), np.asarray(classes, np.uint8)


def color_matrix(largest: Sequence[float], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws brightness, contrast, saturation and hue as one matrix `(3, 4)` for `cv2.transform`.

    `largest` is the largest change of each: three shares, and turns of the hue. Contrast is relative to the middle
    grey; saturation and hue keep the brightness.
    """
    brightness, contrast, saturation = (1 + rng.uniform(-share, share) for share in largest[:3])
    turn = 2 * math.pi * rng.uniform(-largest[3], largest[3])
    cosine, sine = saturation * math.cos(turn), saturation * math.sin(turn)
    in_yiq = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    colors = _FROM_YIQ @ in_yiq @ _TO_YIQ * (brightness * contrast)
    return np.column_stack([colors, np.full(3, 127.5 * (1 - contrast))])


def paste(
    images: NDArray[np.uint8], masks: NDArray[np.uint8], kind: str, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pastes pixels and their classes from the next image of the batch into half of the images; makes new arrays.

    "cutmix" pastes a rectangle whose share of the area is uniform from 0 to 1 (Yun et al. 2019), "classmix" half of the
    classes of the other image (Olsson et al. 2021).
    """
    others = np.roll(np.arange(len(images)), -1)
    mixed_images, mixed_masks = images.copy(), masks.copy()
    for place, other in enumerate(others):
        if rng.random() >= _PASTE_PROBABILITY:
            continue
        chosen = _rectangle(masks.shape[1:], rng) if kind == "cutmix" else _half_of_classes(masks[other], rng)
        cv2.copyTo(images[other], chosen, mixed_images[place])
        cv2.copyTo(masks[other], chosen, mixed_masks[place])
    return mixed_images, mixed_masks


def _rectangle(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    side = math.sqrt(rng.random())
    height, width = (round(length * side) for length in shape)
    top, left = rng.integers(shape[0] - height + 1), rng.integers(shape[1] - width + 1)
    chosen = np.zeros(shape, np.uint8)
    chosen[top : top + height, left : left + width] = 1
    return chosen


def _half_of_classes(mask: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    classes = np.flatnonzero(np.bincount(mask.reshape(-1), minlength=IGNORE + 1)[:IGNORE])
    table = np.zeros(IGNORE + 1, np.uint8)
    table[rng.permutation(classes)[: (len(classes) + 1) // 2]] = 1
    return np.asarray(cv2.LUT(mask, table), np.uint8)

"""Changes of an image and its mask while they are fed to a training, from a random state that the caller gives.

OpenCV does the work: one warp mirrors, scales and cuts image and mask together, one colour matrix does brightness,
contrast, saturation and hue. It is a dependency anyway, takes uint8 and keeps masks whole numbers; Keras' own layers
return masks as float and run inside the training. Albumentations, which the field used, has ended, and its successor
stands under AGPL. Not the augmentation of the study: that one is made beforehand, by `dataset/prepared/augment.py`.
"""

import math

import cv2
import numpy as np

from common.labels.cityscapes import IGNORE

# Colour of what lies outside the image: a middle grey, so that it is far from no image.
_PADDING = (128, 128, 128)
# Half of the images get something pasted in.
_PASTE_PROBABILITY = 0.5
# Brightness as the eye weighs red, green and blue (ITU-R BT.601), and two axes of colour (YIQ).
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)


def change(image, mask, settings, rng):
    """Recolours, mirrors, scales and cuts an image, and its mask with it.

    Args:
        image: Red, green, blue, `uint8` of shape `(height, width, 3)`.
        mask: Class indices, `uint8` of shape `(height, width)`.
        settings: Anything with `flip`, `scale` and `color`, as `Recipe`.
        rng: numpy random generator.

    Returns:
        Image and mask of the same shapes; `IGNORE` where the mask would be outside the image.
    """
    if any(settings.color):
        image = cv2.transform(image, color_matrix(settings.color, rng))
    flipped = settings.flip and rng.random() < 0.5
    if settings.scale != (1.0, 1.0):
        image, mask = _warp(image, mask, _matrix(image.shape, settings.scale, flipped, rng))
    elif flipped:
        image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
    return image, mask


def _matrix(shape, scale, flipped, rng):
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


def _warp(image, mask, matrix):
    size_wh = mask.shape[1], mask.shape[0]
    return (
        cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR, borderValue=_PADDING),
        cv2.warpAffine(mask, matrix, size_wh, flags=cv2.INTER_NEAREST, borderValue=IGNORE),
    )


def color_matrix(largest, rng):
    """Draws brightness, contrast, saturation and hue as one matrix for `cv2.transform`.

    Args:
        largest: Largest change of each: three shares, and turns of the hue.
        rng: numpy random generator.

    Returns:
        float64 of shape `(3, 4)`. Contrast is about the middle grey, saturation and hue keep the brightness.
    """
    brightness, contrast, saturation = (1 + rng.uniform(-share, share) for share in largest[:3])
    turn = 2 * math.pi * rng.uniform(-largest[3], largest[3])
    cosine, sine = saturation * math.cos(turn), saturation * math.sin(turn)
    in_yiq = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    colors = _FROM_YIQ @ in_yiq @ _TO_YIQ * (brightness * contrast)
    return np.column_stack([colors, np.full(3, 127.5 * (1 - contrast))])


def paste(images, masks, kind, rng):
    """Pastes pixels and their classes from the next image of the batch into half of the images.

    Args:
        images: `uint8` of shape `(batch, height, width, 3)`.
        masks: `uint8` of shape `(batch, height, width)`.
        kind: "cutmix": a rectangle of a share of the area that is uniform from 0 to 1 (Yun et al. 2019); "classmix":
            half of the classes of the other image (Olsson et al. 2021).
        rng: numpy random generator.

    Returns:
        New images and masks.
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


def _rectangle(shape, rng):
    side = math.sqrt(rng.random())
    height, width = (round(length * side) for length in shape)
    top, left = rng.integers(shape[0] - height + 1), rng.integers(shape[1] - width + 1)
    chosen = np.zeros(shape, np.uint8)
    chosen[top : top + height, left : left + width] = 1
    return chosen


def _half_of_classes(mask, rng):
    classes = np.flatnonzero(np.bincount(mask.reshape(-1), minlength=IGNORE + 1)[:IGNORE])
    table = np.zeros(IGNORE + 1, np.uint8)
    table[rng.permutation(classes)[: (len(classes) + 1) // 2]] = 1
    return cv2.LUT(mask, table)

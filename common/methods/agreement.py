"""The inconsistency mask (IM): the pixels of an image whose class several networks do not agree on.

All networks must agree; there is no majority. Label and image can lose these pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from common.labels.cityscapes import IGNORE

Pixels = NDArray[np.uint8]
_SET = 255


@dataclass(frozen=True)
class AgreementRules:
    """What becomes of pixels that networks do not agree on; the keys of config.ini have the same names.

    Attributes:
        erode_kernel: Side of the square by which the mask shrinks first, in pixels; 0: not.
        dilate_kernel: Side of the square by which it then grows; 0: not.
        block_input: Whether the image is black there.
        block_output: Whether a label that a kernel gave or left there is removed.
        ignore: Whether their label is `IGNORE`, so that they are left out of the loss, instead of class 0.
    """

    erode_kernel: int = 0
    dilate_kernel: int = 0
    block_input: bool = True
    block_output: bool = True
    ignore: bool = False


@dataclass(frozen=True)
class Agreement:
    """What several networks say of one image.

    Attributes:
        label: Class indices, of shape `(height, width)`.
        mask: The inconsistency mask after the kernels, 255 or 0, of the same shape.
        size: Number of pixels on which the networks differ, before the kernels.
        same_classes: Whether all networks found the same set of classes; True if nobody asked.
    """

    label: Pixels
    mask: Pixels
    size: int
    same_classes: bool


def combine(predictions: Pixels, rules: AgreementRules, compare_classes: bool = True) -> Agreement:
    """Finds what networks agree on.

    Args:
        predictions: Class indices of each network, of shape `(networks, height, width)`.
        rules: What becomes of the other pixels.
        compare_classes: Whether `same_classes` is wanted; it takes longer than all else.
    """
    first = predictions[0]
    differs = cv2.compare(first, predictions[1], cv2.CMP_NE) if len(predictions) > 1 else np.zeros_like(first)
    for other in predictions[2:]:
        cv2.bitwise_or(differs, cv2.compare(first, other, cv2.CMP_NE), differs)
    differs = np.asarray(differs, np.uint8)
    mask, label = _apply_kernels(differs, without_label(first, differs, rules), rules)
    if rules.block_output and mask is not differs:
        label = without_label(label, mask, rules)
    return Agreement(label, mask, cv2.countNonZero(differs), not compare_classes or _same_classes(predictions))


def without_label(label: Pixels, mask: Pixels, rules: AgreementRules) -> Pixels:
    """Removes the label where the mask is 255: all bits of `IGNORE` are set, and none of class 0."""
    changed = cv2.bitwise_or(label, mask) if rules.ignore else cv2.bitwise_and(label, cv2.bitwise_not(mask))
    return np.asarray(changed, np.uint8)


def _same_classes(predictions: Pixels) -> bool:
    classes = [np.bincount(one.reshape(-1), minlength=IGNORE + 1) > 0 for one in predictions]
    return all((one == classes[0]).all() for one in classes[1:])


def black_out(image: Pixels, mask: Pixels) -> Pixels:
    """Makes the pixels of an image `(height, width, 3)` black where the mask `(height, width)` is set."""
    image = image.copy()
    image[mask > 0] = 0
    return image


def change_mask(mask: Pixels, erode_kernel: int, dilate_kernel: int) -> Pixels:
    """Shrinks a mask `(height, width)` of 255 or 0, then lets it grow, by squares of these sides in pixels; 0: not."""
    if erode_kernel:
        kernel = np.ones((erode_kernel,) * 2, np.uint8)
        # Pixels outside of the image count as set, so that the edge of the image does not shrink the mask.
        mask = np.asarray(cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=_SET), np.uint8)
    if dilate_kernel:
        kernel = np.ones((dilate_kernel,) * 2, np.uint8)
        mask = np.asarray(cv2.dilate(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)
    return mask


def _apply_kernels(differs: Pixels, label: Pixels, rules: AgreementRules) -> tuple[Pixels, Pixels]:
    """Changes the mask; a pixel that leaves it when it shrinks gets the label of the nearest pixel of agreement."""
    mask = change_mask(differs, rules.erode_kernel, 0)
    if mask is not differs:
        left = (differs > 0) & (mask == 0)
        if left.any() and not differs.all():
            label = label.copy()
            label[left] = _nearest(label, differs == 0, left)
    return change_mask(mask, 0, rules.dilate_kernel), label


def _nearest(label: Pixels, agreed: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> Pixels:
    """Gives the class of the nearest agreed pixel for each wanted one; of equally near ones the lowest class."""
    best = np.full(int(wanted.sum()), np.inf)
    found = np.zeros(len(best), np.uint8)
    for class_ in np.unique(label[agreed]):
        elsewhere = (~(agreed & (label == class_))).astype(np.uint8)
        distance = cv2.distanceTransform(elsewhere, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[wanted]
        # Distances of equal pixels can differ in their last bit.
        nearer = distance < best - 1e-3
        best[nearer], found[nearer] = distance[nearer], class_
    return found

"""What an EvalNet learns to say of a mask: the IoU of each class, and whether the class is there.

`IGNORE` stands for pixels of no class. In the ground truth they do not count, as in all scores; in a label they belong
to no class, so that they cost the classes that are there IoU.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.config.settings import AugmentationConfig
from common.dataset.prepared.augment import augment
from common.labels.cityscapes import IGNORE
from common.methods.agreement import AgreementRules, black_out, change_mask, combine, without_label

Pixels = NDArray[np.uint8]
Targets = NDArray[np.float32]

# What a pair with holes is drawn from: the study's values.
_TEACHERS = (2, 4)
_KERNELS = (0, 3, 5)
_NOISE = AugmentationConfig(
    num_copies=1, brightness_alpha=(0.8, 1.2), brightness_beta=(-10.0, 10.0), max_blur=1, max_noise=10
)


def iou_targets(label: Pixels, truth: Pixels, num_classes: int) -> Targets:
    """Computes the IoU of each class, shape `(classes,)`; 0 for a class that is in neither mask `(height, width)`."""
    counted = truth != IGNORE
    label, truth = label[counted], truth[counted]
    common = _areas(truth[label == truth], num_classes)
    union = _areas(label, num_classes) + _areas(truth, num_classes) - common
    return (common / np.maximum(union, 1)).astype(np.float32)


def presence_targets(truth: Pixels, num_classes: int) -> Targets:
    """Tells which classes cover more than 1 % of the ground truth: 1 or 0, of shape `(classes,)`."""
    return (_areas(truth, num_classes) * 100 > truth.size).astype(np.float32)


def iou_targets_with_holes(label: Pixels, truth: Pixels, num_classes: int) -> Targets:
    """Computes the IoU with the whole ground truth of a label whose holes are class 0.

    Where the ground truth has no class 0, its value says whether there are such pixels, 1 or 0.
    """
    targets = iou_targets(label, truth, num_classes)
    if not (truth == 0).any():
        targets[0] = float((label == 0).any())
    return targets


def presence_after_holes(truth: Pixels, mask: Pixels, num_classes: int, ignore: bool = False) -> Targets:
    """Tells which classes are still there after holes, 1 or 0, of shape `(classes,)`.

    A class is there if at least 30 % of its pixels are left, or if these cover at least 10 % of the frame; class 0 if
    any pixel has it.

    Args:
        truth: Class indices, of shape `(height, width)`.
        mask: Not 0 in the holes, of the same shape.
        num_classes: Number of classes.
        ignore: Whether the holes are of no class, instead of class 0.
    """
    whole, left = _areas(truth, num_classes), _areas(truth[mask == 0], num_classes)
    present = (left > 0) & ((left * 10 >= whole * 3) | (left * 10 >= truth.size))
    present[0] = left[0] > 0 or (not ignore and bool(mask.any()))
    return present.astype(np.float32)


def _areas(values: Pixels, num_classes: int) -> NDArray[np.int64]:
    """Counts the pixels of each class."""
    return np.bincount(values.reshape(-1), minlength=IGNORE + 1)[:num_classes]


@dataclass(frozen=True)
class JudgedPair:
    """An image `(height, width, 3)`, a label `(height, width)`, and what an EvalNet should say of it, `(classes,)`."""

    image: Pixels
    label: Pixels
    iou: Targets
    presence: Targets


def draw_pair(
    image: Pixels,
    truth: Pixels,
    predictions: Sequence[Pixels],
    num_classes: int,
    rules: AgreementRules,
    rng: np.random.Generator,
) -> JudgedPair:
    """Draws a pair with holes where some of the networks do not agree, for steps 12 and 14.

    Args:
        image: Of shape `(height, width, 3)`.
        truth: Class indices, of shape `(height, width)`.
        predictions: What each network says, at least two, each of the same shape.
        num_classes: Number of classes.
        rules: Whether the image is black in the holes, and what their label is; the kernels are drawn.
        rng: Where randomness comes from.
    """
    least, most = _TEACHERS
    teachers = int(rng.integers(least, min(most, len(predictions)), endpoint=True))
    chosen = rng.choice(len(predictions), teachers, replace=False)
    erode, dilate = (int(rng.choice(_KERNELS)) for _ in range(2))
    plain = AgreementRules(ignore=rules.ignore)
    agreement = combine(np.stack([predictions[number] for number in chosen]), plain, compare_classes=False)
    mask = change_mask(agreement.mask, erode, dilate)
    label = without_label(agreement.label, mask, plain)
    if rules.block_input:
        image = black_out(image, mask)
    iou = (iou_targets if rules.ignore else iou_targets_with_holes)(label, truth, num_classes)
    presence = presence_after_holes(truth, mask, num_classes, rules.ignore)
    if rng.random() < 0.5:
        image, label = augment(image, label, _NOISE, rng)
    return JudgedPair(image, label, iou, presence)

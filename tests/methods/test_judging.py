import numpy as np
import pytest

from common.methods.agreement import AgreementRules
from common.methods.judging import (
    draw_pair,
    iou_targets,
    iou_targets_with_holes,
    presence_after_holes,
    presence_targets,
)

TRUTH = np.array([[0, 0, 1, 1], [2, 2, 1, 1]], np.uint8)
PREDICTION = np.array([[3, 3, 1, 1], [2, 1, 1, 1]], np.uint8)


def of_areas(*areas):
    """A mask of 10x10 pixels with so many pixels of class 0, 1, ..."""
    return np.repeat(np.arange(len(areas)), areas).astype(np.uint8).reshape(10, 10)


def holes(truth, *left):
    """A mask of holes that leaves so many pixels of class 0, 1, ..."""
    mask = np.full(truth.shape, 255, np.uint8)
    for class_, pixels in enumerate(left):
        mask.flat[np.flatnonzero(truth == class_)[:pixels]] = 0
    return mask


def test_the_iou_of_a_class_in_neither_mask_is_0():
    # Class 1: 4 common pixels of 5, class 2: 1 of 2; 0 was missed, 3 is wrong, 4 is nowhere.
    assert iou_targets(PREDICTION, TRUTH, 5) == pytest.approx([0, 0.8, 0.5, 0, 0])


def test_a_perfect_mask_has_1_where_a_class_is():
    assert iou_targets(TRUTH, TRUTH, 5).tolist() == [1, 1, 1, 0, 0]


def test_pixels_of_no_class_cost_iou_in_a_label_and_do_not_count_in_the_ground_truth():
    label, truth = np.array([[1, 255, 1, 2]], np.uint8), np.array([[1, 1, 2, 255]], np.uint8)
    # Class 1: 1 common pixel of 3. Class 2 is only where nothing counts: 0 of 1.
    assert iou_targets(label, truth, 3) == pytest.approx([0, 1 / 3, 0])


def test_a_class_is_present_above_1_percent():
    assert presence_targets(TRUTH, 5).tolist() == [1, 1, 1, 0, 0]
    assert presence_targets(of_areas(97, 1, 2), 3).tolist() == [1, 0, 1]


def test_holes_cost_iou():
    label = np.array([[0, 0, 1, 1], [2, 0, 1, 0]], np.uint8)  # class 0: 2 of 4, class 1: 3 of 4, class 2: 1 of 2
    assert iou_targets_with_holes(label, TRUTH, 4) == pytest.approx([0.5, 0.75, 0.5, 0])


def test_without_class_0_in_the_ground_truth_its_target_says_whether_there_are_holes():
    truth = np.ones((2, 2), np.uint8)
    assert iou_targets_with_holes(truth, truth, 2).tolist() == [0, 1]
    assert iou_targets_with_holes(np.array([[0, 1], [1, 1]], np.uint8), truth, 2).tolist() == [1, 0.75]


@pytest.mark.parametrize(
    "left, present",
    [
        ((45, 15, 3), [1, 1, 1]),  # 15/50 = .30, 3/5
        ((45, 9, 3), [1, 0, 1]),  # 9/50 < .3, 9 % of the frame
        ((45, 14, 3), [1, 1, 1]),  # .28, but 14 % of the frame
        ((0, 50, 5), [1, 1, 1]),  # class 0 is what the holes are
    ],
)
def test_a_class_is_present_after_holes_by_its_share_or_its_area(left, present):
    truth = of_areas(45, 50, 5)
    assert presence_after_holes(truth, holes(truth, *left), 3).tolist() == present


def test_holes_of_no_class_are_not_class_0():
    truth = of_areas(45, 50, 5)
    assert presence_after_holes(truth, holes(truth, 0, 50, 5), 4, ignore=True).tolist() == [0, 1, 1, 0]


def predictions_of_networks(number):
    rng = np.random.default_rng(3)
    truth = np.repeat(np.repeat(rng.integers(0, 4, (4, 4)), 4, 0), 4, 1).astype(np.uint8)
    return truth, [np.where(rng.random(truth.shape) < 0.1, 0, truth).astype(np.uint8) for _ in range(number)]


@pytest.mark.parametrize("ignore, value", [(False, 0), (True, 255)])
def test_a_drawn_pair_is_black_where_it_has_no_label(ignore, value):
    truth, predictions = predictions_of_networks(4)
    image = np.full((16, 16, 3), 255, np.uint8)
    for seed in range(20):
        rules = AgreementRules(ignore=ignore)
        pair = draw_pair(image, truth + 1, [each + 1 for each in predictions], 5, rules, np.random.default_rng(seed))
        # Black is at most 10 + 9 after the noise; a bright pixel among black ones at least .25 * 255 * .8 - 20 = 31.
        holes = (pair.image < 25).all(axis=2)
        assert (pair.label[holes] == value).all()
        assert ((pair.iou >= 0) & (pair.iou <= 1)).all()
        assert set(pair.presence.tolist()) <= {0, 1}


def test_a_pair_of_two_networks_that_agree_has_no_holes():
    truth, _ = predictions_of_networks(0)
    pair = draw_pair(
        np.full((16, 16, 3), 100, np.uint8), truth, [truth, truth], 4, AgreementRules(), np.random.default_rng(0)
    )
    assert (pair.image > 50).all()
    assert pair.iou.tolist() == [float((truth == class_).any()) for class_ in range(4)]

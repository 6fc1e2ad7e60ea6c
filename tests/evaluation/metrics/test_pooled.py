import numpy as np
import pytest

from common.evaluation.metrics.confusion import class_iou, mean_iou


def test_every_pixel_counts_the_same():
    confusion = np.array([[6, 2, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0], [0, 4, 0, 0]])
    # Class 0: 6 / (6 + 2 + 1), class 1: 3 / (3 + 1 + 2 + 4), class 2 is nowhere, class 3: 0 / 4
    assert class_iou(confusion) == pytest.approx([6 / 9, 3 / 10, None, 0])
    assert mean_iou(confusion) == pytest.approx((6 / 9 + 3 / 10 + 0) / 3)


def test_without_a_pixel_there_is_no_score():
    assert class_iou(np.zeros((2, 2), np.int64)) == [None, None]
    assert mean_iou(np.zeros((2, 2), np.int64)) is None

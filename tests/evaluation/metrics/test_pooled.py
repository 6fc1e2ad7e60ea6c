import numpy as np
import pytest

from common.evaluation.metrics.metric import mean_over_classes
from common.evaluation.metrics.pooled import class_iou
from common.labels.maps import LabelMap

CLASSES = LabelMap(("a", "b", "c", "d"), ((0, 0, 0),) * 4, (0, 1, 2, 3) + (0,) * 30)


def test_every_pixel_counts_the_same():
    counts = np.array([[6, 2, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0], [0, 4, 0, 0]])
    # Class a: 6 / (6 + 2 + 1), class b: 3 / (3 + 1 + 2 + 4), class c is nowhere, class d: 0 / 4
    found = class_iou(counts, CLASSES)
    assert found == pytest.approx({"a": 6 / 9, "b": 3 / 10, "c": None, "d": 0})
    assert mean_over_classes(found) == pytest.approx((6 / 9 + 3 / 10 + 0) / 3)


def test_without_a_pixel_there_is_no_score():
    found = class_iou(np.zeros((4, 4), np.int64), CLASSES)
    assert set(found.values()) == {None}
    assert mean_over_classes(found) is None

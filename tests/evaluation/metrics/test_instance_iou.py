import numpy as np
import pytest

from common.errors import DataError
from common.evaluation.metrics.instance_iou import AVERAGE_SIZE, category_iiou, class_iiou, empty_sums, weigh_instances

CAR, TRUCK, CARAVAN, PERSON = 26, 27, 29, 24


def sums_of(*runs):
    """`(value of instanceIds, predicted id, pixels)` of each run."""
    instances, prediction, lengths = zip(*runs, strict=True)
    values = np.array(instances, np.uint16), np.array(prediction, np.uint8), np.array(lengths)
    return weigh_instances(*values, "a_instanceIds.png")


def test_a_small_object_counts_as_much_as_a_large_one():
    sums = sums_of((26000, CAR, 10), (26001, 0, 1000))
    # All of one car found, nothing of the other: half of the weighted pixels, whatever their sizes.
    assert class_iiou(np.zeros((34, 34), int), sums)["car"] == pytest.approx(0.5)
    assert sums[CAR, 0] == pytest.approx(AVERAGE_SIZE["car"])


def test_false_positives_have_the_weight_one():
    confusion = np.zeros((34, 34), int)
    confusion[7, CAR] = 6397  # road taken for car: half the average size of a car, 12794.02
    confusion[0, CAR] = 10**6  # on void it costs nothing
    iiou = class_iiou(confusion, sums_of((26000, CAR, 40)))["car"]
    assert iiou == pytest.approx(12794.0202738185 / (12794.0202738185 + 6397))


def test_what_is_confused_inside_a_category_is_right_for_the_category():
    # A quarter car, half truck, a quarter of an ignored label of the same category; nothing of another category.
    sums = sums_of((26000, CAR, 10), (26000, TRUCK, 20), (26000, CARAVAN, 10))
    nothing = np.zeros((34, 34), int)
    assert class_iiou(nothing, sums)["car"] == pytest.approx(0.25)
    assert category_iiou(nothing, sums)["vehicle"] == pytest.approx(1.0)


def test_groups_stuff_and_ignored_objects_do_not_count():
    sums = sums_of((CAR, CAR, 100), (7, 7, 100), (1000, 7, 5), (CARAVAN * 1000, CARAVAN, 100))
    assert not sums.any()
    assert class_iiou(np.zeros((34, 34), int), sums)["car"] is None


def test_sums_of_frames_add_up():
    first, second = sums_of((24000, PERSON, 5)), sums_of((24000, 0, 5))
    assert class_iiou(np.zeros((34, 34), int), empty_sums() + first + second)["person"] == pytest.approx(0.5)


@pytest.mark.parametrize("value", [7001, 60001])
def test_an_object_of_a_label_without_objects_is_refused_by_name(value):
    with pytest.raises(DataError, match=f"a_instanceIds.png: holds the value {value:,}, an object of label id"):
        sums_of((value, 7, 3))

import pytest

from common.evaluation.metrics.registry import METRICS
from common.results.samples import compare, same_images
from common.results.summary import per_class, rank, summarize
from tests.support.made_up_results import THREE, make_result, split_scores

MIOU, MPA, OFFICIAL, POOLED = METRICS
HALF = ((1, 1, 0), (0, 2, 0), (0, 0, 0))  # class 0: 1 / 2, class 1: 2 / 3, class 2 is nowhere


def result(miou, index=0, images=None, **changes):
    """A result with the same scores on every split.

    Two images, `miou` 0.1 above and below; 0.2 more for the share of right pixels.
    """
    changes = {
        "official_mIoU": miou / 2,
        "official_IoU": {"road": miou, "car": None},
        "class_IoU": {"void": 0.5, "road": miou / 4, "car": None},
        **changes,
    }
    images = images or {"a": miou - 0.1, "b": miou + 0.1}
    scores = split_scores(images, HALF, lambda iou: iou + 0.2, THREE, **changes)
    return make_result("x", 1, index, scores, job={"label_map": THREE})


def rows(runs, top_ks=1):
    return {row.title: row.values["test"] for row in summarize(runs, top_ks)}


RUNS = [[result(0.2), result(0.4)], [result(0.4), result(0.6)]]


def test_the_best_come_first_and_equals_keep_their_order():
    results = [result(miou, index) for index, miou in enumerate((0.1, 0.3, 0.3, 0.2))]
    assert [entry.index for entry in rank(results)] == [1, 2, 3, 0]


def test_metrics_stand_in_rows_of_their_own():
    assert [row.metric for row in summarize(RUNS, 1)] == [MIOU, MIOU, MIOU, MPA, OFFICIAL, POOLED]


def test_deviation_is_over_models_and_in_the_means_of_runs_over_runs():
    found = rows(RUNS)
    every = found["mIoU, paper metric"]
    # mean 0.4, deviations -0.2 0 0 0.2: sqrt(0.08 / 3) = 0.1633
    assert (every.mean, every.deviation, every.count) == pytest.approx((0.4, 0.1633, 4), abs=1e-4)
    best = found["mIoU of the best 1 of each run by val, paper metric"]
    # 0.4 and 0.6: sqrt(0.02) = 0.1414
    assert (best.mean, best.deviation, best.count) == pytest.approx((0.5, 0.1414, 2), abs=1e-4)
    means = found["mIoU of the means of runs, paper metric"]
    # 0.3 and 0.5
    assert (means.mean, means.deviation, means.count) == pytest.approx((0.4, 0.1414, 2), abs=1e-4)


def test_the_interval_is_over_images_of_the_mean_over_models():
    # Means over models: image a 0.3, b 0.5; of two images the interval reaches from one to the other.
    found = rows(RUNS)
    every, accuracy = found["mIoU, paper metric"], found["mPA, paper metric"]
    assert (every.low, every.high) == pytest.approx((0.3, 0.5))
    assert (accuracy.low, accuracy.high) == pytest.approx((0.5, 0.7))


def test_scores_of_one_matrix_have_no_interval_over_images():
    found = rows(RUNS)
    official = found["mIoU, official definition (19 classes)"]
    pooled = found["mIoU, all pixels pooled (3 classes)"]
    assert (official.mean, official.low, official.high) == (pytest.approx(0.2), None, None)
    assert (pooled.mean, pooled.low, pooled.high) == (pytest.approx((1 / 2 + 2 / 3) / 2), None, None)


def test_one_model_has_no_deviation_and_a_score_that_none_has_no_value():
    found = rows([[result(0.4, official_mIoU=None)]])
    assert found["mIoU, paper metric"].deviation is None
    assert found["mIoU, official definition (19 classes)"] is None


def test_models_scored_on_different_images_have_no_interval():
    other = result(0.4, images={"a": 0.3, "c": 0.5})
    spread = rows([[result(0.2), other]])["mIoU, paper metric"]
    assert (spread.mean, spread.low, spread.high) == (pytest.approx(0.3), None, None)


def test_an_image_in_which_nothing_counts_is_left_out_of_the_interval():
    images = {"a": 0.3, "void": None, "b": 0.5}
    spread = rows([[result(0.4, images=images)]])["mIoU, paper metric"]
    assert (spread.low, spread.high) == pytest.approx((0.3, 0.5))


def test_runs_of_unequal_length_have_no_interval_of_their_mean():
    spread = rows([[result(0.2), result(0.4)], [result(0.6)]])
    means = spread["mIoU of the means of runs, paper metric"]
    assert (means.mean, means.low) == (pytest.approx(0.45), None)  # 0.3 and 0.6


def test_without_results_there_are_no_rows():
    assert summarize([], 1) == summarize([[]], 1) == per_class([]) == ()


def test_classes_stand_in_their_order_with_both_metrics():
    void, road, car = per_class(RUNS)
    assert (void.name, road.name, car.name) == ("void", "road", "car")
    assert void.values[OFFICIAL.key]["test"] is None
    assert void.values[POOLED.key]["test"].mean == 0.5
    assert road.values[OFFICIAL.key]["test"].mean == pytest.approx(0.4)
    assert road.values[POOLED.key]["test"].mean == pytest.approx(0.1)
    assert road.values[OFFICIAL.key]["test"].deviation == pytest.approx(0.1633, abs=1e-4)
    assert car.values[OFFICIAL.key]["test"] is car.values[POOLED.key]["test"] is None


def test_a_class_is_averaged_over_the_models_that_have_a_score_of_it():
    lost = result(0.4, official_IoU={"road": None, "car": 0.3})
    _, road, car = per_class([[result(0.2), lost]])
    assert (road.values[OFFICIAL.key]["val"].mean, road.values[OFFICIAL.key]["val"].count) == (0.2, 1)
    assert (car.values[OFFICIAL.key]["val"].mean, car.values[OFFICIAL.key]["val"].deviation) == (0.3, None)


def test_classes_without_an_official_score_have_the_pooled_one():
    rows = per_class([[result(0.2, official_IoU=None)]])
    assert [row.values[OFFICIAL.key]["test"] for row in rows] == [None, None, None]
    assert rows[0].values[POOLED.key]["test"].mean == 0.5


def test_two_approaches_are_compared_by_their_means_over_models():
    difference = compare(RUNS[1], RUNS[0], "test")
    # a: 0.4 - 0.2, b: 0.6 - 0.4
    assert (difference.mean, difference.low, difference.high) == pytest.approx((0.2, 0.2, 0.2))
    assert difference.differs
    assert not compare(RUNS[0], RUNS[0], "test").differs


def test_images_are_the_same_by_name_and_by_content():
    first, second = (make_result("x", job={"report_on": (("test", mark),)}) for mark in ("one", "other"))
    assert same_images([first, first], "test")
    assert not same_images([first, second], "test")
    assert not same_images([result(0.2), result(0.2, images={"a": 0.1})], "test")

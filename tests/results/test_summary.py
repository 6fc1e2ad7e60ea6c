import pytest

from common.results.summary import SPLITS, compare, per_class, rank, same_images, summarize

HALF = ((1, 1), (0, 2))  # class 0: 1 / 2, class 1: 2 / 3


def result(model, miou, **changes):
    """A result JSON as a training writes it, with the same scores on every split.

    Two images, `miou` 0.1 above and below; 0.2 more for the share of right pixels.
    """
    scores = {
        "mIoU": miou,
        "mPA": miou + 0.2,
        "official_mIoU": miou / 2,
        "official_IoU": {"road": miou, "car": None},
        "class_IoU": {"void": 0.5, "road": miou / 4, "car": None},
        "images": {"a": [miou - 0.1, miou + 0.1], "b": [miou + 0.1, miou + 0.3]},
        "confusion": HALF,
        **changes,
    }
    return {"model": model, "scores": dict.fromkeys(SPLITS, scores)}


def rows(runs, top_ks=1):
    return {(row.metric, row.title): row.values["test"] for row in summarize(runs, top_ks)}


RUNS = [[result("a", 0.2), result("b", 0.4)], [result("c", 0.4), result("d", 0.6)]]


def test_the_best_come_first_and_equals_keep_their_order():
    results = [result("a", 0.1), result("b", 0.3), result("c", 0.3), result("d", 0.2)]
    assert [entry["model"] for entry in rank(results)] == ["b", "c", "d", "a"]


def test_metrics_stand_in_rows_of_their_own():
    assert [row.metric for row in summarize(RUNS, 1)] == ["paper", "paper", "paper", "paper", "official", "pooled"]


def test_deviation_is_over_models_and_in_the_means_of_runs_over_runs():
    found = rows(RUNS)
    every = found["paper", "mIoU, paper metric"]
    # mean 0.4, deviations -0.2 0 0 0.2: sqrt(0.08 / 3) = 0.1633
    assert (every.mean, every.deviation, every.count) == pytest.approx((0.4, 0.1633, 4), abs=1e-4)
    best = found["paper", "mIoU of the best 1 of each run by val, paper metric"]
    # 0.4 and 0.6: sqrt(0.02) = 0.1414
    assert (best.mean, best.deviation, best.count) == pytest.approx((0.5, 0.1414, 2), abs=1e-4)
    means = found["paper", "mIoU of the means of runs, paper metric"]
    # 0.3 and 0.5
    assert (means.mean, means.deviation, means.count) == pytest.approx((0.4, 0.1414, 2), abs=1e-4)


def test_the_interval_is_over_images_of_the_mean_over_models():
    # Means over models: image a 0.3, b 0.5; of two images the interval reaches from one to the other.
    found = rows(RUNS)
    every, accuracy = found["paper", "mIoU, paper metric"], found["paper", "mPA, paper metric"]
    assert (every.low, every.high) == pytest.approx((0.3, 0.5))
    assert (accuracy.low, accuracy.high) == pytest.approx((0.5, 0.7))


def test_scores_of_one_matrix_have_no_interval_over_images():
    found = rows(RUNS)
    official = found["official", "mIoU, official definition (19 classes)"]
    pooled = found["pooled", "mIoU, all pixels pooled (2 classes)"]
    assert (official.mean, official.low, official.high) == (pytest.approx(0.2), None, None)
    assert (pooled.mean, pooled.low, pooled.high) == (pytest.approx((1 / 2 + 2 / 3) / 2), None, None)


def test_one_model_has_no_deviation_and_a_score_that_none_has_no_value():
    found = rows([[result("a", 0.4, official_mIoU=None)]])
    assert found["paper", "mIoU, paper metric"].deviation is None
    assert found["official", "mIoU, official definition (19 classes)"] is None


def test_models_scored_on_different_images_have_no_interval():
    other = result("b", 0.4, images={"a": [0.3, 0.5], "c": [0.5, 0.7]})
    spread = rows([[result("a", 0.2), other]])["paper", "mIoU, paper metric"]
    assert (spread.mean, spread.low, spread.high) == (pytest.approx(0.3), None, None)


def test_an_image_in_which_nothing_counts_is_left_out_of_the_interval():
    images = {"a": [0.3, 0.5], "void": [None, None], "b": [0.5, 0.7]}
    spread = rows([[result("a", 0.4, images=images)]])["paper", "mIoU, paper metric"]
    assert (spread.low, spread.high) == pytest.approx((0.3, 0.5))


def test_runs_of_unequal_length_have_no_interval_of_their_mean():
    spread = rows([[result("a", 0.2), result("b", 0.4)], [result("c", 0.6)]])
    means = spread["paper", "mIoU of the means of runs, paper metric"]
    assert (means.mean, means.low) == (pytest.approx(0.45), None)  # 0.3 and 0.6


def test_without_results_there_are_no_rows():
    assert summarize([], 1) == summarize([[]], 1) == per_class([]) == ()


def test_classes_stand_in_their_order_with_both_metrics():
    void, road, car = per_class(RUNS)
    assert (void.name, road.name, car.name) == ("void", "road", "car")
    assert void.official["test"] is None
    assert void.pooled["test"].mean == 0.5
    assert road.official["test"].mean == pytest.approx(0.4)
    assert road.pooled["test"].mean == pytest.approx(0.1)
    assert road.official["test"].deviation == pytest.approx(0.1633, abs=1e-4)
    assert car.official["test"] is car.pooled["test"] is None


def test_a_class_is_averaged_over_the_models_that_have_a_score_of_it():
    lost = result("b", 0.4, official_IoU={"road": None, "car": 0.3})
    _, road, car = per_class([[result("a", 0.2), lost]])
    assert (road.official["val"].mean, road.official["val"].count) == (0.2, 1)
    assert (car.official["val"].mean, car.official["val"].deviation) == (0.3, None)


def test_classes_without_an_official_score_have_the_pooled_one():
    rows = per_class([[result("a", 0.2, official_IoU=None)]])
    assert [row.official["test"] for row in rows] == [None, None, None]
    assert rows[0].pooled["test"].mean == 0.5


def test_results_of_versions_without_class_scores_get_them_from_the_matrix():
    old = result("a", 0.2)
    del old["scores"]["val"]["class_IoU"]  # the splits share one dictionary
    rows = {row.name: row.pooled["test"] for row in per_class([[old]])}
    assert rows["unlabeled"].mean == pytest.approx(1 / 2)  # the study's first class


def test_two_approaches_are_compared_by_their_means_over_models():
    difference = compare(RUNS[1], RUNS[0], "test")
    # a: 0.4 - 0.2, b: 0.6 - 0.4
    assert (difference.mean, difference.low, difference.high) == pytest.approx((0.2, 0.2, 0.2))
    assert difference.differs
    assert not compare(RUNS[0], RUNS[0], "test").differs


def test_images_are_the_same_by_name_and_by_content():
    first, second = ({**result("a", 0.2), "job": {"report_on": [["test", mark]]}} for mark in ("one", "other"))
    assert same_images([first, first], "test")
    assert not same_images([first, second], "test")
    assert not same_images([result("a", 0.2), result("b", 0.2, images={"a": [0.1, 0.2]})], "test")

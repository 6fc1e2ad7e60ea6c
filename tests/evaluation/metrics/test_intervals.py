import subprocess
import sys

import numpy as np
import pytest

from common.evaluation.metrics.intervals import (
    Difference,
    difference_interval,
    interval_of_draws,
    mean_interval,
    pooled_draws,
)


def scores(count, seed, mean=0.4):
    return np.random.default_rng(seed).normal(mean, 0.1, count).tolist()


def test_the_interval_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(1).beta(2, 8, 100)  # skewed, so that the two ends differ
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20000, method="percentile", rng=np.random.default_rng(7))
    # An end found with 20,000 draws scatters by 0.0002; the interval is 0.047 wide.
    ends = theirs.confidence_interval
    assert mean_interval(values, draws=20000) == pytest.approx((ends.low, ends.high), abs=0.001)


def test_two_images_give_the_two_ends_worked_out_by_hand():
    # Means of two draws of 0 and 1: 0, 0.5, 0.5, 1, each end a quarter of all, so both lie inside the 95 %.
    assert mean_interval([0.0, 1.0]) == (0.0, 1.0)
    assert mean_interval([0.3, 0.3, 0.3]) == (0.3, 0.3)


@pytest.mark.parametrize("values", [[], [0.4], [0.4, None], [None, None]])
def test_fewer_than_two_images_have_no_interval(values):
    assert mean_interval(values) == (None, None)


def test_images_without_a_score_are_left_out():
    values = scores(20, 1)
    assert mean_interval([None, *values, None]) == mean_interval(values)


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    values = scores(50, 1)
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval(values) != mean_interval(values, seed=1)


def test_the_interval_holds_the_true_mean_as_often_as_it_says():
    held = 0
    for seed in range(200):
        low, high = mean_interval(scores(100, seed), seed=seed, draws=400)
        held += low <= 0.4 <= high
    assert 180 <= held <= 198  # of 200, 190 are expected; binomial, 3 deviations are 9


def test_a_comparison_pairs_images_by_name_so_that_hard_images_do_not_hide_a_difference():
    names = [str(number) for number in range(100)]
    second = dict(zip(names, scores(100, 3), strict=True))
    noise = scores(100, 4, mean=0.0)
    first = {name: second[name] + 0.02 + 0.1 * noise[index] for index, name in reversed(list(enumerate(names)))}
    difference = difference_interval(first, second)
    assert difference.mean == pytest.approx(0.02 + 0.1 * np.mean(noise))
    assert difference.differs
    # Unpaired, the intervals of the two overlap by far: 0.1 / sqrt(100) x 1.96 = 0.0196 on either side.
    assert mean_interval(first.values())[0] < mean_interval(second.values())[1]


def test_a_comparison_is_over_the_images_both_have_and_turns_its_sign_with_its_sides():
    first = {"a": 0.5, "b": 0.7, "only first": 0.9, "void": None}
    second = {"b": 0.4, "a": 0.3, "only second": 0.1, "void": 0.2}
    forth, back = difference_interval(first, second), difference_interval(second, first)
    # a: 0.2, b: 0.3
    assert (forth.mean, forth.low, forth.high) == pytest.approx((0.25, 0.2, 0.3))
    assert (back.mean, back.low, back.high) == pytest.approx((-0.25, -0.3, -0.2))
    assert forth.count == 2


@pytest.mark.parametrize(
    ("low", "high", "differs"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (None, None, False)]
)
def test_approaches_differ_where_zero_is_outside(low, high, differs):
    assert Difference(0.0, low, high).differs == differs


def test_approaches_without_a_common_image_have_no_difference():
    assert difference_interval({"a": 0.1}, {"b": 0.2}) == Difference(None, None, None, 0)


def areas(*images):
    """Intersection and union of each class, by image."""
    return np.array([np.array(classes).T for classes in images], np.int32)


def test_pooled_pixels_are_added_before_they_are_divided():
    # One class: 1 of 2 pixels and 3 of 4. Two images can be drawn as aa, ab or bb: 2 / 4, 4 / 6, 6 / 8.
    draws = pooled_draws([areas([(1, 2)], [(3, 4)])])
    assert set(np.round(draws, 6)) == {0.5, 0.666667, 0.75}
    assert interval_of_draws(draws) == (0.5, 0.75)


def test_a_class_without_a_pixel_in_a_draw_does_not_count_there():
    # Image a has the first class, all right; b has the second, all wrong. aa: 1, bb: 0, ab: (1 + 0) / 2.
    draws = pooled_draws([areas([(4, 4), (0, 0)], [(0, 0), (0, 4)])])
    assert set(draws) == {0.0, 0.5, 1.0}


def test_the_draws_of_models_are_averaged_and_can_be_subtracted_draw_by_draw():
    first, second = areas([(2, 4)], [(4, 4)]), areas([(1, 4)], [(3, 4)])
    both = pooled_draws([first, second])
    assert both == pytest.approx((pooled_draws([first]) + pooled_draws([second])) / 2)
    # One pixel of four more on every image, whichever are drawn.
    assert pooled_draws([first]) - pooled_draws([second]) == pytest.approx(np.full(1000, 0.25))


def test_intervals_do_not_slow_the_start_by_importing_scipy():
    code = "import sys, common.results.summary; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

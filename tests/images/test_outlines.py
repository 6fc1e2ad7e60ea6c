import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from common.images.outlines import outlines_to_counts, trace_outlines
from common.images.runs import find_runs

pictures = arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 3, 26001]))


def traced(rows):
    pixels = np.array([[int(value) for value in row] for row in rows], np.uint16)
    return pixels, trace_outlines(find_runs(pixels))


def filled(outlines, shape):
    """Pixels whose centre is enclosed by an odd number of outlines: a ray to the left crosses vertical edges."""
    crossed = np.zeros((shape[0], shape[1] + 1), int)
    for outline in outlines:
        for (x, y), (next_x, next_y) in zip(outline.points, np.roll(outline.points, -1, axis=0), strict=True):
            if x == next_x:
                crossed[min(y, next_y) : max(y, next_y), x] += 1
    return np.cumsum(crossed, axis=1)[:, :-1] % 2 == 1


def doubled_area(points):
    """Twice the signed area; positive is clockwise where y points down."""
    x, y = points.T.astype(int)
    return int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


@settings(deadline=None, max_examples=300)
@given(pictures)
def test_outlines_enclose_exactly_the_pixels_of_their_key(pixels):
    outlines = trace_outlines(find_runs(pixels))
    assert list(outlines) == np.unique(pixels).tolist()
    for key, loops in outlines.items():
        np.testing.assert_array_equal(filled(loops, pixels.shape), pixels == key)


@settings(deadline=None, max_examples=300)
@given(pictures)
def test_outer_outlines_run_clockwise_and_holes_against_it(pixels):
    for key, loops in trace_outlines(find_runs(pixels)).items():
        for loop in loops:
            assert (doubled_area(loop.points) < 0) == loop.is_hole
        assert sum(doubled_area(loop.points) for loop in loops) == 2 * np.count_nonzero(pixels == key)


@settings(deadline=None, max_examples=200)
@given(pictures)
def test_every_point_is_a_true_corner(pixels):
    for loops in trace_outlines(find_runs(pixels)).values():
        for loop in loops:
            step = np.roll(loop.points, -1, axis=0) - loop.points
            assert (step[::2, 0] == 0).all() and (step[::2, 1] != 0).all()
            assert (step[1::2, 1] == 0).all() and (step[1::2, 0] != 0).all()


@settings(deadline=None, max_examples=300)
@given(pictures)
def test_run_lengths_are_those_pycocotools_counts(pixels):
    height, width = pixels.shape
    for key, loops in trace_outlines(find_runs(pixels)).items():
        counts = outlines_to_counts(loops, (width, height)).tolist()
        packed = coco_mask.frPyObjects({"counts": counts, "size": [height, width]}, height, width)
        assert packed == coco_mask.encode(np.asfortranarray(pixels == key, np.uint8))


@settings(deadline=None, max_examples=200)
@given(pictures)
def test_pycocotools_fills_outlines_without_a_hole_exactly(pixels):
    height, width = pixels.shape
    for key, loops in trace_outlines(find_runs(pixels)).items():
        if not any(loop.is_hole for loop in loops):
            polygons = [loop.points.ravel().tolist() for loop in loops]
            packed = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
            np.testing.assert_array_equal(coco_mask.decode(packed), pixels == key)


def test_a_single_pixel_is_a_square_of_four_corners():
    _, outlines = traced(["000", "010"])
    assert outlines[1][0].points.tolist() == [[1, 2], [1, 1], [2, 1], [2, 2]]


@pytest.mark.parametrize("rows", [("10", "01"), ("01", "10")])
def test_pixels_that_touch_at_a_corner_are_apart(rows):
    _, outlines = traced(rows)
    assert [len(loop.points) for loop in outlines[1]] == [4, 4]


def test_a_hole_has_an_outline_of_its_own_and_an_island_in_it_another():
    _, outlines = traced(["11111", "10001", "10101", "10001", "11111"])
    assert [(doubled_area(loop.points), loop.is_hole) for loop in outlines[1]] == [(50, False), (-18, True), (2, False)]


def test_only_the_keys_asked_for_are_traced():
    pixels, _ = traced(["1223"])
    assert list(trace_outlines(find_runs(pixels).of([1, 3]))) == [1, 3]
    assert trace_outlines(find_runs(pixels).of([9])) == {}

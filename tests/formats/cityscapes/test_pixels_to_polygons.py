"""Pixels turned into polygons, which are painted again by the exact rule."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from common.dataset.original.polygons import paint_polygons
from common.formats.cityscapes.pixels_to_polygons import pixels_to_polygons
from common.formats.frames import Annotation
from common.labels.tables import CITYSCAPES
from tests.support.difficult import difficult_pixels, segments_of


def painted_again(pixels):
    annotation = Annotation(pixels, segments_of(pixels))
    return paint_polygons(pixels_to_polygons(annotation, CITYSCAPES, "frame")).instance_ids


def test_holes_fragments_groups_and_gaps_in_numbers_come_back():
    pixels = difficult_pixels()
    np.testing.assert_array_equal(painted_again(pixels), pixels)


# Road, sky, a group, two cars and a person on a frame so small that everything touches everything.
values = st.sampled_from([0, 7, 23, 26, 26000, 26002, 24000])


@settings(max_examples=300, deadline=None)
@given(arrays(np.uint16, st.tuples(st.integers(1, 7), st.integers(1, 8)), elements=values))
def test_any_picture_comes_back(pixels):
    np.testing.assert_array_equal(painted_again(pixels), pixels)


def test_a_part_without_holes_is_one_plain_outline():
    pixels = np.zeros((6, 8), np.uint16)
    pixels[2:5, 3:7] = 26000
    (polygon,) = pixels_to_polygons(Annotation(pixels, segments_of(pixels)), CITYSCAPES, "frame").polygons
    # Columns 3 to 6, rows 2 to 4: the right side lies on the last column, the lower one below the last row.
    assert set(polygon.points) == {(3, 2), (6, 2), (6, 5), (3, 5)}

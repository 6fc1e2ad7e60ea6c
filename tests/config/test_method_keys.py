"""The keys of the methods: what is refused, and the columns of the generations."""

import pytest

from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.errors import ConfigError


def load(*overrides):
    return load_config("CITYSCAPES", SHIPPED_CONFIG, overrides)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("TEACHERS=2, 2",), "TEACHERS = 2, 2: expected different numbers"),
        (("TEACHERS=1",), "TEACHERS = 1: expected whole numbers from 2"),
        (("VIEWS=three",), "VIEWS = three"),
        (("EVALNET_FROM=none",), "EVALNET_FROM = none"),
        (("NUM_GENERATIONS=6",), "GENERATION_ALPHA has 5 values"),
        (("GENERATION_BLUR=0, 0",), "GENERATION_BLUR has 2 values"),
        (("MIN_THRESHOLD=0.5",), "MIN_THRESHOLD = 0.5: expected less than MAX_THRESHOLD = 0.453"),
        (("MAX_THRESHOLD=often",), "MAX_THRESHOLD = often: expected auto or a number from 0 to 1"),
        (("IM_PIXELS=black",), "IM_PIXELS = black: expected one of class_0, ignore"),
        (("VARIANT=plus",), "VARIANT = plus"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_key(overrides, words):
    with pytest.raises(ConfigError) as found:
        load(*overrides)
    assert words in str(found.value)


def test_the_modern_recipe_ignores_pixels_keeps_images_and_takes_thresholds_from_the_generation():
    paper, modern = load().methods, load("RECIPE=modern").methods
    assert (paper.im_pixels, paper.block_input, paper.min_threshold, paper.max_threshold) == (
        "class_0", True, 0.372, 0.453,
    )  # fmt: skip
    assert (modern.im_pixels, modern.block_input, modern.min_threshold, modern.max_threshold) == (
        "ignore", False, None, None,
    )  # fmt: skip
    assert (paper.labeled_share, modern.labeled_share) == (0, 0.25)


def test_a_list_may_be_longer_than_the_generations():
    methods = load("NUM_GENERATIONS=2", "GENERATION_BLUR=0, 1").methods
    assert methods.columns == 2
    assert methods.growth(1).noise.max_blur == 1

"""How networks make labels, with networks whose answers are known."""

import keras
import numpy as np
import pytest
from keras import ops

from common.config.settings import AugmentationConfig
from common.labels.maps import LabelMap
from common.learning.labelling.sources import Agreeing, MeanOfModels, MeanOfViews, Predictions
from common.learning.network.model_card import ModelCard
from common.methods.agreement import AgreementRules
from common.methods.jobs import Views

MAP = LabelMap(("a", "b", "c"), ((0, 0, 0), (1, 1, 1), (2, 2, 2)), tuple([0] * 34))
NO_NOISE = {"num_copies": 1, "max_blur": 0, "max_noise": 0}


@keras.saving.register_keras_serializable("tests")
class Fixed(keras.layers.Layer):
    """Gives the same logits for every image: those of a table of shape (1, 2, 3)."""

    def __init__(self, table, **options):
        super().__init__(**options)
        self._table = np.log(np.array(table, np.float32) + 1e-9)

    def call(self, image):
        return ops.zeros_like(image) + ops.convert_to_tensor(self._table)


def network(*pixels):
    image = keras.Input((1, 2, 3), name="image")
    logits = Fixed([list(pixels)], name="logits")(image)
    return keras.Model(image, keras.layers.Softmax(name="softmax")(logits))


P1 = network((0.6, 0.3, 0.1), (0.2, 0.5, 0.3))
P2 = network((0.1, 0.7, 0.2), (0.3, 0.2, 0.5))
P3 = network((0.8, 0.1, 0.1), (0.1, 0.2, 0.7))
CARD = ModelCard(name="x", label_map=MAP, size_wh=(2, 1), preparation="study")
IMAGES = np.zeros((3, 1, 2, 3), np.uint8)
NAMES = ["one", "two", "three"]


@pytest.mark.parametrize(
    ("networks", "label"),
    [
        ((P1, P2), [1, 2]),  # means (.35 .5 .15) and (.25 .35 .4)
        ((P1, P2, P3), [0, 2]),  # means (.5 .367 .133) and (.2 .3 .5)
        ((network((0.5, 0.5, 0), (0, 0.5, 0.5)),), [0, 1]),  # of equal means the lowest class
    ],
)
def test_the_largest_mean_probability_decides(networks, label):
    found = MeanOfModels([(one, CARD) for one in networks]).label(NAMES, IMAGES)
    assert [one.mask.tolist() for one in found] == [[label]] * 3


def test_without_a_common_answer_there_is_no_label():
    # P1 says 0 and 1, P2 says 1 and 2: both pixels differ.
    found = Agreeing([P1, P2], AgreementRules()).label(NAMES, IMAGES)
    assert [one.agreement.size for one in found] == [2, 2, 2]
    assert found[0].mask.tolist() == [[0, 0]]
    assert Agreeing([P1, P2], AgreementRules(ignore=True)).label(NAMES, IMAGES)[0].mask.tolist() == [[255, 255]]
    # P2 and P3 agree on the second pixel.
    assert Agreeing([P2, P3], AgreementRules()).label(NAMES, IMAGES)[0].mask.tolist() == [[0, 2]]


def test_predictions_come_by_image_and_network():
    found = Predictions([P1, P2, P3])(IMAGES)
    assert found.tolist() == [[[[0, 1]], [[1, 2]], [[0, 2]]]] * 3


def brighter_by_ten(number, cumulative):
    # The contrast is 1 and the offset 10; applied with probability 0.5, so the ranges leave no choice but that.
    noise = AugmentationConfig(brightness_alpha=(1, 1), brightness_beta=(10, 10), **NO_NOISE)
    return Views(number=number, cumulative=cumulative, noise=noise)


def answers_by_brightness():
    """A network that answers (.9 .1) for a pixel below 115, else (.3 .7)."""
    image = keras.Input((1, 2, 3), name="image")
    bright = keras.layers.Lambda(lambda values: ops.cast(ops.mean(values, -1, keepdims=True) >= 115, "float32"))(image)
    first = keras.layers.Lambda(lambda values: 0.9 - 0.6 * values)(bright)
    return keras.Model(
        image, keras.layers.Concatenate()([first, keras.layers.Lambda(lambda values: 1 - values)(first)])
    )


def test_views_are_made_from_the_clean_image_and_as_published_from_the_one_before(monkeypatch):
    class Always(np.random.Generator):
        def random(self, *arguments):
            return 0.0

    monkeypatch.setattr("common.learning.labelling.sources.copy_random", lambda *_: Always(np.random.PCG64(0)))
    image = np.full((1, 2, 3), 100, np.uint8)
    model = answers_by_brightness()
    default = MeanOfViews(model, brighter_by_ten(3, False), 42, "x")
    published = MeanOfViews(model, brighter_by_ten(3, True), 42, "x")
    assert default.views("a", image)[:, 0, 0, 0].tolist() == [110, 110, 110]
    assert published.views("a", image)[:, 0, 0, 0].tolist() == [110, 120, 130, 140]
    # (.9 .1) three times; and (.9 .1) once, (.3 .7) three times: mean (.45 .55).
    assert default.label(["a"], image[None])[0].mask.tolist() == [[0, 0]]
    assert published.label(["a"], image[None])[0].mask.tolist() == [[1, 1]]


def test_views_depend_on_seed_series_and_name_alone():
    noise = AugmentationConfig(num_copies=1)
    views = Views(number=3, cumulative=False, noise=noise)
    image = np.full((1, 2, 3), 100, np.uint8)
    first = MeanOfViews(P1, views, 42, "CITYSCAPES_input_ensemble_1_n3_gen0")
    again = MeanOfViews(P1, views, 42, "CITYSCAPES_input_ensemble_1_n3_gen0")
    other = MeanOfViews(P1, views, 42, "CITYSCAPES_input_ensemble_2_n3_gen0")
    assert np.array_equal(first.views("a", image), again.views("a", image))
    assert not np.array_equal(first.views("a", image), first.views("b", image))
    assert not np.array_equal(first.views("a", image), other.views("a", image))

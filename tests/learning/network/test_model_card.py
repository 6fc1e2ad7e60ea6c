import json
import shutil

import keras
import numpy as np
import pytest

from common.config.settings import NetworkSettings
from common.errors import DataError
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card, load_model
from tests.support.model_files import arrays_of, hdf5, rewrite
from tests.support.toy_network import plain_form

CARD = ModelCard(name="tiny", label_map=study_label_map(), size_wh=(32, 16), preparation="study")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A saved model without a card, for images of 32x16 pixels."""
    path = tmp_path_factory.mktemp("models") / "tiny.keras"
    plain_form(NetworkSettings(height=16, width=32, num_classes=35)).save(path)
    return path


@pytest.fixture
def model_file(bare, tmp_path):
    """A copy of it with its card."""
    path = shutil.copy(bare, tmp_path / "tiny.keras")
    add_card(path, CARD)
    return path


@pytest.mark.parametrize("name", ["cityscapes35", "cityscapes19"])
def test_a_card_comes_back_as_it_was_written(name):
    label_map = study_label_map() if name == "cityscapes35" else load_label_map(name)
    card = ModelCard(name="x", label_map=label_map, size_wh=(416, 208), preparation="aligned")
    assert ModelCard.model_validate_json(card.model_dump_json()) == card


def test_a_model_that_was_renamed_still_knows_its_classes(model_file, tmp_path):
    model, card = load_model(model_file.rename(tmp_path / "other.keras"))
    assert card == CARD
    assert model.output_shape == (None, 16, 32, 35)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"scaling": "0-1"}, "scaling = '0-1'.*'0-255'"),
        ({"channels": "BGR"}, "channels = 'BGR'.*'RGB'"),
        ({"size_wh": [32]}, "size_wh"),
        ({"size_wh": [32, -16]}, "size_wh.1 = -16"),
        ({"size_wh": None}, "size_wh = None"),
        ({"name": "a\x1b[31m"}, "name = "),
        ({"preparation": "other"}, "preparation = 'other'.*study"),
        ({"label_map": {}}, "label_map.names is missing"),
        (
            {"label_map": {"names": ["a"], "colors": [[0, 0, 300]], "class_of_id": [0] * 34}},
            "label_map.colors.0.2 = 300",
        ),
        ({"label_map": {"names": ["a"], "colors": [[0, 0, 0]], "class_of_id": [1] * 34}}, "label_map.*the class 1"),
    ],
)
def test_a_card_that_says_nothing_usable_is_refused_with_the_reason(model_file, change, reason):
    rewrite(model_file, {"segmentation.json": json.dumps(CARD.model_dump(mode="json") | change)})
    with pytest.raises(DataError, match=reason) as caught:
        load_model(model_file)
    assert str(model_file) in str(caught.value)


def test_a_model_without_a_card_is_refused_with_the_way_out(bare):
    with pytest.raises(DataError, match="does not say which classes it predicts.*steps 02 to 14"):
        load_model(bare)


def test_a_card_of_another_network_is_refused(model_file):
    rewrite(model_file, {"segmentation.json": json.dumps(CARD.model_dump(mode="json") | {"size_wh": [64, 32]})})
    with pytest.raises(DataError, match="its card says 35 classes and images of 64x32"):
        load_model(model_file)


def test_a_model_has_the_weights_and_answers_that_keras_itself_loads(model_file):
    ours, theirs = load_model(model_file)[0], keras.saving.load_model(model_file, compile=False)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    image = np.random.default_rng(0).random((1, 16, 32, 3), "float32")
    np.testing.assert_array_equal(ours.predict_on_batch(image), theirs.predict_on_batch(image))


@pytest.mark.parametrize(
    "missing, more, reason",
    [
        (None, {"layers/conv2d_9/vars/0": np.zeros(3)}, "conv2d_9/vars/0, which no layer takes"),
        ("layers/conv2d/vars/1", {"vars/0": np.zeros(8)}, "its weights lack layers/conv2d/vars/1 of .*'stem_conv'"),
        ("layers/conv2d/vars/1", {"layers/conv2d/vars/1": np.zeros(9)}, r"cannot be loaded.*\(9,\)"),
    ],
)
def test_weights_of_another_network_are_refused(model_file, missing, more, reason):
    arrays = {name: values for name, values in arrays_of(model_file).items() if name != missing} | more
    rewrite(model_file, {"model.weights.h5": hdf5(arrays)})
    with pytest.raises(DataError, match=rf"tiny\.keras: .*{reason}"):
        load_model(model_file)

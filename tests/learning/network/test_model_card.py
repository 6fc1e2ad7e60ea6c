import json
import os
import shutil
import zipfile

import keras
import pytest

from common.config.settings import NetworkSettings
from common.errors import DataError
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card, load_model, read_card
from common.learning.network.unet import plain_form

CARD = ModelCard(name="tiny", label_map=study_label_map(), size_wh=(32, 16), preparation="study")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A saved model without a card, for images of 32x16 pixels."""
    path = tmp_path_factory.mktemp("models") / "tiny.keras"
    plain_form(NetworkSettings(height=16, width=32, alpha=0.0625)).save(path)
    return path


@pytest.fixture
def model_file(bare, tmp_path):
    """A copy of it with its card."""
    path = shutil.copy(bare, tmp_path / "tiny.keras")
    add_card(path, CARD)
    return path


def rewrite(path, changes):
    """Writes the zip again with some members changed; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members |= changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)


def config_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


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
        read_card(model_file)
    assert str(model_file) in str(caught.value)


def test_a_model_without_a_card_is_refused_with_the_way_out(bare):
    with pytest.raises(DataError, match="does not say which classes it predicts.*steps 02 to 14"):
        read_card(bare)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04"])
def test_what_is_not_a_model_is_refused(tmp_path, content):
    path = tmp_path / "a.keras"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.keras: .*not a Keras model"):
        read_card(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_or_folder_in_place_of_a_model_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe.keras")
    for path in (tmp_path / "pipe.keras", tmp_path):
        with pytest.raises(DataError, match="is not a file"):
            read_card(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.keras: no such file"):
        read_card(tmp_path / "nothing.keras")


@pytest.mark.parametrize("name", ["../escape.txt", "/etc/passwd", "assets/x.txt", "model.weights.npz"])
def test_members_no_model_needs_are_refused(model_file, name):
    rewrite(model_file, {name: b"x"})
    with pytest.raises(DataError, match="which no model needs"):
        load_model(model_file)


def test_a_member_that_would_fill_the_memory_is_refused_unread(model_file):
    rewrite(model_file, {"segmentation.json": b" " * 2_000_000})
    with pytest.raises(DataError, match="has 2,000,000 bytes, at most 1,000,000"):
        read_card(model_file)


@pytest.mark.parametrize(
    "module, name",
    [
        ("keras.layers", "Lambda"),
        ("keras.layers", "TFSMLayer"),
        ("keras.layers", "TorchModuleWrapper"),
        ("builtins", "eval"),
        ("os", "system"),
        (None, "UpsampleAdd"),
    ],
)
def test_parts_that_may_run_code_are_refused_before_keras_sees_them(model_file, monkeypatch, module, name):
    config = config_of(model_file)
    config["config"]["layers"][1] |= {"module": module, "class_name": name}
    rewrite(model_file, {"config.json": json.dumps(config)})
    monkeypatch.setattr(keras.saving, "load_model", lambda *a, **k: pytest.fail("was loaded"))
    with pytest.raises(DataError, match=f"'{name}'.*may do more than compute"):
        load_model(model_file)


def test_damaged_weights_are_an_error_that_names_the_file(model_file):
    rewrite(model_file, {"model.weights.h5": b"nothing"})
    with pytest.raises(DataError, match=r"tiny\.keras: cannot be loaded as a Keras model"):
        load_model(model_file)


def test_a_card_of_another_network_is_refused(model_file):
    rewrite(model_file, {"segmentation.json": json.dumps(CARD.model_dump(mode="json") | {"size_wh": [64, 32]})})
    with pytest.raises(DataError, match="its card says 35 classes and images of 64x32"):
        load_model(model_file)

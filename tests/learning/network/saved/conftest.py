import shutil

import pytest

from common.config.settings import NetworkSettings
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card
from tests.support.toy_network import plain_form


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory):
    """A saved network with its card, for images of 32x16 pixels; copy it before you change it."""
    path = tmp_path_factory.mktemp("models") / "toy.keras"
    plain_form(NetworkSettings(height=16, width=32)).save(path)
    add_card(path, ModelCard(name="toy", label_map=study_label_map(), size_wh=(32, 16), preparation="study"))
    return path


@pytest.fixture
def model_file(toy_file, tmp_path):
    """A copy of it to change."""
    return shutil.copy(toy_file, tmp_path / "toy.keras")

import numpy as np
import pytest

from common.config.settings import NetworkSettings
from common.errors import DataError
from common.images.png import encode_image
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card
from common.learning.predicting import photographs
from common.learning.predicting.request import Request, plan_prediction
from tests.support.toy_network import plain_form


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder `models` with one model, a folder `photos` with one photograph; read only."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "models").mkdir()
    (folder / "photos").mkdir()
    model = folder / "models" / "a.keras"
    plain_form(NetworkSettings(height=16, width=32)).save(model)
    add_card(model, ModelCard(name="a", label_map=study_label_map(), size_wh=(32, 16), preparation="study"))
    (folder / "photos" / "p.png").write_bytes(encode_image(np.zeros((4, 4, 3), np.uint8)))
    (folder / "clip.mp4").touch()
    return folder


def plan(here, models, source, out, **options):
    return plan_prediction(Request(tuple(here / model for model in models), here / source, out, **options))


def test_a_plan_writes_nothing_and_says_what_several_models_are(here, tmp_path, caplog):
    with caplog.at_level("INFO", "common"):
        made = plan(here, ["models/a.keras", "models"], "photos", tmp_path / "new" / "out")
    assert made.models == (here / "models" / "a.keras",)
    assert made.record["settings"]["sizes"] == [[32, 16]]
    assert "one model decides: a.keras; left out: 1 file equal to one of these" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_results_of_other_photographs_are_refused_without_a_network(here, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(DataError, match="has files that were not made of these photographs"):
        plan(here, ["models"], "photos", tmp_path / "out")
    assert plan(here, ["models"], "photos", tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "mine.txt").exists()


def test_a_picture_of_a_phone_alone_is_taken_or_refused_with_the_way_out(here, tmp_path, monkeypatch):
    (tmp_path / "IMG.HEIC").touch()
    monkeypatch.setattr(photographs, "can_read_heic", lambda: True)
    assert plan(here, ["models"], tmp_path / "IMG.HEIC", tmp_path / "out")
    monkeypatch.setattr(photographs, "can_read_heic", lambda: False)
    with pytest.raises(DataError, match=r"IMG\.HEIC: is a HEIC picture, which is not read here; to predict HEIC"):
        plan(here, ["models"], tmp_path / "IMG.HEIC", tmp_path / "out")

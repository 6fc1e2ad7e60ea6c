import keras
import numpy as np
import pytest

from common.config.settings import NetworkSettings
from common.errors import DataError
from common.labels.map_files import load_label_map
from common.learning.judging.judge import EvalNetCard, Judge, load_evalnet, predict, save_evalnet
from common.learning.judging.network import judging_form, plain_form
from common.learning.network.model_card import ModelCard, add_card, load_model
from tests.learning.judging.conftest import LABEL_MAP, SIZE
from tests.support import toy_network

CARD = EvalNetCard(name="CITYSCAPES_evalnet_miou_1_0", label_map=LABEL_MAP, size_wh=SIZE)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evalnets")
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        save_evalnet(folder / f"{seed}.keras", plain_form(SIZE, len(LABEL_MAP), 0.125), CARD)
    return [folder / "0.keras", folder / "1.keras"]


def test_judges_answer_for_each_evalnet_mask_and_class(files):
    rng = np.random.default_rng(0)
    images, masks = rng.integers(0, 256, (9, 64, 64, 3), np.uint8), rng.integers(0, 8, (9, 64, 64), np.uint8)
    masks[3] = 255
    iou, presence = Judge(files).judge(images, masks)
    assert iou.shape == presence.shape == (2, 9, 8)
    assert ((iou > 0) & (iou < 1)).all()
    assert not np.allclose(iou[0], iou[1])
    alone = predict(judging_form(load_evalnet(files[1])[0]), images[8:], masks[8:], 1)
    assert np.allclose(alone[0], iou[1, 8:], atol=1e-5)
    assert np.allclose(alone[1], presence[1, 8:], atol=1e-5)


def test_an_evalnet_is_refused_as_a_model_that_predicts_masks(files):
    with pytest.raises(DataError, match=r"0\.keras: is an EvalNet: it judges masks.*expected a model"):
        load_model(files[0])


def test_a_model_that_predicts_masks_is_refused_as_an_evalnet(tmp_path):
    path = tmp_path / "unet.keras"
    toy_network.plain_form(NetworkSettings(height=64, width=64, num_classes=8)).save(path)
    add_card(path, ModelCard(name="a", label_map=LABEL_MAP, size_wh=SIZE, preparation="study"))
    with pytest.raises(DataError, match=r"unet\.keras: is not an EvalNet; expected.*models/evalnets"):
        load_evalnet(path)


def test_an_evalnet_for_other_images_or_classes_is_refused(files, tmp_path):
    other = EvalNetCard(name="other", label_map=load_label_map("cityscapes19"), size_wh=SIZE)
    save_evalnet(tmp_path / "other.keras", plain_form(SIZE, 19, 0.125), other)
    with pytest.raises(DataError, match=r"other\.keras: judges other classes.*0\.keras"):
        Judge([files[0], tmp_path / "other.keras"])
    with pytest.raises(DataError, match=r"0\.keras: judges masks of 64x64 pixels, not of 32x16"):
        Judge(files).judge(np.zeros((1, 16, 32, 3), np.uint8), np.zeros((1, 16, 32), np.uint8))


def test_a_card_that_does_not_fit_the_network_is_refused(tmp_path):
    path = tmp_path / "a.keras"
    save_evalnet(path, plain_form(SIZE, 5, 0.125), CARD)
    with pytest.raises(DataError, match=r"a\.keras: takes.*its card says 8 classes"):
        load_evalnet(path)


def test_layers_that_may_do_more_than_compute_are_refused(tmp_path):
    path = tmp_path / "a.keras"
    plain = plain_form(SIZE, len(LABEL_MAP), 0.125)
    heads = [keras.layers.Lambda(lambda values: values)(head) for head in plain.outputs]
    save_evalnet(path, keras.Model(plain.inputs, heads), CARD)
    with pytest.raises(
        DataError, match=r"a\.keras: .*class_name = 'Lambda': is a part of 'keras.layers' that may do more than compute"
    ):
        load_evalnet(path)

"""Predictions of arrays: the pixels that the tool writes for files."""

import cv2
import numpy as np
import pytest

from common.config.settings import NetworkSettings
from common.errors import ConfigError, DataError
from common.images.png import encode_image, read_color_mask, read_mask
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card
from common.learning.predicting.arrays import open_models
from common.learning.predicting.request import Request, plan_prediction
from common.learning.predicting.run import predict_files
from tests.support.toy_network import plain_form

# Of the networks, and larger, smaller and odd ones.
SIZES = [(32, 16), (150, 100), (7, 5), (33, 16)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three models with random weights; the last one has another size."""
    folder = tmp_path_factory.mktemp("models")
    for seed, (width, height) in enumerate([(32, 16), (32, 16), (48, 32)]):
        model, rng = plain_form(NetworkSettings(height=height, width=width)), np.random.default_rng(seed)
        model.set_weights([value + rng.random(value.shape, "float32") for value in model.get_weights()])
        model.save(folder / f"{seed}.keras")
        card = ModelCard(name=f"{seed}", label_map=study_label_map(), size_wh=(width, height), preparation="study")
        add_card(folder / f"{seed}.keras", card)
    return sorted(folder.iterdir())


def image(size_wh):
    return np.random.default_rng(7).integers(0, 256, (size_wh[1], size_wh[0], 3), np.uint8)


@pytest.mark.parametrize(
    ("number", "settings"),
    [(1, {}), (3, {}), (1, {"mirror": True}), (2, {"size_wh": (64, 48)})],
    ids=["one", "ensemble of two sizes", "mirror", "other size"],
)
def test_arrays_have_the_pixels_that_the_tool_writes(files, tmp_path, number, settings):
    (tmp_path / "photos").mkdir()
    for width, height in SIZES:
        (tmp_path / "photos" / f"{width}.png").write_bytes(encode_image(image((width, height))))
    options = {"size": settings.get("size_wh"), "tta": settings.get("mirror", False)}
    request = Request(tuple(files[:number]), tmp_path / "photos", tmp_path / "out", **options, batch=1)
    predict_files(plan_prediction(request))
    models = open_models(*files[:number], **settings)
    for width, height in SIZES:
        found = models.predict(image((width, height)))
        np.testing.assert_array_equal(found.ids, read_mask(tmp_path / "out/labelIds" / f"{width}.png"))
        np.testing.assert_array_equal(found.colors, read_color_mask(tmp_path / "out/color" / f"{width}.png"))
        assert found.class_indices.dtype == np.uint8
        assert repr(found).startswith(f"Prediction({width} x {height} pixels, ")


@pytest.mark.parametrize("size_wh", SIZES)
def test_probabilities_are_as_large_as_the_image_and_the_largest_is_predicted(files, size_wh):
    models = open_models(*map(str, files))
    probabilities, found = models.probabilities(image(size_wh)), models.predict(image(size_wh)).class_indices
    assert (probabilities.dtype, probabilities.shape) == (np.float32, (*size_wh[::-1], 35))
    np.testing.assert_allclose(probabilities.sum(-1), 1, atol=1e-4)
    chosen = np.take_along_axis(probabilities, found[..., np.newaxis].astype(int), -1)[..., 0]
    np.testing.assert_allclose(chosen, probabilities.max(-1), atol=1e-5)


def test_a_view_of_an_array_is_predicted_like_its_copy(files):
    models, pixels = open_models(files[0]), image((64, 40))
    for view in (pixels[::-1], pixels[:, ::2], cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)[..., ::-1]):
        np.testing.assert_array_equal(models.predict(view).ids, models.predict(view.copy()).ids)


def test_what_cannot_be_predicted_is_explained(files, tmp_path):
    models = open_models(files[0].parent)
    assert repr(models) == "Models(0, 1, 2: 35 classes)"
    with pytest.raises(DataError, match=r"the image: is an array of type float64 .*\(image \* 255\)"):
        models.predict(image((32, 16)) / 255)
    with pytest.raises(DataError, match="missing.keras: no such file"):
        open_models(tmp_path / "missing.keras")
    with pytest.raises(ConfigError, match="multiples of 16"):
        open_models(files[0], size_wh=(33, 16))
    with pytest.raises(ConfigError, match="no model"):
        open_models()

import dataclasses
import importlib.util
import json
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from common.config.settings import NetworkSettings
from common.errors import ConfigError, DataError
from common.labels.maps import study_label_map
from common.learning.backend import machine as backend
from common.learning.exporting import export as exporting
from common.learning.exporting.export import Comparison, ExportSettings, export_model
from common.learning.exporting.files import ENDINGS, default_target
from common.learning.network import unet
from common.learning.network.model_card import ModelCard, add_card
from tests.support.oracles import ask_oracle
from tests.support.toy_network import plain_form

PROJECT = Path(__file__).resolve().parents[3]
IMAGE = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
on_tensorflow = pytest.mark.skipif(backend.backend_name() != "tensorflow", reason="exports are made with TensorFlow")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A saved network with its card, its batch normalisation away from 0 and 1."""
    keras.utils.set_random_seed(0)
    network, rng = plain_form(NetworkSettings(height=32, width=48)), np.random.default_rng(1)
    network.set_weights([value + 0.1 * rng.random(value.shape, "float32") for value in network.get_weights()])
    path = tmp_path_factory.mktemp("models") / "small.keras"
    network.save(path)
    add_card(path, ModelCard(name="small", label_map=study_label_map(), size_wh=(48, 32), preparation="study"))
    return path


@pytest.fixture(scope="module")
def exported(model):
    """The path of every kind, probabilities out, beside the model; and its comparison."""
    made = {}
    for kind in ENDINGS:
        target = default_target(model, kind)
        made[kind] = target, export_model(model, target, ExportSettings(kind), IMAGE)
    return made


def snippet(kind, package=""):
    """The code of docs/export.md that loads and runs a kind, with a package."""
    text = (PROJECT / "docs" / "export.md").read_text(encoding="utf-8")
    codes = re.findall(r"```python\n(.*?)```", text, re.S)
    return next(code for code in codes if f"model{ENDINGS[kind]}" in code and f"import {package}" in code)


@on_tensorflow
@pytest.mark.parametrize("kind", ENDINGS)
def test_the_code_of_the_documentation_gives_what_keras_gives(model, exported, kind, monkeypatch):
    target, comparison = exported[kind]
    assert comparison.difference < 1e-5
    assert comparison.pixels == 2 * 32 * 48  # the image and its mirror image
    code = snippet(kind).replace(f"model{ENDINGS[kind]}", str(target))
    image = np.stack([IMAGE, IMAGE[::-1], IMAGE[:, ::-1]]).astype(np.float32)  # another batch than was compared
    names = {"image": image}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
        exec(code, names)
    expected = keras.saving.load_model(model, compile=False).predict_on_batch(image)
    np.testing.assert_allclose(names["probabilities"], expected, atol=1e-5)
    # The file says what its outputs mean.
    assert names["card"]["label_map"]["names"][8] == "road"
    assert names["card"]["size_wh"] == [48, 32]
    assert names["card"]["output"] == {"name": "probabilities", "type": "float32", "shape": [None, 32, 48, 35]}


@on_tensorflow
@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_class_indices_of_another_size_and_a_fixed_batch(model, tmp_path, kind):
    target = tmp_path / f"made{ENDINGS[kind]}"
    settings = ExportSettings(kind, size_wh=(32, 64), batch=1, class_indices=True)
    comparison = export_model(model, target, settings, IMAGE)
    assert comparison == Comparison(None, 64 * 32, 0)
    found = exporting.run_exported(target, kind, np.zeros((1, 64, 32, 3), np.float32))
    assert (found.dtype, found.shape) == (np.uint8, (1, 64, 32))


@on_tensorflow
def test_the_code_of_the_documentation_for_opencv_gives_what_keras_gives(model, exported):
    image = np.stack([IMAGE, IMAGE[:, ::-1]]).astype(np.float32)
    names = {"image": image}
    exec(snippet("onnx", "cv2").replace("model.onnx", str(exported["onnx"][0])), names)
    expected = keras.saving.load_model(model, compile=False).predict_on_batch(image)
    np.testing.assert_allclose(names["probabilities"], expected, atol=1e-5)


def write_expected(path):
    """Runs an ONNX file with onnxruntime on two images, and writes the images and what came out beside it."""
    images = np.stack([IMAGE, IMAGE[:, ::-1]]).astype(np.float32)
    np.save(path.with_name("images.npy"), images)
    np.save(path.with_name("expected.npy"), exporting.run_exported(path, "onnx", images))


# What OpenCV reads, as JSON: another class on how many pixels, and the largest difference.
OPENCV = """
import json, pathlib, sys
import cv2, numpy as np
path = pathlib.Path(sys.argv[1])
images, expected = np.load(path.with_name("images.npy")), np.load(path.with_name("expected.npy"))
others, difference = 0, 0.0
for count in (1, 2):  # images at a time
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(images[:count])
    found, wanted = net.forward(), expected[:count]
    assert found.shape == wanted.shape, found.shape
    difference = max(difference, float(np.abs(found - wanted.astype(np.float32)).max()))
    if found.ndim == 4:
        found, wanted = found.argmax(-1), wanted.argmax(-1)
    others += int((found != wanted).sum())
print(json.dumps([others, difference, cv2.__version__.split(".")[0]]))
"""


def ask_opencv_here(code, path):
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@on_tensorflow
@pytest.mark.parametrize("class_indices", [False, True])
@pytest.mark.parametrize("version, ask", [("5", ask_opencv_here), ("4", ask_oracle)])
def test_opencv_4_and_5_read_an_onnx_file_as_onnxruntime_does(model, tmp_path, version, ask, class_indices):
    path = tmp_path / "made.onnx"
    export_model(model, path, ExportSettings("onnx", class_indices=class_indices), IMAGE)
    write_expected(path)
    others, difference, found = ask(OPENCV, path)
    assert (others, found) == (0, version)
    assert difference < 1e-5


@pytest.mark.slow
@on_tensorflow
def test_the_whole_u_net_is_exported_with_what_lies_behind_its_upsampling(tmp_path):
    path = tmp_path / "unet.keras"
    unet.plain_form(NetworkSettings(height=32, width=48, alpha=0.25)).save(path)
    add_card(path, ModelCard(name="unet", label_map=study_label_map(), size_wh=(48, 32), preparation="study"))
    comparison = export_model(path, tmp_path / "unet.onnx", ExportSettings("onnx"), IMAGE)
    assert comparison.is_close
    write_expected(tmp_path / "unet.onnx")
    others, difference, _ = ask_opencv_here(OPENCV, tmp_path / "unet.onnx")
    assert (others, difference < 1e-3) == (0, True)


@on_tensorflow
def test_upsampling_is_one_resize_and_the_class_one_argmax(model, tmp_path):
    import onnx

    export_model(model, tmp_path / "made.onnx", ExportSettings("onnx", class_indices=True), IMAGE)
    nodes = onnx.load(tmp_path / "made.onnx").graph.node
    kinds = [node.op_type for node in nodes]
    assert (kinds.count("Resize"), kinds.count("ArgMax")) == (1, 1)
    assert not {"Tile", "TopK", "Expand", "Gather"} & set(kinds)
    said = {attribute.name: attribute.s for node in nodes if node.op_type == "Resize" for attribute in node.attribute}
    assert (said["coordinate_transformation_mode"], said["nearest_mode"]) == (b"asymmetric", b"floor")


@on_tensorflow
def test_the_parts_of_an_onnx_file_have_names_and_its_batch_is_open(exported):
    import onnx

    graph = onnx.load(exported["onnx"][0]).graph
    found = {value.name: [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)}  # fmt: skip
    assert found == {"image": ["batch", 32, 48, 3], "probabilities": ["batch", 32, 48, 35]}


@on_tensorflow
def test_a_model_that_gives_other_results_is_refused_and_what_stood_there_stays(model, tmp_path, monkeypatch):
    target = tmp_path / "made.tflite"
    target.write_bytes(b"earlier")
    monkeypatch.setattr(exporting, "run_exported", lambda place, kind, images: np.zeros((2, 32, 48, 35), np.float32))
    monkeypatch.setattr(exporting, "_write", lambda network, place, settings, card: place.write_bytes(b"new"))
    with pytest.raises(DataError, match="gives other results: largest difference of a probability .* nothing was"):
        export_model(model, target, ExportSettings("tflite"), IMAGE, overwrite=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"made.tflite": b"earlier"}


@on_tensorflow
def test_a_converter_that_fails_is_one_sentence_and_leaves_nothing(model, tmp_path, monkeypatch):
    def fail(network, place, settings, card):
        (place / "half").touch()
        raise RuntimeError("no such\n operation")

    monkeypatch.setattr(exporting, "_write", fail)
    with pytest.raises(DataError, match="cannot be exported as saved_model: no such operation; nothing was written"):
        export_model(model, tmp_path / "made", ExportSettings("saved_model"), IMAGE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("difference", "other", "is_close"),
    # Of 1,000 pixels one may have another class.
    [(1e-3, 1, True), (1.1e-3, 0, False), (0.0, 2, False), (float("nan"), 0, False), (None, 1, True), (None, 2, False)],
)
def test_close_is_a_thousandth_of_probability_and_of_pixels(difference, other, is_close):
    assert Comparison(difference, 1000, other).is_close == is_close


def test_a_missing_package_is_named_with_the_way_out(model, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find(name))
    with pytest.raises(ConfigError, match=r"tf2onnx not installed; python -m pip install -r requirements-export.lock"):
        export_model(model, tmp_path / "made", ExportSettings("onnx"), IMAGE)


@pytest.mark.backend
@pytest.mark.skipif(backend.backend_name() == "tensorflow", reason="says what to do under another back end")
def test_another_back_end_is_refused_with_the_way_out(model, tmp_path):
    with pytest.raises(ConfigError, match="found jax; set KERAS_BACKEND=tensorflow"):
        export_model(model, tmp_path / "made", ExportSettings("tflite"), IMAGE)


@on_tensorflow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"batch": 0}, "batch = 0"),
        ({"size_wh": (50, 32)}, "size 50x32"),
        ({"batch": 10**9}, "1,000,000,000 images of 48x32 at a time: the probabilities alone take 215,040.0 GB"),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_written(model, tmp_path, change, said):
    with pytest.raises(ConfigError, match=said):
        export_model(model, tmp_path / "made", dataclasses.replace(ExportSettings("tflite"), **change), IMAGE)
    assert not list(tmp_path.iterdir())


@on_tensorflow
def test_a_tflite_file_is_one_file_with_its_card_behind_the_model(exported):
    with zipfile.ZipFile(exported["tflite"][0]) as archive:
        card = json.loads(archive.read("segmentation.json"))
    assert ModelCard.model_validate_json(json.dumps({key: card[key] for key in ModelCard.model_fields})) == ModelCard(
        name="small", label_map=study_label_map(), size_wh=(48, 32), preparation="study"
    )

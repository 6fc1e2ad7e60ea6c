import os
import subprocess
import sys

import pytest

from common.config.settings import NetworkSettings
from common.errors import DataError
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card
from common.tools import export
from tests.support.running import PROJECT
from tests.support.toy_network import plain_form


@pytest.mark.slow
def test_a_model_is_exported_beside_itself_with_its_difference_under_any_back_end(tmp_path):
    model = saved(tmp_path)
    # As in a user's terminal; other tests of this process may have set the latter.
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run(
        [sys.executable, "-m", "common.tools.export", model, "--to", "tflite"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert f"{tmp_path / 'tiny.tflite'}: tflite, compared on a drawn street" in done.stdout
    assert "largest difference of a probability" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.keras", "tiny.tflite"]
    with pytest.raises(DataError, match="tiny.tflite: is there already"):
        export.main([str(model), "--to", "tflite"])


def saved(folder):
    """Saves a small model with its card."""
    path = folder / "tiny.keras"
    plain_form(NetworkSettings(height=32, width=32)).save(path)
    add_card(path, ModelCard(name="tiny", label_map=study_label_map(), size_wh=(32, 32), preparation="study"))
    return path


@pytest.mark.parametrize("size", ["416", "416x", "0x208", "-1x2", "416x208x3", "wide"])
def test_a_size_that_is_none_is_refused_at_once(size, capsys):
    with pytest.raises(SystemExit, match="2"):
        export.main(["no.keras", "--to", "onnx", f"--size={size}"])
    assert f"argument --size: '{size}' is not a size; expected width x height" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "onnx"], "no such file; expected a .keras model"),
        (["--to", "onnx", "--out", "x.tflite"], "expected a name that ends in .onnx for --to onnx"),
        (["--to", "saved_model", "--out", "x.onnx"], "expected the name of a folder for --to saved_model"),
        (["--to", "tflite", "--out", "/proc/no/x.tflite"], "cannot be written"),
        (["--to", "tflite", "--size", "100x50"], "multiples of 16"),
    ],
)
def test_what_is_wrong_is_said_before_keras_is_imported(arguments, message, tmp_path):
    model = "no.keras" if len(arguments) == 2 else str(saved(tmp_path))
    code = (
        "import sys\nfrom common.errors import ProjectError\nfrom common.tools import export\n"
        f"try: export.main({[model, *arguments]})\n"
        f"except ProjectError as error: assert {message!r} in str(error), error\n"
        "else: sys.exit('accepted')\n"
        "if 'keras' in sys.modules: sys.exit('Keras was imported')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_frame_that_is_missing_is_named_at_once(tmp_path):
    with pytest.raises(DataError, match="no.png"):
        export.main([str(tmp_path / "no.keras"), "--to", "onnx", "--image", str(tmp_path / "no.png")])

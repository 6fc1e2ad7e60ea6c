import json
import subprocess
import sys
import zipfile

import cv2
import keras
import numpy as np
import pytest
from PIL import Image

from common.config.settings import NetworkSettings
from common.errors import ConfigError, DataError
from common.images.png import read_image, read_mask
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card
from common.learning.network.networks import class_index_model
from common.learning.network.unet import plain_form
from common.learning.training.scoring import predict as predict_split
from common.learning.training.scoring import write_predictions
from common.tools import evaluate, predict
from tests.support.official_pixels import ask_official_pixels, assert_as_official
from tests.support.running import PROJECT

MAP = study_label_map()


@pytest.fixture(scope="module")
def model_file(prepared, tmp_path_factory):
    """A network with random weights for the size of the prepared images."""
    image = read_image(next((prepared / "val" / "images").iterdir()))
    height, width = image.shape[:2]
    keras.utils.set_random_seed(5)
    model = plain_form(NetworkSettings(height=height, width=width, alpha=0.125))
    path = tmp_path_factory.mktemp("models") / "study.keras"
    model.save(path)
    add_card(path, ModelCard(name="study", label_map=MAP, size_wh=(width, height), preparation="study"))
    return path


@pytest.fixture(scope="module")
def written_by_training(prepared, model_file, tmp_path_factory):
    """The predictions of the val split as the training process writes them."""
    files = sorted((prepared / "val" / "images").iterdir())
    folder = tmp_path_factory.mktemp("val_predictions")
    model = class_index_model(keras.saving.load_model(model_file, compile=False))
    found = predict_split(model, np.stack([read_image(file) for file in files]))
    write_predictions(found, [file.stem for file in files], folder, MAP)
    return folder


def run(*arguments):
    return predict.main([str(argument) for argument in arguments])


def ids_below(folder):
    return {file.relative_to(folder).as_posix(): read_mask(file) for file in sorted(folder.rglob("*.png"))}


@pytest.mark.parametrize("batch", [1, 8])
def test_of_a_prepared_split_the_ids_are_those_training_wrote(
    prepared, model_file, written_by_training, tmp_path, batch
):
    assert run(model_file, prepared / "val", tmp_path / "out", "--batch", batch) == 0
    found = ids_below(tmp_path / "out" / "labelIds")
    assert sorted(found) == [file.name for file in sorted((prepared / "val" / "images").iterdir())]
    for name, ids in found.items():
        assert np.array_equal(ids, MAP.decode(read_mask(written_by_training / name)))
        color = cv2.imread(str(tmp_path / "out" / "color" / name))
        assert np.array_equal(color, cv2.imread(str(written_by_training / name.replace(".png", "_color.png"))))


def test_what_the_server_takes_is_one_mask_a_frame_at_full_size(demo_tree, model_file, tmp_path):
    assert run(model_file, demo_tree, tmp_path / "out", "--splits", "val", "--tta", "--overlay") == 0
    found = ids_below(tmp_path / "out" / "labelIds")
    frames = [file.name.removesuffix("_leftImg8bit.png") for file in demo_tree.glob("leftImg8bit/val/*/*.png")]
    assert sorted(found) == sorted(f"val/{frame}.png" for frame in frames)
    assert {(ids.shape, ids.dtype.name) for ids in found.values()} == {((64, 128), "uint8")}
    assert max(ids.max() for ids in found.values()) <= 33
    assert len(list((tmp_path / "out" / "overlay").rglob("*.jpg"))) == len(frames)


def test_the_scores_of_what_was_predicted_are_those_of_the_official_script(
    demo_tree, model_file, tmp_path, monkeypatch
):
    assert run(model_file, demo_tree, tmp_path / "out", "--splits", "val") == 0
    evaluate.main([str(tmp_path / "out"), str(demo_tree), "--json", str(tmp_path / "r.json"), "--workers", "1"])
    truth = sorted(demo_tree.glob("gtFine/val/*/*_labelIds.png"))
    given = [tmp_path / "out/labelIds/val" / path.name.replace("_gtFine_labelIds", "") for path in truth]
    ours = json.loads((tmp_path / "r.json").read_text())
    assert ours["protocol"]["sizes"] == [[128, 64]]
    assert_as_official(ours, ask_official_pixels(given, truth, monkeypatch))


def test_a_zip_stays_closed_and_gives_what_the_folder_gives(demo_tree, model_file, tmp_path):
    archive = tmp_path / "leftImg8bit_trainvaltest.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in demo_tree.glob("leftImg8bit/val/*/*.png"):
            zipped.write(file, file.relative_to(demo_tree))
    for source, out in ((archive, "a"), (demo_tree, "b")):
        assert run(model_file, source, tmp_path / out, "--splits", "val") == 0
    ours, theirs = ids_below(tmp_path / "a" / "labelIds"), ids_below(tmp_path / "b" / "labelIds")
    assert list(ours) == list(theirs)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture
def photos(tmp_path):
    """Three photographs of different sizes, and a file that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, (width, height) in {"a.jpg": (90, 61), "b.png": (33, 70), "c.webp": (128, 64)}.items():
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return folder


def test_a_damaged_photograph_is_named_and_the_others_are_predicted(model_file, photos, tmp_path):
    assert run(model_file, photos, tmp_path / "out") == 1
    found = ids_below(tmp_path / "out" / "labelIds")
    assert {name: ids.shape for name, ids in found.items()} == {
        "a.png": (61, 90),
        "b.png": (70, 33),
        "c.png": (64, 128),
    }


def test_a_result_does_not_depend_on_the_batch_it_shares(model_file, photos, tmp_path):
    (photos / "broken.jpg").unlink()
    for batch in (1, 3):
        assert run(model_file, photos, tmp_path / str(batch), "--batch", batch) == 0
    ours, theirs = (ids_below(tmp_path / name / "labelIds") for name in ("1", "3"))
    assert all(np.mean(ours[name] == theirs[name]) > 0.999 for name in ours)


def test_an_interrupted_run_goes_on_with_what_is_missing(model_file, photos, tmp_path, caplog):
    (photos / "broken.jpg").unlink()
    assert run(model_file, photos, tmp_path / "out") == 0
    kept, lost = (tmp_path / "out" / "labelIds" / f"{name}.png" for name in "ab")
    before = kept.stat().st_mtime_ns
    lost.unlink()
    assert run(model_file, photos, tmp_path / "out") == 0
    assert lost.is_file()
    assert kept.stat().st_mtime_ns == before
    with pytest.raises(DataError, match="--overwrite"):
        run(model_file, photos, tmp_path / "out", "--tta")


def test_the_legend_shows_the_colours_that_are_written(model_file, photos, tmp_path):
    (photos / "broken.jpg").unlink()
    assert run(model_file, photos, tmp_path / "out", "--legend") == 0
    legend = {tuple(color) for row in read_image(tmp_path / "out" / "legend.png") for color in row.tolist()}
    color = read_image(tmp_path / "out" / "color" / "a.png")
    assert {tuple(found) for found in np.unique(color.reshape(-1, 3), axis=0).tolist()} <= legend


def test_what_is_wrong_is_said_before_keras_is_imported(model_file, photos, tmp_path):
    calls = [
        ([photos / "a.jpg", model_file, "out"], "are they swapped"),
        ([model_file, tmp_path / "no.jpg", "out"], "no such file or folder"),
        ([model_file, photos, photos / "a.jpg" / "out"], "must not lie inside each other"),
        ([tmp_path / "no.keras", photos, "out"], "no such file; expected a .keras model"),
        ([model_file, photos, "/proc/no/out"], "cannot be written"),
        ([model_file, photos, "out", "--size", "100x50"], "multiples of 16"),
    ]
    code = (
        "import sys\nfrom common.errors import ProjectError\nfrom common.tools import predict\n"
        f"for arguments, message in {[([str(one) for one in given], message) for given, message in calls]}:\n"
        "    try: predict.main(arguments)\n"
        "    except ProjectError as error: assert message in str(error), error\n"
        "    else: sys.exit(message)\n"
        "    if 'keras' in sys.modules: sys.exit(f'Keras was imported before: {message}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_pictures_of_other_kinds_are_named_and_give_status_1(model_file, photos, tmp_path, caplog):
    (photos / "broken.jpg").unlink()
    (photos / "IMG_1.AVIF").write_bytes(b"any")
    (photos / "IMG_1.MOV").write_bytes(b"any")
    with caplog.at_level("WARNING", "common"):
        assert run(model_file, photos, tmp_path / "out") == 1
    assert "1 AVIF picture (for example IMG_1.AVIF), 1 video (for example IMG_1.MOV) passed over" in caplog.text
    assert len(ids_below(tmp_path / "out" / "labelIds")) == 3


def test_results_never_become_input(model_file, photos):
    with pytest.raises(DataError, match="must not lie inside each other"):
        run(model_file, photos, photos / "out")
    with pytest.raises(DataError, match="must not lie inside each other"):
        run(model_file, photos / "a.jpg", photos, "--overwrite")


def test_what_cannot_be_meant_is_refused_before_anything_is_written(model_file, photos, tmp_path):
    with pytest.raises(ConfigError, match="multiples of 16"):
        run(model_file, photos, tmp_path / "out", "--size", "100x50")
    with pytest.raises(DataError, match="no such file or folder"):
        run(model_file, tmp_path / "nothing", tmp_path / "out")
    assert not (tmp_path / "out").exists()

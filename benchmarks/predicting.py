"""Prediction of a folder against one `model.predict` an image and a loop over the classes for the colours.

    python -m benchmarks.predicting [--quick] [--json FILE]

U-Net of the study, 208 x 416, alpha 1, batch 8, on drawn images of that size, class and colour PNG files written; then
frames of 2048 x 1024, and the widening of probabilities alone.
"""

import tempfile
from pathlib import Path

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.learning.backend import machine as backend

backend.quiet_start()

import cv2
import keras
import numpy as np

from common.config.settings import NetworkSettings
from common.dataset.original.layouts import find_frames
from common.images.png import (
    encode_image,
    read_image,
)
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard
from common.learning.network.unet import plain_form
from common.learning.predicting.ensembles import Ensemble
from common.learning.predicting.photographs import find_photographs
from common.learning.predicting.prediction import predict_photographs
from common.learning.predicting.result_folder import ResultFolder
from common.learning.predicting.upsampling import largest_class

SIZE = 416, 208
MAP = study_label_map()


def measure(quick=False):
    """Measures images a second and milliseconds an image; returns rows of `timing.row`."""
    count, turns = (8, 1) if quick else (32, 5)
    frames = [frame for frame in find_frames(drawn_frames(12 if quick else 48)) if frame.split == "train"][:count]
    keras.utils.set_random_seed(0)
    model = plain_form(NetworkSettings(height=SIZE[1], width=SIZE[0]))
    ensemble = Ensemble([(model, ModelCard(name="study", label_map=MAP, size_wh=SIZE, preparation="study"))])
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        _write_images(frames, small, large)
        return [
            _folder("208x416", (model, ensemble), small, turns, 2),
            _folder("2048x1024", (model, ensemble), large, turns),
            _widening(model, small, turns),
        ]


def _write_images(frames, small, large):
    for folder in (small, large):
        folder.mkdir()
    for frame in frames:
        image = read_image(frame.image)
        (large / f"{frame.name}.png").write_bytes(frame.image.read_bytes())
        resized = cv2.resize(image, SIZE, interpolation=cv2.INTER_LINEAR)
        (small / f"{frame.name}.png").write_bytes(encode_image(resized))


def _folder(name, networks, images, turns, asked=None):
    model, ensemble = networks
    photographs, out = find_photographs(images).photographs, images.parent / "out"
    count, ours, plain = len(photographs), [], []
    for turn in range(-1, turns):
        first = seconds(predict_photographs, ensemble, photographs, ResultFolder(out / f"{name}_{turn}", MAP))
        second = seconds(_predict_plainly, model, images, out / f"{name}_plain_{turn}")
        if turn >= 0:  # the turn before compiles the network
            ours.append(count / first)
            plain.append(count / second)
    return row(f"prediction of a folder of {name}, images/s", ours, plain, asked, higher_is_better=True)


def _predict_plainly(model, images, out):
    """What the study's script does: one image after the other, and for each class a comparison to paint it."""
    out.mkdir(parents=True)
    for file in sorted(images.iterdir()):
        image = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        size_wh = image.shape[1], image.shape[0]
        if size_wh != SIZE:
            image = cv2.resize(image, SIZE, interpolation=cv2.INTER_LINEAR)
        (probabilities,) = model.predict(image[None], verbose=0)
        if size_wh != SIZE:
            probabilities = cv2.resize(probabilities, size_wh, interpolation=cv2.INTER_LINEAR)
        classes = np.argmax(probabilities, axis=-1).astype(np.uint8)
        colors = np.zeros((*classes.shape, 3), np.uint8)
        for index, color in enumerate(MAP.colors):
            colors[classes == index] = color
        cv2.imwrite(str(out / file.name), classes)
        cv2.imwrite(str(out / f"{file.stem}_color.png"), cv2.cvtColor(colors, cv2.COLOR_RGB2BGR))


def _widening(model, images, turns):
    """Against widening every class with OpenCV and taking the largest.

    An untrained network is the worst case: nearly every class can win nearly everywhere.
    """
    batch = np.stack([read_image(file) for file in sorted(images.iterdir())[:4]])
    probabilities, wide, ours, plain = model.predict_on_batch(batch), (2048, 1024), [], []
    for _ in range(turns):
        for grid in probabilities:
            ours.append(1000 * seconds(largest_class, [grid], wide))
            plain.append(1000 * seconds(lambda grid: cv2.resize(grid, wide).argmax(-1), grid))
    return row("widening 35 undecided classes to 2048x1024, ms", ours, plain)


if __name__ == "__main__":
    main(__doc__, measure)

"""The files of the demo dataset: which frames there are, where they lie, and when the dataset is complete."""

import functools
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import ids_to_colors, polygons_to_json
from common.demo.city import TRAIN_CITIES, VAL_CITIES
from common.demo.scene import draw_frame
from common.errors import DataError
from common.files.disk import read_json, write_bytes, write_json
from common.parallel import run_all

MANIFEST = "demo.json"
UNFINISHED = "demo_unfinished.json"
# Raised when the same settings draw something else than before.
DRAWING_VERSION = 1
SMALLEST_SIDE = 32
LARGEST_SIDE = 4096
# The fastest level; level 3 saves 7 % and takes 1.5 times as long.
_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1)


@dataclass(frozen=True)
class DemoSettings:
    """What is drawn.

    Attributes:
        train: Number of frames in `train`.
        val: Number of frames in `val`.
        size_wh: Width and height of a frame, in pixels; Cityscapes has 2048x1024.
        seed: The same seed draws the same bytes.
    """

    train: int = 96
    val: int = 32
    size_wh: tuple[int, int] = (512, 256)
    seed: int = 42


@dataclass(frozen=True)
class DemoResult:
    """What a call did.

    Attributes:
        drawn: Number of frames drawn now.
        kept: Number of frames that were there already.
    """

    drawn: int
    kept: int


def draw_demo_dataset(out: Path, settings: DemoSettings, workers: int = 1) -> DemoResult:
    """Draws the demo dataset in the official layout, or what is missing of it.

    Args:
        out: The folder that gets `leftImg8bit` and `gtFine`: new, empty, or with what the same settings drew.
        settings: What is drawn.
        workers: Number of processes.

    Raises:
        DataError: If the settings cannot be drawn, or the folder holds anything else.
    """
    _check_settings(settings)
    wanted = {"version": DRAWING_VERSION} | asdict(settings) | {"size_wh": list(settings.size_wh)}
    frames = list_frames(settings)
    if not _is_begun(out, wanted):
        write_json(out / UNFINISHED, wanted)
    missing = [frame for frame in frames if not all(path.exists() for path in _paths(out, *frame).values())]
    for _ in run_all(functools.partial(_write_frame, out, settings), missing, workers, "Drawing"):
        pass
    # Written last: its existence means complete.
    if not (out / MANIFEST).exists():
        write_json(out / MANIFEST, wanted)
    (out / UNFINISHED).unlink(missing_ok=True)
    return DemoResult(len(missing), len(frames) - len(missing))


def list_frames(settings: DemoSettings) -> list[tuple[str, str]]:
    """Lists `(split, name)` of all frames; each city has its own numbers, as in Cityscapes."""
    frames = []
    for split, cities, count in (("train", TRAIN_CITIES, settings.train), ("val", VAL_CITIES, settings.val)):
        for number in range(count):
            city, sequence = cities[number % len(cities)].name, number // len(cities)
            # One frame of a sequence is annotated: in train always the twentieth.
            frame = 19 if split == "train" else zlib.crc32(f"{city} {sequence}".encode()) % 30_000
            frames.append((split, f"{city}_{sequence:06d}_{frame:06d}"))
    return frames


def _check_settings(settings: DemoSettings) -> None:
    if min(settings.train, settings.val) < 0 or settings.train + settings.val < 1:
        raise DataError(f"{settings.train} train and {settings.val} val frames cannot be drawn; expected at least one")
    if not SMALLEST_SIDE <= min(settings.size_wh) <= max(settings.size_wh) <= LARGEST_SIDE:
        size = "x".join(map(str, settings.size_wh))
        raise DataError(f"frames of {size} cannot be drawn; expected sides of {SMALLEST_SIDE} to {LARGEST_SIDE} pixels")
    if settings.seed < 0:
        raise DataError(f"the seed {settings.seed} cannot be used; expected 0 or more")


def _is_begun(out: Path, wanted: dict[str, object]) -> bool:
    """Tells whether the folder holds a dataset of these settings, complete or not.

    Raises:
        DataError: If it holds anything else.
    """
    if not out.exists():
        return False
    if not out.is_dir():
        raise DataError(f"{out}: is a file, expected a folder")
    for name in (MANIFEST, UNFINISHED):
        if (out / name).exists():
            found = read_json(out / name)
            if found != wanted:
                raise DataError(
                    f"{out}: holds a demo dataset of other settings ({found}), expected {wanted}; "
                    "choose another folder or remove this one"
                )
            return True
    if any(out.iterdir()):
        raise DataError(f"{out}: is not empty and does not hold a demo dataset; choose another folder")
    return False


def _paths(out: Path, split: str, name: str) -> dict[str, Path]:
    """Names the files of a frame, in the order in which they are written."""
    city = name.split("_")[0]
    truth = out / "gtFine" / split / city
    return {
        "image": out / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png",
        "ids": truth / f"{name}_gtFine_labelIds.png",
        "instances": truth / f"{name}_gtFine_instanceIds.png",
        "color": truth / f"{name}_gtFine_color.png",
        "polygons": truth / f"{name}_gtFine_polygons.json",
    }


def _write_frame(out: Path, settings: DemoSettings, frame: tuple[str, str]) -> None:
    """Draws and writes one frame."""
    split, name = frame
    picture, image, painted = draw_frame(name, settings.size_wh, settings.seed)
    paths = _paths(out, split, name)
    write_bytes(paths["image"], _png(picture[..., ::-1]))
    write_bytes(paths["ids"], _png(painted.ids))
    write_bytes(paths["instances"], _png(painted.instance_ids))
    write_bytes(paths["color"], _png(ids_to_colors(painted.ids)[..., [2, 1, 0, 3]]))
    write_json(paths["polygons"], polygons_to_json(image))


def _png(array: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Encodes an array in OpenCV's order of channels as PNG."""
    done, data = cv2.imencode(".png", np.ascontiguousarray(array), _PNG)
    if not done:
        raise DataError(f"an array of shape {array.shape} and type {array.dtype} could not be encoded as PNG")
    return data.tobytes()

"""The place of an exported model: its name, and that it is complete or not there. Knows no Keras."""

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from common.errors import ConfigError, DataError
from common.files.disk import atomic_path
from common.files.targets import building, check_can_write

# How names end by kind; a SavedModel is a folder.
ENDINGS = {"onnx": ".onnx", "saved_model": "_saved_model", "tflite": ".tflite"}
# Name of the model's card inside what is exported.
CARD_NAME = "segmentation.json"
_MARK = "saved_model.pb"
_PACKAGES = {"onnx": ("onnx", "onnxruntime", "tf2onnx"), "saved_model": (), "tflite": ()}


def default_target(model: Path, kind: str) -> Path:
    """Names the exported model: beside its model, with the ending of the kind."""
    return model.with_name(model.stem + ENDINGS[kind])


def check_target(target: Path, kind: str, overwrite: bool) -> None:
    """Refuses a place that an exported model must not be written to; worth asking before long work.

    Raises:
        ConfigError: If the name has the ending of another kind.
        DataError: If something is there that may not be replaced, or nothing can be written there.
    """
    _check_ending(target, kind)
    check_can_write(target)
    if not (target.exists() or target.is_symlink()):
        return
    if not overwrite:
        raise DataError(f"{target}: is there already; choose another --out, or replace it with --overwrite")
    if not _is_of_kind(target, kind):
        expected = f"a folder with {_MARK}" if kind == "saved_model" else "a file"
        raise DataError(f"{target}: is not replaced, because it is not {expected}; choose another --out")


def _check_ending(target: Path, kind: str) -> None:
    """Refuses names by which programs would take the file for something else."""
    ending, found = ENDINGS[kind], target.suffix.lower()
    if found != ending if ending.startswith(".") else found in (*ENDINGS.values(), ".keras"):
        expected = f"a name that ends in {ending}" if ending.startswith(".") else "the name of a folder"
        raise ConfigError(f"{target}: expected {expected} for --to {kind}")


def check_packages(kind: str) -> None:
    """Raises ConfigError if a package is missing that a kind needs."""
    if missing := [name for name in _PACKAGES[kind] if importlib.util.find_spec(name) is None]:
        raise ConfigError(
            f"export to {kind}: {', '.join(missing)} not installed; python -m pip install -r requirements-export.lock "
            f"in the folder of this project, or python -m pip install {' '.join(missing)}"
        )


def _is_of_kind(target: Path, kind: str) -> bool:
    if target.is_symlink():
        return False
    return (target / _MARK).is_file() if kind == "saved_model" else not target.is_dir()


@contextlib.contextmanager
def new_place(target: Path, kind: str, overwrite: bool = False) -> Iterator[Path]:
    """Gives a temporary path beside `target` that takes its place when the block ends without an error.

    Yields:
        The path to write to: of a new file, or an empty folder. What an error leaves there is removed.

    Raises:
        DataError: As `check_target`, or if it cannot be written.
    """
    check_target(target, kind, overwrite)
    place = (
        building(target, is_ours=lambda path: overwrite and _is_of_kind(path, kind))
        if kind == "saved_model"
        else atomic_path(target)
    )
    with place as path:
        yield path

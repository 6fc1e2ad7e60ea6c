"""The place of an exported model: its name, and that it is complete or not there. Knows no Keras."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from common.errors import DataError
from common.files.disk import atomic_path
from common.files.targets import building

# How names end by kind; a SavedModel is a folder.
ENDINGS = {"onnx": ".onnx", "saved_model": "_saved_model", "tflite": ".tflite"}
# Name of the model's card inside what is exported.
CARD_NAME = "segmentation.json"
_MARK = "saved_model.pb"


def default_target(model: Path, kind: str) -> Path:
    """Names the exported model: beside its model, with the ending of the kind."""
    return model.with_name(model.stem + ENDINGS[kind])


def check_target(target: Path, kind: str, overwrite: bool) -> None:
    """Refuses a place that an exported model must not be written to; worth asking before long work.

    Raises:
        DataError: If something is there that may not be replaced.
    """
    if not (target.exists() or target.is_symlink()):
        return
    if not overwrite:
        raise DataError(f"{target}: is there already; choose another --out, or replace it with --overwrite")
    if not _is_of_kind(target, kind):
        expected = f"a folder with {_MARK}" if kind == "saved_model" else "a file"
        raise DataError(f"{target}: is not replaced, because it is not {expected}; choose another --out")


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

"""Where an exported model stands: its name, and that it is there whole or not at all. Knows no Keras."""

import contextlib
import secrets
import shutil

from common.errors import DataError
from common.files.disk import atomic_path

# How names end by kind; a SavedModel is a folder.
ENDINGS = {"onnx": ".onnx", "saved_model": "_saved_model", "tflite": ".tflite"}
# Of the model's card inside what is exported.
CARD_NAME = "segmentation.json"
_MARK = "saved_model.pb"


def default_target(model, kind):
    """Names what is made of a model: beside it, with the ending of the kind."""
    return model.with_name(model.stem + ENDINGS[kind])


def check_target(target, kind, overwrite):
    """Refuses a place that an exported model must not be written to; worth asking before long work.

    Raises:
        DataError: If something stands there that may not be replaced.
    """
    if not (target.exists() or target.is_symlink()):
        return
    if not overwrite:
        raise DataError(f"{target}: is there already; choose another --out, or replace it with --overwrite")
    is_folder = kind == "saved_model"
    if target.is_symlink() or target.is_dir() != is_folder or (is_folder and not (target / _MARK).is_file()):
        expected = f"a folder with {_MARK}" if is_folder else "a file"
        raise DataError(f"{target}: is not replaced, because it is not {expected}; choose another --out")


@contextlib.contextmanager
def new_place(target, kind, overwrite=False):
    """Gives a temporary path beside `target` that takes its place when the block ends without an error.

    Yields:
        The path to write to, a file or a folder that is not there yet. What an error leaves there is removed.

    Raises:
        DataError: As `check_target`, or if it cannot be written.
    """
    check_target(target, kind, overwrite)
    if kind != "saved_model":
        with atomic_path(target) as temporary:
            yield temporary
        return
    building = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield building
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)

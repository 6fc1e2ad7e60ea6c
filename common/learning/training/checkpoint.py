"""The state of a training after an epoch, in one file: all a resumed training needs to give the same bits.

Weights, optimiser state and best weights are arrays of an .npz file, history and epoch are JSON inside it. What is read
is compared with the training that asks for it before anything is put into its network. The file is replaced atomically,
so that a killed training leaves the last whole epoch.
"""

import io
import json
import math
import zipfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from common.files.disk import atomic_path
from common.learning.experiments.jobs import ProgressEntry

# 1,000 epochs have 200 KB.
_LARGEST_HEADER_BYTES = 10_000_000

# The values of Keras variables, in their order.
Weights: TypeAlias = list[NDArray[Any]]


@dataclass
class TrainingState:
    """The state of a training, which changes from epoch to epoch; epochs are counted from 0."""

    history: list[ProgressEntry]
    best_epoch: int | None = None
    best_weights: Weights | None = None

    @property
    def epochs_done(self) -> int:
        """Number of finished epochs."""
        return len(self.history)


def values_of(variables: Iterable[keras.Variable]) -> Weights:
    """Copies Keras variables to numpy arrays, under any back end."""
    return [np.array(ops.convert_to_numpy(ops.convert_to_tensor(variable))) for variable in variables]


def save_checkpoint(path: Path, state: TrainingState, model: keras.Model, identity: str) -> None:
    """Writes the state of a training and its compiled model; a training of another identity refuses the file."""
    header = {"identity": identity, "history": state.history, "best_epoch": state.best_epoch}
    arrays: dict[str, Any] = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}
    for group, values in (
        ("model", values_of(model.variables)),
        ("optimizer", values_of(model.optimizer.variables)),
        ("best", state.best_weights or []),
    ):
        arrays.update({f"{group}_{index}": value for index, value in enumerate(values)})
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with atomic_path(path, durable=True) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load_checkpoint(
    path: Path, model: keras.Model, identity: str, entry_keys: Collection[str], may_miss: Collection[str] = ()
) -> TrainingState:
    """Puts a saved state back into a model.

    Args:
        path: The file.
        model: A compiled model with a built optimiser.
        identity: Of the training.
        entry_keys: What each entry of the history says, in numbers.
        may_miss: Those of them that an entry may lack.

    Returns:
        A fresh state if there is no file, or it is damaged or belongs to another training; one line says why.
    """
    if not path.exists():
        return TrainingState([])
    variables = [*model.variables, *model.optimizer.variables]
    try:
        state, values = _read(path, model, identity, frozenset(entry_keys), frozenset(may_miss))
    except Exception as error:  # whatever is wrong with the file, the training can start again
        reason = " ".join(str(error).split())[:300]
        print(f"{path}: cannot be used ({type(error).__name__}: {reason}); the training starts again")
        return TrainingState([])
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return state


def _read(
    path: Path, model: keras.Model, identity: str, entry_keys: frozenset[str], may_miss: frozenset[str]
) -> tuple[TrainingState, Weights]:
    """Reads a state, and the values of the model and its optimiser; nothing larger than these is unpacked."""
    if not path.is_file():
        raise ValueError("is not a file")
    with zipfile.ZipFile(path) as archive:
        header = json.loads(_array(archive, "header", None).tobytes())
        if header["identity"] != identity:
            raise ValueError("it was made with another precision, back end or number of threads")
        state = TrainingState(header["history"], header["best_epoch"])
        _check_history(state, entry_keys, may_miss)
        expected = {"model": values_of(model.variables), "optimizer": values_of(model.optimizer.variables)}
        if state.best_epoch is not None:
            expected["best"] = expected["model"]
        found = {
            group: [_array(archive, f"{group}_{index}", like) for index, like in enumerate(values)]
            for group, values in expected.items()
        }
        if len(archive.namelist()) != 1 + sum(map(len, found.values())):
            raise ValueError("it has other arrays than the network and its optimiser")
    state.best_weights = found.pop("best", None)
    return state, [*found["model"], *found["optimizer"]]


def _check_history(state: TrainingState, entry_keys: frozenset[str], may_miss: frozenset[str]) -> None:
    """Refuses a history that a training of this kind did not write."""
    for epoch, entry in enumerate(state.history):
        is_whole = entry_keys - may_miss <= entry.keys() <= entry_keys and all(
            type(value) in (int, float) and math.isfinite(cast(float, value)) for value in entry.values()
        )
        if not is_whole or entry["epoch"] != epoch:
            raise ValueError(f"its entry of epoch {epoch + 1} is not one of this kind of training")
    best = state.best_epoch
    if best is None if state.history else best is not None:
        raise ValueError("it does not say which epoch was the best one")
    if best is not None and not (type(best) is int and 0 <= best < len(state.history)):
        raise ValueError(f"its best epoch is {best!r} of {len(state.history)}")


def _array(archive: zipfile.ZipFile, name: str, like: NDArray[Any] | None) -> NDArray[Any]:
    """Reads an array of the shape and type of another one; None stands for bytes of any number up to a limit."""
    with archive.open(f"{name}.npy") as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError(f"{name} is not an array as numpy saves it")
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(member)
        wanted = (shape[:1], np.dtype(np.uint8)) if like is None else (like.shape, like.dtype)
        size = math.prod(shape) * dtype.itemsize
        if (shape, dtype) != wanted or (like is None and size > _LARGEST_HEADER_BYTES):
            raise ValueError(f"{name} has the shape {shape} and type {dtype}, expected {wanted[0]} and {wanted[1]}")
        data = member.read(size)
    values = np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")
    # A network with such values would stop the training at every start; the optimiser may hold infinity.
    is_wrong = np.isnan if name.startswith("optimizer") else lambda array: ~np.isfinite(array)
    if values.dtype.kind == "f" and is_wrong(values).any():
        raise ValueError(f"{name} has values that are not numbers")
    return values

"""The state of a training after an epoch, in one file: all a resumed training needs to give the same bits.

Weights, optimiser state and best weights are arrays of an .npz file (read without pickle), history and epoch are JSON
inside it. The file is replaced atomically, so that a killed training leaves the last whole epoch.
"""

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from common.files.disk import atomic_path
from common.learning.experiments.jobs import ProgressEntry

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


def load_checkpoint(path: Path, model: keras.Model, identity: str) -> TrainingState:
    """Puts a saved state back into a model.

    Returns a fresh state if there is no file, or it is damaged or belongs to another training.
    """
    try:
        header, groups = _read(path)
        fits = header["identity"] == identity
        state = TrainingState(header["history"], header["best_epoch"], groups["best"] or None)
    except FileNotFoundError:
        return TrainingState([])
    except Exception as error:  # whatever is wrong with the file, the training can start again
        print(f"{path}: cannot be used ({type(error).__name__}: {error}); the training starts again")
        return TrainingState([])
    if not (fits and _fits(model.variables, groups["model"]) and _fits(model.optimizer.variables, groups["optimizer"])):
        print(f"{path}: belongs to another precision, back end or number of threads; the training starts again")
        return TrainingState([])
    for variables, values in ((model.variables, groups["model"]), (model.optimizer.variables, groups["optimizer"])):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    return state


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Weights]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
        arrays = dict(content)
    header = json.loads(arrays.pop("header").tobytes())
    groups: dict[str, Weights] = {"model": [], "optimizer": [], "best": []}
    for name in sorted(arrays, key=lambda name: (name.split("_")[0], int(name.split("_")[1]))):
        groups[name.split("_")[0]].append(arrays[name])
    return header, groups


def _fits(variables: Sequence[keras.Variable], values: Weights) -> bool:
    return len(variables) == len(values) and all(
        tuple(variable.shape) == value.shape for variable, value in zip(variables, values, strict=True)
    )

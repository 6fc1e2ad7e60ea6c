import io
import json
import os
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest

from common.learning.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, values_of

KEYS = ("epoch", "loss")
HISTORY = [{"epoch": 0, "loss": 0.5}, {"epoch": 1, "loss": 0.25}]


@pytest.fixture(scope="module")
def model():
    """A network with one layer, and its optimiser."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture
def path(model, tmp_path):
    """A checkpoint of two epochs, the first of which was the best."""
    save_checkpoint(tmp_path / "a.npz", TrainingState(HISTORY, 0, values_of(model.variables)), model, "me")
    return tmp_path / "a.npz"


def load(path, model, identity="me"):
    return load_checkpoint(path, model, identity, KEYS)


def arrays_of(path):
    with np.load(path) as content:
        return dict(content)


def write(path, arrays):
    np.savez(path, **arrays)


def with_header(path, **changes):
    """Changes what the header says."""
    arrays = arrays_of(path)
    header = json.loads(arrays["header"].tobytes()) | changes
    write(path, arrays | {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)})


def started_over(path, model, capsys, reason):
    """Whether a file leads to a new start with one line, and leaves the network as it was."""
    before = values_of([*model.variables, *model.optimizer.variables])
    assert load(path, model).epochs_done == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{path}: cannot be used (")
    assert reason in line
    after = values_of([*model.variables, *model.optimizer.variables])
    return all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_a_state_comes_back_into_another_network(path, model):
    values = values_of(model.variables)
    model.set_weights([value + 1 for value in values])
    state = load(path, model)
    assert (state.history, state.best_epoch) == (HISTORY, 0)
    for one, other, best in zip(values_of(model.variables), values, state.best_weights, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(best, other)


def test_no_file_is_a_new_start_without_a_word(tmp_path, model, capsys):
    assert load(tmp_path / "none.npz", model).history == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"identity": "you"}, "was made with another precision, back end or number of threads"),
        ({"identity": None}, "was made with another"),
        ({"history": [{"epoch": 0, "loss": float("nan")}]}, "entry of epoch 1"),
        ({"history": [{"epoch": 0, "loss": "0.5"}]}, "entry of epoch 1"),
        ({"history": [{"epoch": 0, "loss": True}]}, "entry of epoch 1"),
        ({"history": [{"epoch": 0}]}, "entry of epoch 1"),
        ({"history": [{"epoch": 1, "loss": 0.5}]}, "entry of epoch 1"),
        ({"history": [{"epoch": 0, "loss": 0.5, "more": 1}]}, "entry of epoch 1"),
        ({"history": [1, 2]}, "AttributeError"),
        ({"history": {"epoch": 0}}, "AttributeError"),
        ({"history": None}, "TypeError"),
        ({"history": []}, "which epoch was the best"),
        ({"best_epoch": None}, "which epoch was the best"),
        ({"best_epoch": 2}, "best epoch is 2 of 2"),
        ({"best_epoch": -1}, "best epoch is -1"),
        ({"best_epoch": "0"}, "best epoch is '0'"),
    ],
)
def test_a_header_that_is_not_of_this_training_is_a_new_start(path, model, capsys, changes, reason):
    with_header(path, **changes)
    assert started_over(path, model, capsys, reason)


@pytest.mark.parametrize(
    "name, value, reason",
    [
        ("model_0", np.zeros((3, 3), np.float32), "shape (3, 3)"),
        ("model_0", np.zeros((3, 2), np.float64), "type float64"),
        ("model_0", np.full((3, 2), np.nan, np.float32), "not numbers"),
        ("model_1", np.array([{}, []], object), "type object"),
        ("model_1", np.array(["a", "b"]), "type <U1"),
        ("optimizer_2", np.zeros(10**6, np.float32), "shape (1000000,)"),
        ("best_1", np.zeros(3, np.float32), "shape (3,)"),
        ("header", np.zeros(3), "header has the shape"),
        ("header", np.frombuffer(b"[" * 100_000, np.uint8), "RecursionError"),
        ("header", np.frombuffer(b"{}", np.uint8), "KeyError"),
        ("more_0", np.zeros(3), "other arrays"),
        ("model_99", np.zeros(3), "other arrays"),
        ("notes", np.zeros(3), "other arrays"),
    ],
)
def test_arrays_that_are_not_of_this_training_are_a_new_start(path, model, capsys, name, value, reason):
    write(path, arrays_of(path) | {name: value})
    assert started_over(path, model, capsys, reason)


@pytest.mark.parametrize("name", ["header", "model_1", "optimizer_0", "best_0"])
def test_a_missing_array_or_one_that_is_no_array_is_a_new_start(path, model, capsys, name):
    arrays = arrays_of(path)
    write(path, {key: value for key, value in arrays.items() if key != name})
    assert started_over(path, model, capsys, name)
    with zipfile.ZipFile(path, "w") as archive:
        for key, value in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, value)
            archive.writestr(f"{key}.npy", buffer.getvalue()[6 if key == name else 0 :])
    assert started_over(path, model, capsys, "magic string")


def test_a_packed_array_that_would_fill_the_memory_is_not_unpacked(path, model, capsys):
    arrays = arrays_of(path) | {"model_0": np.zeros(10**8, np.uint8)}
    np.savez_compressed(path, **arrays)
    tracemalloc.start()
    try:
        assert started_over(path, model, capsys, "shape (100000000,)")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_folder_or_a_pipe_is_a_new_start(tmp_path, model, capsys):
    assert started_over(tmp_path, model, capsys, "is not a file")
    if hasattr(os, "mkfifo"):  # Windows has no such pipes
        os.mkfifo(tmp_path / "pipe.npz")
        assert started_over(tmp_path / "pipe.npz", model, capsys, "is not a file")


def test_any_damage_is_a_new_start_or_leaves_the_state(path, model):
    data, rng = path.read_bytes(), np.random.default_rng(0)
    values = values_of([*model.variables, *model.optimizer.variables])
    for round_ in range(400):
        damaged = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 6)):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged[: rng.integers(len(data))] if round_ % 4 == 0 else damaged)
        assert load(path, model).epochs_done in (0, 2)
    # Zips have a checksum of every member: what was put into the network was whole.
    after = values_of([*model.variables, *model.optimizer.variables])
    assert all(np.array_equal(one, other) for one, other in zip(values, after, strict=True))

"""Files that hold networks, for fuzzing: how a valid one is made, what reads it, and which error it may raise."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FuzzTarget:
    """A kind of file and its reader.

    Attributes:
        name: For messages.
        make: Writes a valid file.
        read: Reads a file that may be damaged.
        allowed: What it may raise; nothing but a line of text may come of any other fault.
        suffix: Ending of the file.
    """

    name: str
    make: Callable[[Path], None]
    read: Callable[[Path], object]
    allowed: tuple[type[Exception], ...]
    suffix: str


def fuzz_targets():
    """Lists the kinds; importing Keras takes seconds, so nothing is imported before."""
    import keras

    from common.config.settings import NetworkSettings
    from common.errors import DataError
    from common.labels.maps import study_label_map
    from common.learning.judging.judge import EvalNetCard, load_evalnet, save_evalnet
    from common.learning.judging.network import plain_form as evalnet
    from common.learning.network.model_card import ModelCard, add_card, load_model
    from common.learning.network.saved.weights_file import read_arrays
    from common.learning.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, values_of
    from tests.support.model_files import members_of
    from tests.support.toy_network import plain_form

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    history = [{"epoch": 0, "loss": 0.5}]

    def make_model(path):
        plain_form(NetworkSettings(height=16, width=32)).save(path)
        add_card(path, ModelCard(name="toy", label_map=study_label_map(), size_wh=(32, 16), preparation="study"))

    def make_evalnet(path):
        save_evalnet(
            path, evalnet((64, 64), 35, 0.125), EvalNetCard(name="a", label_map=study_label_map(), size_wh=(64, 64))
        )

    def make_weights(path):
        make_model(path.with_suffix(".keras"))
        path.write_bytes(members_of(path.with_suffix(".keras"))["model.weights.h5"])

    def make_checkpoint(path):
        save_checkpoint(path, TrainingState(history, 0, values_of(model.variables)), model, "me")

    return [
        FuzzTarget("model", make_model, load_model, (DataError,), ".keras"),
        FuzzTarget("EvalNet", make_evalnet, load_evalnet, (DataError,), ".keras"),
        FuzzTarget("weights", make_weights, lambda path: read_arrays(path.read_bytes()), (ValueError,), ".h5"),
        FuzzTarget(
            "checkpoint", make_checkpoint, lambda path: load_checkpoint(path, model, "me", history[0]), (), ".npz"
        ),
    ]

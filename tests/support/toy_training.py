"""A training of the toy network, started like a real one: `python -m tests.support.toy_training PRECISION ...`."""

import hashlib
import sys

import numpy as np

from common.config.settings import NetworkSettings
from common.learning.backend import machine as backend


def digest_of_training(precision):
    """Trains for three steps with a Keras policy; returns a digest of the weights."""
    import keras

    from common.learning.training.losses import pixel_cross_entropy
    from tests.support.toy_network import training_form

    keras.utils.set_random_seed(0)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model = training_form(NetworkSettings(16, 32))
        model.compile(optimizer="adamw", loss=pixel_cross_entropy, jit_compile=backend.jit_compile())
    finally:
        keras.config.set_dtype_policy(before)
    rng = np.random.default_rng(0)
    for _ in range(3):
        images = rng.integers(0, 256, (4, 16, 32, 3), dtype=np.uint8)
        model.train_on_batch(images, rng.integers(0, 35, (4, 16, 32), dtype=np.uint8))
    return hashlib.sha256(b"".join(value.tobytes() for value in model.get_weights())).hexdigest()


if __name__ == "__main__":
    backend.quiet_start()
    backend.prepare_devices()
    backend.make_deterministic()
    for name in sys.argv[1:]:
        print(digest_of_training(name))

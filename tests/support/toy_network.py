"""A network of one level in place of the U-Net: every kind of layer it has, built and compiled in a tenth of the time.

For tests of what surrounds a network. Patch `find_network` to return this module, which has the two forms of a network.
"""

import keras
from keras import layers

from common.learning.network.layers import normalize, upsample_add


def training_form(settings, batchnorm_momentum=0.99):
    return keras.Model(*_layers(settings, True, batchnorm_momentum), name="toy_training")


def plain_form(settings):
    image, logits = _layers(settings, False, 0.99)
    return keras.Model(image, layers.Softmax(name="softmax")(logits), name="toy")


def _layers(settings, fast, momentum):
    def convolve(values, size, name):
        values = layers.Conv2D(8, size, padding="same", activation="relu", name=f"{name}_conv")(values)
        return normalize(values, f"{name}_norm", fast, momentum)

    image = keras.Input((settings.height, settings.width, 3), name="image")
    skip = convolve(layers.Rescaling(1 / 255, name="rescale")(image), 1, "stem")
    coarse = convolve(layers.MaxPooling2D(name="down_pool")(skip), 3, "down")
    logits = layers.Conv2D(settings.num_classes, 1, dtype="float32", name="logits")
    return image, logits(upsample_add(coarse, skip, "up", fast))

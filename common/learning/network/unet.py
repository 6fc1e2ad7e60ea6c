"""The U-Net of the study: its two forms, as `networks` describes them."""

import keras
from keras import layers

from common.config.settings import NetworkSettings
from common.errors import ConfigError
from common.learning.network.layers import normalize, upsample_add

# Number of channels after each block's first and second convolution, times alpha.
_ENCODER = (16, 32, 64, 128)
_BOTTLENECK = (256, 128)
_DECODER = ((128, 64), (64, 32), (32, 16), (16, 16))
_POOLINGS = len(_ENCODER)
# Keras' own default for batch normalisation, as in the study.
_MOMENTUM = 0.99


def training_form(settings: NetworkSettings, batchnorm_momentum: float = _MOMENTUM) -> keras.Model:
    """Builds the form to train: uint8 or float images `(batch, height, width, channels)` in, float32 logits out."""
    image, logits = _unet(settings, _Parts(settings, True, batchnorm_momentum))
    return keras.Model(image, logits, name="unet_training")


def plain_form(settings: NetworkSettings) -> keras.Model:
    """Builds the form to save: class probabilities out, stock layers only.

    Always in float32, whatever precision is trained in: a file from a GPU's mixed_float16 would be unusably slow on a
    processor.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        image, logits = _unet(settings, _Parts(settings, False, _MOMENTUM))
        return keras.Model(image, layers.Softmax(name="softmax")(logits), name="unet")
    finally:
        keras.config.set_dtype_policy(policy)


def _unet(settings: NetworkSettings, parts: "_Parts") -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Returns the input and the logits of the network that is made of `parts`."""
    _check(settings)
    image = keras.Input((settings.height, settings.width, settings.channels), name="image")
    values = layers.Rescaling(1 / 255, name="rescale")(image)
    values = parts.normalize(parts.convolve(values, 16, 1, "stem"), "stem")
    skips = []
    for level, filters in enumerate(_ENCODER):
        values = parts.block(values, (filters, filters), f"down{level}")
        skips.append(values)
        values = layers.MaxPooling2D(name=f"down{level}_pool")(values)
    values = parts.block(values, _BOTTLENECK, "bottom")
    for level in reversed(range(_POOLINGS)):
        first, second = _DECODER[_POOLINGS - 1 - level]
        values = parts.upsample_add(values, skips[level], f"up{level}")
        values = parts.normalize(parts.convolve(values, first, 1, f"up{level}_merge"), f"up{level}_merge")
        values = parts.block(values, (first, second), f"up{level}")
    logits = layers.Conv2D(settings.num_classes, 1, kernel_initializer="he_normal", dtype="float32", name="logits")
    return image, logits(values)


def _check(settings: NetworkSettings) -> None:
    factor = 2**_POOLINGS
    if settings.height % factor or settings.width % factor:
        raise ConfigError(
            f"images of {settings.width} x {settings.height} pixels: width and height must be multiples of {factor}"
        )


class _Parts:
    """The parts the network is made of, with names that are equal in both forms.

    `fast` allows layers that are not stock layers of Keras.
    """

    def __init__(self, settings: NetworkSettings, fast: bool, batchnorm_momentum: float) -> None:
        self._settings = settings
        self._fast = fast
        self._momentum = batchnorm_momentum

    def convolve(self, values: keras.KerasTensor, filters: int, size: int, name: str) -> keras.KerasTensor:
        """Applies a convolution with `int(filters * alpha)` filters of `size` x `size` and the activation."""
        return layers.Conv2D(
            int(filters * self._settings.alpha),
            size,
            padding="same",
            activation=self._settings.activation,
            kernel_initializer="he_normal",
            name=f"{name}_conv{size}",
        )(values)

    def normalize(self, values: keras.KerasTensor, name: str) -> keras.KerasTensor:
        """Applies batch normalisation."""
        return normalize(values, f"{name}_norm", self._fast, self._momentum)

    def upsample_add(self, values: keras.KerasTensor, skip: keras.KerasTensor, name: str) -> keras.KerasTensor:
        """Doubles height and width and adds `skip`."""
        return upsample_add(values, skip, name, self._fast)

    def block(self, values: keras.KerasTensor, filters: tuple[int, int], name: str) -> keras.KerasTensor:
        """Applies a 3x3 convolution, a 1x1 convolution and batch normalisation."""
        values = self.convolve(values, filters[0], 3, name)
        return self.normalize(self.convolve(values, filters[1], 1, name), name)

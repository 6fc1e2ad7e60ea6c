"""The U-Net of the study: one builder, two forms with the same weights in the same order.

The *training form* returns logits and uses the fast layers of the back end; it is never saved. The *plain form* ends in
the softmax of the study and holds stock Keras layers only: it is what a `.keras` file holds, and loads under
TensorFlow, JAX and PyTorch without any code of this project. `copy_weights` moves the weights from one to the other.
"""

import keras
from keras import layers, ops

from common.errors import ConfigError
from common.learning.network.layers import largest, normalize, upsample_add

# Number of channels after each block's first and second convolution, times alpha.
_ENCODER = (16, 32, 64, 128)
_BOTTLENECK = (256, 128)
_DECODER = ((128, 64), (64, 32), (32, 16), (16, 16))
_POOLINGS = len(_ENCODER)
# Keras' own default for batch normalisation, as in the study.
_MOMENTUM = 0.99


def training_unet(settings, batchnorm_momentum=_MOMENTUM):
    """Builds the form to train: uint8 or float images `(batch, height, width, channels)` in, float32 logits out."""
    image, logits = _unet(settings, _Parts(settings, True, batchnorm_momentum))
    return keras.Model(image, logits, name="unet_training")


def plain_unet(settings):
    """Builds the form to save: as `training_unet`, but class probabilities out and stock layers only.

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


def class_index_model(model, mirror=False):
    """Puts the choice of the class into the graph of a network, so that only one value a pixel leaves the device.

    Args:
        model: A network of either form, also one loaded from a file. Its weights are shared, not copied.
        mirror: Whether the mean of the probabilities for image and mirror image decides.

    Returns:
        A model from images to class indices `(batch, height, width)`, uint8, or int32 above 256 classes.
    """
    logits = model.get_layer("logits").output
    dtype = "uint8" if logits.shape[-1] <= 256 else "int32"
    if mirror:
        shared = keras.Model(model.input, ops.softmax(logits))
        image = keras.Input(model.input.shape[1:], name="image")
        both = shared(image) + ops.flip(shared(ops.flip(image, axis=2)), axis=2)
        return keras.Model(image, ops.cast(largest(both), dtype), name="class_index")
    return keras.Model(model.input, ops.cast(largest(logits), dtype), name="class_index")


def with_input(model, size_wh, batch=None):
    """Makes the same network for images of another size or a fixed batch, with copies of its weights.

    Args:
        model: A network, also one loaded from a file.
        size_wh: Width and height of the images in pixels.
        batch: Images at a time; None for any number.

    Returns:
        A Keras model with one input, `image`.
    """
    width, height = size_wh
    image = keras.Input((height, width, 3), batch_size=batch, name="image")
    made = keras.models.clone_model(model, input_tensors=image)
    made.set_weights(model.get_weights())
    return made


def copy_of(model):
    """Makes the same network with weights of its own, equal ones, and without optimiser and loss."""
    copy = keras.models.clone_model(keras.Model(model.input, model.output))
    copy.set_weights(model.get_weights())
    return copy


def copy_weights(source, target):
    """Copies all weights of one form into another form of the same network.

    Raises:
        ConfigError: If the two do not have the same weights in the same order; names the first that differs.
    """
    pairs = list(zip(source.variables, target.variables, strict=False))
    for ours, theirs in pairs:
        if (ours.path, ours.shape) != (theirs.path, theirs.shape):
            raise ConfigError(f"weights differ: {ours.path} {ours.shape} and {theirs.path} {theirs.shape}")
    if len(source.variables) != len(target.variables):
        raise ConfigError(f"{len(source.variables)} weights do not fit a network with {len(target.variables)}")
    target.set_weights(source.get_weights())


def _unet(settings, parts):
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


def _check(settings):
    factor = 2**_POOLINGS
    if settings.height % factor or settings.width % factor:
        raise ConfigError(
            f"images of {settings.width} x {settings.height} pixels: width and height must be multiples of {factor}"
        )
    if int(16 * settings.alpha) < 1:
        raise ConfigError(f"alpha = {settings.alpha}: leaves no channels, expected at least {1 / 16}")


class _Parts:
    """The parts the network is made of, with names that are equal in all forms.

    `fast` says whether other than stock layers are allowed.
    """

    def __init__(self, settings, fast, batchnorm_momentum):
        self._settings = settings
        self._fast = fast
        self._momentum = batchnorm_momentum

    def convolve(self, values, filters, size, name):
        """Applies a convolution with `int(filters * alpha)` filters of `size` x `size` and the activation."""
        return layers.Conv2D(
            int(filters * self._settings.alpha),
            size,
            padding="same",
            activation=self._settings.activation,
            kernel_initializer="he_normal",
            name=f"{name}_conv{size}",
        )(values)

    def normalize(self, values, name):
        """Applies batch normalisation."""
        return normalize(values, f"{name}_norm", self._fast, self._momentum)

    def upsample_add(self, values, skip, name):
        """Doubles height and width and adds `skip`."""
        return upsample_add(values, skip, name, self._fast)

    def block(self, values, filters, name):
        """Applies a 3x3 convolution, a 1x1 convolution and batch normalisation."""
        values = self.convolve(values, filters[0], 3, name)
        return self.normalize(self.convolve(values, filters[1], 1, name), name)

"""The EvalNet of the study: image and mask in, IoU and presence of each class out.

It has two forms with the same weights. The *training form* takes the mask as class indices, so that a batch is small;
its first convolution of the mask looks the classes up in a table, and its layers may be fast ones of the back end. The
*plain form*, which is saved, takes the mask one-hot as the study's does, and has stock Keras layers only.
"""

from collections.abc import Callable

import keras
from keras import layers, ops

from common.learning.judging.jobs import check_size
from common.learning.network.layers import normalize

# Number of filters, times alpha: of both inputs, and of the blocks that follow.
_OF_INPUTS = 16
_BLOCKS = (16, 32, 64, 128, 256)
_MOMENTUM = 0.99


def training_form(size_wh: tuple[int, int], num_classes: int, alpha: float) -> keras.Model:
    """Builds the form to train.

    Args:
        size_wh: Width and height of the images, in pixels.
        num_classes: Number of classes.
        alpha: Width of the network; the study's is 2.

    Returns:
        A model from images `(batch, height, width, 3)`, 0 to 255, and masks `(batch, height, width)`, class indices or
        `IGNORE`, to IoU and presence, both `(batch, classes)`.

    Raises:
        ConfigError: If a side is below 64 pixels.
    """
    width, height = size_wh
    mask = keras.Input((height, width), dtype="uint8", name="mask")
    stem = LookUpClasses(num_classes, int(_OF_INPUTS * alpha), name="mask_stem_conv1")
    return _build(size_wh, num_classes, alpha, mask, stem, fast=True)


def plain_form(size_wh: tuple[int, int], num_classes: int, alpha: float) -> keras.Model:
    """Builds the form to save, in float32: masks are one-hot, of shape `(batch, height, width, classes)`."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        width, height = size_wh
        mask = keras.Input((height, width, num_classes), name="mask")
        stem = _convolution(int(_OF_INPUTS * alpha), 1, "mask_stem")
        return _build(size_wh, num_classes, alpha, mask, stem, fast=False)
    finally:
        keras.config.set_dtype_policy(policy)


def judging_form(plain: keras.Model) -> keras.Model:
    """Makes a model of a saved EvalNet that takes masks as class indices, like the training form."""
    image, one_hot = plain.inputs
    classes = one_hot.shape[-1]
    mask = keras.Input(one_hot.shape[1:3], dtype="uint8", name="mask")
    indices = ops.cast(mask, "int32")
    indices = ops.where(indices < classes, indices, -1)
    return keras.Model([image, mask], plain([image, ops.one_hot(indices, classes, dtype="float32")]))


class LookUpClasses(layers.Layer):
    """A 1x1 convolution of a one-hot mask, with ReLU: the same weights and values, without making the one-hot mask."""

    def __init__(self, num_classes: int, filters: int, name: str) -> None:
        super().__init__(name=name)
        self._classes, self._filters = num_classes, filters

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights of a convolution."""
        shape = (1, 1, self._classes, self._filters)
        self.kernel = self.add_weight(shape=shape, initializer="he_normal", name="kernel")
        self.bias = self.add_weight(shape=(self._filters,), initializer="zeros", name="bias")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Takes class indices `(batch, height, width)`; values that are not a class have no part in the sum."""
        nothing = ops.zeros((1, self._filters), self.compute_dtype)
        table = ops.concatenate([ops.cast(self.kernel[0, 0], self.compute_dtype), nothing]) + self.bias
        indices = ops.minimum(ops.cast(inputs, "int32"), self._classes)
        return ops.take(ops.relu(table), indices, axis=0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Adds the filters to the shape of the mask."""
        return (*input_shape, self._filters)


def _build(
    size_wh: tuple[int, int],
    num_classes: int,
    alpha: float,
    mask: keras.KerasTensor,
    mask_stem: Callable[[keras.KerasTensor], keras.KerasTensor],
    fast: bool,
) -> keras.Model:
    check_size(size_wh)
    width, height = size_wh
    image = keras.Input((height, width, 3), name="image")
    filters = int(_OF_INPUTS * alpha)
    values = _convolution(filters, 1, "image_stem")(layers.Rescaling(1 / 255, name="rescale")(image))
    both = []
    for stem, name in ((values, "image"), (mask_stem(mask), "mask")):
        stem = normalize(stem, f"{name}_stem_norm", fast, _MOMENTUM)
        both.append(_block(stem, filters, name, fast))
    values = layers.Concatenate(name="both")(both)
    for level, filters in enumerate(_BLOCKS):
        values = _block(values, int(filters * alpha), f"down{level}", fast)
    values = layers.GlobalAveragePooling2D(name="mean")(values)
    heads = [
        layers.Dense(num_classes, activation="sigmoid", dtype="float32", name=name)(values)
        for name in ("iou", "detection")
    ]
    return keras.Model([image, mask], heads, name="evalnet")


def _convolution(filters: int, size: int, name: str) -> layers.Conv2D:
    return layers.Conv2D(
        filters,
        size,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=f"{name}_conv{size}",
    )


def _block(values: keras.KerasTensor, filters: int, name: str, fast: bool) -> keras.KerasTensor:
    """Applies a 3x3 convolution, a 1x1 convolution, batch normalisation, and halves height and width."""
    for size in (3, 1):
        values = _convolution(filters, size, name)(values)
    values = normalize(values, f"{name}_norm", fast, _MOMENTUM)
    return layers.MaxPooling2D(name=f"{name}_pool")(values)

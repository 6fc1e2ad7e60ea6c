"""Layers that look at neighbours or change height and width: convolutions, poolings, resizing.

All of them compute and do nothing else; the names are those of Keras.
"""

import math
from collections.abc import Sequence
from typing import Literal

from common.learning.network.saved.fields import (
    ChannelsLast,
    Constraint,
    Count,
    Initializer,
    Margins,
    Padding,
    Regularizer,
    Resampling,
    Shape,
    Small,
    Two,
)
from common.learning.network.saved.layer_config import LayerConfig, OffsetLayer


class _Window(LayerConfig):
    """What layers share that move a window over an array."""

    strides: Two[Small]
    padding: Padding
    data_format: ChannelsLast

    def _leaves(self, shape: Shape, size: Sequence[int], dilation: Sequence[int] = (1, 1)) -> Shape:
        """Gives height and width of what a window of a size leaves of an array `(height, width, channels)`."""
        height, width, _ = shape
        if self.padding == "same":
            return tuple(math.ceil(side / step) for side, step in zip((height, width), self.strides, strict=True))
        whole = [rate * (side - 1) + 1 for side, rate in zip(size, dilation, strict=True)]
        pairs = zip((height, width), whole, self.strides, strict=True)
        return tuple((side - length) // step + 1 for side, length, step in pairs)


class Pooling(_Window):
    """The largest or the mean value of a window."""

    pool_size: Two[Small]

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives a smaller height and width."""
        (shape,) = inputs
        return *self._leaves(shape, self.pool_size), shape[-1]


class _Convolution(_Window, OffsetLayer):
    """What all convolutions share."""

    kernel_size: Two[Small]
    dilation_rate: Two[Small]

    def _channels(self, channels: int) -> int:
        """Gives the number of channels it makes of another number of them."""
        raise NotImplementedError

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives the height and width that its window leaves, and its number of channels."""
        (shape,) = inputs
        return *self._leaves(shape, self.kernel_size, self.dilation_rate), self._channels(shape[-1])

    def work_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives the input with its margins, where the places of the window lie apart: TensorFlow then makes them."""
        ((height, width, channels),) = inputs
        if max(self.dilation_rate) == 1:
            return self.output_shape(inputs)
        sizes = zip((height, width), self.kernel_size, self.dilation_rate, strict=True)
        return *(side + (size - 1) * rate for side, size, rate in sizes), channels


class _FullConvolution(_Convolution):
    filters: Count
    kernel_initializer: Initializer = None
    kernel_regularizer: Regularizer = None
    kernel_constraint: Constraint = None

    def _channels(self, channels: int) -> int:
        return self.filters

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives one for each place of the window, input channel and filter, and the offsets."""
        return self.filters * (math.prod(self.kernel_size) * inputs[0][-1] + self.use_bias)


class Conv2D(_FullConvolution):
    """A convolution."""

    groups: Count

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives one for each place of the window, input channel of a group and filter, and the offsets."""
        channels = inputs[0][-1]
        if channels % self.groups:
            raise ValueError(f"{channels} channels do not make {self.groups} groups")
        return self.filters * (math.prod(self.kernel_size) * (channels // self.groups) + self.use_bias)


class Conv2DTranspose(_FullConvolution):
    """A convolution that makes arrays larger."""

    output_padding: None = None

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives height and width times the steps, and what windows reach beyond where nothing is cut off."""
        ((height, width, _),) = inputs
        sizes = zip((height, width), self.kernel_size, self.dilation_rate, self.strides, strict=True)
        beyond = self.padding == "valid"
        sides = (side * step + beyond * max(rate * (size - 1) + 1 - step, 0) for side, size, rate, step in sizes)
        return *sides, self.filters


class DepthwiseConv2D(_Convolution):
    """A convolution of each channel by itself."""

    depth_multiplier: Count
    depthwise_initializer: Initializer = None
    depthwise_regularizer: Regularizer = None
    depthwise_constraint: Constraint = None

    def _channels(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives one for each place of the window and channel it makes, and the offsets."""
        return self._channels(inputs[0][-1]) * (math.prod(self.kernel_size) + self.use_bias)


class SeparableConv2D(_FullConvolution):
    """A convolution of each channel by itself, then one of single pixels."""

    # With 1, the array between the two is not larger than what goes in.
    depth_multiplier: Literal[1]
    depthwise_initializer: Initializer = None
    depthwise_regularizer: Regularizer = None
    depthwise_constraint: Constraint = None
    pointwise_initializer: Initializer = None
    pointwise_regularizer: Regularizer = None
    pointwise_constraint: Constraint = None

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives those of both convolutions, and the offsets."""
        channels = inputs[0][-1]
        return channels * math.prod(self.kernel_size) + self.filters * (channels + self.use_bias)


class GlobalAveragePooling2D(LayerConfig):
    """The mean of each channel."""

    data_format: ChannelsLast
    keepdims: bool

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives one value for each channel."""
        ((_, _, channels),) = inputs
        return (1, 1, channels) if self.keepdims else (channels,)


class UpSampling2D(LayerConfig):
    """Makes arrays larger by a factor."""

    size: Two[Small]
    data_format: ChannelsLast
    interpolation: Resampling = "nearest"

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives height and width times the factors."""
        ((height, width, channels),) = inputs
        return height * self.size[0], width * self.size[1], channels


class Resizing(LayerConfig):
    """Changes height and width to numbers of its own."""

    height: Count
    width: Count
    interpolation: Resampling = "bilinear"
    crop_to_aspect_ratio: Literal[False] = False
    pad_to_aspect_ratio: Literal[False] = False
    fill_mode: Literal["constant"] = "constant"
    fill_value: float = 0.0
    antialias: bool = False
    data_format: ChannelsLast

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives its own height and width."""
        ((_, _, channels),) = inputs
        return self.height, self.width, channels


class ZeroPadding2D(LayerConfig):
    """Adds zeros around an array."""

    padding: Margins
    data_format: ChannelsLast

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives a larger height and width."""
        ((height, width, channels),) = inputs
        return height + sum(self.padding[0]), width + sum(self.padding[1]), channels


class Cropping2D(LayerConfig):
    """Cuts off the sides of an array."""

    cropping: Margins
    data_format: ChannelsLast

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives a smaller height and width."""
        ((height, width, channels),) = inputs
        return height - sum(self.cropping[0]), width - sum(self.cropping[1]), channels

"""Layers that change values but not height and width: activations, normalisations, sums and the dense layer.

All of them compute and do nothing else; the names are those of Keras.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from common.learning.network.saved.fields import (
    Activation,
    ChannelsLast,
    Constraint,
    Count,
    Initializer,
    Regularizer,
    Shape,
)
from common.learning.network.saved.layer_config import LayerConfig, OffsetLayer


class ActivationLayer(LayerConfig):
    """An activation by its name."""

    activation: Activation


class ReLU(LayerConfig):
    """Cuts off what is negative."""

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0


class LeakyReLU(LayerConfig):
    """Makes what is negative smaller."""

    negative_slope: float


class ELU(LayerConfig):
    """Bends what is negative towards a constant."""

    alpha: float


class Softmax(LayerConfig):
    """Makes probabilities of the values on the last axis."""

    axis: Literal[-1, 3]


class Dropout(LayerConfig):
    """Does nothing but in training."""

    rate: Annotated[float, Field(ge=0, lt=1)]
    seed: int | None = None
    noise_shape: None = None


class SpatialDropout2D(LayerConfig):
    """Does nothing but in training."""

    rate: Annotated[float, Field(ge=0, lt=1)]
    seed: int | None = None
    data_format: ChannelsLast


class Rescaling(LayerConfig):
    """Multiplies all values by one number and adds another one."""

    scale: float
    offset: float


class PReLU(LayerConfig):
    """Makes what is negative smaller, by factors that it has learned; axes are counted with the batch."""

    alpha_initializer: Initializer = None
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None
    shared_axes: Annotated[list[Literal[1, 2, 3]], Field(max_length=3)] | None = None

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives one for each value of the array, along the axes that are not shared."""
        (shape,) = inputs
        return math.prod(side for axis, side in enumerate(shape, start=1) if axis not in (self.shared_axes or ()))


class Normalization(LayerConfig):
    """Scales each channel by a mean and a variance that are weights, and counts what it has seen."""

    axis: Annotated[list[Literal[-1, 3]], Field(min_length=1, max_length=1)]
    invert: bool
    mean: None = None
    variance: None = None

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives two for each channel, and the counter."""
        return 2 * inputs[0][-1] + 1


class _LearnedScale(LayerConfig):
    """What normalisations with a learned factor and offset for each channel share."""

    epsilon: float
    center: bool
    scale: bool
    beta_initializer: Initializer = None
    gamma_initializer: Initializer = None
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None
    beta_constraint: Constraint = None
    gamma_constraint: Constraint = None

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives one for each channel and each of factor and offset that there are."""
        return (self.center + self.scale) * inputs[0][-1]


class BatchNormalization(_LearnedScale):
    """Scales each channel by what it has seen in training."""

    axis: Literal[-1, 3]
    momentum: float
    moving_mean_initializer: Initializer = None
    moving_variance_initializer: Initializer = None
    synchronized: Literal[False] = False
    renorm: Literal[False] = False
    renorm_clipping: None = None
    renorm_momentum: float = 0.99

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives those that are learned and, for each channel, mean and variance."""
        return super().weight_count(inputs) + 2 * inputs[0][-1]


class LayerNormalization(_LearnedScale):
    """Scales the channels of each pixel by their mean and variance."""

    axis: Literal[-1, 3] | Annotated[list[Literal[-1, 3]], Field(min_length=1, max_length=1)]
    rms_scaling: Literal[False] = False


class GroupNormalization(_LearnedScale):
    """Scales groups of channels by their mean and variance."""

    axis: Literal[-1, 3]
    groups: Annotated[int, Field(ge=-1, le=2**31)]


class Merging(LayerConfig):
    """Computes one array from several of one shape."""

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives the shape they share."""
        if len(set(inputs)) != 1:
            raise ValueError("takes arrays of different shapes")
        return inputs[0]


class Concatenate(LayerConfig):
    """Puts channels one behind the other."""

    axis: Literal[-1, 3]

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives the sum of the channels."""
        if len({shape[:-1] for shape in inputs}) != 1:
            raise ValueError("takes arrays of different height or width")
        return *inputs[0][:-1], sum(shape[-1] for shape in inputs)


class Dense(OffsetLayer):
    """Computes all outputs from all inputs."""

    units: Count
    kernel_initializer: Initializer = None
    kernel_regularizer: Regularizer = None
    kernel_constraint: Constraint = None

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives its number of outputs in place of the channels."""
        (shape,) = inputs
        return *shape[:-1], self.units

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives one for each input and output, and the offsets."""
        return self.units * (inputs[0][-1] + self.use_bias)

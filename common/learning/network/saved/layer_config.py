"""What all layers of a saved network say, and how the sizes of what they make are found before anything is built."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from common.files.models import FileModel
from common.learning.network.saved.fields import (
    Activation,
    Constraint,
    Count,
    Dtype,
    Initializer,
    Name,
    Regularizer,
    Shape,
)


class LayerConfig(FileModel):
    """A layer that has no weights and leaves the shape of its one input as it is.

    Attributes:
        name: Its name, different from that of every other layer.
        trainable: Whether its weights change in training.
        dtype: Type it computes in; only an input has whole numbers.
    """

    name: Name
    trainable: bool = True
    dtype: Dtype | Literal["uint8"] | None = None

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives the shape of what it makes of arrays of these shapes.

        Raises:
            ValueError: If it cannot take them.
        """
        (shape,) = inputs
        return shape

    def work_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives the shape of the largest array that it makes of arrays of these shapes, on the way or in the end."""
        return self.output_shape(inputs)

    def weight_count(self, inputs: Sequence[Shape]) -> int:
        """Gives the number of its weights for arrays of these shapes."""
        return 0


class OffsetLayer(LayerConfig):
    """What convolutions and the dense layer share: an offset for each output, and an activation."""

    activation: Activation
    use_bias: bool
    bias_initializer: Initializer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    bias_constraint: Constraint = None
    quantization_config: None = Field(default=None, exclude=True)


def _any_number_of_images(shape: list[int | None]) -> list[int | None]:
    if shape[0] is not None or None in shape[1:]:
        raise ValueError("expected null, height, width and channels")
    return shape


class InputLayer(LayerConfig):
    """Where images or masks go in."""

    batch_shape: Annotated[list[Count | None], Field(min_length=4, max_length=4), AfterValidator(_any_number_of_images)]
    sparse: Literal[False] = False
    ragged: Literal[False] = False
    optional: Literal[False] = False

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Gives the shape of what goes in."""
        if inputs:
            raise ValueError("expected no input of an input")
        return tuple(side for side in self.batch_shape if side is not None)

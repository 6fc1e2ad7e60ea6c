"""What a layer of a saved network may say: the types of its values.

A value is a number, a truth value or one of the words listed here, so nothing of it can name code. Initialisers,
regularisers and constraints are recognised and left out of what Keras is given: the weights of the file take the place
of the first, and the others only matter in training.
"""

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, Field

from common.files.models import FileModel

# Sizes of an array without the batch: height, width and channels, or channels alone.
Shape: TypeAlias = tuple[int, ...]

Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
Count: TypeAlias = Annotated[int, Field(ge=1, le=2**31)]
# Sides and steps of windows, and factors.
Small: TypeAlias = Annotated[int, Field(ge=1, le=1024)]
_Item = TypeVar("_Item")
Two: TypeAlias = Annotated[list[_Item], Field(min_length=2, max_length=2)]
# What is added or cut off: above and below, left and right.
Margins: TypeAlias = Two[Two[Annotated[int, Field(ge=0, le=2**20)]]]
Padding: TypeAlias = Literal["valid", "same"]
ChannelsLast: TypeAlias = Literal["channels_last"]
Resampling: TypeAlias = Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
_ACTIVATIONS = frozenset((
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "squareplus", "swish", "tanh", "tanh_shrink",
))  # fmt: skip


def _known_activation(name: str) -> str:
    if name not in _ACTIVATIONS:
        raise ValueError("expected the name of an activation of Keras, for example 'relu'")
    return name


Activation: TypeAlias = Annotated[str, AfterValidator(_known_activation)]
_Type: TypeAlias = Literal["float16", "float32", "float64", "mixed_bfloat16", "mixed_float16"]


class _NamedType(FileModel):
    name: _Type


class _Policy(FileModel):
    """How Keras writes the type that a layer computes in."""

    module: Literal["keras"]
    class_name: Literal["DTypePolicy"]
    config: _NamedType
    registered_name: None = None
    shared_object_id: int | None = None


def _name_of(policy: _Policy | _Type) -> str:
    return policy.config.name if isinstance(policy, _Policy) else policy


Dtype: TypeAlias = Annotated[_Policy | _Type, AfterValidator(_name_of)]


class _Object(FileModel):
    config: dict[
        Name, float | bool | None | Literal["fan_in", "fan_out", "fan_avg", "normal", "truncated_normal", "uniform"]
    ]
    registered_name: None = None
    shared_object_id: int | None = None


class _Initializer(_Object):
    module: Literal["keras.initializers"]
    class_name: Literal[
        "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Ones",
        "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros",
    ]  # fmt: skip


class _Regularizer(_Object):
    module: Literal["keras.regularizers"]
    class_name: Literal["L1", "L1L2", "L2", "OrthogonalRegularizer"]


class _Constraint(_Object):
    module: Literal["keras.constraints"]
    class_name: Literal["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]


# Where weights start, what they add to the loss, and what they are changed to in training.
Initializer: TypeAlias = Annotated[_Initializer | None, Field(exclude=True)]
Regularizer: TypeAlias = Annotated[_Regularizer | None, Field(exclude=True)]
Constraint: TypeAlias = Annotated[_Constraint | None, Field(exclude=True)]

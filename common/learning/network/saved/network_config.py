"""The network in `config.json` of a saved model: checked as a whole, and written again for Keras.

Keras makes objects of what such a file names, wherever a name stands, so it is never given the file itself. Every key
and every value of the file is one that is described here or in `registry`, or the file is refused; what Keras is given
is made from the checked values alone. A network is a graph of layers: no network inside it, no layer used twice.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo

from common.files.models import FileModel, explain
from common.learning.network.saved.fields import Name, Shape
from common.learning.network.saved.registry import LAYERS

# The study's networks have 60 layers. Its widest one has 256 channels for each pixel, 86 times as many values as the
# image, and all its arrays together have 1,700 times as many; it has 175 million weights.
_MOST_LAYERS = 1000
_MOST_WEIGHTS = 250_000_000
_LARGEST_INPUT = 2**29
_LARGEST_GROWTH, _LARGEST_GROWTH_OF_ALL = 128, 4096
# Values: the study's widest network at 2048x1024 has 2**29 in one array and 2**34 in all, which are not there at once.
_LARGEST_ARRAY, _LARGEST_OF_ALL = 2**31, 2**35

_Sizes: TypeAlias = list[int | None]


def _made_once(made: list[str | int]) -> list[str | int]:
    if not isinstance(made[0], str) or made[1:] != [0, 0]:
        raise ValueError("expected the name of a layer, 0 and 0: its first use and the first array it makes")
    return made


_Made: TypeAlias = Annotated[list[Name | int], Field(min_length=3, max_length=3), AfterValidator(_made_once)]


class _TensorConfig(FileModel):
    shape: _Sizes
    dtype: Literal["float16", "float32", "float64", "bfloat16", "uint8"]
    keras_history: _Made


class _Tensor(FileModel):
    """What a layer takes: what another layer made."""

    class_name: Literal["__keras_tensor__"]
    config: _TensorConfig


class _Arguments(FileModel):
    training: bool | None = None
    mask: None = None


class _Node(FileModel):
    args: Annotated[list[_Tensor | list[_Tensor]], Field(min_length=1, max_length=1)]
    kwargs: _Arguments

    @property
    def sources(self) -> list[str | int]:
        """Names of the layers whose arrays go in."""
        (taken,) = self.args
        return [tensor.config.keras_history[0] for tensor in (taken if isinstance(taken, list) else [taken])]


class _BuildConfig(FileModel):
    input_shape: _Sizes | list[_Sizes] | None


def _only_computes(class_name: str, info: ValidationInfo) -> str:
    if class_name not in LAYERS or info.data.get("module") != "keras.layers":
        raise ValueError(f"is a part of {info.data.get('module')!r} that may do more than compute, and is not loaded")
    return class_name


class _Entry(FileModel):
    module: Annotated[str, Field(max_length=100)] | None
    class_name: Annotated[str, AfterValidator(_only_computes)]
    config: dict[str, Any]
    registered_name: None = None
    build_config: _BuildConfig | None = None
    name: Name
    inbound_nodes: Annotated[list[dict[str, Any]], Field(max_length=1)]


class _Graph(FileModel):
    name: Name
    trainable: bool = True
    layers: Annotated[list[_Entry], Field(min_length=1, max_length=_MOST_LAYERS)]
    input_layers: _Made | list[_Made]
    output_layers: _Made | list[_Made]


class _Network(FileModel):
    class_name: Literal["Functional"]
    module: Literal["keras.src.models.functional"]
    config: _Graph
    registered_name: Literal["Functional"] | None = None
    build_config: _BuildConfig | None = None
    compile_config: Annotated[dict[str, Any], Field(max_length=0)] | None = None


@dataclass(frozen=True)
class CheckedNetwork:
    """A network that may be built.

    Attributes:
        config: What Keras builds it from.
        shapes: What each of its layers makes of one image.
        weight_count: Number of its weights.
    """

    config: dict[str, Any]
    shapes: dict[str, Shape]
    weight_count: int


def check_network(content: bytes) -> CheckedNetwork:
    """Checks the text of `config.json`.

    Raises:
        ValueError: If it has a part that is not known to only compute, or the network is too large; names the part.
    """
    try:
        network = _Network.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(f"config.json: {explain(error)}") from error
    graph, shapes, layers, weights, goes_in = network.config, dict[str, Shape](), [], 0, 0
    # Inputs first: sizes are measured by what goes in.
    for entry in sorted(graph.layers, key=lambda entry: entry.class_name != "InputLayer"):
        if entry.name in shapes:
            raise ValueError(f"has two layers {entry.name!r}")
        try:
            shapes[entry.name], work, count, checked = _check_layer(entry, shapes)
        except ValidationError as error:
            raise ValueError(f"layer {entry.name!r}: {explain(error)}") from error
        if entry.class_name == "InputLayer":
            goes_in += math.prod(shapes[entry.name])
        layers.append(checked)
        weights += count
        _check_sizes(shapes, work, goes_in, weights)
    for end in (*graph.input_layers, *graph.output_layers):
        name = end[0] if isinstance(end, list) else end
        if isinstance(name, str) and name not in shapes:
            raise ValueError(f"begins or ends with {name!r}, expected one of its layers")
    return CheckedNetwork(
        {
            "module": network.module,
            "class_name": network.class_name,
            "registered_name": None,
            "config": {**graph.model_dump(mode="json", exclude={"layers"}), "layers": layers},
        },
        shapes,
        weights,
    )


def _check_layer(entry: _Entry, shapes: dict[str, Shape]) -> tuple[Shape, Shape, int, dict[str, Any]]:
    """Checks a layer.

    Returns:
        The shape of what it makes, that of the largest array on the way, the number of its weights, and the layer as
        Keras gets it.
    """
    kind = LAYERS[entry.class_name]
    # Keras would take a missing order of axes from a settings file of the user.
    order = {"data_format": "channels_last"} if "data_format" in kind.model_fields else {}
    layer = kind.model_validate(order | entry.config)
    nodes = [_Node.model_validate(node) for node in entry.inbound_nodes]
    sources = [source for node in nodes for source in node.sources]
    unknown = [source for source in sources if source not in shapes]
    if unknown or layer.name != entry.name:
        raise ValueError(f"layer {entry.name!r}: found {unknown or layer.name!r}, expected layers that stand before it")
    inputs = [shapes[str(source)] for source in sources]
    try:
        shape, work, weights = layer.output_shape(inputs), layer.work_shape(inputs), layer.weight_count(inputs)
    except (ValueError, IndexError) as error:
        raise ValueError(f"layer {entry.name!r} cannot take arrays of the shapes {inputs}: {error}") from error
    if min(shape) < 1:
        raise ValueError(f"layer {entry.name!r} makes an array of the shape {shape}")
    config = {
        "module": "keras.layers",
        "class_name": entry.class_name,
        "config": layer.model_dump(mode="json", exclude_unset=True),
        "registered_name": None,
        "name": layer.name,
        "inbound_nodes": [node.model_dump(mode="json", exclude_unset=True) for node in nodes],
    }
    return shape, work, weights, config


def _check_sizes(shapes: dict[str, Shape], work: Shape, goes_in: int, weights: int) -> None:
    """Refuses a network that would fill the memory: by its weights, or by what it makes of one image.

    Args:
        shapes: What its layers make, that of the newest one last.
        work: Of the largest array that the newest layer makes on the way.
        goes_in: Number of values that go in.
        weights: Number of its weights.
    """
    if weights > _MOST_WEIGHTS:
        raise ValueError(f"has {weights:,} weights, at most {_MOST_WEIGHTS:,} are allowed")
    if goes_in > _LARGEST_INPUT:
        raise ValueError(f"takes {goes_in:,} values, at most {_LARGEST_INPUT:,} are allowed")
    name, shape = next(reversed(shapes.items()))
    for made in (shape, work):
        if math.prod(made) > min(_LARGEST_GROWTH * goes_in, _LARGEST_ARRAY):
            raise ValueError(
                f"layer {name!r} makes an array of the shape {made}, more than {_LARGEST_GROWTH} times as large as "
                f"what goes in or more than {_LARGEST_ARRAY:,} values, and would fill the memory"
            )
    if sum(map(math.prod, shapes.values())) > min(_LARGEST_GROWTH_OF_ALL * goes_in, _LARGEST_OF_ALL):
        raise ValueError(
            f"makes arrays that together are more than {_LARGEST_GROWTH_OF_ALL:,} times as large as what goes in or "
            f"have more than {_LARGEST_OF_ALL:,} values, and would fill the memory"
        )

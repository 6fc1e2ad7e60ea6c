import copy
import json

import pytest

from common.learning.network.saved.network_config import check_network
from tests.support.model_files import config_of

LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wAAAA=="}}
FUNCTION = {"module": "keras", "class_name": "function", "config": "datasets.mnist.load_data", "registered_name": None}
ARRAY = {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "float32"}}
LARGE = {"class_name": "__tensor__", "config": {"value": [1.0], "dtype": "float32"}}
TYPE = {"class_name": "__typespec__", "spec_name": "TensorSpec", "module": "tensorflow", "config": []}
VGG = {"module": "keras.applications", "class_name": "VGG16", "config": {"weights": "imagenet"}}
INITIALIZER = {"module": "keras", "class_name": "initializers.Zeros", "config": {}, "registered_name": None}
CUSTOM = {"module": "keras.layers", "class_name": "Conv2D", "config": {}, "registered_name": "mine>Conv2D"}
POLICY = {"module": "keras", "class_name": "layers.Lambda", "config": {"name": "float32"}, "registered_name": None}
HOSTILE = [LAMBDA, FUNCTION, ARRAY, LARGE, TYPE, VGG, INITIALIZER, CUSTOM, POLICY, "datasets.mnist.load_data",
    "keras.layers.Lambda", "mine>thing", {"class_name": ["Lambda"]}, [FUNCTION], {"a": FUNCTION}]  # fmt: skip

HOSTILE_NAMES = {"datasets.mnist.load_data", "keras.layers.Lambda", "mine>thing", "VGG16", "Lambda", "__lambda__"}


@pytest.fixture(scope="module")
def config(toy_file):
    """The network of a file: image, rescale, stem_conv, stem_norm, ..., down_pool, ..., logits, softmax."""
    return config_of(toy_file)


def reason(config):
    """Why a network is refused."""
    with pytest.raises(ValueError) as caught:
        check_network(json.dumps(config).encode())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def layer(config, name):
    return next(entry for entry in config["config"]["layers"] if entry["name"] == name)


def changed(config, name, **values):
    """A copy of a network in which one layer says something else."""
    config = copy.deepcopy(config)
    layer(config, name)["config"] |= values
    return config


def places(value, path=()):
    """Yields the path to every value of a JSON tree."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from places(below, (*path, key))


def put(config, path, value):
    config = copy.deepcopy(config)
    *above, last = path
    parent = config
    for key in above:
        parent = parent[key]
    parent[last] = value
    return config


def names_in(value):
    """Every text of a JSON tree."""
    if isinstance(value, dict | list):
        return set().union(*map(names_in, value.values() if isinstance(value, dict) else value))
    return {value} if isinstance(value, str) else set()


def test_nothing_that_names_code_passes_at_any_place(config):
    one_of_each = {entry["class_name"]: number for number, entry in enumerate(config["config"]["layers"])}
    for number, path in enumerate(places(config)):
        if not path or (path[:2] == ("config", "layers") and path[2:3] and path[2] not in one_of_each.values()):
            continue
        for value in (HOSTILE * 2)[number % len(HOSTILE) :][:3]:
            try:
                network = check_network(json.dumps(put(config, path, value)).encode())
            except ValueError:
                continue
            # The network itself may have any name, and so may numbers that Keras is not given.
            assert path == ("config", "name") or "build_config" in path, (path, value)
            assert names_in(network.config) & HOSTILE_NAMES <= ({value} if path == ("config", "name") else set())


def test_keys_that_are_not_known_are_refused_at_any_place(config):
    for path in places(config | {"config": config["config"] | {"layers": config["config"]["layers"][:5]}}):
        below = config
        for key in path:
            below = below[key]
        if isinstance(below, dict):
            reason(put(config, (*path, "more"), FUNCTION))


@pytest.mark.parametrize(
    "module, name",
    [
        ("keras.layers", "Lambda"),
        ("keras.layers", "TFSMLayer"),
        ("keras.layers", "TorchModuleWrapper"),
        ("keras.layers", "TimeDistributed"),
        ("keras.layers", "Bidirectional"),
        ("keras", "layers.Conv2D"),
        ("keras", "Sequential"),
        ("keras", "layers.Lambda"),
        ("keras.models", "Model"),
        ("keras.applications", "VGG16"),
        ("keras.src.models.functional", "Functional"),
        ("keras.src.layers.core.lambda_layer", "Lambda"),
        ("builtins", "eval"),
        ("os", "system"),
        (None, "UpsampleAdd"),
    ],
)
def test_parts_that_may_run_code_are_refused_by_name(config, module, name):
    config = copy.deepcopy(config)
    layer(config, "stem_conv").update({"module": module, "class_name": name})
    assert f"class_name = {name!r}: is a part of {module!r} that may do more than compute" in reason(config)


def test_a_network_that_is_not_a_graph_of_layers_is_refused(config):
    assert "class_name = 'Sequential'" in reason(config | {"module": "keras", "class_name": "Sequential"})
    assert "class_name = ['VGG16']" in reason(config | {"class_name": ["VGG16"]})
    assert "compile_config" in reason(config | {"compile_config": {"loss": FUNCTION}})
    nested = "[" * 100_000
    with pytest.raises(ValueError, match="is not valid JSON: recursion limit"):
        check_network(nested.encode())


@pytest.mark.parametrize(
    "name, values, said",
    [
        ("up_upsample", {"size": [100, 100]}, "array of the shape (800, 1600, 8), more than 128 times"),
        ("stem_conv", {"filters": 10**9}, "has 4,000,000,000 weights, at most 250,000,000"),
        ("up_upsample", {"size": [10**9, 1]}, "size.0 = 1000000000"),
        ("down_conv", {"filters": 10**5}, "array of the shape (8, 16, 100000), more than 128 times"),
        ("logits", {"filters": 10**30}, "filters = 1000000000000000000000000000000"),
        ("image", {"batch_shape": [None, 10**6, 10**6, 3]}, "takes 3,000,000,000,000 values, at most"),
        ("image", {"batch_shape": [None, None, None, 3]}, "batch_shape"),
        ("down_conv", {"kernel_size": [1024, 1024], "padding": "valid"}, "makes an array of the shape (-1015"),
        # Margins of (100 - 1) * 1024 around 8 x 16 pixels, where TensorFlow makes them.
        (
            "down_conv",
            {"kernel_size": [100, 100], "dilation_rate": [1024, 1024], "filters": 1},
            "array of the shape (101384, 101392, 8)",
        ),
        ("image", {"batch_shape": [None, 12_000, 12_000, 3]}, "or more than 2,147,483,648 values"),
        ("stem_conv", {"filters": 0}, "filters = 0"),
        ("stem_conv", {"filters": True}, "filters = True"),
        ("stem_conv", {"strides": [0, 1]}, "strides.0 = 0"),
        ("rescale", {"scale": float("nan")}, "scale = nan"),
        ("rescale", {"scale": [1.0] * 1000}, "scale = [1.0"),
    ],
)
def test_sizes_that_would_fill_the_memory_are_refused(config, name, values, said):
    assert said in reason(changed(config, name, **values))


def test_many_weights_many_layers_and_many_arrays_are_refused(config):
    assert "weights, at most 250,000,000" in reason(changed(config, "down_conv", kernel_size=[1024, 1024], filters=32))
    many = copy.deepcopy(config)
    many["config"]["layers"] *= 200
    assert "at most 1000 items" in reason(many)
    deep = copy.deepcopy(config)
    softmax = layer(deep, "softmax")
    # 35 classes for 3 channels that go in: each is 11.7 times as large.
    for name in (f"s{number}" for number in range(400)):
        deep["config"]["layers"].append(softmax | {"name": name, "config": softmax["config"] | {"name": name}})
    assert "together are more than 4,096 times as large" in reason(deep)


def test_layers_that_do_not_fit_together_are_refused(config):
    twice = copy.deepcopy(config)
    twice["config"]["layers"].append(twice["config"]["layers"][0])
    assert "two layers 'image'" in reason(twice)
    ahead = copy.deepcopy(config)
    layer(ahead, "stem_conv")["inbound_nodes"] = layer(ahead, "softmax")["inbound_nodes"]
    assert "found ['logits'], expected layers that stand before it" in reason(ahead)
    assert "layer 'up_add' cannot take arrays of the shapes" in reason(changed(config, "up_upsample", size=[2, 3]))

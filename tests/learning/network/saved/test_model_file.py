import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from common.errors import DataError
from common.learning.network.model_card import EVALNET, SEGMENTATION
from common.learning.network.saved.model_file import read_model_file
from tests.support.model_files import arrays_of, config_of, hdf5, rewrite


def refused(path, reason):
    """Reads a file that must be refused, and gives the most memory that took, in bytes."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=reason) as caught:
            read_model_file(path, SEGMENTATION)
        assert str(path) in str(caught.value)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_file_is_its_card_its_network_and_its_weights(model_file):
    file = read_model_file(model_file, SEGMENTATION)
    assert b'"name":"toy"' in file.card
    assert file.network.weight_count == sum(values.size for values in file.arrays.values())


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04"])
def test_what_is_not_a_model_is_refused(tmp_path, content):
    path = tmp_path / "a.keras"
    path.write_bytes(content)
    refused(path, r"a\.keras: .*not a Keras model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_or_folder_in_place_of_a_model_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe.keras")
    for path in (tmp_path / "pipe.keras", tmp_path):
        refused(path, "is not a file")


def test_a_missing_file_is_named(tmp_path):
    refused(tmp_path / "nothing.keras", r"nothing\.keras: no such file")


def test_a_file_of_another_kind_is_refused(model_file):
    with pytest.raises(DataError, match="is not an EvalNet; expected an EvalNet"):
        read_model_file(model_file, EVALNET)


@pytest.mark.parametrize("name", ["../escape.txt", "/etc/passwd", "assets/x.txt", "model.weights.npz"])
def test_members_no_model_needs_are_refused(model_file, name):
    rewrite(model_file, {name: b"x"})
    refused(model_file, "which no model needs")


@pytest.mark.parametrize(
    "name, size", [("config.json", 200_000_000), ("metadata.json", 2_000_000), ("segmentation.json", 2_000_000)]
)
def test_a_member_that_would_fill_the_memory_is_refused_unread(model_file, name, size):
    rewrite(model_file, {name: b" " * size})
    assert refused(model_file, f"its {name} has {size:,} bytes, at most") < 5_000_000


def test_weights_larger_than_those_of_the_network_are_refused_unread(model_file):
    rewrite(model_file, {"model.weights.h5": bytes(50_000_000)})
    assert refused(model_file, "50,000,000 bytes, packed to .* and is not unpacked; do not trust") < 5_000_000


def test_many_weights_that_are_packed_to_nearly_nothing_are_refused_unread(model_file):
    config = config_of(model_file)
    (down,) = (entry for entry in config["config"]["layers"] if entry["name"] == "down_conv")
    down["config"]["kernel_size"] = [500, 500]  # 500 * 500 * 8 * 8 = 16,000,000 weights
    rewrite(model_file, {"model.weights.h5": bytes(64_000_000), "config.json": json.dumps(config)})
    assert refused(model_file, "64,000,000 bytes, packed to .* and is not unpacked; do not trust") < 5_000_000


def test_a_size_in_the_table_of_contents_that_is_false_is_noticed(model_file):
    with zipfile.ZipFile(model_file) as archive:
        size = archive.getinfo("config.json").file_size
    rewrite(model_file, {"config.json": b" " * 300_000})
    data = model_file.read_bytes().replace((300_000).to_bytes(4, "little"), size.to_bytes(4, "little"))
    model_file.write_bytes(data)
    refused(model_file, "is damaged or not a Keras model")


def test_fewer_weights_than_the_network_has_are_refused_before_it_is_built(model_file):
    arrays = arrays_of(model_file)
    arrays.pop("layers/conv2d/vars/0")  # 1 x 1 x 3 x 8
    rewrite(model_file, {"model.weights.h5": hdf5(arrays)})
    total = sum(values.size for values in arrays.values())
    refused(model_file, f"model.weights.h5 has {total:,} weights, expected {total + 24:,}; train")


def test_a_damaged_file_is_an_error_in_one_sentence_or_reads_as_before(model_file):
    data, rng = model_file.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 8)):
            damaged[place] = rng.integers(256)
        model_file.write_bytes(damaged)
        try:
            read_model_file(model_file, SEGMENTATION)
        except DataError as error:
            assert str(model_file) in str(error)
            assert "\n" not in str(error)

"""What is inside a `.keras` file, a zip that may come from a stranger: its card, its network and its weights.

Only members that a model needs are accepted, each of a size that a model can need. The network is checked before the
weights are unpacked, and its number of weights limits how many bytes they may have.
"""

import lzma
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.zips import check_directory
from common.learning.network.saved.network_config import CheckedNetwork, check_network
from common.learning.network.saved.weights_file import read_arrays

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
# The study's networks have 60 KB of config; 1,000 layers have 2 MB.
_LARGEST_BYTES = {_CONFIG: 4_000_000, "metadata.json": 1_000_000, _WEIGHTS: 2_100_000_000}
_LARGEST_CARD_BYTES = 1_000_000
# Of a weights file: 8 bytes a weight, and what describes the layers.
_BYTES_OF_LAYER, _BYTES_OF_WEIGHT = 20_000, 8
# Keras does not pack weights, and trained ones cannot be packed to half their size.
_LARGEST_PACKED_RATIO, _SMALL_BYTES = 20, 10_000_000
# What damaged zips raise.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class FileKind:
    """A kind of model file, told by the name of the card in it.

    Attributes:
        member: Name of the card in the zip.
        expected: What is expected instead of another file, for messages.
        without_card: What a Keras model without the card is, for messages.
        other_cards: What a file with another card is, by the name of that card.
    """

    member: str
    expected: str
    without_card: str
    other_cards: dict[str, str]


@dataclass(frozen=True)
class ModelFile:
    """What a model file contains.

    Attributes:
        card: The text of its card.
        network: Its network.
        arrays: Its weights, by their place in the weights file.
    """

    card: bytes
    network: CheckedNetwork
    arrays: dict[str, NDArray[np.generic]]


def read_model_file(path: Path, kind: FileKind) -> ModelFile:
    """Reads a model file of a kind.

    Raises:
        DataError: If the file is missing, damaged, not a Keras model of this kind, or has a part that is not known to
            be harmless; names the file and the part.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is not a file; expected a .keras model, for example in BASE_DIR/models")
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive, kind)
            card = _unpack(archive, kind.member, _LARGEST_CARD_BYTES)
            config = _unpack(archive, _CONFIG, _LARGEST_BYTES[_CONFIG])
            network = _check(path, kind, config)
            arrays = _read_weights(path, archive, network)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a .keras model, for example in BASE_DIR/models") from None
    except _DAMAGED as error:
        raise DataError(f"{path}: is damaged or not a Keras model ({error}); expected a .keras file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return ModelFile(card, network, arrays)


def _check_members(path: Path, archive: zipfile.ZipFile, kind: FileKind) -> None:
    members = archive.infolist()
    names = [info.filename for info in members]
    if _CONFIG not in names or _WEIGHTS not in names:
        raise DataError(f"{path}: is not a Keras model; expected {kind.expected}")
    if kind.member not in names:
        found = next((text for name, text in kind.other_cards.items() if name in names), kind.without_card)
        raise DataError(f"{path}: {found}; expected {kind.expected}")
    limits = {**_LARGEST_BYTES, kind.member: _LARGEST_CARD_BYTES}
    for info in members:
        if info.filename not in limits or names.count(info.filename) > 1:
            raise DataError(f"{path}: contains {info.filename[:100]!r}, which no model needs; do not trust this file")
        if info.file_size > limits[info.filename]:
            raise DataError(
                f"{path}: its {info.filename} has {info.file_size:,} bytes, at most "
                f"{limits[info.filename]:,} are allowed"
            )


def _unpack(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Reads a member to its end, but never more than its limit: the size in the table of contents can be false."""
    with archive.open(name) as member:
        data = member.read(largest + 1)
    if len(data) > largest:
        raise ValueError(f"{name} has more bytes than its entry says")
    return data


def _check(path: Path, kind: FileKind, config: bytes) -> CheckedNetwork:
    try:
        return check_network(config)
    except ValueError as error:
        raise DataError(f"{path}: {error}; expected {kind.expected}") from error


def _read_weights(path: Path, archive: zipfile.ZipFile, network: CheckedNetwork) -> dict[str, NDArray[np.generic]]:
    member = archive.getinfo(_WEIGHTS)
    largest = _BYTES_OF_WEIGHT * network.weight_count + _BYTES_OF_LAYER * (1 + len(network.shapes))
    size, packed = member.file_size, member.compress_size
    if size > min(largest, max(_SMALL_BYTES, _LARGEST_PACKED_RATIO * packed)):
        raise DataError(
            f"{path}: its {_WEIGHTS} has {size:,} bytes, packed to {packed:,}, for {network.weight_count:,} weights, "
            "and is not unpacked; do not trust this file"
        )
    try:
        arrays = read_arrays(_unpack(archive, _WEIGHTS, size))
        if (found := sum(values.size for values in arrays.values())) < network.weight_count:
            raise ValueError(f"has {found:,} weights, expected {network.weight_count:,}")
    except ValueError as error:
        raise DataError(f"{path}: {_WEIGHTS} {error}; train the model again or copy it again") from error
    return arrays

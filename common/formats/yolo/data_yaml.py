"""The index of a YOLO dataset, `data.yaml`: the names of the classes and where the images of each split are.

All values are texts, whatever YAML makes of them: a class may be called `yes` or `1`. Anchors, aliases and tags are
refused, so that a small file cannot grow and nothing in it is executed. A block of text (`download: |`) is ignored.
"""

import json
import math
import re
from dataclasses import dataclass, field

import yaml

from common.dataset.original.splits import ROLES, split_of_role
from common.errors import DataError, LabelError
from common.files.disk import read_text
from common.files.numbers import whole_number_in_text
from common.files.sources import Readable
from common.labels.tables import plain_name

Value = str | list["Value"] | dict[str, "Value"]

# The index of a dataset with 1,200 classes has 25 kB; PyYAML is slow.
LARGEST_BYTES = 128 * 1024
_DEEPEST = 16
# Keys that are not a split although their value is a text.
_OTHER_KEYS = {"path", "nc", "names", "yaml_file", "download", "channels", "kpt_shape", "flip_idx", "task", "license"}
# Keys whose value must not be a block of text.
_READ_KEYS = {"path", "nc", "names", "train", "val", "test", "minival", "valid"}
_LARGEST_INDEX = 999_999
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*( [A-Za-z0-9_/-]+)*")
_WORDS_OF_YAML = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class DataYaml:
    """The content of a `data.yaml`.

    Attributes:
        path: The folder that the others are relative to, as in the file, or "".
        names: Name of each class by its index.
        splits: Folders, or lists of images, by split.
        key_point_numbers: How many numbers of key points follow the box in each line; 0 if lines are polygons or boxes.
    """

    path: str
    names: dict[int, str] = field(hash=False)
    splits: dict[str, tuple[str, ...]] = field(hash=False)
    key_point_numbers: int = 0


def read_data_yaml(source: Readable) -> DataYaml:
    """Reads a `data.yaml`.

    Raises:
        DataError: If it is missing or not valid YAML of the kind above, names no classes, or gives another number of
            classes than it names; names the file and the line or key.
        LabelError: If a name is there twice.
    """
    content = _parse(source, read_text(source, LARGEST_BYTES))
    names = _read_names(source, content.get("names"))
    number = content.get("nc", "")
    if number and number not in (str(len(names)), str(1 + max(names))):
        raise DataError(f"{source}: nc is {str(number)[:40]}, but there are {len(names)} names; correct one of the two")
    splits = {}
    for key, value in content.items():
        places = [value] if isinstance(value, str) else value
        if key in _OTHER_KEYS or not isinstance(places, list):
            continue
        texts = tuple(place for place in places if isinstance(place, str) and place)
        if len(texts) < sum(map(bool, places)):
            raise DataError(f"{source}: {key}: expected folders or lists of images, found a list or key inside of it")
        if texts:
            splits[key] = texts
    path = content.get("path")
    return DataYaml(path if isinstance(path, str) else "", names, splits, _read_key_points(source, content))


def _read_key_points(source: Readable, content: dict[str, Value]) -> int:
    """Reads `kpt_shape`, the number of key points and of values of each; returns their product, 0 without it."""
    shape = content.get("kpt_shape", "")
    if not shape:
        return 0
    if not isinstance(shape, list) or [isinstance(side, str) and side.isdecimal() for side in shape] != [True, True]:
        raise DataError(f"{source}: kpt_shape is {str(shape)[:40]}; expected two numbers, for example [17, 3]")
    return math.prod(int(str(side)[:6]) for side in shape)


def _read_names(source: Readable, found: Value | None) -> dict[int, str]:
    if isinstance(found, list):
        found = {str(index): name for index, name in enumerate(found)}
    if not isinstance(found, dict) or not found:
        raise DataError(f"{source}: names: expected the names of the classes as a list or as 'index: name'")
    names: dict[int, str] = {}
    seen: dict[str, str] = {}
    for key, name in found.items():
        index = whole_number_in_text(key)
        if index is None or not 0 <= index <= _LARGEST_INDEX or not isinstance(name, str) or not name:
            raise DataError(f"{source}: names: found {key[:60]!r}: {str(name)[:60]!r}; expected an index and a name")
        if seen.setdefault(plain_name(name), key) != key:
            raise LabelError(f"{source}: names: the class {name!r} is there twice; each name may be there once")
        if index in names:
            raise DataError(f"{source}: names: the index {index} is there twice; each may be there once")
        names[index] = name
    return names


def data_yaml_text(names: list[str], splits: dict[str, str]) -> str:
    """Builds the text of a `data.yaml`.

    It has no `path`, because Ultralytics then takes the folder of the file, wherever it is started. Its keys are train,
    val and test, so the split of each role has that key (`dataset.original.splits`), and all others have their name.
    Ultralytics needs train and val, so a missing one gets the images of the first split there is.

    Args:
        names: Of the classes, by index.
        splits: Folders by name of the split; the first is training data where there is any.
    """
    key_of = {split: role for role in ROLES if (split := split_of_role(role, splits)) is not None}
    folders = {key_of.get(split, split): folder for split, folder in splits.items()}
    lines = ["# Paths are relative to this file."]
    for key in ("train", "val"):
        if folders and key not in folders:
            lines += [f"# There is no {key}.", f"{key}: {_quoted(next(iter(folders.values())))}"]
    lines += [f"{_quoted(key)}: {_quoted(folder)}" for key, folder in folders.items()]
    lines += ["names:", *(f"  {index}: {_quoted(name)}" for index, name in enumerate(names))]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else json.dumps(text, ensure_ascii=False)


class _Loader(yaml.SafeLoader):
    """Builds the nodes of a file, but refuses what a file of strangers could use to do damage."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or event.tag is not None:
            raise yaml.MarkedYAMLError(problem="anchors, aliases and tags are refused", problem_mark=event.start_mark)
        if self._depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"is more than {_DEEPEST} deep", problem_mark=event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _parse(source: Readable, text: str) -> dict[str, Value]:
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise DataError(f"{source}: {line}cannot be read as YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise DataError(f"{source}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    if node is None:
        return {}
    content = _value(source, node)
    if not isinstance(content, dict):
        raise DataError(f"{source}: found {str(content)[:60]!r}; expected lines of 'key: value'")
    for key, value in node.value:
        if key.value in _READ_KEYS and _is_block(value):
            raise DataError(
                f"{source}: line {value.start_mark.line + 1}: {key.value} is a block of text; expected one line"
            )
    return content


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")


def _value(source: Readable, node: yaml.Node) -> Value:
    """Turns a node into texts, lists and dictionaries; null and blocks of text become ""."""
    if isinstance(node, yaml.SequenceNode):
        return [_value(source, item) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return "" if node.tag == _NULL or _is_block(node) else str(node.value)
    result: dict[str, Value] = {}
    for key, value in node.value:
        where = f"{source}: line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise DataError(f"{where}: a key is a list or has keys itself; expected a text")
        if key.value in result:
            raise DataError(f"{where}: the key {key.value!r} is there twice")
        result[key.value] = _value(source, value)
    return result

"""The index of a YOLO dataset, `data.yaml`: the names of the classes and where the images of each split are.

Of YAML it knows what such files are made of: `key: value` at the start of a line; below a key a list of `- value` or
indented `key: value` lines; `[a, b]` and `{0: a, 1: b}`, over several lines too; quotes and comments. A block of text
(`download: |`) is passed over where it says nothing of splits or names. Whatever else YAML has, anchors, aliases and
tags above all, is refused by line.
"""

import json
import re
from dataclasses import dataclass, field

from common.errors import DataError, LabelError
from common.files.disk import read_text
from common.labels.tables import plain_name

LARGEST_BYTES = 1024 * 1024
# Keys that are no split although their value is a text.
_OTHER_KEYS = {"path", "nc", "names", "yaml_file", "download", "channels", "kpt_shape", "flip_idx", "task", "license"}
# Keys whose value must not be a block of text.
_READ_KEYS = {"path", "nc", "names", "train", "val", "test", "minival", "valid"}
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*( [A-Za-z0-9_/-]+)*")
_WORDS_OF_YAML = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


@dataclass(frozen=True)
class DataYaml:
    """What a `data.yaml` says.

    Attributes:
        path: The folder that the others are relative to, as in the file, or "".
        names: Name of each class by its index.
        splits: Folders, or lists of images, by split.
    """

    path: str
    names: dict[int, str] = field(hash=False)
    splits: dict[str, tuple[str, ...]] = field(hash=False)


def read_data_yaml(source):
    """Reads a `data.yaml`.

    Args:
        source: A `Source` or `Path`.

    Raises:
        DataError: If it is missing, no YAML of the kind above, names no classes, or says another number of them than
            it names; names file and line.
        LabelError: If a name is there twice.
    """
    content = _parse(source, read_text(source, LARGEST_BYTES))
    names = content.get("names")
    if isinstance(names, list):
        names = {str(index): name for index, name in enumerate(names)}
    if not isinstance(names, dict) or not names:
        raise DataError(f"{source}: the names of the classes were expected as a list or as 'index: name' below names:")
    wrong = next((key for key, name in names.items() if not re.fullmatch(r"[0-9]{1,6}", key) or not name), None)
    if wrong is not None:
        raise DataError(f"{source}: names: {wrong[:60]!r} was found, the index of a class and its name were expected")
    by_plain = {}
    for key, name in names.items():
        if by_plain.setdefault(plain_name(name), key) != key:
            raise LabelError(f"{source}: the class {name!r} is there twice; each name may be there once")
    _check_number(source, content.get("nc", ""), names)
    splits = {}
    for key, value in content.items():
        places = [value] if isinstance(value, str) else value
        if key not in _OTHER_KEYS and isinstance(places, list) and any(places):
            splits[key] = tuple(place for place in places if place)
    path = content.get("path")
    return DataYaml(path if isinstance(path, str) else "", {int(key): name for key, name in names.items()}, splits)


def _check_number(source, number, names):
    """Refuses a number of classes that is not that of their names."""
    possible = {str(len(names)), str(1 + max(map(int, names)))}
    if number and number not in possible:
        raise DataError(f"{source}: nc is {str(number)[:40]}, but there are {len(names)} names; correct one of the two")


def data_yaml_text(names, splits):
    """Builds the text of a `data.yaml`.

    It has no `path`, since Ultralytics then takes the folder of the file, wherever it is started. Ultralytics wants
    train and val, so a missing one gets the images of the first split there is.

    Args:
        names: Class names in the order of their indices.
        splits: Folder of the images by split.
    """
    lines = ["# Paths are relative to this file."]
    for split in ("train", "val"):
        if splits and split not in splits:
            lines += [f"# There is no {split}.", f"{split}: {_quoted(next(iter(splits.values())))}"]
    lines += [f"{_quoted(split)}: {_quoted(folder)}" for split, folder in splits.items()]
    lines += ["names:", *(f"  {index}: {_quoted(name)}" for index, name in enumerate(names))]
    return "\n".join(lines) + "\n"


def _quoted(text):
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _parse(source, text):
    """Reads the keys at the start of lines: `{key: text, list of texts, or dictionary of texts}`."""
    lines = [(number, _without_comment(line).rstrip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and line not in ("---", "...")]
    result, position = {}, 0
    while position < len(lines):
        number, line = lines[position]
        where = f"{source}: line {number}"
        key, value = _pair(where, line)
        position += 1
        below = position
        while below < len(lines) and (lines[below][1][0] in " \t" or lines[below][1].startswith(("- ", "]", "}"))):
            below += 1
        if key in result:
            raise DataError(f"{where}: the key {key!r} is there twice")
        if key in _READ_KEYS and value[:1] in ("|", ">"):
            raise DataError(
                f"{where}: {line[:60]!r} begins a block of text, which is not read here; write it on one line"
            )
        result[key] = _value(source, where, value, lines[position:below])
        position = below
    return result


def _value(source, where, value, below):
    if value[:1] in ("|", ">"):
        return ""
    if value[:1] in ("[", "{"):
        return _flow(where, " ".join([value, *(line.strip() for _, line in below)]))
    if value:
        if below:
            raise DataError(f"{source}: line {below[0][0]}: {below[0][1][:60]!r} does not belong to the line above")
        return _scalar(where, value)
    if below and not below[0][1].strip().startswith("- "):
        return _block(source, below)
    for number, line in below:
        if not line.strip().startswith("- "):
            raise DataError(f"{source}: line {number}: {line[:60]!r} was found, '- value' was expected")
    return [_scalar(f"{source}: line {number}", line.strip()[2:].strip()) for number, line in below]


def _block(source, lines):
    """Reads indented `key: value` lines; what is indented further, as a block of text, is passed over."""
    result, indent = {}, len(lines[0][1]) - len(lines[0][1].lstrip()) if lines else 0
    for number, line in lines:
        where = f"{source}: line {number}"
        if len(line) - len(line.lstrip()) > indent:
            continue
        key, value = _pair(where, line.strip())
        if key in result:
            raise DataError(f"{where}: the key {key!r} is there twice")
        result[key] = "" if value[:1] in ("|", ">", "[", "{") else _scalar(where, value)
    return result


def _flow(where, text):
    """Reads `[a, b]` or `{0: a, 1: b}`, without brackets inside."""
    closing = {"[": "]", "{": "}"}[text[0]]
    if not text.endswith(closing):
        raise DataError(f"{where}: {text[:60]!r} has no {closing!r} at its end")
    inner = text[1:-1]
    cuts = [-1, *(position for position, char in _outside_quotes(inner) if char == ","), len(inner)]
    items = [inner[start + 1 : stop].strip() for start, stop in zip(cuts, cuts[1:], strict=False)]
    items = items[:-1] if not items[-1] else items
    if any(item.startswith(("[", "{")) for item in items):
        raise DataError(f"{where}: {text[:60]!r} cannot be understood; a list of names was expected")
    if closing == "]":
        return [_scalar(where, item) for item in items]
    return {key: _scalar(where, value) for key, value in (_pair(where, item) for item in items)}


def _pair(where, text):
    """Takes `key: value` apart."""
    quoted = _QUOTED.match(text)
    key, colon, value = text.partition(":") if not quoted else (quoted[0], *_rest(text[quoted.end() :]))
    if not key.strip() or not colon or (value and value[0] not in " \t"):
        raise DataError(f"{where}: {text[:60]!r} was found, 'key: value' was expected")
    return _scalar(where, key.strip()), value.strip()


def _rest(text):
    before, colon, value = text.partition(":")
    return ("", "") if before.strip() else (colon, value)


def _scalar(where, text):
    try:
        if text.startswith('"'):
            return str(json.loads(text))
    except ValueError as error:
        raise DataError(f"{where}: {text[:60]!r} is no text in quotes: {error}") from error
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'"):
            raise DataError(f"{where}: {text[:60]!r} is no text in quotes")
        return text[1:-1].replace("''", "'")
    if text[:1] in ("&", "*", "!", "@", "`", "%"):
        raise DataError(f"{where}: {text[:60]!r} is YAML that is not read here; anchors, aliases and tags are refused")
    return "" if text in ("null", "~") else text


def _without_comment(line):
    for position, char in _outside_quotes(line):
        if char == "#" and (position == 0 or line[position - 1] in " \t"):
            return line[:position]
    return line


def _outside_quotes(text):
    """Yields the characters that stand in no quotes, with their places; quotes open where a value begins."""
    quote = last = before = ""
    for position, char in enumerate(text):
        if quote:
            if char == quote and (quote == "'" or before != "\\"):
                quote = ""
        elif char in "\"'" and (last in ("", ":", ",", "[", "{", "-") or before == char == "'"):
            quote = char
        else:
            yield position, char
        before = "" if before == char == "\\" else char
        last = last if char.isspace() else char

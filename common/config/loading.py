"""Reads config.ini: texts by section and key, checked by the models of `settings`; a wrong one is explained.

Assumes one section per dataset over [DEFAULT]. Keys keep the names and meaning they have in the reference study. Keys
that no step uses and sections of the study's other datasets may stand in the file.
"""

import configparser
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from common.config.config import Config
from common.config.keys import KEYS, OTHER_SECTIONS, RECIPE_KEYS, UNUSED_KEYS, Key, as_text
from common.config.paths import SHIPPED_CONFIG, resolve_folder
from common.config.settings import Recipe
from common.errors import ConfigError, DataError, LabelError
from common.files.disk import read_text
from common.labels.map_files import builtin_names, load_label_map

_COMMAND_LINE = "command line"
_LARGEST_BYTES = 1024**2
_MODERN = "MODERN"
# "=" with a space before or behind it.
_SPACED = re.compile(r"(\w+)(?: +=|= )=? *(\S+)")


class _Text(NamedTuple):
    """A value as it was given: the text, and where it stands, for messages."""

    text: str
    where: str


_Texts = dict[str, _Text]
_Model = TypeVar("_Model", Config, Recipe)


def load_config(section: str, path: Path, overrides: Iterable[str] = ()) -> Config:
    """Reads and checks one section of config.ini.

    Args:
        path: A relative BASE_DIR or LABEL_MAP is relative to its folder. Keys it leaves out have the study's
            value; only BASE_DIR must be given.
        overrides: `KEY=VALUE` texts that win over the file; a relative path among them is relative to the working
            directory.

    Raises:
        ConfigError: Names file, section, key, value and what is allowed.
    """
    path = Path(path)
    parser = _parse(path, section)
    _check_sections(parser, path, section)
    given = _read_overrides(overrides)
    paper = {name: _Text(as_text(key.study), f"{path} [{key.section}]") for name, key in KEYS.items()}
    del paper["BASE_DIR"]
    paper |= _read_sections(parser, path, ("DEFAULT", section))
    modern = {name: _Text(as_text(key.modern), f"{path} [{_MODERN}]") for name, key in RECIPE_KEYS.items()}
    modern |= _read_sections(parser, path, (_MODERN,))
    for recipe in (paper, modern):  # the unused recipe is checked as well
        choices = {key.field: recipe[name].text for name, key in RECIPE_KEYS.items() if key.group == "training"}
        _make(Recipe, choices, recipe, ("training",))
    texts = paper | given
    if texts["RECIPE"].text == "modern":
        texts |= modern | given
    if "BASE_DIR" not in texts:
        raise ConfigError(f"{path} [{section}]: BASE_DIR is missing; set it to the folder that holds original_data")
    values: dict[str, dict[str, Any]] = {}
    for name, key in KEYS.items():
        values.setdefault(key.group, {})[key.field] = _value(key, texts[name], path)
    dataset = values["dataset"]
    dataset["name"] = section
    values["network"] |= {"height": dataset["image_height"], "width": dataset["image_width"]}
    values["network"] |= {"channels": dataset["image_channels"], "num_classes": dataset["num_classes"]}
    return _make(Config, values.pop("") | values, texts)


def _value(key: Key, given: _Text, path: Path) -> object:
    """Reads what refers to other files: a folder, and a label map; all else stays text, which the models read."""
    start = Path.cwd() if given.where == _COMMAND_LINE else path.absolute().parent
    try:
        if key.name == "BASE_DIR":
            return resolve_folder(given.text, start)
        if key.name == "LABEL_MAP":
            name = given.text.strip("\"' ")
            return load_label_map(name if name in ("", *builtin_names()) else str(resolve_folder(name, start)))
    except LabelError as error:
        raise ConfigError(f"{given.where}: {key.name}: {error}") from error
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"{given.where}: {key.name} = {given.text or '(empty)'}: {error}") from error
    return given.text


def _make(model: type[_Model], values: Mapping[str, Any], texts: _Texts, place: tuple[str, ...] = ()) -> _Model:
    """Makes a model of texts, or explains the first one that is wrong; `place` is where it stands in `Config`."""
    try:
        return model(**values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place += tuple(map(str, fault["loc"]))
        place = place if len(place) > 1 else ("", *place)
        key = next((key for key in KEYS.values() if (key.group, key.field) == place[:2]), None)
        if key is None:  # values that do not fit together; the message begins with a key
            message = str(fault["ctx"]["error"])
            name = message.split()[0]
            raise ConfigError(f"{texts[name].where}: {message}") from error
        text, where = texts[key.name].text, texts[key.name].where
        hint = " (a comment has to stand on a line of its own)" if re.search(r"\s[#;]", text) else ""
        raise ConfigError(f"{where}: {key.name} = {text or '(empty)'}: expected {key.allowed}{hint}") from error


def _read_sections(parser: configparser.ConfigParser, path: Path, names: Iterable[str]) -> _Texts:
    """Reads the keys of sections, the later ones winning."""
    texts = {}
    for name in names:
        for key, text in parser[name].items() if name in parser else ():
            _check_known(key, f"{path} [{name}]")
            texts[key] = _Text(text.strip(), f"{path} [{name}]")
    return texts


def _parse(path: Path, section: str) -> configparser.ConfigParser:
    # [DEFAULT] is read as a section like any other, so that messages can say where a value stands.
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    if not path.exists():
        raise ConfigError(f"{path}: no such file; copy config.ini of the repository there or give --config")
    if path.is_dir():
        inside = path / SHIPPED_CONFIG.name
        hint = f"did you mean {inside}?" if inside.is_file() else "expected a file like config.ini of the repository"
        raise ConfigError(f"{path}: is a folder; {hint}")
    try:
        text = read_text(path, _LARGEST_BYTES)
    except DataError as error:
        raise ConfigError(f"{error}; expected a text file like config.ini of the repository") from error
    try:
        parser.read_string(text, source=str(path))
    except configparser.Error as error:
        found = " ".join(str(error).split())
        raise ConfigError(f"{path}: {found}; expected lines like 'KEY = value' below [{section}]") from error
    _refuse_indented_keys(parser, path, text)
    return parser


def _refuse_indented_keys(parser: configparser.ConfigParser, path: Path, text: str) -> None:
    """Refuses what configparser takes for more of the value above: a line with a key that is indented."""
    for name in parser.sections():
        for above, value in parser[name].items():
            for line in value.split("\n")[1:]:
                if re.match(r"\w+\s*=", line):
                    number = next(n for n, each in enumerate(text.splitlines(), 1) if each.strip() == line.strip())
                    raise ConfigError(
                        f"{path}: line {number}: {line.partition('=')[0].strip()} is indented, so that it would belong "
                        f"to the value of {above} above; remove the spaces at the start of the line"
                    )


def _check_sections(parser: configparser.ConfigParser, path: Path, section: str) -> None:
    for found in parser.sections():
        if found not in (section, "DEFAULT", _MODERN) and found not in OTHER_SECTIONS:
            raise ConfigError(f"{path}: unknown section [{found}]; expected [DEFAULT], [{_MODERN}] and [{section}]")
    for key in parser[_MODERN] if parser.has_section(_MODERN) else ():
        _check_known(key, f"{path} [{_MODERN}]")
        if key not in RECIPE_KEYS:
            way_out = f"move it to [DEFAULT] or [{section}]"
            raise ConfigError(f"{path} [{_MODERN}]: {key} is not a choice of a recipe; {way_out}")


def _check_known(key: str, where: str) -> None:
    if key in KEYS or key in UNUSED_KEYS:
        return
    known = {name.upper(): name for name in KEYS}
    close = difflib.get_close_matches(key.upper(), known, n=1, cutoff=0.5)
    hint = f"did you mean {known[close[0]]}?" if close else f"the keys are {', '.join(KEYS)}"
    raise ConfigError(f"{where}: unknown key {key}; {hint}")


def _not_understood(text: str, overrides: Sequence[str]) -> str:
    """Explains a word that is not KEY=VALUE: most often "=" has spaces around it, or a value has some and no quotes."""
    spaced = next((found for found in _SPACED.finditer(" ".join(overrides)) if found[1] in KEYS), None)
    if spaced is not None and (text in spaced[0].split() or text == spaced[2]):
        return f"{spaced[0]!r} has spaces; write {spaced[1]}={spaced[2]}"
    return f"{text!r} is not understood; expected KEY=VALUE, for example NUM_EPOCHS=5, in quotes if it has spaces"


def _read_overrides(overrides: Iterable[str]) -> _Texts:
    given = {}
    overrides = list(overrides)
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"{_COMMAND_LINE}: {_not_understood(text, overrides)}")
        _check_known(key.strip(), _COMMAND_LINE)
        given[key.strip()] = _Text(value.strip(), _COMMAND_LINE)
    return given

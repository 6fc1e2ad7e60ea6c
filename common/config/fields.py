"""Describes the fields of the models of config.ini: the key, and how values are written that are not a plain type."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_Value = TypeVar("_Value")
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


def key(name: str, study: object, meaning: str, **more: Any) -> Any:
    """Describes a field that is a key of config.ini; `study` is the study's value, `...` if there is none.

    Args:
        more: `modern`, the value under RECIPE = modern; `scores=False` if no score depends on it; `allowed` in words,
            where the type does not say it; all others are limits as in `pydantic.Field`.
    """
    extra: dict[str, Any] = {part: more.pop(part) for part in ("modern", "scores", "allowed") if part in more}
    return Field(study, description=meaning, json_schema_extra={"key": name, **extra}, **more)


@dataclass(frozen=True)
class Written:
    """How a field is written as text; an annotation of the field. Values that are not text pass.

    `allowed` completes the sentence "expected ..."; `read` raises ValueError if a text is not allowed.
    """

    allowed: str
    read: Callable[[str], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads a text before pydantic checks the type of the field."""

        def read_text(value: object) -> object:
            return self.read(value) if isinstance(value, str) else value

        return core_schema.no_info_before_validator_function(read_text, handler(source))


def _if_allowed(value: _Value, is_allowed: bool) -> _Value:
    if not is_allowed:
        raise ValueError
    return value


def number_pair(smallest: float, largest: float) -> Written:
    """Two numbers with a comma between, the smaller first."""

    def read(text: str) -> tuple[float, float]:
        low, high = (float(part) for part in text.split(","))
        return _if_allowed((low, high), smallest <= low <= high <= largest)

    return Written(f"two numbers from {smallest:g} to {largest:g} with a comma between, the smaller first", read)


def numbers_up_to(*largest: float) -> Written:
    """As many numbers as `largest` has, with commas between, each from 0 to its own largest."""

    def read(text: str) -> tuple[float, ...]:
        found = tuple(float(part) for part in text.split(","))
        return _if_allowed(found, all(0 <= one <= most for one, most in zip(found, largest, strict=True)))

    most = ", ".join(f"{one:g}" for one in largest)
    return Written(f"{len(largest)} numbers with commas between, from 0 to {most}", read)


def file_name_part(*taken: str) -> Written:
    """Nothing, or a word that can stand between underscores in names of files and is not `taken`."""

    def read(text: str) -> str:
        return _if_allowed(text, bool(re.fullmatch(r"([a-z][a-z0-9-]{0,39})?", text)) and text not in taken)

    but = f", and not {' or '.join(taken)}"
    return Written(f"nothing, or up to 40 small letters, digits and hyphens, a letter first{but}", read)


def one_of(*words: str) -> Written:
    """One of a few words."""
    allowed = "one of " + ", ".join(words) if len(words) > 1 else words[0]
    return Written(allowed, lambda text: _if_allowed(text, text in words))


def several(*words: str) -> Written:
    """Any of a few words with commas between, or `none`."""

    def read(text: str) -> tuple[str, ...]:
        found = [part for part in re.split(r"[,\s]+", text) if part]
        if found == ["none"]:
            return ()
        return _if_allowed(tuple(word for word in words if word in found), bool(found) and set(found) <= set(words))

    return Written(f"any of {', '.join(words)} with commas between, or none", read)


def whole_numbers(smallest: int, largest: int) -> Written:
    """One or more whole numbers with commas between."""

    def read(text: str) -> tuple[int, ...]:
        found = tuple(int(part) for part in text.split(","))
        return _if_allowed(found, all(smallest <= one <= largest for one in found))

    return Written(f"whole numbers from {smallest} to {largest} with commas between", read)


def numbers(smallest: float, largest: float) -> Written:
    """One or more numbers with commas between."""

    def read(text: str) -> tuple[float, ...]:
        found = tuple(float(part) for part in text.split(","))
        return _if_allowed(found, all(smallest <= one <= largest for one in found))

    return Written(f"numbers from {smallest:g} to {largest:g} with commas between", read)


def auto_or_number(smallest: float, largest: float) -> Written:
    """A number, or `auto`, which is None."""

    def read(text: str) -> float | None:
        return None if text == "auto" else _if_allowed(float(text), smallest <= float(text) <= largest)

    return Written(f"auto or a number from {smallest:g} to {largest:g}", read)


def auto_or_count(most: int) -> Written:
    """A whole number from 1 to `most`, or `auto`, which is None."""

    def read(text: str) -> int | None:
        if text == "auto":
            return None
        return _if_allowed(int(text), 1 <= int(text) <= most)

    return Written("auto or a whole number from 1", read)


def auto_or_names(example: str) -> Written:
    """Names with commas between; `auto`, which is None; or `none`, which is no name."""

    def read(text: str) -> tuple[str, ...] | None:
        if text in ("auto", "none"):
            return None if text == "auto" else ()
        found = tuple(part.strip() for part in text.split(","))
        each_is_a_name = all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9/:-]{0,99}", name) for name in found)
        return _if_allowed(found, each_is_a_name and len(set(found)) == len(found))

    return Written(f"auto, none, or different names with commas between, for example {example}", read)


def command_words() -> Written:
    """Nothing, or the words of a command, in quotes where they have spaces."""

    def read(text: str) -> str:
        return _if_allowed(text, bool(shlex.split(text)) or not text)

    return Written("nothing, or a command and its arguments", read)

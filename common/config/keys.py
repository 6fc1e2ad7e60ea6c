"""The keys of config.ini, read from the fields of its models: where each value goes, and what is allowed.

The names are those of the reference study's config.ini; values that are fixed in its code have keys of their own here.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from common.config.config import Config
from common.config.fields import Written, one_of
from common.labels.maps import LabelMap


@dataclass(frozen=True)
class Key:
    """One key of config.ini.

    Attributes:
        group: The field of `Config` that holds the value; "" for `Config` itself.
        field: The field of the group's model.
        study: The study's value, and the default; None for BASE_DIR, which has no default, and for "auto".
        modern: The default under RECIPE = modern, for a choice of a recipe; None for "auto".
        allowed: Completes the sentence "expected ...".
        scores: Whether scores depend on it.
        in_recipe: Whether it is a choice of a recipe.
    """

    name: str
    group: str
    field: str
    study: Any
    modern: Any
    allowed: str
    meaning: str
    scores: bool
    in_recipe: bool

    @property
    def section(self) -> str:
        """The section of config.ini the key stands in; for a choice of a recipe that of the paper's recipe."""
        return "CITYSCAPES" if self.group in ("dataset", "network", "augmentation") else "DEFAULT"


def as_text(value: Any) -> str:
    """Writes a value as it stands in config.ini."""
    if value is None:
        return "auto"
    if isinstance(value, tuple):
        return ", ".join(map(as_text, value)) or "none"
    if isinstance(value, LabelMap):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _allowed(field: FieldInfo, words: object) -> str:
    """Says what a field allows, from its type and limits."""
    if written := next((part for part in field.metadata if isinstance(part, Written)), None):
        return written.allowed
    if words is not None:
        return str(words)
    if get_origin(field.annotation) is Literal:
        return one_of(*get_args(field.annotation)).allowed
    if field.annotation is bool:
        return "True or False"
    limits = {
        name: getattr(part, name) for part in field.metadata for name in ("ge", "gt", "le") if hasattr(part, name)
    }
    if field.annotation is int:
        low, high = limits["ge"], limits["le"]
        return str(low) if low == high else f"a whole number from {low} to {high:,}"
    start = f"above {limits['gt']:g}, up" if "gt" in limits else f"from {limits['ge']:g}"
    return f"a number {start} to {limits['le']:g}"


def _keys_of(model: type, group: str = "") -> Iterator[Key]:
    fields: dict[str, FieldInfo] = model.__pydantic_fields__  # type: ignore[attr-defined]
    for name, field in fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict):
            study = None if field.is_required() else field.default
            more = extra.get("modern"), _allowed(field, extra.get("allowed")), field.description or ""
            yield Key(str(extra["key"]), group, name, study, *more, bool(extra.get("scores", True)), "modern" in extra)
        elif isinstance(field.annotation, type) and dataclasses.is_dataclass(field.annotation):
            yield from _keys_of(field.annotation, name)


_ORDER = ("", "training", "study", "machine", "methods")


def _place(key: Key) -> tuple[bool, int]:
    """Sorts keys by section; those of [DEFAULT] by group."""
    return key.section != "DEFAULT", _ORDER.index(key.group) if key.group in _ORDER else 0


KEYS = {key.name: key for key in sorted(_keys_of(Config), key=_place)}
RECIPE_KEYS = {name: key for name, key in KEYS.items() if key.in_recipe}
# Keys of the reference's config.ini that no Cityscapes step uses: accepted, so that a file written for it can be used.
UNUSED_KEYS = {"THRESHOLD", "VALIDATION_FREQUENCY"}
OTHER_SECTIONS = {"ISIC_2018", "HELA", "SUIM"}


def value_of(config: Config, key: Key) -> Any:
    """Gives a config's value for a key."""
    return getattr(getattr(config, key.group) if key.group else config, key.field)


def has_study_values(config: Config, methods: bool = False) -> bool:
    """Tells whether everything that scores depend on has the study's value; what only the methods use, if asked for."""
    keys = (key for key in KEYS.values() if key.scores and (methods or key.group != "methods"))
    return all(value_of(config, key) == key.study for key in keys)

"""Values that come from JSON files, as models: read, checked, and a wrong one explained in one line.

A model is what the rest of the project may rely on; nothing is checked again behind it. Knows no particular file.
"""

import math
from codecs import BOM_UTF8
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, ValidationError

from common.errors import DataError
from common.files.sources import Readable, read_bytes_of

_LONGEST_VALUE = 60


class FileModel(BaseModel):
    """Base of all values that are stored as JSON: frozen, with exact types, without unknown keys, NaN or infinity."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def _check_finite(value: JsonValue) -> JsonValue:
    """Refuses NaN and infinity anywhere in a value; a number such as 1e999 is infinity too."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is not a finite number")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_finite(part)
    return value


# Any JSON value; only finite numbers.
FiniteJson = Annotated[JsonValue, AfterValidator(_check_finite)]
Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Readable, model: type[Model]) -> Model:
    """Reads a JSON file as a model.

    Raises:
        DataError: If the file is missing or not valid JSON, or a value does not fit; names file, key, value and what is
            allowed.
    """
    data = read_bytes_of(path).removeprefix(BOM_UTF8)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise DataError(f"{path}: {explain(error)}") from error


def explain(error: ValidationError) -> str:
    """Writes the first fault of a value in words: the key, the value that was found, what is allowed."""
    fault = error.errors(include_url=False)[0]
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "json_invalid":
        return f"is not valid JSON: {fault['msg'].removeprefix('Invalid JSON: ')}"
    if fault["type"] == "missing":
        return f"the key {key} is missing"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}"
    found = repr(fault["input"])
    shown = found if len(found) <= _LONGEST_VALUE else f"{found[:_LONGEST_VALUE]}..."
    message = fault["msg"].removeprefix("Value error, ")
    return f"{key} = {shown}: {message[0].lower() + message[1:]}" if key else f"{message[0].lower() + message[1:]}"

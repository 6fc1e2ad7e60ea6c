"""Files as pandas and some converters write them: every whole number with a decimal point."""

import json
from pathlib import Path


def with_decimal_points(value: object) -> object:
    """Turns all whole numbers of a value of JSON into floats."""
    if isinstance(value, dict):
        return {key: with_decimal_points(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_decimal_points(item) for item in value]
    return float(value) if type(value) is int else value


def write_with_decimal_points(path: Path) -> None:
    """Rewrites a JSON file; 64 becomes 64.0 everywhere."""
    path.write_text(json.dumps(with_decimal_points(json.loads(path.read_text()))))

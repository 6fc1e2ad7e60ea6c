"""Whole numbers in files of other programs, which write 64 also as 64.0; one rule for all formats.

pandas, YAML and converters turn whole numbers into numbers with a decimal point. Such a number means the same. A text
in quotes, true, and a number with a fraction are not whole numbers.
"""

import math
import re

# From here on not every whole number can be written with a decimal point.
_LARGEST_EXACT = 2**53
_TEXT = re.compile(r"\s*([+-]?[0-9]{1,18})(\.0*)?\s*", re.ASCII)


def whole_number(value: object) -> int | None:
    """Understands a value of JSON as a whole number; gives None if it is none.

    Examples: 64 and 64.0 are 64; 64.5, "64", true and NaN are None.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) <= _LARGEST_EXACT:
        return int(value)
    return None


def whole_number_in_text(text: str) -> int | None:
    """Understands a word of a text file, for example "3", "3.0" or " 3 ", as a whole number; None if it is none."""
    found = _TEXT.fullmatch(text)
    return int(found[1]) if found else None

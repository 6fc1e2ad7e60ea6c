"""What two datasets differ in, as lines of text for people."""

from collections.abc import Iterator

from common.stats.comparison import DatasetComparison, Difference
from common.text import count, first_few

_DETAILS = 5


def describe_comparison(found: DatasetComparison) -> list[str]:
    """Describes a comparison: what is equal, a line for each kind of difference, and the verdict."""
    equal = ", ".join(count(amount, what.removesuffix("s")) for what, amount in found.equal.items() if amount)
    lines = [f"{count(found.frames, 'frame')} in both" + (f"; equal: {equal}" if equal else "")]
    for kind, one in found.different.items():
        lines += _lines_of(kind, one)
    kinds = count(len(found.different), "kind of difference", "kinds of difference")
    return [*lines, kinds if found.different else "no difference"]


def _lines_of(kind: str, one: Difference) -> Iterator[str]:
    where = f" in {count(one.frames, 'frame')}" if one.frames else ""
    more = (one.frames or one.amount) - len(one.examples)
    examples = first_few(one.examples) + (f" and {more:,} more" if more else "")
    yield f"{kind}: {one.amount:,}{where} ({examples})"
    for label, amount in one.details.most_common(_DETAILS):
        yield f"    {label}: {amount:,}"
    if (more := len(one.details) - _DETAILS) > 0:
        yield f"    and {more:,} more (--json lists all)"

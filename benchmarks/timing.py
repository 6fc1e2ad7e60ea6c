"""How things are measured: both sides in turn, medians, ratios turn by turn, so that a busy moment decides nothing."""

import argparse
import json
import statistics
import time
from pathlib import Path

_COLUMNS = "{:<62}{:>10}{:>10}{:>8}{:>9}"


def seconds(function, *arguments):
    """Calls a function and returns how long it took."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def row(name, ours, against=None, asked=None, higher_is_better=False):
    """Makes one row of the table.

    Args:
        name: What is measured, with its unit.
        ours: Values of this project, one per turn.
        against: Values of what it is compared with, as many; None without a rival.
        asked: The smallest ratio asked for; without a rival the largest value.
        higher_is_better: For rates.

    Returns:
        `name`, `ours` and `against` (medians), `ratio` (the median turn by turn, above 1 if ours is better), `asked`.
    """
    ratio = None
    if against:
        pairs = list(zip(ours, against, strict=True))
        ratio = statistics.median([mine / other if higher_is_better else other / mine for mine, other in pairs])
    return {
        "name": name,
        "ours": statistics.median(ours),
        "against": statistics.median(against) if against else None,
        "ratio": ratio,
        "asked": asked,
    }


def show(rows):
    """Prints rows as a table."""
    print(_COLUMNS.format("what", "ours", "against", "ratio", "asked"))
    for entry in rows:
        values = [_short(entry[key]) for key in ("ours", "against", "ratio")]
        asked = (
            "-" if entry["asked"] is None else f"{'<=' if entry['ratio'] is None else '>='} {_short(entry['asked'])}"
        )
        print(_COLUMNS.format(entry["name"], *values, asked))


def _short(value):
    if value is None:
        return "-"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def main(description, measure, json_file=None):
    """The command line of a part: `--quick` for fewer turns, `--json FILE` to keep the rows."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns, for a look; not for quoting")
    parser.add_argument("--json", type=Path, metavar="FILE", default=json_file, help="also write the rows there")
    options = parser.parse_args()
    rows = measure(options.quick)
    show(rows)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")

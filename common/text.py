"""Words for people: counted nouns, the first few of many names, aligned tables, text that is safe on a terminal.

Knows nothing of what the words are about.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence


def count(amount: int, noun: str, plural: str = "") -> str:
    """Writes an amount with its noun: "1 class", "2,975 frames".

    Args:
        amount: How many there are.
        noun: The noun for one of them.
        plural: The noun for several, where adding an "s" is not enough.
    """
    return f"{amount:,} {noun if amount == 1 else plural or f'{noun}s'}"


def first_few(names: Iterable[str], most: int = 5) -> str:
    """Joins names for a message, at most the first `most` of them: "a, b and 7 more".

    Names that could change the terminal are quoted and escaped.
    """
    names = list(names)
    shown = ", ".join(name if name.isprintable() else ascii(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def one_line(text: str, longest: int | None = None) -> str:
    """Makes one printable line of any text: what is not printable becomes "?", and the rest is cut off."""
    return "".join(character if character.isprintable() else "?" for character in text[:longest])


def csv_text(rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Writes rows of cells as CSV.

    A text that a spreadsheet would take for a formula, for example a file name that begins with "=", gets a "'" before
    it; numbers stay as they are.
    """
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(
        [_no_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return buffer.getvalue()


def _no_formula(cell: str) -> str:
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or cell == "-":
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def terminal_safe(text: str) -> str:
    """Escapes what a terminal could take for commands, and line breaks that a stranger's name may bring.

    Messages of this project go on in a new line with four spaces; a line break stays only before these, or at the very
    beginning. Tabs stay.
    """
    lines = re.split(r"(?<!^)\n(?!    )", text)
    return r"\x0a".join(map(escape_controls, lines))


def escape_controls(text: str) -> str:
    """Escapes control characters but tabs and line breaks, and characters that change the direction of writing."""
    return _NOT_PRINTABLE.sub(_escape, text)


# Control characters, and those that turn the direction of writing or have no width.
_NOT_PRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def _escape(found: re.Match[str]) -> str:
    return r"\x0d" if found[0] == "\r" else ascii(found[0])[1:-1]


def aligned_table(rows: Sequence[Sequence[object]], left: int = 1) -> list[str]:
    """Aligns rows of cells into lines of text.

    Args:
        rows: Rows of equal length, the header among them; cells are written as `str` does.
        left: How many columns are aligned to the left, from the first; the others are aligned to the right.

    Returns:
        A line for each row, without spaces at its end.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]

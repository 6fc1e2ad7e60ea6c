"""Words for people: counted nouns, the first few of many names, aligned tables, text that is safe on a terminal.

Knows nothing of what the words are about.
"""

from __future__ import annotations

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


def terminal_safe(text: str) -> str:
    """Escapes what a terminal could take for commands, for example in file names; keeps new lines and tabs."""
    return text.translate(_ESCAPED)


_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


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

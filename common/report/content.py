"""What a report says, as values: sections of sentences, tables, figures; written as HTML or Markdown.

So the page and its Markdown twin cannot disagree. Text is plain text; whoever writes it escapes it.
"""

from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Table:
    """A table; the first column names the row.

    Attributes:
        title: What it is about.
        columns: Headings.
        rows: Cells as text, as many per row as headings.
        note: A sentence below it, "" for none.
        text_columns: How many columns from the left hold text; the others hold numbers.
        folded: Whether a page shows it on demand only.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(hash=False)
    note: str = ""
    text_columns: int = 1
    folded: bool = False


@dataclass(frozen=True)
class Figure:
    """A drawing with its numbers.

    Attributes:
        title: What it is about.
        pictures: SVG elements, shown side by side where there is room.
        table: The same numbers; shown on demand. None if they stand in a table nearby.
        note: How to read it, "" if that is clear.
        legend: Pairs of a series' number and its name; empty for none.
        folded: Whether a page shows it on demand only.
    """

    title: str
    pictures: tuple[Markup, ...]
    table: Table | None
    note: str = ""
    legend: tuple[tuple[int, str], ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A part with a heading.

    Attributes:
        anchor: Its place in links of the page.
        title: The heading.
        sentences: Paragraphs before the blocks.
        blocks: Tables and figures.
    """

    anchor: str
    title: str
    sentences: tuple[str, ...] = ()
    blocks: tuple[Table | Figure, ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole report.

    Attributes:
        title: The heading of the page.
        written: Date and time, as text.
        summary: What the numbers say, in sentences.
        facts: Pairs of a short text and what it is, as ("12", "models trained").
        warnings: What makes the numbers doubtful.
        sections: In reading order.
    """

    title: str
    written: str
    summary: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]


def number(value, digits=3):
    """Writes a number of fixed digits; an en dash for None."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval(low, high):
    """Writes the ends of an interval, "" if there is none."""
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def percent(share):
    """Writes a share in per cent, with enough digits for a rare class."""
    if share == 0:
        return "0"
    return "<0.001 %" if share < 0.00001 else f"{100 * share:.{1 if share >= 0.01 else 3}f} %"


def duration(seconds):
    """Writes a duration as "41 s", "12 min" or "3 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def count(amount, noun):
    """Writes an amount with its noun: "1 model", "2,975 frames"."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"

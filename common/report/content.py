"""The content of a report as values: sections of sentences, tables and figures.

The page and its Markdown twin are written from the same values, so they cannot disagree. All text here is plain text;
the page and the twin escape it.
"""

from dataclasses import dataclass, field

from markupsafe import Markup

from common.pages.gallery import Gallery


@dataclass(frozen=True)
class Table:
    """A table; the first column names the row.

    Attributes:
        rows: Cells; each row has as many as there are headings.
        note: A sentence below the table, "" for none.
        text_columns: Number of columns from the left that hold text; the others hold numbers.
        folded: Whether the page shows it only on demand.
        metric: Key of the metric it is about, where the page shows it only if this metric is chosen; "" for always.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(hash=False)
    note: str = ""
    text_columns: int = 1
    folded: bool = False
    metric: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing with its numbers.

    Attributes:
        pictures: SVG elements, shown side by side where there is room.
        table: The same numbers, shown on demand; None if they are in a table nearby.
        note: How to read it, "" if that is clear.
        legend: Number and name of each series; empty for none.
        folded: Whether the page shows it only on demand.
        metric: As in `Table`.
        views: For each picture the number of the view of the section that shows it, from 1; empty if all views do.
    """

    title: str
    pictures: tuple[Markup, ...]
    table: Table | None
    note: str = ""
    legend: tuple[tuple[int, str], ...] = ()
    folded: bool = False
    metric: str = ""
    views: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    """A part with a heading.

    Attributes:
        anchor: Target of links in the page.
        sentences: Paragraphs before the blocks.
        gallery: Frames that the page shows before the blocks; None for none.
        views: Names of the views that the section can be turned to; empty if there is one only.
    """

    anchor: str
    title: str
    sentences: tuple[str, ...] = ()
    blocks: tuple[Table | Figure, ...] = ()
    gallery: Gallery | None = None
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole report.

    Attributes:
        written: A sentence with date and time.
        summary: What the numbers say, in sentences.
        facts: Pairs of a short text and what it is, for example ("12", "models trained").
        warnings: What makes the numbers doubtful.
        metrics: Key and name of the metrics that the page can be turned to, the first one is shown at first.
    """

    title: str
    written: str
    summary: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    metrics: tuple[tuple[str, str], ...] = ()


def number(value: float | None, digits: int = 3) -> str:
    """Writes a number with fixed digits; an en dash for None."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """Writes the ends of an interval, "" if there is none."""
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def percent(share: float) -> str:
    """Writes a share from 0 to 1 in per cent, with enough digits for a rare class."""
    if share == 0:
        return "0"
    return "<0.001 %" if share < 0.00001 else f"{100 * share:.{1 if share >= 0.01 else 3}f} %"


def duration(seconds: float) -> str:
    """Writes a duration: "41 s", "12 min" or "3 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"

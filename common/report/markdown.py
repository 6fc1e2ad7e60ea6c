"""Writes a report as Markdown: sentences and tables, no pictures. Markup in names is escaped."""

import re

from common.report.content import Figure, Report, Table

_SPECIAL = re.compile(r"([\\`*\[\]<>|#~&$!])")
# An underscore between letters or digits stays an underscore; elsewhere it would mean emphasis.
_UNDERSCORE = re.compile(r"(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
# Text that Markdown turns into a link by itself.
_LINK = re.compile(r"(?<=:)//|(?<=www)\.|(?<=\w)@(?=\w)", re.IGNORECASE)
_LIST = re.compile(r"^([-+=]|\d+(?=[.)]))")


def escape_markdown(text: str) -> str:
    """Escapes text so that Markdown shows it unchanged, on one line."""
    text = " ".join(text.split())
    text = _SPECIAL.sub(r"\\\1", text)
    text = _UNDERSCORE.sub(r"\\_", text)
    return _LINK.sub(lambda found: "".join(f"\\{character}" for character in found[0]), text)


def to_markdown(report: Report) -> str:
    """Writes a report as Markdown; characters that UTF-8 cannot hold become "?", as on the page."""
    parts = [f"# {escape_markdown(report.title)}", _paragraph(report.written)]
    parts += map(_paragraph, report.summary)
    parts += ["\n".join(f"- {escape_markdown(f'{value} {what}')}" for value, what in report.facts)]
    parts += [f"> {escape_markdown(warning)}" for warning in report.warnings]
    for section in report.sections:
        parts.append(f"## {escape_markdown(section.title)}")
        parts += map(_paragraph, section.sentences)
        for block in section.blocks:
            table = block.table if isinstance(block, Figure) else block
            if table is not None:
                parts.append(_table(table))
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def _paragraph(text: str) -> str:
    return _LIST.sub(r"\\\1", escape_markdown(text))


def _table(table: Table) -> str:
    cells = [list(map(escape_markdown, row)) for row in (table.columns, *table.rows)]
    rule = ["---" if column < table.text_columns else "--:" for column in range(len(table.columns))]
    lines = ["| " + " | ".join(row) + " |" for row in (cells[0], rule, *cells[1:])]
    note = f"\n\n{_paragraph(table.note)}" if table.note else ""
    return f"### {escape_markdown(table.title)}\n\n" + "\n".join(lines) + note

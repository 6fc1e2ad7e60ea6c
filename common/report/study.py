"""The report of a study: reads what is in BASE_DIR and writes one HTML page and its Markdown twin.

Works with any state of BASE_DIR, from original_data alone to all trainings done. Writes these two files and the counted
pixels of the masks in BASE_DIR/report. The same content gives the same files, except for the line that says when they
were written.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from common.config.settings import StudyPlan
from common.errors import DataError
from common.files.disk import write_text
from common.pages.gallery_markup import render_gallery
from common.pages.page import render_page
from common.report.charts.svg import key
from common.report.content import Report
from common.report.doubts import find_doubts
from common.report.markdown import to_markdown
from common.report.material import read_material
from common.report.sections import SECTIONS
from common.report.sections.overview import facts, summarize_in_words

FRAMES = 16
_TITLE = "Report of"
# The page has to stay below 10 MB; the galleries together may take this much of it.
_GALLERY_BYTES = 5_000_000


@dataclass(frozen=True)
class ReportFiles:
    """The two files of a report."""

    html: Path
    markdown: Path


def write_report(
    base_dir: Path, out: Path | None = None, frames: int = FRAMES, plan: StudyPlan | None = None
) -> ReportFiles:
    """Writes the report of a study.

    Args:
        base_dir: BASE_DIR.
        out: The HTML file, BASE_DIR/report/report.html by default; the Markdown twin stands beside it.
        frames: How many frames the gallery shows at most.
        plan: What config.ini asks for; None if it is not known.

    Raises:
        DataError: If there is nothing to report on, a file cannot be written, or another text stands where the
            Markdown twin belongs.
    """
    out = base_dir / "report" / "report.html" if out is None else out
    files = ReportFiles(out, out.with_suffix(".md"))
    _refuse_to_replace(files.markdown)
    report = collect_report(base_dir, frames, plan)
    galleries = sum(section.gallery is not None for section in report.sections)
    draw_gallery = partial(render_gallery, budget=_GALLERY_BYTES // max(1, galleries))
    write_text(files.html, render_page("study.html.j2", report=report, draw_gallery=draw_gallery, key=key))
    write_text(files.markdown, to_markdown(report))
    return files


def collect_report(base_dir: Path, frames: int = FRAMES, plan: StudyPlan | None = None) -> Report:
    """Reads what there is and puts the report together; for the arguments see `write_report`."""
    _refuse_nothing(base_dir)
    material = read_material(base_dir, frames, plan)
    sections = [make(material) for make in SECTIONS]
    return Report(
        title=f"{_TITLE} {base_dir.resolve().name}",
        written=f"Written on {datetime.now().astimezone():%Y-%m-%d at %H:%M}.",
        summary=summarize_in_words(material),
        facts=facts(material),
        warnings=find_doubts(material.results, material.folders, plan),
        sections=tuple(section for section in sections if section is not None),
        metrics=tuple((metric.key, metric.definition) for metric in material.metrics),
    )


def _refuse_to_replace(markdown: Path) -> None:
    """Protects a text of somebody else: the user named the HTML file only."""
    begin = f"# {_TITLE} ".encode()
    if markdown.is_file():
        with markdown.open("rb") as file:
            if file.read(len(begin)) != begin:
                problem = "exists and is not a report; the text beside the page would replace it"
                raise DataError(f"{markdown}: {problem}, choose another --out")


def _refuse_nothing(base_dir: Path) -> None:
    if not base_dir.is_dir():
        found = "is a file" if base_dir.exists() else "no such folder"
        raise DataError(f"{base_dir}: {found}; give the BASE_DIR of a study, or set it in config.ini")
    known = ("original_data", "train_full", "val_test", "train_labeled", "models")
    if not any((base_dir / name).is_dir() for name in known):
        raise DataError(
            f"{base_dir}: holds nothing of a study (no original_data, no prepared folder, no models); give the "
            "BASE_DIR of a study, or run step 00 first"
        )

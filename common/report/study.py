"""The report of a study: reads what there is in BASE_DIR and writes one HTML page and its Markdown twin.

Works with any state of BASE_DIR, from original_data alone to all trainings done. Reads only; what it writes are the two
files, and the counted pixels of the masks in BASE_DIR/report. The same content gives the same files, but for the line
that says when they were written.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common.errors import DataError
from common.files.disk import write_text
from common.report.charts.svg import key
from common.report.checks import find_warnings, study_value
from common.report.content import Report, Section
from common.report.folders import count_classes, read_folders
from common.report.markdown import to_markdown
from common.report.sections.classes import class_section, confusion_section
from common.report.sections.data import data_section, folders_to_count
from common.report.sections.frames import collect_gallery
from common.report.sections.overview import facts, summarize_in_words
from common.report.sections.scores import score_approaches, score_section
from common.report.sections.training import curve_section, settings_section
from common.results.reading import read_results

FRAMES = 16
_TITLE = "Report of"
# The page has to stay below 10 MB; of that the gallery may take this much.
_GALLERY_BYTES = 5_000_000
# The split that decides nothing while training.
_HEADLINE = "test"
_RANKED = re.compile(r"_topK_(\d+)\.keras$")


@dataclass(frozen=True)
class ReportFiles:
    """The two files of a report."""

    html: Path
    markdown: Path


def write_report(base_dir, out=None, frames=FRAMES, plan=None):
    """Writes the report of a study.

    Args:
        base_dir: BASE_DIR.
        out: The HTML file, BASE_DIR/report/report.html by default; the Markdown twin stands beside it.
        frames: How many frames the gallery shows at most.
        plan: The `StudyPlan` of config.ini; None if it is not known.

    Returns:
        `ReportFiles`.

    Raises:
        DataError: If there is nothing to report on, a file cannot be written, or another text stands where the
            Markdown twin belongs.
    """
    base_dir = Path(base_dir)
    out = base_dir / "report" / "report.html" if out is None else Path(out)
    files = ReportFiles(out, out.with_suffix(".md"))
    _refuse_to_replace(files.markdown)
    report, gallery = collect_report(base_dir, frames, plan)
    html, markdown = _to_html(report, gallery), to_markdown(report)
    write_text(files.html, html)
    write_text(files.markdown, markdown)
    return files


def collect_report(base_dir, frames=FRAMES, plan=None):
    """Reads what there is and puts the report together.

    Returns:
        A `content.Report` and the `Gallery` that belongs to its section "frames", None if there is none.
    """
    _refuse_nothing(base_dir)
    results, folders = read_results(base_dir), read_folders(base_dir)
    approaches = results.approaches
    split = _HEADLINE
    top_ks = plan.top_ks if plan is not None else _find_top_ks(base_dir)
    scores = score_approaches(approaches, top_ks)
    beside = {approach.name: study_value(approach, folders) for approach in approaches}
    study_values = {name: value for name, (value, _) in beside.items() if value is not None}
    why_not = {name: reason for name, (value, reason) in beside.items() if value is None}
    shown = collect_gallery(base_dir, approaches, folders, frames)
    label_map = approaches[-1].label_map if approaches else None
    pixels = count_classes(base_dir, folders_to_count(folders))
    sections = []
    if approaches:
        sections = [
            score_section(scores, split, study_values, why_not),
            curve_section(approaches),
            class_section(approaches, split),
            confusion_section(approaches, split),
            Section("frames", "Frames", (shown.sentence,), (shown.table,) if shown.table else ()),
        ]
    sections.append(data_section(folders, pixels, label_map))
    if approaches:
        sections.append(settings_section(approaches))
    report = Report(
        title=f"{_TITLE} {base_dir.resolve().name}",
        written=f"Written on {datetime.now().astimezone():%Y-%m-%d at %H:%M}.",
        summary=summarize_in_words(scores, split, study_values),
        facts=facts(results, folders, plan),
        warnings=find_warnings(results, folders, plan),
        sections=tuple(sections),
    )
    return report, shown.gallery


def _refuse_to_replace(markdown):
    """Protects a text of somebody else: only the HTML file was named by the person who asks."""
    begin = f"# {_TITLE} ".encode()
    if markdown.is_file():
        with markdown.open("rb") as file:
            if file.read(len(begin)) != begin:
                raise DataError(
                    f"{markdown}: is there already and is no report; the text beside the page would replace it, "
                    "choose another --out"
                )


def _refuse_nothing(base_dir):
    if not base_dir.is_dir():
        found = "is a file" if base_dir.exists() else "no such folder"
        raise DataError(f"{base_dir}: {found}; give the BASE_DIR of a study, or set it in config.ini")
    known = ("original_data", "train_full", "val_test", "train_labeled", "models")
    if not any((base_dir / name).is_dir() for name in known):
        raise DataError(
            f"{base_dir}: holds nothing of a study (no original_data, no prepared folder, no models); give the "
            "BASE_DIR of a study, or run step 00 first"
        )


def _find_top_ks(base_dir):
    """Says how many of the best the steps kept, from the links they made; 1 if there are none."""
    found = [_RANKED.search(path.name) for path in (Path(base_dir) / "models").glob("*_topK_*.keras")]
    return max((int(rank[1][:4]) for rank in found if rank), default=1)


def _to_html(report, gallery):
    from common.pages.gallery import render_gallery
    from common.pages.page import render_page

    drawn = render_gallery(gallery, budget=_GALLERY_BYTES) if gallery is not None else None
    return render_page("study.html.j2", report=report, gallery=drawn, key=key)

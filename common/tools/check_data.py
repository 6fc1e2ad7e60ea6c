"""Looks through a dataset, original or prepared, and lists everything that is wrong with it.

    python -m common.tools.check_data cityscapes --workers 8
    python -m common.tools.check_data gtFine_trainvaltest.zip --splits val --json report.json

Exit status 0 means that nothing is wrong, 1 that something is.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.arguments import add_shared, tool_parser, whole_number
from common.command_line import check_outputs, run_tool, show_results
from common.errors import DataError

if TYPE_CHECKING:
    from common.labels.tables import LabelTable


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("check_data", __doc__)
    add = made.add_argument
    add("source", metavar="SOURCE", type=Path, help="an original, as folder or zip; BASE_DIR; or one prepared folder")
    add("--shown", metavar="N", type=whole_number(0), default=10, help="problems of each kind (default: %(default)s)")
    add_shared(made, "splits", "truth", "json", "workers")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, checks, and prints what was found; returns the exit status."""
    options = parser().parse_args(arguments)
    check_outputs(options.json)
    from common.dataset.checking.check import check_data
    from common.dataset.checking.report import report_lines
    from common.dataset.prepared.folders import is_prepared
    from common.labels.tables import CITYSCAPES

    table = CITYSCAPES if is_prepared(options.source) else _labels_of(options.source, options.truth)
    report = check_data(options.source, tuple(options.splits), options.truth, table, options.workers)
    show_results(report_lines(report, options.shown), report.to_json(), options.json)
    return 1 if report.problems else 0


def _labels_of(source: Path, truth: str | None) -> "LabelTable":
    """Reads the labels of an original; refuses another format, whose images may look like those of an original."""
    from common.files.listing import list_files_of
    from common.formats import cityscapes

    try:
        dataset = cityscapes.read(list_files_of(source), truth)
    except DataError:
        _refuse_others(source)
        raise
    if all(frame.truth is None for frame in dataset):
        _refuse_others(source)
    return dataset.labels


def _refuse_others(source: Path) -> None:
    from common.files.listing import list_files_of
    from common.formats.registry import recognise

    try:
        found = recognise(list_files_of(source))
    except DataError:
        return
    if found not in ("cityscapes", "cvat"):  # CVAT's zip is a Cityscapes tree too
        way_out = (
            "check_data checks Cityscapes trees and prepared folders; make one with python -m common.tools.convert"
        )
        raise DataError(f"{source}: is in the format {found}; {way_out}")


if __name__ == "__main__":
    run_tool(main)

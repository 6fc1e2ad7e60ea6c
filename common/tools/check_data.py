"""Looks through a dataset, original or prepared, and lists everything that is wrong with it.

    python -m common.tools.check_data cityscapes --workers 8
    python -m common.tools.check_data gtFine_trainvaltest.zip --splits val --json report.json

Exit status 0 means that nothing is wrong, 1 that something is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.command_line import run_tool, show, tool_parser
from common.errors import ConfigError, DataError
from common.parallel import usable_cores

if TYPE_CHECKING:
    from common.labels.tables import LabelTable


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, checks, and prints what was found; returns the exit status."""
    parser = tool_parser("check_data", __doc__)
    add = parser.add_argument
    add("source", metavar="SOURCE", type=Path, help="an original, as folder or zip; BASE_DIR; or one prepared folder")
    add("--splits", metavar="NAME", nargs="+", default=(), help="only these, for example train val (all)")
    add("--truth", choices=("gtFine", "gtCoarse"), help="which annotation of an original (fine, if there is any)")
    add("--json", metavar="FILE", type=Path, help="also write everything to a file")
    add("--shown", metavar="N", type=int, default=10, help="problems shown of each kind (%(default)s)")
    add("--workers", metavar="N", type=int, default=usable_cores(), help="processes (%(default)s: all cores)")
    options = parser.parse_args(arguments)
    if options.shown < 0:
        raise ConfigError(f"--shown {options.shown}: expected 0 or more")
    from common.dataset.checking.check import check_data
    from common.dataset.checking.report import report_lines
    from common.dataset.prepared.folders import is_prepared
    from common.files.disk import write_json
    from common.labels.tables import CITYSCAPES

    table = CITYSCAPES if is_prepared(options.source) else _labels_of(options.source, options.truth)
    report = check_data(options.source, tuple(options.splits), options.truth, table, options.workers)
    if options.json is not None:
        write_json(options.json, report.to_json())
    show(report_lines(report, options.shown))
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

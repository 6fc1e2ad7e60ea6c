"""Looks through a dataset of any format, or prepared folders, and lists everything that is wrong with it.

    python -m common.tools.check_data cityscapes --workers 8
    python -m common.tools.check_data gtFine_trainvaltest.zip --splits val --json report.json

Exit status 0 means that nothing is wrong, 1 that something is.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import add_shared, tool_parser, whole_number
from common.command_line import check_outputs, run_tool, show_results


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("check_data", __doc__)
    add = made.add_argument
    add("source", metavar="SOURCE", type=Path, help="a folder or zip of any format; BASE_DIR; or one prepared folder")
    add("--shown", metavar="N", type=whole_number(0), default=10, help="problems of each kind (default: %(default)s)")
    add_shared(made, "from", "splits", "truth", "json", "workers")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, checks, and prints what was found; returns the exit status."""
    options = parser().parse_args(arguments)
    check_outputs(options.json)
    from common.dataset.checking.report import report_lines
    from common.stats.checking import check_source

    report = check_source(options.source, options.from_, tuple(options.splits), options.truth, options.workers)
    show_results(report_lines(report, options.shown), report.to_json(), options.json)
    return 1 if report.problems else 0


if __name__ == "__main__":
    run_tool(main)

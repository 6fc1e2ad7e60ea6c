"""Writes the report of a study: one HTML page that opens from disk, and a Markdown twin.

    python -m common.tools.report
    python -m common.tools.report /data/cityscapes --out report.html --frames 40

Works with any state of BASE_DIR. The steps write the same report when they end.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import tool_parser, whole_number
from common.command_line import run_tool, show
from common.config.paths import SHIPPED_CONFIG
from common.errors import ConfigError

_FRAMES = 16
_MOST_FRAMES = 100


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("report", __doc__)
    add = made.add_argument
    add("base_dir", metavar="BASE_DIR", type=Path, nargs="?", help="folder of a study (BASE_DIR of config.ini)")
    add(
        "--config",
        metavar="FILE",
        type=Path,
        default=SHIPPED_CONFIG,
        help="read without BASE_DIR (default: %(default)s)",
    )
    add("--out", metavar="FILE.html", type=Path, help="page to write (default: BASE_DIR/report/report.html)")
    add("--frames", metavar="N", type=whole_number(0, _MOST_FRAMES), default=_FRAMES, help="frames of the gallery "
        "(default: %(default)s)")  # fmt: skip
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, writes the report and says where it is; returns the exit status."""
    options = parser().parse_args(arguments)
    if options.out is not None and options.out.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"--out {options.out}: expected a name that ends in .html; the Markdown twin ends in .md")
    from common.config.loading import load_config
    from common.report.study import write_report

    base_dir, plan = options.base_dir, None
    if base_dir is None:
        config = load_config("CITYSCAPES", options.config)
        base_dir, plan = config.dataset.base_dir, config.study
    files = write_report(base_dir, options.out, options.frames, plan)
    show(f"page: {files.html}")
    show(f"text: {files.markdown}")
    show("open the page in a browser; it is one file and needs no network")
    return 0


if __name__ == "__main__":
    run_tool(main)

"""Counts what a dataset of any format holds: frames, pixels and objects of each label, mean and deviation of images.

    python -m common.tools.stats cityscapes --workers 8
    python -m common.tools.stats gtFine_trainvaltest.zip --splits train val --json stats.json --picture stats.png

Exit status 1 means that a file could not be read and is not counted.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import READ_OPTIONS, add_shared, png_argument, read_options, tool_parser
from common.command_line import check_outputs, run_tool, show, show_results
from common.text import count


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("stats", __doc__)
    made.add_argument("source", metavar="SOURCE", type=Path, help="a dataset of any format, as a folder or a zip")
    add_shared(made, "from", "splits", "cities", "truth", *READ_OPTIONS, "boxes", "json")
    made.add_argument("--picture", metavar="FILE.png", type=png_argument, help="also draw bars of pixels and objects")
    add_shared(made, "workers")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, counts, and prints tables; returns the exit status."""
    options = parser().parse_args(arguments)
    check_outputs(options.json, options.picture)
    from common.files.disk import write_bytes
    from common.formats.conversion import filter, read
    from common.images.png import encode_image
    from common.stats.counting import count_dataset
    from common.stats.picture import draw_counts
    from common.stats.table import describe_counts

    dataset = filter(
        read(options.source, options.from_, options.truth, **read_options(options)),
        cities=tuple(options.cities),
        boxes=options.boxes,
        label_map="source",
    )
    counts = count_dataset(dataset, options.workers, tuple(options.splits))
    if options.picture is not None:
        write_bytes(options.picture, encode_image(draw_counts(counts)))
    lines = [*(f"note: {note}" for note in counts.notes), *describe_counts(counts)]
    show_results(lines, counts.to_json(), options.json)
    for problem in counts.problems[:10]:
        show(f"not counted: {problem}", "stderr")
    if more := counts.problems[10:]:
        show(f"not counted: {count(len(more), 'more file')}; --json lists all", "stderr")
    return 1 if counts.problems else 0


if __name__ == "__main__":
    run_tool(main)

"""Counts what a dataset of any format holds: frames, pixels and objects of each label, mean and deviation of images.

    python -m common.tools.stats cityscapes --workers 8
    python -m common.tools.stats gtFine_trainvaltest.zip --splits train val --json stats.json --picture stats.png

Exit status 1 means that a file could not be read and is not counted.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from common.command_line import run_tool, show, tool_parser
from common.errors import ConfigError
from common.parallel import usable_cores


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, counts, and prints tables; returns the exit status."""
    parser = tool_parser("stats", __doc__)
    add = parser.add_argument
    add("source", metavar="SOURCE", type=Path, help="a dataset of any format, as a folder or a zip")
    add("--splits", metavar="NAME", nargs="+", default=(), help="only these, for example train val (all)")
    add("--boxes", choices=("fill",), default="", help="count rectangles of objects that have a box and no outline")
    add("--train-ids", action="store_true", help="labelIds of a Cityscapes tree hold train ids (0 to 18, 255)")
    add("--json", metavar="FILE", help="also write everything to a file; - prints it instead of tables")
    add("--picture", metavar="FILE.png", type=Path, help="also draw bars of pixels and objects")
    add("--workers", metavar="N", type=int, default=usable_cores(), help="processes (%(default)s: all cores)")
    options = parser.parse_args(arguments)
    if options.picture is not None and options.picture.suffix.lower() != ".png":
        raise ConfigError(f"--picture {options.picture}: pictures are written as PNG; give it the ending .png")
    from common.files.disk import write_bytes, write_json
    from common.formats.conversion import filter, read
    from common.images.png import encode_image
    from common.stats.counting import count_dataset
    from common.stats.picture import draw_counts
    from common.stats.table import describe_counts

    dataset = filter(read(options.source, train_ids=options.train_ids), boxes=options.boxes, label_map="source")
    counts = count_dataset(dataset, options.workers, tuple(options.splits))
    # Files first: an output that is closed early, for example by `head`, must not cost them.
    if options.json not in (None, "-"):
        write_json(Path(options.json), counts.to_json())
    if options.picture is not None:
        write_bytes(options.picture, encode_image(draw_counts(counts)))
    if options.json == "-":
        print(json.dumps(counts.to_json(), indent=2))
    else:
        show([*(f"note: {note}" for note in counts.notes), *describe_counts(counts)])
    for problem in counts.problems[:10]:
        show(f"not counted: {problem}", "stderr")
    if more := counts.problems[10:]:
        show(f"not counted: {len(more):,} more files; --json lists all", "stderr")
    return 1 if counts.problems else 0


if __name__ == "__main__":
    run_tool(main)

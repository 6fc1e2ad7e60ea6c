"""Says what two datasets of any formats differ in: frames, labels, objects, pixels, photographs.

    python -m common.tools.diff cityscapes converted
    python -m common.tools.diff gtFine_trainvaltest.zip back --classes person rider --no-photographs

Labels are compared by their names and objects by their pixels. So a dataset that was converted and back differs only in
what the format in between cannot hold. Exit status 0 means no difference, 1 that there is one.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.arguments import FORMATS, add_shared, tool_parser
from common.command_line import check_outputs, run_tool, show, show_results

if TYPE_CHECKING:
    from common.formats.frames import FrameDataset

_CLASSES = "compare only these labels, all others as background (default: all)"


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("diff", __doc__)
    add = made.add_argument
    add("first", metavar="A", type=Path, help="a dataset of any format, as a folder or a zip")
    add("second", metavar="B", type=Path, help="another one")
    for name in ("a", "b"):
        add(f"--from-{name}", choices=FORMATS, metavar="FORMAT", help=f"of {name.upper()} (default: found out from its "
            "files)")  # fmt: skip
    add_shared(made, "splits", classes=_CLASSES)
    add_shared(made, "truth", "boxes")
    add("--no-photographs", action="store_true", help="do not compare photographs")
    add_shared(made, "json", "workers")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, compares, and prints what is different; returns the exit status."""
    options = parser().parse_args(arguments)
    check_outputs(options.json)
    from common.formats.selection import shared_label_map
    from common.stats.comparison import compare_datasets
    from common.stats.comparison_table import describe_comparison

    read_both = [_open(options.first, options.from_a, options), _open(options.second, options.from_b, options)]
    first, second = (_choose(dataset, options, shared_label_map(read_both)) for dataset in read_both)
    found = compare_datasets(first, second, not options.no_photographs, options.workers)
    titles = [f"{name}: {path}, {one.format}" for name, path, one in
              (("A", options.first, first), ("B", options.second, second))]  # fmt: skip
    show_results([*titles, *describe_comparison(found)], found.to_json(), options.json)
    show([f"could not be compared: {problem}" for problem in found.problems[:10]], "stderr")
    return 1 if found.different else 0


def _open(path: Path, format: str | None, options: argparse.Namespace) -> "FrameDataset":
    from common.formats.conversion import read

    dataset = read(path, format, options.truth)
    for note in dataset.notes:
        show(f"note: {path}: {note}", "stderr")
    return dataset


def _choose(dataset: "FrameDataset", options: argparse.Namespace, label_map: str) -> "FrameDataset":
    from common.formats.conversion import filter

    chosen = {"splits": tuple(options.splits), "classes": tuple(options.classes), "boxes": options.boxes}
    return filter(dataset, **chosen, label_map=label_map)


if __name__ == "__main__":
    run_tool(main)

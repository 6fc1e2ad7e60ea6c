"""Shows frames of a dataset: photograph, labels with names, objects with boxes, as pictures, a page or a table.

    python -m common.tools.inspect_dataset cityscapes --splits val
    python -m common.tools.inspect_dataset gtFine_trainvaltest.zip --frames 24 --out look
    python -m common.tools.inspect_dataset instances_val.json --images photographs --frames ulm_000003 --text

SOURCE is a folder or zip of any format, a lone COCO JSON file, or a prepared folder of the study. Exit status 1 means
that a file could not be read.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import READ_OPTIONS, add_shared, read_options, tool_parser
from common.command_line import run_tool, show

_WORKERS = "processes, for many frames (default: 1)"


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("inspect_dataset", __doc__)
    add = made.add_argument
    add("source", metavar="SOURCE", type=Path, help="what to look at")
    add("--out", metavar="DIR", type=Path, help="folder to write (default: inspection_<name of SOURCE>)")
    add("--frames", metavar="N|NAME", nargs="+", default=["12"], help="how many, spread over splits and cities, or "
        "names of frames or parts of them (default: 12)")  # fmt: skip
    add_shared(made, "seed", "from", "splits", "cities", "classes", "truth", *READ_OPTIONS, "boxes")
    add("--text", action="store_true", help="print the objects as a table; pictures only where --out is given")
    add("--images", metavar="DIR", type=Path, help="photographs of a lone COCO JSON file (default: beside it)")
    add_shared(made, overwrite="move what stands at --out aside; an inspection is replaced anyway", workers=_WORKERS)
    made.set_defaults(workers=1, seed=0)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, shows the frames, and says where; returns the exit status."""
    options = parser().parse_args(arguments)
    from common.inspection.choice import choose_frames
    from common.inspection.datasets import DatasetRequest, open_dataset
    from common.inspection.inspection import check_target, load_inspection, write_inspection
    from common.inspection.object_table import object_lines

    source = options.source.resolve()
    out = options.out or Path(f"inspection_{source.name if source.is_dir() else source.stem}")
    if is_written := options.out is not None or not options.text:
        check_target(options.source, out, options.overwrite)
    kept = tuple(options.splits), tuple(options.cities)
    request = DatasetRequest(
        options.source, options.from_, options.truth, options.images, *kept, options.boxes, read_options(options)
    )
    dataset = open_dataset(request)
    chosen = choose_frames(dataset.frames, options.frames, options.seed)
    inspection = load_inspection(options.source, dataset, chosen, options.classes, options.workers)
    written = write_inspection(inspection, out, options.overwrite) if is_written else []
    if options.text:
        show(object_lines(inspection.frames))
    for note in dataset.notes:
        show(f"note: {note}", "stderr")
    for problem in inspection.problems:
        show(f"could not be read: {problem}", "stderr")
    if written:
        sheets = ", ".join(path.name for path in written[:-1])
        show([f"{inspection.subtitle}; {out}: {sheets}", f"open in a browser: {written[-1]}"])
    return 1 if inspection.problems else 0


if __name__ == "__main__":
    run_tool(main)

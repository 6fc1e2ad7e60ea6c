"""Makes masks from polygons.json or from other masks: label ids, train ids, instances, colours, classes, panoptic.

    python -m common.tools.masks gtFine_trainvaltest.zip OUT --encoding trainIds
    python -m common.tools.masks original_data OUT --encoding classes --label-map cityscapes19 --splits train val

writes OUT/gtFine/<split>/<city>/<name>_gtFine_<kind>.png, for panoptic OUT/gtFine/cityscapes_panoptic_<split>.json and
a folder of that name. Existing files are replaced only with --overwrite.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.command_line import log, run_tool, show, size_argument
from common.dataset.original.layouts import TRUTH_KINDS
from common.formats.mask_files.writing import ENCODINGS, READ_FROM, MaskOptions, write_masks
from common.labels.map_files import load_label_map
from common.parallel import usable_cores


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m common.tools.masks", description="Makes masks from polygons.json or from other masks."
    )
    parser.add_argument("source", metavar="SOURCE", type=Path, help="a Cityscapes folder, any part of one, or a zip")
    parser.add_argument("out", metavar="OUT", type=Path, help="the folder to write to; may be SOURCE")
    parser.add_argument("--encoding", required=True, choices=ENCODINGS, help="what the values of the masks mean")
    parser.add_argument("--label-map", metavar="MAP", help="for classes: a built-in name or a file")
    parser.add_argument(
        "--splits", metavar="NAME", nargs="+", default=(), help="only these, for example train val (all)"
    )
    parser.add_argument("--truth", choices=TRUTH_KINDS, help="which annotation to read (fine, if there is any)")
    parser.add_argument("--size", metavar="WxH", type=size_argument, help="in pixels; without it, that of the frames")
    parser.add_argument(
        "--from",
        dest="read_from",
        choices=READ_FROM,
        default="polygons",
        help="what to read (%(default)s); auto takes the first of instanceIds, labelIds, polygons, color",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace masks that are there, but never those that came with SOURCE"
    )
    parser.add_argument(
        "--workers", metavar="N", type=int, default=usable_cores(), help="processes (%(default)s: all cores)"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, writes the masks and says what was written."""
    chosen = _parser().parse_args(arguments)
    options = MaskOptions(
        chosen.read_from,
        None if chosen.label_map is None else load_label_map(chosen.label_map),
        tuple(chosen.splits),
        chosen.truth,
        chosen.size,
        chosen.overwrite,
        chosen.workers,
    )
    summary = write_masks(chosen.source, chosen.out, chosen.encoding, options)
    for note in summary.notes:
        log.warning("note: %s", note)
    show(str(summary))


if __name__ == "__main__":
    run_tool(main)

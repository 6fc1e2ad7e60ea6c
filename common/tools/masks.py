"""Makes masks from polygons.json or from other masks: label ids, train ids, instances, colours, classes, panoptic.

    python -m common.tools.masks gtFine_trainvaltest.zip OUT --encoding trainIds
    python -m common.tools.masks original_data OUT --encoding classes --label-map cityscapes19 --splits train val

writes OUT/gtFine/<split>/<city>/<name>_gtFine_<kind>.png, for panoptic OUT/gtFine/cityscapes_panoptic_<split>.json and
a folder of that name. Existing files are replaced only with --overwrite.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import add_shared, tool_parser
from common.command_line import log, run_tool, show

_ENCODINGS = ("labelIds", "trainIds", "instanceIds", "instanceTrainIds", "color", "classes", "panoptic")
_READ_FROM = ("instanceIds", "labelIds", "polygons", "color", "trainIds", "auto")


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("masks", __doc__)
    add = made.add_argument
    add("source", metavar="SOURCE", type=Path, help="a Cityscapes folder, any part of one, or a zip")
    add("out", metavar="OUT", type=Path, help="the folder to write to; may be SOURCE")
    add("--encoding", required=True, choices=_ENCODINGS, help="what the values of the masks mean")
    add_shared(made, "label_map", "splits", "truth", size="of the masks in pixels (default: that of the frames)")
    add("--from", dest="read_from", choices=_READ_FROM, default="polygons", help="files of each frame to read "
        "(default: %(default)s); trainIds are in labelTrainIds, else labelIds; auto: the first of instanceIds, "
        "labelIds, polygons, color")  # fmt: skip
    add_shared(made, "workers", overwrite="replace masks that are there, but never those that came with SOURCE")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, writes the masks and says what was written."""
    chosen = parser().parse_args(arguments)
    from common.formats.mask_files.writing import MaskOptions, write_masks
    from common.labels.map_files import load_label_map

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

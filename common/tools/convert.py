"""Converts a dataset between Cityscapes, COCO, VOC, CamVid, YOLO, CVAT, labelme, Label Studio, and plain folders.

    python -m common.tools.convert gtFine_trainvaltest.zip persons --to coco --splits val --classes person rider

reads folders and zips (which stay closed) of any of these formats and says at the end what was written, what was
skipped and what the target cannot hold.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import FORMATS, READ_OPTIONS, add_shared, tool_parser, whole_number
from common.command_line import log, run_tool
from common.errors import ConfigError

_CLASSES = (
    "labels to keep, all others become background; for coco and yolo those to write (default: all; for coco and yolo "
    "the 8 counted ones that Cityscapes evaluates)"
)

_TRUTH = (
    "which annotation of a Cityscapes tree, and its name in what is written (default: the fine one where there is any)"
)


def parser() -> argparse.ArgumentParser:
    """Builds the command line; what is not given has the default of the library function."""
    made = tool_parser("convert", __doc__, argument_default=argparse.SUPPRESS)
    add = made.add_argument
    add("source", metavar="SOURCE", type=Path, help="a folder or a zip")
    add("target", metavar="TARGET", type=Path, help="a new folder; for cvat a new zip")
    add("--to", required=True, choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    add_shared(made, "from", "splits", "cities", classes=_CLASSES)
    add_shared(made, *READ_OPTIONS, "boxes", truth=_TRUTH)
    add("--regions", action="store_true", help="make an object of each connected area of a label with objects, where "
        "the source does not tell them apart; also of the other labels in --classes")  # fmt: skip
    add("--rename-split", dest="rename_splits", metavar="OLD=NEW", action="append", help="for example valid=val; "
        "may be given several times")  # fmt: skip
    add("--min-area", type=whole_number(0), metavar="N", help="objects with fewer visible pixels become background")
    add("--label-map", metavar="MAP", help="cityscapes, source, a class map's name or its file (default: cityscapes "
        "if it knows all labels, else source)")  # fmt: skip
    add("--images", choices=("copy", "link", "none"), help="what becomes of photographs (default: copy)")
    add("--image-ext", metavar="EXT", help="encode images again, for example as jpg, which loses a little (default: as "
        "they are)")  # fmt: skip
    add("--layout", choices=("official", "imgsFine"), help="folders of a Cityscapes tree (default: official)")
    add("--rle", action="store_true", help="all COCO segmentations as RLE (default: outlines where they are exact)")
    add("--json-name", metavar="NAME", help="of COCO files, with {split}, for example instances_{split}.json")
    add_shared(made, "workers", overwrite="move what stands at TARGET aside")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, converts, and says what was written, skipped and lost."""
    choices = vars(parser().parse_args(arguments))
    from common.formats.conversion import convert

    for name in ("splits", "cities", "classes"):
        choices[name] = tuple(choices.get(name, ()))
    choices["rename_splits"] = tuple(_pair(text) for text in choices.get("rename_splits", ()))
    log.info("%s: %s", choices["target"], convert(**choices))
    return 0


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not sign or not new:
        raise ConfigError(f"--rename-split {text}: expected OLD=NEW, for example valid=val")
    return old, new


if __name__ == "__main__":
    run_tool(main)

"""Converts a dataset between Cityscapes, COCO, COCO panoptic, VOC, CamVid, YOLO and CVAT.

    python -m common.tools.convert gtFine_trainvaltest.zip persons --to coco --splits val --classes person rider

reads folders and zips (which stay closed) of any of these formats and says at the end what was written, what was
skipped and what the target cannot hold.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.command_line import log, run_tool, tool_parser
from common.errors import ConfigError
from common.parallel import usable_cores

_FORMATS = ("camvid", "cityscapes", "coco", "coco-panoptic", "cvat", "voc", "yolo")


def parser() -> argparse.ArgumentParser:
    """Builds the command line; what is not given has the default of the library function."""
    made = tool_parser("convert", __doc__, argument_default=argparse.SUPPRESS)
    add = made.add_argument
    add("source", metavar="SOURCE", type=Path, help="a folder or a zip")
    add("target", metavar="TARGET", type=Path, help="a new folder; for cvat a new zip")
    add("--from", dest="from_", choices=_FORMATS, metavar="FORMAT", help="of SOURCE (default: found from its files)")
    add("--to", required=True, choices=_FORMATS, metavar="FORMAT", help=", ".join(_FORMATS))
    add("--splits", nargs="+", metavar="NAME", help="for example train val (default: all)")
    add("--cities", nargs="+", metavar="NAME", help="for example ulm (default: all)")
    add("--classes", nargs="+", metavar="NAME", help="labels to keep, all others become background; for coco and yolo "
        "those to write (default there: the 8 counted ones that Cityscapes evaluates)")  # fmt: skip
    add("--train-ids", action="store_true", help="labelIds of a Cityscapes tree hold train ids (0 to 18, 255)")
    add("--boxes", choices=("fill",), help="make rectangles of objects that have a box and no outline (default: leave "
        "them out and count them)")  # fmt: skip
    add("--regions", action="store_true", help="make an object of each connected area of a label with objects, where "
        "the source does not tell them apart; also of the other labels in --classes")  # fmt: skip
    add("--rename-split", dest="rename_splits", metavar="OLD=NEW", action="append", help="for example valid=val; "
        "may be given several times")  # fmt: skip
    add("--min-area", type=int, metavar="N", help="objects with fewer visible pixels become background")
    add("--label-map", metavar="FILE", help="cityscapes, source, a class map's name or its file (default: cityscapes "
        "if it knows all labels, else source)")  # fmt: skip
    add("--images", choices=("copy", "link", "none"), help="(default: copy)")
    add("--image-ext", metavar="EXT", help="encode images again, for example as jpg, which loses a little (default: as "
        "they are)")  # fmt: skip
    add("--layout", choices=("official", "imgsFine"), help="folders of a Cityscapes tree (default: official)")
    add("--truth", choices=("gtFine", "gtCoarse"), help="annotation of a Cityscapes tree to read, and its name in "
        "what is written (default: the fine one where there is any)")  # fmt: skip
    add("--rle", action="store_true", help="all COCO segmentations as RLE (default: outlines where they are exact)")
    add("--json-name", metavar="NAME", help="of COCO files, with {split}, for example instances_{split}.json")
    add("--overwrite", action="store_true", help="move what stands at TARGET aside")
    add("--workers", type=int, default=usable_cores(), metavar="N", help="processes (default: %(default)s)")
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

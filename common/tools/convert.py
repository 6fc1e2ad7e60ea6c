"""Converts a dataset between Cityscapes, COCO, COCO panoptic, VOC, CamVid, YOLO and CVAT; merges, divides, resizes.

    python -m common.tools.convert gtFine_trainvaltest.zip persons --to coco --splits val --classes person rider
    python -m common.tools.convert cityscapes more.zip both --to voc --size 1024x512 --split train:0.8,val:0.2

reads folders and zips (which stay closed) of any of these formats and says at the end what was written, what was
skipped and what the target cannot hold. Frames are chosen first, then divided, resized, and given other labels.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import FORMATS, add_shared, size_argument, tool_parser, whole_number
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
    add("source", metavar="SOURCE", type=Path, nargs="+", help="a folder or a zip; several become one dataset")
    add("target", metavar="TARGET", type=Path, help="a new folder; for cvat a new zip")
    add("--to", required=True, choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    add("--on-conflict", choices=("refuse", "rename", "first"), help="frames of one name, and clashing ids of labels, "
        "in several SOURCEs: refuse them, rename the later ones, or take the first frame and leave out the later ones "
        "(default: refuse)")  # fmt: skip
    add_shared(made, "from", "splits", "cities")
    add("--frames", metavar="FILE", type=Path, help="only the frames that a text file names, one on each line")
    add_shared(made, classes=_CLASSES)
    add("--drop", metavar="NAME", nargs="+", help="labels that become background")
    add("--rename-label", dest="rename_labels", metavar="OLD=NEW", action="append", help="for example automobile=car; "
        "may be given several times, and labels of one name become one")  # fmt: skip
    add_shared(made, "train_ids", "boxes", truth=_TRUTH)
    add("--regions", action="store_true", help="make an object of each connected area of a label with objects, where "
        "the source does not tell them apart; also of the other labels in --classes")  # fmt: skip
    add("--rename-split", dest="rename_splits", metavar="OLD=NEW", action="append", help="for example valid=val; "
        "may be given several times")  # fmt: skip
    add("--split", dest="shares", metavar="NAME:SHARE,...", type=_shares, help="divide the frames at random, for "
        "example train:0.8,val:0.2; frames that are added later change the split of no other")  # fmt: skip
    add("--stratify", action="store_true", help="with --split: keep the shares in every city")
    add_shared(made, seed="of --split (default: 0)")
    add(
        "--size",
        dest="size_wh",
        metavar="WxH",
        type=size_argument,
        help="resize photographs and ground truth, in pixels",
    )
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
    choices = vars(parser().parse_intermixed_args(arguments))  # SOURCE and TARGET may stand on both sides of an option
    from common.formats.conversion import convert

    for name in ("splits", "cities", "classes", "drop"):
        choices[name] = tuple(choices.get(name, ()))
    for option, name in (("--rename-split", "rename_splits"), ("--rename-label", "rename_labels")):
        choices[name] = tuple(_pair(text, option) for text in choices.get(name, ()))
    if "frames" in choices:
        choices["frames"] = _names_in(choices["frames"])
    log.info("%s: %s", choices["target"], convert(**choices))
    return 0


def _pair(text: str, option: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not sign or not new:
        raise ConfigError(f"{option} {text}: expected OLD=NEW, for example valid=val")
    return old, new


def _names_in(path: Path) -> tuple[str, ...]:
    from common.errors import DataError
    from common.files.sources import Source
    from common.formats.names import read_lines

    names = tuple(read_lines(Source(path)))
    if not names:
        raise DataError(f"{path}: names no frame; expected one on each line")
    return names


def _shares(text: str) -> dict[str, float]:
    """Reads the argument of --split; a type for argparse."""
    shares = {}
    for part in text.split(","):
        name, sign, share = part.partition(":")
        try:
            shares[name] = float(share)
        except ValueError:
            sign = ""
        if not sign or not name:
            raise argparse.ArgumentTypeError(f"{text!r}: expected NAME:SHARE,..., for example train:0.8,val:0.2")
    return shares


if __name__ == "__main__":
    run_tool(main)

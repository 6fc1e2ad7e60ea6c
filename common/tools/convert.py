"""Converts a dataset between Cityscapes, COCO, COCO panoptic, VOC, CamVid, YOLO and CVAT; merges, divides, resizes.

    python -m common.tools.convert gtFine_trainvaltest.zip persons --to coco --splits val --classes person rider
    python -m common.tools.convert cityscapes more.zip both --to voc --size 1024x512 --split train:0.8,val:0.2

reads folders and zips (which stay closed) of any of these formats and says at the end what was written, what was
skipped and what the target cannot hold. Frames are chosen first, then divided, resized, and given other labels.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.arguments import FORMATS, add_shared, pair_argument, share_argument, tool_parser, whole_number
from common.command_line import log, run_tool

_CLASSES = (
    "labels to keep, all others become background; for coco and yolo those to write (default: all; for coco and yolo "
    "the 8 counted ones that Cityscapes evaluates)"
)
_TRUTH = "annotation of a Cityscapes tree, and its name in what is written (default: the fine one where there is any)"
_SIZE = "resize photographs and ground truth to this width and height in pixels"
_LISTS = ("splits", "cities", "classes", "drop", "rename_splits", "rename_labels")


def parser() -> argparse.ArgumentParser:
    """Builds the command line; what is not given has the default of the library function."""
    made = tool_parser("convert", __doc__, argument_default=argparse.SUPPRESS)
    add = made.add_argument
    add("source", metavar="SOURCE", type=Path, nargs="+", help="a folder or a zip; several become one dataset")
    add("target", metavar="TARGET", type=Path, help="a new folder; for cvat a new zip")
    add("--to", required=True, choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    add("--on-conflict", choices=("refuse", "rename", "first"), help="frames of one name and clashing ids of labels in "
        "several SOURCEs: refuse, rename the later ones, or leave out the later frames (default: refuse)")  # fmt: skip
    add_shared(made, "from", "splits", "cities")
    add("--list", metavar="FILE", type=Path, help="only the frames that a text file names, one on each line")
    add("--take", metavar="N", type=whole_number(1), help="only N of these frames, drawn at random")
    add_shared(made, classes=_CLASSES)
    add("--drop", metavar="NAME", nargs="+", help="labels that become background")
    rename: dict[str, Any] = {"metavar": "OLD=NEW", "type": pair_argument, "action": "append"}
    add("--rename-label", dest="rename_labels", **rename, help="may be given several times; labels of one name are one")
    add("--rename-split", dest="rename_splits", **rename, help="for example valid=val; may be given several times")
    add_shared(made, "train_ids", "boxes", truth=_TRUTH)
    add("--regions", action="store_true", help="make an object of each connected area of a label with objects, where "
        "the source does not tell them apart; also of the other labels in --classes")  # fmt: skip
    add("--split", dest="shares", metavar="NAME:SHARE,...", type=share_argument, help="divide the frames at random, "
        "for example train:0.8,val:0.2; frames that are added later change the split of no other")  # fmt: skip
    add("--stratify", action="store_true", help="with --split: keep the shares in every city")
    add_shared(made, seed="of --split and --take (default: 0)", size=_SIZE)
    add("--min-area", type=whole_number(0), metavar="N", help="objects with fewer visible pixels become background")
    add("--label-map", metavar="MAP", help="cityscapes, source, a class map's name or its file (default: cityscapes "
        "if it knows all labels, else source)")  # fmt: skip
    add("--images", choices=("copy", "link", "none"), help="what becomes of photographs (default: copy)")
    add("--image-ext", metavar="EXT", help="encode again, for example as jpg, with a small loss (default: as they are)")
    add("--layout", choices=("official", "imgsFine"), help="folders of a Cityscapes tree (default: official)")
    add("--rle", action="store_true", help="all COCO segmentations as RLE (default: outlines where they are exact)")
    add("--json-name", metavar="NAME", help="of COCO files, with {split}, for example instances_{split}.json")
    add_shared(made, "workers", overwrite="move what stands at TARGET aside")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, converts, and says what was written, skipped and lost."""
    # Intermixed: SOURCE and TARGET may stand on both sides of an option.
    choices = vars(parser().parse_intermixed_args(arguments))
    from common.formats.conversion import convert
    from common.formats.names import read_names

    choices |= {name: tuple(choices.get(name, ())) for name in _LISTS}
    if path := choices.pop("list", None):
        choices["frames"] = read_names(path)
    log.info("%s: %s", choices["target"], convert(**choices))
    return 0


if __name__ == "__main__":
    run_tool(main)

"""Predicts photographs, folders, Cityscapes splits and videos with a trained model or the mean of several.

    python -m common.tools.predict BASE_DIR/models/CITYSCAPES_subset_aug_1_topK_1.keras holiday.jpg OUT --overlay
    python -m common.tools.predict MODEL MODEL original_data OUT --splits test --tta

writes OUT/labelIds (official label ids at the size of the photograph, one PNG each: what the benchmark's server takes),
OUT/color, with --overlay OUT/overlay, and OUT/classes.csv, which says what ids and colours mean; of a video
OUT/<name>_color.mp4 and <name>_overlay.mp4. The same command continues where it was interrupted.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.command_line import log, run_tool, size_argument, tool_parser


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("predict", __doc__)
    add = made.add_argument
    add("models", metavar="MODEL", nargs="+", type=Path, help="a .keras file that steps 02 to 14 wrote, or a folder of "
        "them; of several the mean of their probabilities counts")  # fmt: skip
    add("source", metavar="INPUT", type=Path, help="a photograph, a folder, a Cityscapes tree or zip, or a video")
    add("out", metavar="OUT", type=Path, help="a new folder, or one to continue")
    add(
        "--size",
        metavar="WxH",
        type=size_argument,
        help="run the network at this size, multiples of 16 (that of its training)",
    )
    add("--tta", action="store_true", help="take the mean of each photograph and its mirror image; twice the time")
    add("--overlay", action="store_true", help="also write the colours over the photographs")
    add("--batch", metavar="N", type=int, default=8, help="photographs at a time; fewer need less memory (%(default)s)")
    add("--splits", metavar="NAME", nargs="+", default=(), help="of a Cityscapes tree, for example val test (all)")
    add("--video-ids", action="store_true", help="also write the label ids of every picture of a video as PNG")
    add("--overwrite", action="store_true", help="move what stands at OUT aside")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, predicts, and says how fast; returns 1 if a photograph could not be read."""
    chosen = parser().parse_args(arguments)
    from common.learning.backend import machine as backend

    backend.quiet_start()
    backend.prepare_devices()
    from common.learning.predicting.run import Request, predict_files

    outcome = predict_files(Request(**vars(chosen)))
    for failure in outcome.failures:
        log.error("skipped: %s", failure)
    log.info("%s: %s", chosen.out, outcome)
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    run_tool(main)

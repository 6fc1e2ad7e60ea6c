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

from common.arguments import SIZE_OF_NETWORK, add_shared, tool_parser, whole_number
from common.command_line import log, run_tool


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("predict", __doc__)
    add = made.add_argument
    add("models", metavar="MODEL", nargs="+", type=Path, help="a .keras file that steps 02 to 14 wrote, or a folder of "
        "them; of several the mean of their probabilities counts")  # fmt: skip
    add("source", metavar="INPUT", type=Path, help="a photograph, a folder, a Cityscapes tree or zip, or a video")
    add("out", metavar="OUT", type=Path, help="a new folder, or one to continue")
    add_shared(made, "splits", size=SIZE_OF_NETWORK)
    add("--tta", action="store_true", help="take the mean of each photograph and its mirror image; twice the time")
    add("--overlay", action="store_true", help="also write the colours over the photographs")
    add("--legend", action="store_true", help="also write OUT/legend.png, which shows what the colours mean")
    add("--batch", metavar="N", type=whole_number(1), default=8, help="photographs at a time; fewer need less memory "
        "(default: %(default)s)")  # fmt: skip
    add("--video-ids", action="store_true", help="also write the label ids of every picture of a video as PNG")
    add("--mixed", action="store_true", help="accept models of different recipes, preparations or names of classes")
    add_shared(made, "overwrite")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, predicts, and says how fast; returns 1 if a photograph could not be read."""
    chosen = parser().parse_args(arguments)
    # What needs no network comes before TensorFlow, which takes seconds.
    from common.learning.predicting.argument_order import refuse_swapped

    refuse_swapped(chosen.models, chosen.source, chosen.out)
    from common.learning.predicting.request import Request, plan_prediction

    plan = plan_prediction(Request(**vars(chosen)))
    from common.learning.backend import machine as backend

    backend.quiet_start()
    backend.prepare_devices()
    from common.learning.predicting.run import predict_files

    outcome = predict_files(plan)
    for failure in outcome.failures:
        log.error("skipped: %s", failure)
    log.info("%s: %s", chosen.out, outcome)
    return 1 if outcome.failures or plan.found.passed_over else 0


if __name__ == "__main__":
    run_tool(main)

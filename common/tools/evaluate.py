"""Scores predictions: official IoU and iIoU, the paper metric, panoptic quality, instance AP.

    python -m common.tools.evaluate PREDICTIONS gtFine_trainvaltest.zip --json result.json
    python -m common.tools.evaluate BASE_DIR/val_predictions/subset/CITYSCAPES_subset_1_0 BASE_DIR/val

PREDICTIONS is a folder of PNG files whose names begin with the frames' names; docs/evaluation.md says more.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import add_shared, tool_parser
from common.command_line import check_outputs, log, run_tool, show_results
from common.errors import ConfigError

_ENCODINGS = ("auto", "ids", "classes", "color")


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("evaluate", __doc__)
    add = made.add_argument
    add("predictions", metavar="PREDICTIONS", type=Path, help="a folder or zip of PNG files; panoptic: a JSON file")
    add("truth", metavar="TRUTH", type=Path, help="a Cityscapes tree or zip, a prepared split, masks")
    add(
        "--task",
        choices=("pixels", "panoptic", "instances"),
        default="pixels",
        help="what is scored (default: %(default)s)",
    )
    add("--protocol", choices=("paper", "cityscapes", "both"), default="both", help="scores (default: %(default)s)")
    add("--encoding", choices=_ENCODINGS, default="auto", help="what predictions hold (default: %(default)s)")
    add_shared(made, "label_map", splits="only these of TRUTH, for example val (default: those predicted)")
    add("--partial", action="store_true", help="accept that predictions are missing")
    add("--not-swapped", action="store_true", help="accept PREDICTIONS and TRUTH that look swapped")
    add_shared(made, "json", "workers")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, scores, and prints tables."""
    _check(chosen := parser().parse_args(arguments))
    from common.evaluation.instances.precision import InstanceScores, evaluate_instances
    from common.evaluation.panoptic.quality import PanopticScores, evaluate_panoptic
    from common.evaluation.pixels.evaluation import PixelOptions, evaluate_pixels
    from common.evaluation.pixels.scores import PixelScores
    from common.evaluation.swapping import refuse_swapped
    from common.labels.map_files import load_label_map

    if not chosen.not_swapped:
        refuse_swapped(chosen.predictions, chosen.truth)
    scores: PixelScores | PanopticScores | InstanceScores
    if chosen.task == "pixels":
        label_map = None if chosen.label_map is None else load_label_map(chosen.label_map)
        given = chosen.protocol, chosen.encoding, label_map, chosen.partial, tuple(chosen.splits), chosen.workers
        scores = evaluate_pixels(chosen.predictions, chosen.truth, PixelOptions(*given))
    else:
        evaluate = evaluate_panoptic if chosen.task == "panoptic" else evaluate_instances
        scores = evaluate(chosen.predictions, chosen.truth, chosen.workers)
    if chosen.json == "-":
        for note in scores.notes:
            log.warning("note: %s", note)
    show_results(scores.lines(), scores.as_json(), chosen.json)


def _check(chosen: argparse.Namespace) -> None:
    """Refuses what would be found out after an hour of scoring."""
    check_outputs(chosen.json)
    of_pixels = chosen.label_map or chosen.partial or chosen.splits or chosen.protocol != "both"
    if chosen.task != "pixels" and (of_pixels or chosen.encoding != "auto"):
        raise ConfigError(f"--task {chosen.task} takes only --json and --workers; others are for --task pixels")


if __name__ == "__main__":
    run_tool(main)

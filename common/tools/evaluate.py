"""Scores predictions: official IoU and iIoU, the paper metric, panoptic quality, instance AP.

    python -m common.tools.evaluate PREDICTIONS gtFine_trainvaltest.zip --json result.json
    python -m common.tools.evaluate BASE_DIR/val_predictions/subset/CITYSCAPES_subset_1_0 BASE_DIR/val

PREDICTIONS is a folder of PNG files whose names begin with the frames' names; docs/evaluation.md says more.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from common.command_line import log, run_tool, show, tool_parser
from common.errors import ConfigError
from common.parallel import usable_cores

_ENCODINGS = ("auto", "ids", "classes", "color")


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("evaluate", __doc__)
    add = made.add_argument
    add("predictions", metavar="PREDICTIONS", type=Path, help="a folder or zip of PNG files; panoptic: a JSON file")
    add("truth", metavar="TRUTH", type=Path, help="a Cityscapes tree or zip, a prepared split, masks")
    add("--task", choices=("pixels", "panoptic", "instances"), default="pixels", help="%(default)s")
    add("--protocol", choices=("paper", "cityscapes", "both"), default="both", help="which scores (%(default)s)")
    add("--encoding", choices=_ENCODINGS, default="auto", help="what predictions hold (%(default)s)")
    add("--label-map", metavar="MAP", help="of class indices: a built-in name or a file (the study's)")
    add("--splits", metavar="NAME", nargs="+", default=(), help="of TRUTH, for example val (those predicted)")
    add("--partial", action="store_true", help="accept that predictions are missing")
    add("--json", metavar="FILE", help="also write everything to a file; - prints it instead of tables")
    add("--workers", metavar="N", type=int, default=usable_cores(), help="processes (%(default)s: all cores)")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, scores, and prints tables."""
    _check(chosen := parser().parse_args(arguments))
    from common.evaluation.instances.precision import InstanceScores, evaluate_instances
    from common.evaluation.panoptic.quality import PanopticScores, evaluate_panoptic
    from common.evaluation.pixels.evaluation import PixelOptions, evaluate_pixels
    from common.evaluation.pixels.scores import PixelScores
    from common.files.disk import write_json
    from common.labels.map_files import load_label_map

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
        print(json.dumps(scores.as_json(), indent=2, allow_nan=False))
        return
    try:  # the file first: an output that is closed early, for example by `head`, must not cost it
        if chosen.json is not None:
            write_json(Path(chosen.json), scores.as_json())
    finally:
        show(scores.lines())


def _check(chosen: argparse.Namespace) -> None:
    """Refuses what would be found out after an hour of scoring."""
    if chosen.workers < 1:
        raise ConfigError(f"--workers {chosen.workers}: expected 1 or more")
    if chosen.json not in (None, "-") and not Path(chosen.json).is_file() and Path(chosen.json).exists():
        raise ConfigError(f"--json {chosen.json or repr('')}: expected the name of a file")
    of_pixels = chosen.label_map or chosen.partial or chosen.splits or chosen.protocol != "both"
    if chosen.task != "pixels" and (of_pixels or chosen.encoding != "auto"):
        raise ConfigError(f"--task {chosen.task} takes only --json and --workers; others are for --task pixels")


if __name__ == "__main__":
    run_tool(main)

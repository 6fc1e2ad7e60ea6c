"""Scores predictions: official IoU and iIoU, the paper metric, panoptic quality, instance AP.

    python -m common.tools.evaluate PREDICTIONS gtFine_trainvaltest.zip --json result.json
    python -m common.tools.evaluate BASE_DIR/val_predictions/subset/CITYSCAPES_subset_1_0 BASE_DIR/val

PREDICTIONS is a folder of PNG files whose names begin with the frames' names; docs/evaluation.md says more.
"""

import argparse
import json
import logging
from pathlib import Path

from common.command_line import run_tool
from common.errors import ConfigError
from common.evaluation.pixels.evaluation import PixelOptions, evaluate_pixels
from common.evaluation.pixels.predictions import AUTO, ENCODINGS
from common.evaluation.pixels.scores import BOTH, PROTOCOLS
from common.files import write_json
from common.label_maps import load_label_map
from common.parallel import usable_cores

log = logging.getLogger("common")

PIXELS, PANOPTIC, INSTANCES = "pixels", "panoptic", "instances"


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m common.tools.evaluate", description="Scores predictions against a ground truth."
    )
    parser.add_argument("predictions", metavar="PREDICTIONS", type=Path, help="a folder or zip of PNG files")
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="a Cityscapes tree or zip, a prepared split, masks")
    parser.add_argument("--task", choices=(PIXELS, PANOPTIC, INSTANCES), default=PIXELS, help="%(default)s")
    parser.add_argument("--protocol", choices=PROTOCOLS, default=BOTH, help="which scores (%(default)s)")
    parser.add_argument("--encoding", choices=ENCODINGS, default=AUTO, help="what predictions hold (%(default)s)")
    parser.add_argument("--label-map", metavar="MAP", help="of class indices: a built-in name or a file (the study's)")
    parser.add_argument("--splits", metavar="NAME", nargs="+", default=(), help="of TRUTH, as val (those predicted)")
    parser.add_argument("--partial", action="store_true", help="go on without predictions that are missing")
    parser.add_argument("--json", metavar="FILE", help="also write everything to a file; - prints it instead of tables")
    parser.add_argument(
        "--workers", metavar="N", type=int, default=usable_cores(), help="processes (%(default)s: all cores)"
    )
    return parser


def main(arguments=None):
    """Parses the command line, scores, and prints tables."""
    chosen = _parser().parse_args(arguments)
    scores = _score(chosen)
    if chosen.json not in (None, "-"):
        write_json(Path(chosen.json), scores.as_json())
    if chosen.json == "-":
        for note in getattr(scores, "notes", ()):
            log.warning("note: %s", note)
        print(json.dumps(scores.as_json(), indent=2, allow_nan=False))
    else:
        print("\n".join(scores.lines()))


def _score(chosen):
    if chosen.task == PIXELS:
        label_map = None if chosen.label_map is None else load_label_map(chosen.label_map)
        how = (chosen.protocol, chosen.encoding, label_map, chosen.partial, tuple(chosen.splits), chosen.workers)
        return evaluate_pixels(chosen.predictions, chosen.truth, PixelOptions(*how))
    if chosen.label_map or chosen.partial or chosen.splits or (chosen.protocol, chosen.encoding) != (BOTH, AUTO):
        raise ConfigError(f"--task {chosen.task} takes --json and --workers alone; the other options are about pixels")
    if chosen.task == PANOPTIC:
        from common.evaluation.panoptic.quality import evaluate_panoptic as evaluate
    else:
        from common.evaluation.instances.precision import evaluate_instances as evaluate
    return evaluate(chosen.predictions, chosen.truth, chosen.workers)


if __name__ == "__main__":
    run_tool(main)

"""Step 10: train U-Nets on the predictions that EvalNets think good enough.

Reads   BASE_DIR/train_labeled, train_unlabeled, train_full, val, test; models of 03 and 04   (steps 00, 01, 03, 04)
Writes  BASE_DIR/train_unlabeled_predictions/segnet, models, csv/results_CITYSCAPES_segnet_<run>_...csv

An EvalNet predicts the mIoU of a prediction. Of several predictions for an image the best one is trained on, if n
EvalNets expect at least MAX_THRESHOLD of it. The study calls this approach segnet.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains EvalNets, then the generations of networks they choose labels for."""
    method = Method(
        step="step 10",
        name="segnet",
        labels="judged",
        numbers=config.methods.teachers,
        evalnets="miou",
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

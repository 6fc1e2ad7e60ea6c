"""Step 07: train U-Nets on the labels that one network gives on average for noisy views.

Reads   BASE_DIR/train_labeled, train_unlabeled, val, test; models/CITYSCAPES_subset_<run>_topK_<k>   (steps 01, 03)
Writes  BASE_DIR/train_unlabeled_predictions/input_ensemble, models, csv/results_CITYSCAPES_input_ensemble_<run>_...csv

The best network of a generation labels for the next: the class with the largest mean probability over n noisy views of
the image. Trained on is the image without noise.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains the generations of the input ensemble."""
    method = Method(
        step="step 07",
        name="input_ensemble",
        labels="mean_of_views",
        numbers=config.methods.views,
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

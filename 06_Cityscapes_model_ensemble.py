"""Step 06: train U-Nets on the labels that several networks give on average.

Reads   BASE_DIR/train_labeled, train_unlabeled, val, test; models/CITYSCAPES_subset_<run>_topK_<k>   (steps 01, 03)
Writes  BASE_DIR/train_unlabeled_predictions/model_ensemble, models, csv/results_CITYSCAPES_model_ensemble_<run>_...csv

Each generation labels for the next: the class with the largest mean probability of n networks. Images stay as they are.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains the generations of the model ensemble."""
    method = Method(
        step="step 06",
        name="model_ensemble",
        labels="mean_of_models",
        numbers=config.methods.teachers,
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

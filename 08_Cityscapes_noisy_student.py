"""Step 08: train U-Nets on noisy copies of images that a network labelled without noise.

Reads   BASE_DIR/train_labeled, train_unlabeled, val, test; models/CITYSCAPES_subset_<run>_topK_<k>   (steps 01, 03)
Writes  BASE_DIR/train_unlabeled_predictions/noisy_student, models, csv/results_CITYSCAPES_noisy_student_<run>_...csv

The best network of a generation labels for the next. Networks and noise grow from generation to generation.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains the generations of the noisy student."""
    method = Method(
        step="step 08",
        name="noisy_student",
        labels="mean_of_models",
        numbers=(1,),
        pairs=False,
        copies="one",
        grows=True,
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

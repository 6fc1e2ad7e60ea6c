"""Step 11: IM, with noise: train U-Nets on noisy copies of images with agreed labels.

Reads   BASE_DIR/train_labeled, train_unlabeled, val, test; models/CITYSCAPES_subset_<run>_topK_<k>   (steps 01, 03)
Writes  BASE_DIR/train_unlabeled_predictions/IM_plus, models, csv/results_CITYSCAPES_IM_plus_<run>_...csv

As step 09 with two networks, but trained on noisy copies; networks and noise grow from generation to generation.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains the generations of IM+."""
    method = Method(
        step="step 11",
        name="IM_plus",
        labels="agreement",
        numbers=(2,),
        pairs=False,
        copies="fixed",
        grows=True,
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

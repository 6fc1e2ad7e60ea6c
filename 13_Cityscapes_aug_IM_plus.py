"""Step 13: IM+ from the augmented baseline.

Reads   BASE_DIR/train_labeled_aug, train_unlabeled, val, test; models/CITYSCAPES_subset_aug_<run>_topK_<k>   (01, 04)
Writes  BASE_DIR/train_unlabeled_predictions/aug_IM_plus, models, csv/results_CITYSCAPES_aug_IM_plus_<run>_...csv

As step 11, but it starts from the networks of step 04, and trains on the images without noise and the augmented
labelled images too.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains the generations of AIM+."""
    method = Method(
        step="step 13",
        name="aug_IM_plus",
        labels="agreement",
        numbers=config.methods.teachers,
        start="subset_aug",
        labeled="train_labeled_aug",
        copies="fixed",
        grows=True,
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

"""Step 12: IM+, with more noisy copies of what EvalNets think well of.

Reads   BASE_DIR/train_labeled, train_unlabeled, val, test; all models/CITYSCAPES_subset_<run>_...   (steps 01, 03)
Writes  BASE_DIR/train_unlabeled_predictions/IM_plus_plus, models, csv/results_CITYSCAPES_IM_plus_plus_<run>_...csv

As step 11, but each image has one to five copies, by the mIoU that two EvalNets predict for its label.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains EvalNets, then the generations of IM++."""
    method = Method(
        step="step 12",
        name="IM_plus_plus",
        labels="agreement",
        numbers=(2,),
        pairs=False,
        copies="judged",
        grows=True,
        evalnets="miou_im",
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

"""Step 14: IM++ from the augmented baseline.

Reads   BASE_DIR/train_labeled_aug, train_unlabeled, val, test; all models/CITYSCAPES_subset_aug_<run>_...   (01, 04)
Writes  BASE_DIR/train_unlabeled_predictions/aug_IM_plus_plus, models, csv

Steps 12 and 13 together: one to five copies of each image by the judgement of EvalNets, the images without noise, and
the augmented labelled images.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains EvalNets, then the generations of AIM++."""
    method = Method(
        step="step 14",
        name="aug_IM_plus_plus",
        labels="agreement",
        numbers=(2,),
        start="subset_aug",
        labeled="train_labeled_aug",
        copies="judged",
        grows=True,
        evalnets="miou_aug_im",
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

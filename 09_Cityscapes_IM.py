"""Step 09: train U-Nets on labels that several networks agree on.

Reads   BASE_DIR/train_labeled, train_unlabeled, val, test; models/CITYSCAPES_subset_<run>_topK_<k>   (steps 01, 03)
Writes  BASE_DIR/train_unlabeled_predictions/IM, models, csv/results_CITYSCAPES_IM_<run>_...csv

The study's own method: where the networks do not agree, image and label are blacked out (the inconsistency mask). Each
generation labels for the next.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.learning.experiments.generations import run_method
from common.methods.method import Method


def main(config: Config, dry_run: bool) -> None:
    """Trains the generations of IM."""
    method = Method(
        step="step 09",
        name="IM",
        labels="agreement",
        numbers=config.methods.teachers,
    )
    run_method(method, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

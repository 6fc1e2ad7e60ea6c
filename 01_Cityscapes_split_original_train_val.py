"""Step 01: divide the prepared frames into the splits of the study.

Reads   BASE_DIR/train_full and BASE_DIR/val_test   (written by step 00)
Writes  BASE_DIR/train_labeled (10 %), train_unlabeled (90 %), val (50 %), test (50 %), and the list split.csv

The labelled tenth is what the study's methods may learn from. The official test set has no public ground truth, so the
study halves the official validation set into val and test.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.dataset.prepared.folders import PreparedDataset
from common.dataset.prepared.split import SplitRule
from common.dataset.prepared.steps import divide


def main(config: Config, dry_run: bool) -> None:
    """Divides both prepared folders."""
    dataset = PreparedDataset.of(config.dataset, config.seed)
    rules = {
        "train_full": SplitRule("train_labeled", "train_unlabeled", share_of_second=0.9),
        "val_test": SplitRule("val", "test", share_of_second=0.5),
    }
    divide(dataset, rules, dry_run)


if __name__ == "__main__":
    run_step(arguments, main, prepares=True)

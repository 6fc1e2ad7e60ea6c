"""Step 03: train U-Nets on the labelled tenth of the training images.

Reads   BASE_DIR/train_labeled, val, test, train_unlabeled   (written by step 01)
Writes  BASE_DIR/models, *_predictions, csv/results_CITYSCAPES_subset_<run>.csv

The lower reference of the study: every semi-supervised method must beat these models.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.dataset.prepared.folders import PreparedDataset
from common.learning.experiments.experiment import Experiment, run_experiment


def main(config: Config, dry_run: bool) -> None:
    """Trains on the labelled tenth."""
    dataset = PreparedDataset.of(config.dataset, config.seed)
    experiment = Experiment(
        name="subset",
        train=(dataset.split("train_labeled"),),
        validate=dataset.split("val"),
        report_on=(dataset.split("val"), dataset.split("test"), dataset.split("train_unlabeled")),
    )
    run_experiment(experiment, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

"""Step 02: train U-Nets on all training images.

Reads   BASE_DIR/train_full, val, test, train_unlabeled   (written by steps 00 and 01)
Writes  BASE_DIR/models, *_predictions, csv/results_CITYSCAPES_full_dataset_<run>.csv

The upper reference of the study: what the network can do with all labels. Its scores on train_unlabeled are on images
it was trained on.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.dataset.prepared.folders import PreparedDataset
from common.learning.experiments.experiment import Experiment, run_experiment


def main(config: Config, dry_run: bool) -> None:
    """Trains on all training images."""
    dataset = PreparedDataset.of(config.dataset, config.seed)
    experiment = Experiment(
        name="full_dataset",
        train=(dataset.split("train_full"),),
        validate=dataset.split("val"),
        report_on=(dataset.split("val"), dataset.split("test"), dataset.split("train_unlabeled")),
    )
    run_experiment(experiment, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

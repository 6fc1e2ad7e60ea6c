"""Step 04: train U-Nets on the labelled tenth and nine augmented copies of each of its images.

Reads   BASE_DIR/train_labeled, val, test, train_unlabeled   (written by step 01)
Writes  BASE_DIR/train_labeled_aug, models, *_predictions, csv/results_CITYSCAPES_subset_aug_<run>.csv

The reference with augmentation: as many images an epoch as step 02 has, made from a tenth of its labels.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.dataset.prepared.folders import PreparedDataset
from common.dataset.prepared.steps import augment_split
from common.learning.experiments.experiment import Experiment, run_experiment


def main(config: Config, dry_run: bool) -> None:
    """Augments the labelled tenth and trains on it."""
    dataset = PreparedDataset.of(config.dataset, config.seed)
    experiment = Experiment(
        name="subset_aug",
        train=(augment_split(dataset, "train_labeled", config.augmentation, config.machine.workers, dry_run),),
        validate=dataset.split("val"),
        report_on=(dataset.split("val"), dataset.split("test"), dataset.split("train_unlabeled")),
    )
    run_experiment(experiment, config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

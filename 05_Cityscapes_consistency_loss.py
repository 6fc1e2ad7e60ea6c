"""Step 05: train a finished U-Net further, on labels and on giving equal answers to two noisy views of an image.

Reads   BASE_DIR/train_labeled, train_unlabeled, val, test   (written by step 01)
        BASE_DIR/models/CITYSCAPES_subset_<run>_topK_1       (written by step 03)
Writes  BASE_DIR/models, *_predictions, csv/results_CITYSCAPES_consistency_loss_<run>_aug_<low, mid or high>.csv

What a network answers should not change when an image gets noisier or brighter, and that can be trained without labels.
Each of three strengths of noise continues the best network of the run; a weak reference for the steps that follow.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.dataset.prepared.folders import PreparedDataset
from common.learning.experiments.consistency import run_consistency
from common.learning.experiments.experiment import Experiment


def main(config: Config, dry_run: bool) -> None:
    """Continues the best network of each run of step 03."""
    dataset = PreparedDataset.of(config.dataset, config.seed)
    experiment = Experiment(
        name="consistency_loss",
        train=(dataset.split("train_labeled"),),
        validate=dataset.split("val"),
        report_on=(dataset.split("val"), dataset.split("test"), dataset.split("train_unlabeled")),
    )
    run_consistency(experiment, dataset.split("train_unlabeled"), config, dry_run)


if __name__ == "__main__":
    run_step(arguments, main)

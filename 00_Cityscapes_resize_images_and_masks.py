"""Step 00: scale the frames of Cityscapes and turn their label ids into classes.

Reads   BASE_DIR/original_data: leftImg8bit and gtFine, extracted or as the two downloaded zips
Writes  BASE_DIR/train_full and BASE_DIR/val_test, each with images and masks

The study works at a fifth of the size: 2048x1024 becomes 416x208. Class 0 is unlabeled, id k becomes class k + 1;
LABEL_MAP in config.ini gives other classes, for example the 19 of the benchmark.
"""

from common.command_line import read_arguments, run_step

arguments = read_arguments(__doc__)  # before the imports that take a second, so that --help answers at once

from common.config.config import Config
from common.dataset.prepared.steps import prepare_originals


def main(config: Config, dry_run: bool) -> None:
    """Prepares the training and validation frames."""
    prepare_originals(
        config.dataset,
        splits={"train": "train_full", "val": "val_test"},
        workers=config.machine.workers,
        dry_run=dry_run,
    )


if __name__ == "__main__":
    run_step(arguments, main, prepares=True)

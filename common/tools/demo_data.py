"""Draws the demo dataset: street scenes in the layout of Cityscapes, for tests and for a first run without a download.

    python -m common.tools.demo_data demo --train 96 --val 32 --size 512x256

writes demo/leftImg8bit and demo/gtFine. The same seed draws the same bytes, with any number of workers; a call that was
interrupted goes on where it stopped.
"""

import argparse
import os
import time
from pathlib import Path

from common.command_line import run_tool, size_argument
from common.config.documentation import write_config
from common.dataset.prepared.resize import prepared_size
from common.demo import DemoSettings, draw_demo_dataset
from common.errors import ConfigError
from common.parallel import usable_cores

# A run of the study in minutes; its scores say nothing but that everything works.
_SMALL = {
    "RESIZE_FACTOR": 0.5, "NUM_RUNS": 1, "MODELS_PER_RUN": 2, "TOP_Ks": 1, "NUM_EPOCHS": 20, "BATCH_SIZE": 4,
    "MODERN.NUM_EPOCHS": 12, "MODERN.NUM_STEPS": 240, "MODERN.WARMUP_STEPS": 20,
}  # fmt: skip


def main(arguments=None):
    """Parses the command line, draws and says what was drawn."""
    defaults = DemoSettings()
    parser = argparse.ArgumentParser(
        prog="python -m common.tools.demo_data",
        description="Draws street scenes in the layout of Cityscapes: OUT/leftImg8bit and OUT/gtFine.",
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="a new or empty folder, or one to go on with")
    parser.add_argument("--train", metavar="N", type=int, default=defaults.train, help="frames in train (%(default)s)")
    parser.add_argument("--val", metavar="N", type=int, default=defaults.val, help="frames in val (%(default)s)")
    parser.add_argument("--size", metavar="WxH", type=size_argument, default="512x256", help="in pixels (%(default)s)")
    parser.add_argument(
        "--seed", metavar="S", type=int, default=defaults.seed, help="another one draws other streets (%(default)s)"
    )
    parser.add_argument(
        "--workers", metavar="N", type=int, default=usable_cores(), help="processes (%(default)s: all cores)"
    )
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="also write a config.ini with small settings for these frames"
    )
    options = parser.parse_args(arguments)
    if options.config is not None and options.out.name != "original_data":
        raise ConfigError(f"OUT = {options.out}: with --config it has to end in original_data, where step 00 looks")
    settings = DemoSettings(options.train, options.val, options.size, options.seed)
    start = time.perf_counter()
    result = draw_demo_dataset(options.out, settings, options.workers)
    seconds = time.perf_counter() - start
    width, height = settings.size_wh
    counts = f"{settings.train} train and {settings.val} val frames of {width}x{height}"
    if not result.drawn:
        print(f"{options.out}: holds these {counts} already, nothing was drawn")
    else:
        kept = f", {result.kept} of them were there already" if result.kept else ""
        print(f"{options.out}: {counts}{kept}; {seconds:.1f} seconds")
    if options.config is not None:
        print(f"{options.config}: {_write_config(options.config, options.out.absolute().parent, settings.size_wh)}")


def _write_config(path, base_dir, size_wh):
    if path.exists():
        return "is there already and was kept"
    width, height = prepared_size(*size_wh, _SMALL["RESIZE_FACTOR"])
    place = os.path.relpath(base_dir, path.absolute().parent)
    write_config(path, {"BASE_DIR": place, "IMAGE_WIDTH": width, "IMAGE_HEIGHT": height, **_SMALL})
    return f"settings for the numbered scripts, with BASE_DIR = {base_dir}"


if __name__ == "__main__":
    run_tool(main)

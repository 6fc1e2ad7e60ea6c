"""Draws the demo dataset: street scenes in the layout of Cityscapes, for tests and for a first run without a download.

    python -m common.tools.demo_data demo --train 96 --val 32 --size 512x256

writes demo/leftImg8bit and demo/gtFine. The same seed draws the same bytes, with any number of workers; an interrupted
call continues where it stopped.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from common.arguments import add_shared, tool_parser, whole_number
from common.command_line import run_tool, show
from common.errors import ConfigError

# A run of the study in minutes; its scores only show that everything works.
_SCALE = 0.5
_SMALL = {
    "NUM_RUNS": 1, "MODELS_PER_RUN": 2, "TOP_Ks": 2, "NUM_EPOCHS": 20, "BATCH_SIZE": 4,
    "TEACHERS": 2, "VIEWS": 3, "NUM_GENERATIONS": 2, "MODELS_PER_GENERATION": 2,
    "MODERN.NUM_EPOCHS": 12, "MODERN.NUM_STEPS": 240, "MODERN.WARMUP_STEPS": 20,
}  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("demo_data", __doc__)
    add = made.add_argument
    add("out", metavar="OUT", type=Path, help="a new or empty folder, or one to continue")
    add("--train", metavar="N", type=whole_number(0), default=96, help="frames in train (default: %(default)s)")
    add("--val", metavar="N", type=whole_number(0), default=32, help="frames in val (default: %(default)s)")
    add_shared(made, size="of frames in pixels (default: 512x256)")
    add("--config", metavar="FILE", type=Path, help="also write a config.ini with small settings for these frames")
    add_shared(made, "seed", "workers")
    made.set_defaults(seed=42, size=(512, 256))
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, draws and says what was drawn."""
    options = parser().parse_args(arguments)
    if options.config is not None and options.out.name != "original_data":
        raise ConfigError(f"OUT {options.out}: with --config, expected the name original_data, where step 00 looks")
    from common.demo import DemoSettings, draw_demo_dataset
    from common.files.places import absolute_path

    settings = DemoSettings(options.train, options.val, options.size, options.seed)
    start = time.perf_counter()
    result = draw_demo_dataset(options.out, settings, options.workers)
    seconds = time.perf_counter() - start
    counts = f"{settings.train} train and {settings.val} val frames of {'x'.join(map(str, settings.size_wh))}"
    if not result.drawn:
        show(f"{options.out}: holds these {counts} already; nothing was drawn")
    else:
        kept = f", {result.kept} of them were there already" if result.kept else ""
        show(f"{options.out}: {counts}{kept}; {seconds:.1f} seconds")
    if options.config is not None:
        show(f"{options.config}: {_write_config(options.config, absolute_path(options.out).parent, settings.size_wh)}")


def _write_config(path: Path, base_dir: Path, size_wh: tuple[int, int]) -> str:
    if path.exists():
        return "exists already and was kept"
    from common.config.documentation import write_config
    from common.dataset.prepared.resize import prepared_size

    width, height = prepared_size(*size_wh, _SCALE)
    place = os.path.relpath(base_dir, path.absolute().parent)
    size = {"RESIZE_FACTOR": _SCALE, "IMAGE_WIDTH": width, "IMAGE_HEIGHT": height}
    write_config(path, {"BASE_DIR": place, **size, **_SMALL})
    return f"settings for the numbered scripts, with BASE_DIR = {base_dir}"


if __name__ == "__main__":
    run_tool(main)

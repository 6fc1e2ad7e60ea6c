"""Exports a trained model for other programs, runs the result on a frame, and prints the largest difference.

    python -m common.tools.export models/CITYSCAPES_subset_1_0.keras --to onnx
    python -m common.tools.export models/CITYSCAPES_subset_1_0.keras --to tflite --batch 1 --with-argmax

Nothing is kept if the exported model gives other results. docs/export.md says how to load and run it. Runs on
TensorFlow, whatever KERAS_BACKEND says, and on the processor.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from common.command_line import run_tool, show, size_argument, tool_parser

_KINDS = ("onnx", "saved_model", "tflite")


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("export", __doc__)
    add = made.add_argument
    add("model", metavar="MODEL", type=Path, help="a .keras file, for example in BASE_DIR/models")
    add("--to", choices=_KINDS, required=True, help="what for: onnxruntime, TensorFlow, TensorFlow Lite")
    add("--out", metavar="PATH", type=Path, help="what to write (default: beside the model)")
    add("--size", metavar="WxH", type=size_argument, help="of its images (default: the size it was trained on)")
    add("--batch", metavar="N", type=int, help="images at a time, fixed (default: any number)")
    add("--with-argmax", action="store_true", help="class indices come out, not probabilities")
    add("--image", metavar="FILE", type=Path, help="photograph to compare on (default: a drawn street)")
    add("--overwrite", action="store_true", help="replace an existing exported model")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, exports, and says what was compared."""
    options = parser().parse_args(arguments)
    from common.demo.scene import draw_frame
    from common.files.sources import Source
    from common.images.pictures import read_photograph
    from common.learning.exporting.files import check_target, default_target

    target = options.out or default_target(options.model, options.to)
    check_target(target, options.to, options.overwrite)
    drawn = "lindental_000000_000019", (512, 256), 0
    image = read_photograph(Source(options.image)) if options.image else draw_frame(*drawn)[0]
    os.environ.update(KERAS_BACKEND="tensorflow", CUDA_VISIBLE_DEVICES="-1")
    from common.learning.backend.machine import quiet_start

    quiet_start()
    from common.learning.exporting.export import ExportSettings, export_model

    settings = ExportSettings(options.to, options.size, options.batch, options.with_argmax)
    comparison = export_model(options.model, target, settings, image, options.overwrite)
    show(f"{target}: {options.to}, compared on {options.image or 'a drawn street'} and its mirror image: {comparison}")


if __name__ == "__main__":
    run_tool(main)

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

from common.arguments import SIZE_OF_NETWORK, add_shared, tool_parser, whole_number
from common.command_line import run_tool, show

_KINDS = ("onnx", "saved_model", "tflite")


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("export", __doc__)
    add = made.add_argument
    add("model", metavar="MODEL", type=Path, help="a .keras file, for example in BASE_DIR/models")
    add("--to", choices=_KINDS, required=True, help="what for: onnxruntime, TensorFlow, TensorFlow Lite")
    add("--out", metavar="PATH", type=Path, help="what to write (default: beside the model)")
    add_shared(made, size=SIZE_OF_NETWORK)
    add("--batch", metavar="N", type=whole_number(1), help="images at a time, fixed (default: any number)")
    add("--with-argmax", action="store_true", help="class indices come out, not probabilities")
    add("--image", metavar="FILE", type=Path, help="photograph to compare on (default: a drawn street)")
    add_shared(made, overwrite="replace an exported model that is there")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, exports, and says what was compared."""
    options = parser().parse_args(arguments)
    from common.demo.scene import draw_frame
    from common.files.sources import Source
    from common.images.pictures import read_photograph
    from common.learning.exporting.files import check_packages, check_target, default_target
    from common.learning.network.model_card import read_model_card
    from common.learning.predicting.members import check_size

    # Before TensorFlow, which takes seconds to load.
    image = read_photograph(Source(options.image)) if options.image else None
    if options.size is not None:
        check_size(options.size)
    check_packages(options.to)
    read_model_card(options.model)
    target = options.out or default_target(options.model, options.to)
    check_target(target, options.to, options.overwrite)
    if image is None:
        image = draw_frame("lindental_000000_000019", (512, 256), 0)[0]
    os.environ.update(KERAS_BACKEND="tensorflow", CUDA_VISIBLE_DEVICES="-1")
    from common.learning.backend.machine import quiet_start

    quiet_start()
    from common.learning.exporting.export import ExportSettings, export_model

    settings = ExportSettings(options.to, options.size, options.batch, options.with_argmax)
    comparison = export_model(options.model, target, settings, image, options.overwrite)
    show(f"{target}: {options.to}, compared on {options.image or 'a drawn street'} and its mirror image: {comparison}")


if __name__ == "__main__":
    run_tool(main)

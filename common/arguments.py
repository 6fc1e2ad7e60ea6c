"""The command lines of scripts and tools: their parser, and the options that several tools have, in the same words.

What takes long is imported where it is needed, so that --help answers at once. An old Python can read this module.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from common.engines.choice import ENGINE, NAMES

SIZE_OF_NETWORK = "run the network at this size, multiples of 16 (default: that of its training)"
FORMATS = (
    "camvid",
    "cityscapes",
    "coco",
    "coco-panoptic",
    "cvat",
    "cvat-images",
    "folders",
    "label-studio",
    "labelme",
    "voc",
    "yolo",
)
# Options of reading, which not all formats have.
READ_OPTIONS = ("train_ids", "images_as", "masks_as", "mask_values")


class Parser(argparse.ArgumentParser):
    """A parser that keeps the lines of a docstring, and names the option that was meant where one is misspelt."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """Prints usage and message, and exits with status 2."""
        if message.startswith("unrecognized arguments"):
            known = [name for name in self._option_string_actions if name.startswith("--")]
            for word in re.findall("--[a-z-]+", message):
                if close := difflib.get_close_matches(word, known, 1):
                    message += f"; did you mean {close[0]}?"
        super().error(message)


def tool_parser(name: str, description: str | None, **options: Any) -> Parser:
    """Starts the command line of a tool from the name of its module and its docstring."""
    return Parser(prog=f"python -m common.tools.{name}", description=description, **options)


def add_shared(parser: argparse.ArgumentParser, *names: str, **words: str) -> None:
    """Adds options that several tools have.

    Args:
        parser: Of the tool.
        names: Their names, for example "splits"; help shows them in this order.
        words: Help of options that mean something more in this tool, by name; these are added behind the others.
    """
    from common.parallel import usable_cores

    for name in (*names, *words):
        option = dict(_SHARED[name])
        if name in words:
            option["help"] = words[name]
        if name == "workers":
            option["default"] = usable_cores()
        parser.add_argument(f"--{name.replace('_', '-')}", **option)
        if name == "workers":
            parser.add_argument("--engine", action=_ChooseEngine, choices=NAMES, metavar="NAME", help="ray: use the "
                "cores of all machines of a Ray cluster, see docs/clusters.md (default: local)")  # fmt: skip


class _ChooseEngine(argparse.Action):
    """Sets what the environment says of the engine; a tool itself has nothing to do with it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "dest": argparse.SUPPRESS, "default": argparse.SUPPRESS})

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, _: Any = None
    ) -> None:
        """Sets the variable for this process."""
        os.environ[ENGINE] = values


def read_options(options: argparse.Namespace) -> dict[str, object]:
    """Gives the options of reading as `common.formats.conversion.read` takes them."""
    return {name: getattr(options, name) for name in READ_OPTIONS}


def whole_number(smallest: int, largest: int | None = None) -> Callable[[str], int]:
    """Makes a type for argparse: whole numbers from `smallest` on, up to `largest` if it is given."""

    def read(text: str) -> int:
        if not re.fullmatch("[+-]?[0-9]{1,18}", text) or not smallest <= int(text) <= (largest or int(text)):
            limits = f"from {smallest} on" if largest is None else f"from {smallest} to {largest}"
            raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number {limits}")
        return int(text)

    return read


def size_argument(text: str) -> tuple[int, int]:
    """Reads a size such as 416x208 from a command line: width and height in pixels; a type for argparse."""
    found = re.fullmatch("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", text.lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; expected width x height, for example 416x208")
    return int(found[1]), int(found[2])


def pair_argument(text: str) -> tuple[str, str]:
    """Reads an old and a new name from a command line; a type for argparse."""
    old, sign, new = text.partition("=")
    if not sign or not new:
        raise argparse.ArgumentTypeError(f"{text!r}: expected OLD=NEW, for example valid=val")
    return old, new


def share_argument(text: str) -> dict[str, float]:
    """Reads shares by name, such as train:0.8,val:0.2, from a command line; a type for argparse."""
    shares: dict[str, float] = {}
    try:
        for part in text.split(","):
            name, _, share = map(str.strip, part.partition(":"))
            if not name or name in shares:
                raise ValueError
            shares[name] = float(share)
    except ValueError as error:
        message = f"{text!r}: expected NAME:SHARE,..., each name once, for example train:0.8,val:0.2"
        raise argparse.ArgumentTypeError(message) from error
    return shares


def png_argument(text: str) -> Path:
    """Reads the name of a picture that is to be written from a command line; a type for argparse."""
    if Path(text).suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text!r}: pictures are written as PNG; give it the ending .png")
    return Path(text)


_SHARED: dict[str, dict[str, Any]] = {
    "from": {"dest": "from_", "choices": FORMATS, "metavar": "FORMAT", "help": f"of SOURCE: {', '.join(FORMATS)} "
        "(default: found out from its files)"},
    "splits": {"metavar": "NAME", "nargs": "+", "default": (), "help": "only these, for example train val "
        "(default: all)"},
    "cities": {"metavar": "NAME", "nargs": "+", "default": (), "help": "only these, for example ulm (default: all)"},
    "classes": {"metavar": "NAME", "nargs": "+", "default": (), "help": "only these labels (default: all)"},
    "truth": {"choices": ("gtFine", "gtCoarse"), "help": "which annotation of a Cityscapes tree (default: the fine one "
        "where there is any)"},
    "train_ids": {"action": "store_true", "help": "labelIds of a Cityscapes tree hold train ids (0 to 18, 255)"},
    "images_as": {"metavar": "PATTERN", "default": "", "help": "photographs of folders, for example "
        "'rgb/{split}/*.jpg' (* is the frame's name); of a Cityscapes tree, for example leftImg8bit_foggy_beta_0.02"},
    "masks_as": {"metavar": "PATTERN", "default": "", "help": "masks of folders, for example 'gt/{split}/*_id.png'"},
    "mask_values": {"metavar": "WHAT", "default": "", "help": "what masks of folders hold: ids, trainIds, a label "
        "map, or a label file (default: the label file there)"},
    "boxes": {"choices": ("fill", "only"), "default": "", "help": "fill: take rectangles for objects that have a "
        "box and no outline; only: take boxes for all objects, as detection does (default: keep both as they are)"},
    "label_map": {"metavar": "MAP", "help": "of class indices: the name of a built-in map, or a file "
        "(default: the classes of the study)"},
    "size": {"metavar": "WxH", "type": size_argument, "help": "width and height in pixels"},
    "seed": {"metavar": "N", "type": whole_number(0), "help": "another number gives other frames (default: "
        "%(default)s)"},
    "json": {"metavar": "FILE", "help": "also write everything to a file; - prints it instead of tables"},
    "overwrite": {"action": "store_true", "help": "move what stands at OUT aside"},
    "workers": {"metavar": "N", "type": whole_number(1), "help": "processes (default: all cores, here %(default)s)"},
}  # fmt: skip

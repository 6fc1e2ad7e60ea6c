"""Tells what a Ray cluster has, and whether all its machines fit together.

    python -m common.tools.check_cluster data

lists machines, cores, GPUs and ports, compares versions with those of this machine, and shows whether each sees the
project and the folders that are named. Exit status 1 if something does not fit.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.arguments import tool_parser
from common.command_line import run_tool, show
from common.engines.choice import ADDRESS


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("check_cluster", __doc__)
    add = made.add_argument
    add("folders", metavar="FOLDER", nargs="*", type=Path, help="that every machine has to see, for example BASE_DIR")
    add("--address", metavar="HOST:PORT", help=f"of the cluster (default: {ADDRESS} in the environment, or that of "
        "this machine)")  # fmt: skip
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, asks all machines, and prints what they have; returns 1 if something does not fit."""
    chosen = parser().parse_args(arguments)
    from common.engines.choice import choice_of_environment
    from common.engines.machines import describe_machines
    from common.engines.ray import RayEngine

    choice = choice_of_environment()
    engine = RayEngine(chosen.address or choice.address, choice.needs_token, choice.sharing, chosen.folders)
    try:
        lines, faults = describe_machines(*engine.machines(), choice.needs_token)
    finally:
        engine.close()
    show(lines)
    show(faults, "stderr")
    return 1 if faults else 0


if __name__ == "__main__":
    run_tool(main)

"""Tells whether everything is installed, and what this machine trains on.

python -m common.tools.check_setup
"""

import argparse
from collections.abc import Sequence

from common.arguments import tool_parser
from common.command_line import run_tool, show


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    return tool_parser("check_setup", __doc__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Describes the machine; `run_tool` has checked the packages."""
    parser().parse_args(arguments)
    from common.learning.backend import machine as backend

    backend.quiet_start()
    facts = backend.describe()
    show(f"Python {facts['python']} on {facts['system']}, Keras {facts['keras']} over {facts['backend']}")
    show(f"trains on the {facts['device'].upper()} in {backend.choose_precision('auto')}: everything is in place")
    return 0


if __name__ == "__main__":
    run_tool(main)

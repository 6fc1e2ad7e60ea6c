"""Tells whether everything is installed, and what this machine trains on.

python -m common.tools.check_setup
"""

from common.command_line import run_tool, show


def main() -> int:
    """Describes the machine; the packages were checked when this module was imported."""
    from common.learning.backend import machine as backend

    backend.quiet_start()
    facts = backend.describe()
    show(f"Python {facts['python']} on {facts['system']}, Keras {facts['keras']} over {facts['backend']}")
    show(f"trains on the {facts['device'].upper()} in {backend.choose_precision('auto')}: everything is in place")
    return 0


if __name__ == "__main__":
    run_tool(main)

"""Says whether everything is installed, and what this machine trains on.

python -m common.tools.check_setup
"""

from common.command_line import run_tool


def main():
    """Describes the machine; that the packages are there was tested when this module was imported."""
    from common.learning.backend import machine as backend

    backend.quiet_start()
    facts = backend.describe()
    print(f"Python {facts['python']} on {facts['system']}, Keras {facts['keras']} over {facts['backend']}")
    print(f"trains on the {facts['device'].upper()} in {backend.choose_precision('auto')}: everything is in place")
    return 0


if __name__ == "__main__":
    run_tool(main)

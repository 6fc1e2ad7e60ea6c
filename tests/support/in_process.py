"""Runs the numbered scripts, and the processes they start, in the process of the tests.

A script does here what it does for a user: it reads its command line, shows and logs its messages, and ends with a
status. What it starts as `python -m MODULE JOB.json` runs here too, with the same log and the same status. So Keras is
imported once, and a script takes a tenth of a second. That real processes do the same is shown by
`tests/scripts/test_study.py`.
"""

import contextlib
import importlib
import io
import logging
import runpy
import signal
import subprocess
import sys

import pytest

from common.engines.local import LocalEngine
from common.learning.backend import machine
from common.learning.experiments import process, processes
from tests.support import toy_network
from tests.support.running import PROJECT, values_of

# Modules that networks are looked up in by name, and what stands for them.
TOYS = {"common.learning.network.unet": toy_network}


def run_step_here(step, base_dir, *arguments, expect=0, toys=TOYS, **changes):
    """Runs a numbered script like `run_script`, in this process and with toy networks.

    Args:
        step: The number of the script, for example "03".
        base_dir: BASE_DIR; the script runs in the folder that holds it.
        arguments: Of the command line, for example "--dry-run".
        expect: The exit status; None for any.
        toys: Modules that stand for others, by the name of the others; {} trains the real networks.
        changes: Values that win over `SMALL`. The number of workers is 1.

    Returns:
        The finished process as `subprocess.run` describes one; its output is text.
    """
    script = next(PROJECT.glob(f"{step}_*.py"))
    command = [str(script), *arguments, *values_of(base_dir, NUM_WORKERS=1, **changes)]
    with pytest.MonkeyPatch.context() as patch, _nothing_stays(), _captured() as (stdout, stderr):
        patch.chdir(base_dir.parent)
        patch.setattr(LocalEngine, "start", _start)
        patch.setattr(processes, "_POLL_SECONDS", 0)
        for name, module in toys.items():
            patch.setitem(sys.modules, name, module)
        status = _run_main(lambda: runpy.run_path(str(script), run_name="__main__"), command)
    done = subprocess.CompletedProcess(command, status, stdout.getvalue(), stderr.getvalue())
    assert expect in (None, status), done.stdout + done.stderr
    return done


class _Ended:
    """A command that has run."""

    restarts = 0

    def __init__(self, status):
        self._status = status

    def exit_status(self):
        return self._status

    def end(self):
        pass


def _start(self, command, folder, log):
    """Stands for `LocalEngine.start`: runs `python -m MODULE JOB.json` to its end."""
    import keras

    _, option, name, job = command
    assert option == "-m", command
    with pytest.MonkeyPatch.context() as patch, log.open("a", encoding="utf-8") as file:
        # What would change this process for good, or end it.
        patch.setattr(process, "keep_freed_memory", lambda of_any_size: None)
        patch.setattr(process, "_end_with_the_script", lambda: None)
        patch.setattr(machine, "prepare_devices", lambda threads=None: None)
        # A handful of small steps takes less time than the making of a graph for them.
        patch.setattr(keras.Model, "run_eagerly", property(lambda model: True, lambda model, chosen: None))
        keras.utils.clear_session(free_memory=False)  # layers get the names that they get in a new process
        try:
            with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
                main = importlib.import_module(name).main
                return _Ended(_run_main(lambda: process.run_process(main), [name, job]))
        finally:
            keras.config.set_dtype_policy("float32")


def _run_main(main, command):
    """Calls a function that reads its command line and may end with a status; returns the status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        try:
            main()
        except SystemExit as end:
            return end.code or 0
    return 0


@contextlib.contextmanager
def _captured():
    """Gives what is written to standard output and standard error."""
    with contextlib.redirect_stdout(io.StringIO()) as stdout, contextlib.redirect_stderr(io.StringIO()) as stderr:
        yield stdout, stderr


@contextlib.contextmanager
def _nothing_stays():
    """Takes back what a script sets for its whole process: log files, and what signals do."""
    log = logging.getLogger("common")
    before = log.level, log.propagate, list(log.handlers)
    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    handlers = [signal.getsignal(number) for number in signals]
    try:
        yield
    finally:
        for handler in log.handlers:
            if handler not in before[2]:
                handler.close()
        log.level, log.propagate, log.handlers = before
        log.setLevel(before[0])  # forgets what it remembers of levels
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)

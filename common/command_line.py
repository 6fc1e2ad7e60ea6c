"""What happens around a numbered script or tool: arguments, config, log file, lock, errors as one line.

Every run of a step appends to BASE_DIR/logs/<step>.log what it shows on the terminal, and the traceback of a defect.
"""

# ruff: noqa: E402 - what is missing has to be said before it is imported
import argparse
import contextlib
import logging
import os
import re
import signal
import sys
import time
import traceback
from pathlib import Path

from common.config.loading import SHIPPED_CONFIG, load_config
from common.errors import DataError, ProjectError, TrainingError
from common.files.lock import only_one
from common.installation import check_installation

check_installation()


log = logging.getLogger("common")
_INTERRUPTED = 130
# File names of strangers may hold what a terminal takes for commands.
_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def run_step(description, main, section="CITYSCAPES"):
    """Runs a numbered script and exits: 0 when it is done, 1 for what a user can mend, 130 for Ctrl-C.

    Args:
        description: The script's docstring; its first line names the step, as in "Step 00: ...".
        main: Function of a `Config` and of whether to only say what would be done.
        section: The section of config.ini the step reads.
    """
    step = " ".join(description.split(":")[0].split()).lower()
    arguments = _parse(description)
    _show_log()
    with report_errors():
        _end_like_ctrl_c()
        config = load_config(section, arguments.config, arguments.overrides)
        base_dir = config.dataset.base_dir
        if not base_dir.is_dir():
            found = "is a file" if base_dir.exists() else "no such folder"
            raise DataError(
                f"{base_dir}: {found}; set BASE_DIR in {arguments.config} to the folder that holds original_data"
            )
        if arguments.dry_run:
            main(config, dry_run=True)
            return
        with only_one(base_dir, step.replace(" ", "_")):
            _keep_log(base_dir / "logs" / f"{step.replace(' ', '_')}.log")
            log.debug("%s started, config %s, overrides %s", step, arguments.config, arguments.overrides)
            start = time.monotonic()
            try:
                main(config, dry_run=False)
            except TrainingError:
                _write_report(config)
                raise
            _write_report(config)
            log.debug("%s ended after %.1f s", step, time.monotonic() - start)


def _write_report(config):
    """Writes the report of what there is now; a step has done its work even if that fails."""
    from common.report.study import write_report

    try:
        log.info("report: %s", write_report(config.dataset.base_dir, plan=config.study).html)
    except Exception as error:
        log.warning("the report could not be written: %s", error)
        log.debug("%s", traceback.format_exc())


def _end_like_ctrl_c():
    """Makes the signals that end a process do what Ctrl-C does: trainings, workers and half-written files go too."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)


def _parse(description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--config", type=Path, default=SHIPPED_CONFIG, help="another config.ini (default: %(default)s)")
    parser.add_argument(
        "--dry-run", action="store_true", help="check config and data, say what would be done, write nothing"
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="values that win over config.ini, as in NUM_EPOCHS=5"
    )
    return parser.parse_args()


@contextlib.contextmanager
def report_errors(resumes=True):
    """Turns what a user can mend into one message and exit status 1, and Ctrl-C into 130, without a traceback."""
    try:
        yield
    except ProjectError as error:
        _fail(f"error: {error}")
    except MemoryError:
        _fail("error: out of memory; close other programs, or lower BATCH_SIZE, NUM_WORKERS or TRAININGS_AT_A_TIME")
    except OSError as error:
        log.debug("%s", traceback.format_exc())
        _fail(f"error: {error.filename or 'an output stream'}: {error.strerror or error}")
    except KeyboardInterrupt:
        log.warning("stopped; start the same command again%s", " to go on where it was" if resumes else "")
        sys.exit(_INTERRUPTED)
    except Exception:
        log.debug("%s", traceback.format_exc())
        raise


def _fail(message):
    log.error("%s", message)
    sys.exit(1)


class _TqdmHandler(logging.Handler):
    """Prints lines above a progress bar that may be running; an output that is closed or full stops nothing."""

    def emit(self, record):
        from tqdm import tqdm

        stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
        with contextlib.suppress(OSError, ValueError):
            tqdm.write(self.format(record).translate(_SHOWN), file=stream)
            stream.flush()


def _show_log():
    """Shows the project's messages on the terminal; what its encoding lacks is escaped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this; worker processes need one
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        if hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    terminal = _TqdmHandler()
    terminal.setLevel(logging.INFO)
    log.addHandler(terminal)


def _keep_log(path):
    """Keeps the project's messages in a file too, with date and time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(file)


def size_argument(text):
    """Reads a size such as 416x208 from a command line: width and height in pixels; a type for argparse."""
    if not re.fullmatch("[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; width x height was expected, such as 416x208")
    return tuple(map(int, text.lower().split("x")))


def run_tool(main):
    """Runs a tool's main function and exits: 0 when it is done, 1 for what a user can mend, 130 for Ctrl-C."""
    _show_log()
    with report_errors(resumes=False):
        _end_like_ctrl_c()
        sys.exit(main())

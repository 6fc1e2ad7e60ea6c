"""What happens around a numbered script or tool: arguments, config, log file, lock, errors as one line.

Every run of a step appends to BASE_DIR/logs/<step>.log what it shows on the terminal, and the traceback of a defect.
Until the arguments are read only what is quick is imported, so that --help answers at once. An old Python can read
this module and what it imports.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from common.arguments import Parser
from common.config.paths import SHIPPED_CONFIG
from common.errors import ConfigError, DataError, ProjectError, TrainingError
from common.installation import check_installation, check_python
from common.messages import keep_log, show_log
from common.text import terminal_safe

if TYPE_CHECKING:
    from common.config.config import Config

check_python()  # here, because an old Python cannot read the modules that scripts and tools import next

log = logging.getLogger("common")
_INTERRUPTED = 130
_OLD_SECONDS = 3600
# Writes the report if REPORT = at the end.
_LAST_STEP = "step_14"
_STOPPED = "stopped; start the same command again"


class StepMain(Protocol):
    """The main function of a numbered script."""

    def __call__(self, config: Config, dry_run: bool) -> None:
        """Does the step; on a dry run only says what would be done."""


class StepArguments(NamedTuple):
    """The command line of a numbered script; `step` is its name, for example "step 00"."""

    step: str
    config: Path
    overrides: list[str]
    dry_run: bool


def read_arguments(description: str | None) -> StepArguments:
    """Reads the command line of a numbered script, answers --help, and checks what is installed.

    A script calls it before it imports what takes long or may be missing.

    Args:
        description: The script's docstring; its first line names the step, for example "Step 00: ...".
    """
    description = description or ""
    parser = Parser(description=description, allow_abbrev=False)
    add = parser.add_argument
    add("--config", metavar="FILE", type=Path, default=SHIPPED_CONFIG, help="a config.ini (default: %(default)s)")
    add("--dry-run", action="store_true", help="check config and data, say what would be done, write nothing")
    add("overrides", nargs="*", metavar="KEY=VALUE", help="values that win over config.ini, for example NUM_EPOCHS=5")
    chosen = parser.parse_args()
    _end_at_once_on_ctrl_c()
    check_installation()
    step = " ".join(description.split(":")[0].split()).lower()
    return StepArguments(step, chosen.config, chosen.overrides, chosen.dry_run)


def run_step(arguments: StepArguments, main: StepMain, section: str = "CITYSCAPES", *, prepares: bool = False) -> None:
    """Runs a numbered script, reading a section of config.ini; one that `prepares` folders runs without others.

    Exits with status 1 for an error the user can fix, and 130 for Ctrl-C.
    """
    from common.config.loading import load_config
    from common.engines.choice import make_engine
    from common.files.lock import only_one
    from common.parallel import use_engine

    name = arguments.step.replace(" ", "_")
    show_log(log)
    with report_errors():
        _end_like_ctrl_c()
        config = load_config(section, arguments.config, arguments.overrides)
        base_dir = config.dataset.base_dir
        if not base_dir.is_dir():
            found = "is a file" if base_dir.exists() else "no such folder"
            raise DataError(
                f"{base_dir}: {found}; set BASE_DIR in {arguments.config}, or BASE_DIR=... behind the command, to the "
                "folder that holds original_data"
            )
        engine = make_engine(config.machine.engine_choice, [base_dir])
        if arguments.dry_run:
            main(config, dry_run=True)
            return
        with only_one(base_dir, name, prepares):
            _sweep(base_dir, prepares)
            keep_log(log, base_dir / "logs" / f"{name}.log")
            log.debug("%s started, config %s, overrides %s", arguments.step, arguments.config, arguments.overrides)
            start = time.monotonic()
            try:
                with use_engine(engine):
                    main(config, dry_run=False)
            except TrainingError:
                _write_report(config, name)
                raise
            _write_report(config, name)
            log.debug("%s ended after %.1f s", arguments.step, time.monotonic() - start)


def _sweep(base_dir: Path, is_alone: bool) -> None:
    """Removes half-written files that killed runs left; where others may be writing now, only old ones."""
    from common.files.disk import remove_temporaries

    for folder in (base_dir, *(base_dir / name for name in ("models", "csv", "report"))):
        remove_temporaries(folder, 0 if is_alone and folder == base_dir else _OLD_SECONDS)


def _write_report(config: Config, step: str) -> None:
    """Writes the report if it is time for it; a failure here does not fail the step."""
    from common.report.study import write_report

    if config.machine.report == "at the end" and step != _LAST_STEP:
        log.info("report: after step 14, as REPORT says; python -m common.tools.report writes it now")
        return
    try:
        log.info("report: %s", write_report(config.dataset.base_dir, plan=config.study).html)
    except Exception as error:
        log.warning("the report could not be written: %s", error)
        log.debug("%s", traceback.format_exc())


def _end_at_once_on_ctrl_c() -> None:
    """Ends the program on Ctrl-C while libraries are imported, which may take it for a failure of theirs."""

    def end(*_: object) -> None:
        print(_STOPPED, file=sys.stderr, flush=True)
        os._exit(_INTERRUPTED)

    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)


class _Interruption:
    """Raises KeyboardInterrupt for a signal and remembers it, because libraries may raise another error instead."""

    came = False

    def __call__(self, *_: object) -> None:
        self.came = True
        raise KeyboardInterrupt


_interruption = _Interruption()


def _end_like_ctrl_c() -> None:
    """Makes the signals that end a process do what Ctrl-C does: trainings, workers and half-written files go too.

    A signal that is ignored stays ignored, as `nohup` asks for.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interruption)


@contextlib.contextmanager
def report_errors(resumes: bool = True) -> Iterator[None]:
    """Turns errors the user can fix into one message and exit status 1, and Ctrl-C into 130, without a traceback."""
    try:
        yield
    except ProjectError as error:
        if _interruption.came:  # a library made an error of Ctrl-C, and that was explained
            _end_interrupted(resumes)
        _fail(f"error: {error}")
    except MemoryError:
        _fail("error: out of memory; close other programs, or lower BATCH_SIZE, NUM_WORKERS or TRAININGS_AT_A_TIME")
    except OSError as error:
        log.debug("%s", traceback.format_exc())
        if _interruption.came:
            _end_interrupted(resumes)
        _fail(f"error: {error.filename or 'an output stream'}: {error.strerror or error}")
    except KeyboardInterrupt:
        _end_interrupted(resumes)
    except Exception:
        log.debug("%s", traceback.format_exc())
        if _interruption.came:
            _end_interrupted(resumes)
        raise


def _end_interrupted(resumes: bool) -> NoReturn:
    log.warning("%s%s", _STOPPED, " to continue where it was" if resumes else "")
    sys.exit(_INTERRUPTED)


def _fail(message: str) -> NoReturn:
    log.error("%s", message)
    sys.exit(1)


def show(lines: str | Iterable[str], stream: str = "stdout") -> None:
    """Prints lines that may hold text of strangers, for example names of files; `stream` is "stdout" or "stderr"."""
    for line in [lines] if isinstance(lines, str) else lines:
        print(terminal_safe(line), file=getattr(sys, stream))


def check_outputs(*files: str | Path | None) -> None:
    """Refuses files that could not be written after long work; None and "-" (the terminal) are passed over.

    Raises:
        ConfigError: If a file is something else, for example a folder.
        DataError: If nothing can be written there.
    """
    from common.files.targets import check_can_write

    for file in (file for file in files if file is not None and str(file) != "-"):
        if not str(file) or Path(file).exists() and not Path(file).is_file():
            raise ConfigError(f"{str(file)!r}: expected the name of a file")
        check_can_write(Path(file))


def show_results(lines: Iterable[str], value: object, json_file: str | None = None) -> None:
    """Prints lines, and writes a value as JSON to a file if one is given; "-" prints the JSON instead of the lines."""
    from common.files.disk import write_json

    if json_file == "-":
        print(json.dumps(value, indent=2, allow_nan=False))
        return
    try:  # the file first: an output that is closed early, for example by `head`, must not cost it
        if json_file is not None:
            write_json(Path(json_file), value)
    finally:
        show(lines)


def run_tool(main: Callable[[], int | None]) -> NoReturn:
    """Runs a tool's main function and exits: 0 when it is done, 1 for an error the user can fix, 130 for Ctrl-C.

    The function imports what takes long or may be missing after it has read the arguments.
    """
    if not {"-h", "--help"} & set(sys.argv[1:]):
        _end_at_once_on_ctrl_c()
        check_installation()
    show_log(log)
    with report_errors(resumes=False):
        _end_like_ctrl_c()
        sys.exit(main())

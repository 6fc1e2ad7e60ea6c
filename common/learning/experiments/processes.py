"""Runs work in processes, several at a time and in an order that it may need, and shows the progress.

Learns of a process only through its exit status, its progress file and its log. Knows no Keras.
"""

import json
import logging
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.engines.engine import Command, Engine
from common.errors import ProjectError
from common.files.disk import write_json
from common.files.models import FileModel
from common.learning.experiments.jobs import ProgressEntry
from common.parallel import chosen_engine
from common.parallel import progress as progress_bar
from common.text import count

log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[3]
_POLL_SECONDS = 0.2
_SIGKILL = 9
# Larger exit statuses than 128 and this say something else, for example on Windows.
_LAST_SIGNAL = 64
# When this many processes fail one after the other, the reason is not in one of them.
_FAILURES_IN_A_ROW = 3


@dataclass(frozen=True)
class Work:
    """What one process does.

    Attributes:
        name: Shown to people.
        folder: Of the job, progress and log while it is under way; removed when it is done.
        module: Run as `python -m MODULE JOB.json`.
        job: The content of the job file.
        epochs: How many epochs it trains, for the progress bar.
    """

    name: str
    folder: Path
    module: str
    job: FileModel = field(hash=False)
    epochs: int = 0


# Gives lists of work. The next list is asked for when the one before is done; after a failure it is not.
Chain = Iterator[Sequence[Work]]


@dataclass
class _Running:
    work: Work
    command: Command
    restarts: int = 0
    lines_read: int = 0
    epochs_read: int = 0
    last: ProgressEntry = field(default_factory=ProgressEntry)


@dataclass(frozen=True)
class Failure:
    """What did not finish: its name, the last line it printed, and its log file; None if there was no process."""

    name: str
    reason: str
    log: Path | None = None


@dataclass(eq=False)
class _ChainState:
    chain: Chain
    open: int = 0
    failure: Failure | None = None

    def next_work(self, description: str) -> Sequence[Work]:
        """Gives the next work of the chain, nothing at its end or after an error of its own."""
        try:
            for work in self.chain:
                if work:
                    self.open = len(work)
                    return work
        except ProjectError as error:
            self.failure = Failure(description, str(error))
            log.error("%s: %s", description, error)
        return ()


class _Queue:
    """The work that waits to be started; what several chains ask for is done once, and then all of them go on."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._askers: dict[Path, list[_ChainState]] = {}
        self.waiting: deque[Work] = deque()

    def ask(self, state: _ChainState) -> None:
        """Takes the next work of a chain."""
        for work in state.next_work(self._description):
            if work.folder not in self._askers:
                self.waiting.append(work)
            self._askers.setdefault(work.folder, []).append(state)

    def finish(self, work: Work, failure: Failure | None) -> None:
        """Lets the chains that asked for a piece of work go on, unless it failed."""
        for state in self._askers.pop(work.folder):
            state.open -= 1
            state.failure = state.failure or failure
            if not (state.open or state.failure):
                self.ask(state)


def run_all_work(work: Sequence[Work], description: str, engine: Engine | None = None) -> list[Failure]:
    """Runs work that does not depend on each other; see `run_chains`."""
    chains = [iter([[one]]) for one in work]
    return run_chains(chains, description, sum(one.epochs for one in work), len(work), engine)


def run_chains(
    chains: Sequence[Chain], description: str, epochs: int, total: int, engine: Engine | None = None
) -> list[Failure]:
    """Runs chains of work side by side, every piece in a process of its own.

    A piece that fails ends its chain and stops no other one. Pieces with the same folder are one piece.

    Args:
        chains: What is to be done; in the order in which they are started.
        description: Shown before the progress bar.
        epochs: Epochs of all work.
        total: Number of all pieces of work.
        engine: Where the processes run, and how many side by side; None for the engine of this program.

    Returns:
        One entry for each process that failed.
    """
    queue = _Queue(description)
    waiting = queue.waiting
    running: list[_Running] = []
    failures: list[Failure] = []
    done = in_a_row = lost = 0
    states = [_ChainState(chain) for chain in chains]
    for state in states:
        queue.ask(state)
    if not waiting:
        return [state.failure for state in states if state.failure]
    engine = engine or chosen_engine()
    bar = progress_bar(None, description, epochs, "epoch")
    bar.smoothing = 0.05
    try:
        while running or (waiting and in_a_row < _FAILURES_IN_A_ROW):
            while waiting and len(running) < engine.slots and in_a_row < _FAILURES_IN_A_ROW:
                running.append(_start(waiting.popleft(), engine))
            time.sleep(_POLL_SECONDS)
            for one in list(running):
                status = one.command.exit_status()
                lost += _look_for_restarts(one, bar)
                _advance(bar, _read_progress(one, bar))
                if status is None:
                    continue
                running.remove(one)
                failure = _finish(one, status)
                failures += [failure] if failure else []
                in_a_row = in_a_row + 1 if failure else 0
                done += 1
                _tell(one, failure, done, total)
                queue.finish(one.work, failure)
            bar.set_postfix_str("; ".join(map(_describe, running)), refresh=False)
            bar.update(0)
    finally:
        for one in running:
            one.command.end()
        bar.close()
    if lost:
        log.warning(
            "%s started again elsewhere, because a machine was lost", count(lost, "process was", "processes were")
        )
    return failures + [state.failure for state in states if state.failure and state.failure.log is None]


def _advance(bar: Any, entries: list[ProgressEntry]) -> None:
    """Moves the bar by finished epochs; those that a resumed training had done before do not count for the speed."""
    if bar.disable:  # by TQDM_DISABLE; it then knows nothing of what is set here
        return
    before = sum("done_before" in entry for entry in entries)
    bar.initial += before
    bar.n += before
    bar.update(sum("epoch" in entry for entry in entries) - before)


def _look_for_restarts(one: _Running, bar: Any) -> int:
    """Forgets the progress of a process that was started again on another machine; returns how often it was."""
    new = one.command.restarts - one.restarts
    if new:
        log.warning("%s: its machine was lost; it is started again elsewhere", one.work.name)
        (one.work.folder / "progress.jsonl").unlink(missing_ok=True)
        _read_again(one, bar)
        one.restarts += new
    return new


def _read_again(one: _Running, bar: Any) -> None:
    if not bar.disable:
        bar.n -= one.epochs_read
    one.lines_read = one.epochs_read = 0
    one.last = {}


def _start(work: Work, engine: Engine) -> _Running:
    work.folder.mkdir(parents=True, exist_ok=True)
    (work.folder / "progress.jsonl").unlink(missing_ok=True)
    write_json(work.folder / "job.json", work.job.model_dump(mode="json"))
    command = [sys.executable, "-m", work.module, str(work.folder / "job.json")]
    return _Running(work, engine.start(command, _PROJECT, work.folder / "log.txt"))


def _read_progress(one: _Running, bar: Any) -> list[ProgressEntry]:
    """Reads the new entries of a progress file; all of them if a process that was started again has begun it anew."""
    try:
        lines = (one.work.folder / "progress.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return []
    if len(lines) < one.lines_read:
        _read_again(one, bar)
    whole: list[ProgressEntry] = [json.loads(line) for line in lines[one.lines_read :] if line.endswith("\n")]
    one.lines_read += len(whole)
    one.epochs_read += sum("epoch" in entry for entry in whole)
    for entry in whole:
        if "epoch" in entry:
            one.last.pop("step", None)
        one.last = {**one.last, **entry}
    return whole


def _finish(one: _Running, status: int) -> Failure | None:
    one.command.end()
    if status == 0:
        shutil.rmtree(one.work.folder, ignore_errors=True)
        return None
    path = one.work.folder / "log.txt"
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it printed nothing"]
    # A launcher may add lines of its own behind that of the process.
    reason = next((line for line in lines[:-4:-1] if line.startswith("error: ")), lines[-1])
    # A launcher such as srun tells of a signal by 128 and its number.
    number = -status if status < 0 else status - 128
    if number == _SIGKILL:
        reason = "it was killed (signal 9), which often means that memory ran out"
    elif 0 < number <= _LAST_SIGNAL:
        reason = f"it ended with signal {number}: {reason}"
    return Failure(one.work.name, reason, path)


def _describe(one: _Running) -> str:
    last, name = one.last, one.work.name
    if last.get("doing"):
        return f"{name} {last['doing']}"
    if not last:
        return f"{name} starting"
    finished = last.get("epoch", -1) + 1
    scores = "".join(f" {key} {value:.3f}" for key in ("loss", "mIoU_val") if (value := last.get(key)) is not None)
    under_way = ""
    if "step" in last:
        rate = f"{last['images_per_second']:.0f} images/s, {last['seconds_left']:.0f} s left"
        under_way = f", step {last['step']}/{last['steps']} of epoch {finished + 1} ({rate})"
    of_all = f"/{one.work.epochs}" if one.work.epochs else ""
    return f"{name} epoch {finished}{of_all}{scores}{under_way}"


def _tell(one: _Running, failure: Failure | None, number: int, total: int) -> None:
    if failure:
        log.error("%d/%d %s: FAILED: %s (log: %s)", number, total, one.work.name, failure.reason, failure.log)
    else:
        log.info("%d/%d %s: %s", number, total, one.work.name, one.last.get("done", "done"))

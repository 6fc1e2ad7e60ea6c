"""Runs training processes, several at a time, and shows their progress.

Learns of a training only through its exit status, its progress file and its log. Knows no Keras.
"""

import json
import logging
import shutil
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.learning.experiments.jobs import ProgressEntry, read_result
from common.parallel import LOCAL, Command, Engine
from common.parallel import progress as progress_bar
from common.results.job import Job

log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[3]
_POLL_SECONDS = 0.2
_SIGKILL = 9
# When this many trainings fail one after the other, the reason is not in one of them.
_FAILURES_IN_A_ROW = 3


@dataclass
class _Running:
    job: Job
    command: Command
    lines_read: int = 0
    last: ProgressEntry = field(default_factory=ProgressEntry)


@dataclass(frozen=True)
class Failure:
    """A training that did not finish: its model, the last line its process printed, and the log file."""

    model: str
    reason: str
    log: Path


def run_jobs(jobs: Sequence[Job], at_a_time: int, description: str, engine: Engine = LOCAL) -> list[Failure]:
    """Runs jobs, each in a process of its own; a failed one does not stop the others.

    Args:
        jobs: In the order in which they are started.
        at_a_time: How many run side by side.
        description: Shown before the progress bar.
        engine: Where the processes run.

    Returns:
        One entry for each job that failed.
    """
    waiting, in_a_row = deque(jobs), 0
    running: list[_Running] = []
    failures: list[Failure] = []
    epochs = sum(job.training.num_epochs for job in jobs if read_result(job) is None)
    bar = progress_bar(None, description, epochs, "epoch")
    bar.smoothing = 0.05
    try:
        while running or (waiting and in_a_row < _FAILURES_IN_A_ROW):
            while waiting and len(running) < at_a_time and in_a_row < _FAILURES_IN_A_ROW:
                running.append(_start(waiting.popleft(), engine))
            time.sleep(_POLL_SECONDS)
            for one in list(running):
                status = one.command.exit_status()
                _advance(bar, _read_progress(one))
                if status is not None:
                    running.remove(one)
                    failure = _finish(one, status)
                    failures += [failure] if failure else []
                    in_a_row = in_a_row + 1 if failure else 0
                    _tell(one, failure, len(jobs) - len(waiting) - len(running), len(jobs))
            bar.set_postfix_str("; ".join(map(_describe, running)), refresh=False)
            bar.update(0)
    finally:
        for one in running:
            one.command.end()
        bar.close()
    return failures


def _advance(bar: Any, entries: list[ProgressEntry]) -> None:
    """Moves the bar by finished epochs; those that a resumed training had done before do not count for the speed."""
    before = sum("done_before" in entry for entry in entries)
    bar.initial += before
    bar.n += before
    bar.update(sum("epoch" in entry for entry in entries) - before)


def _start(job: Job, engine: Engine) -> _Running:
    work = job.paths.work
    work.mkdir(parents=True, exist_ok=True)
    (work / "progress.jsonl").unlink(missing_ok=True)
    job.write(work / "job.json")
    command = [sys.executable, "-m", "common.learning.experiments.worker", str(work / "job.json")]
    return _Running(job, engine.start(command, _PROJECT, work / "log.txt"))


def _read_progress(one: _Running) -> list[ProgressEntry]:
    """Reads the new entries of a progress file."""
    try:
        lines = (one.job.paths.work / "progress.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return []
    whole: list[ProgressEntry] = [json.loads(line) for line in lines[one.lines_read :] if line.endswith("\n")]
    one.lines_read += len(whole)
    if whole:
        one.last = {**one.last, **whole[-1]}
    return whole


def _finish(one: _Running, status: int) -> Failure | None:
    one.command.end()
    if status == 0:
        shutil.rmtree(one.job.paths.work, ignore_errors=True)
        return None
    path = one.job.paths.work / "log.txt"
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it printed nothing"]
    reason = lines[-1]
    if status == -_SIGKILL:
        reason = "it was killed (signal 9), which often means that memory ran out"
    elif status < 0:
        reason = f"it ended with signal {-status}: {reason}"
    return Failure(one.job.model, reason, path)


def _describe(one: _Running) -> str:
    last, model = one.last, one.job.model
    if last.get("scoring"):
        return f"{model} scoring"
    if not last:
        return f"{model} starting"
    epochs = f"epoch {last['epoch'] + 1}/{one.job.training.num_epochs}"
    return f"{model} {epochs} loss {last['loss']:.3f} mIoU_val {last['mIoU_val']:.3f}"


def _tell(one: _Running, failure: Failure | None, number: int, total: int) -> None:
    if failure:
        log.error("%d/%d %s: FAILED: %s (log: %s)", number, total, one.job.model, failure.reason, failure.log)
    else:
        log.info("%d/%d %s: %s", number, total, one.job.model, one.last.get("done", "predictions written"))

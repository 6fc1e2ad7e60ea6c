"""Runs training processes, several at a time, and shows where they are."""

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from common.learning.experiments.jobs import read_result
from common.parallel import progress as progress_bar

log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[3]
_POLL_SECONDS = 0.2
_SIGKILL = 9
# When this many trainings fail one after the other, the reason is not in one of them.
_FAILURES_IN_A_ROW = 3


@dataclass
class _Running:
    job: object
    process: subprocess.Popen
    log: object
    lines_read: int = 0
    last: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A training that did not finish: its model, what its process said last, and the log file."""

    model: str
    reason: str
    log: Path


def run_jobs(jobs, at_a_time, description):
    """Runs jobs, each in a process of its own; a failed one does not stop the others.

    Args:
        jobs: `Job`s in order.
        at_a_time: How many run side by side.
        description: Shown before the progress bar.

    Returns:
        The `Failure`s, an empty list if all went well.
    """
    waiting, running, failures, in_a_row = deque(jobs), [], [], 0
    epochs = sum(job.training.num_epochs for job in jobs if read_result(job) is None)
    bar = progress_bar(None, description, epochs, "epoch")
    bar.smoothing = 0.05
    try:
        while running or (waiting and in_a_row < _FAILURES_IN_A_ROW):
            while waiting and len(running) < at_a_time and in_a_row < _FAILURES_IN_A_ROW:
                running.append(_start(waiting.popleft()))
            time.sleep(_POLL_SECONDS)
            for one in list(running):
                ended = one.process.poll() is not None
                _advance(bar, _read_progress(one))
                if ended:
                    running.remove(one)
                    failure = _finish(one)
                    failures += [failure] if failure else []
                    in_a_row = in_a_row + 1 if failure else 0
                    _tell(one, failure, len(jobs) - len(waiting) - len(running), len(jobs))
            bar.set_postfix_str("; ".join(map(_describe, running)), refresh=False)
            bar.update(0)
    finally:
        for one in running:
            one.process.kill()
            one.process.wait()
            one.process.stdin.close()
            one.log.close()
        bar.close()
    return failures


def _advance(bar, entries):
    """Moves the bar by finished epochs; those of a training that goes on do not count for the speed."""
    before = sum("done_before" in entry for entry in entries)
    bar.initial += before
    bar.n += before
    bar.update(sum("epoch" in entry for entry in entries) - before)


def _start(job):
    work = job.paths.work
    work.mkdir(parents=True, exist_ok=True)
    (work / "progress.jsonl").unlink(missing_ok=True)
    job.write(work / "job.json")
    log = (work / "log.txt").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "common.learning.experiments.worker", str(work / "job.json")],
        cwd=_PROJECT,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,  # on Unix Ctrl-C reaches the script alone, which then ends its trainings
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    return _Running(job, process, log)


def _read_progress(one):
    """Reads the new entries of a progress file."""
    try:
        lines = (one.job.paths.work / "progress.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return []
    whole = [json.loads(line) for line in lines[one.lines_read :] if line.endswith("\n")]
    one.lines_read += len(whole)
    if whole:
        one.last = {**one.last, **whole[-1]}
    return whole


def _finish(one):
    one.log.close()
    one.process.stdin.close()
    if one.process.returncode == 0:
        shutil.rmtree(one.job.paths.work, ignore_errors=True)
        return None
    path = one.job.paths.work / "log.txt"
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
    reason = lines[-1]
    if one.process.returncode == -_SIGKILL:
        reason = "it was killed (signal 9), which often means that memory ran out"
    elif one.process.returncode < 0:
        reason = f"it ended with signal {-one.process.returncode}: {reason}"
    return Failure(one.job.model, reason, path)


def _describe(one):
    last, epochs = one.last, one.job.training.num_epochs
    if last.get("scoring"):
        return f"{one.job.model} scoring"
    if not last:
        return f"{one.job.model} starting"
    return f"{one.job.model} epoch {last['epoch'] + 1}/{epochs} loss {last['loss']:.3f} mIoU_val {last['mIoU_val']:.3f}"


def _tell(one, failure, number, total):
    if failure:
        log.error("%d/%d %s: FAILED: %s (log: %s)", number, total, one.job.model, failure.reason, failure.log)
    else:
        log.info("%d/%d %s: %s", number, total, one.job.model, one.last.get("done", "predictions written"))

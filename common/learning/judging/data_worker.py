"""The data of EvalNets in a process of its own: `python -m common.learning.judging.data_worker JOB.json`."""

import time
from pathlib import Path

from common.learning.backend import machine as backend
from common.learning.experiments.jobs import append_progress
from common.learning.experiments.process import alone, find_split, read_job, run_process
from common.learning.judging.jobs import DataJob


def run(job: DataJob, progress: Path) -> None:
    """Writes what is missing of the data."""
    from common.learning.judging.data import write_data

    start = time.monotonic()
    backend.prepare_devices(job.threads)
    write_data(
        job,
        lambda part: find_split(job, job.split_key(part)),
        lambda doing: append_progress(progress, {"doing": doing}),
    )
    append_progress(progress, {"done": f"data written, {time.monotonic() - start:.0f} s"})


def main(path: Path) -> None:
    """Runs the job of a file, unless another process runs it."""
    job = read_job(path, DataJob)
    alone(path, lambda: run(job, path.with_name("progress.jsonl")))


if __name__ == "__main__":
    run_process(main)

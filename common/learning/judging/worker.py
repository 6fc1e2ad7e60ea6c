"""The training of an EvalNet in a process of its own: `python -m common.learning.judging.worker JOB.json`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from common.dataset.prepared.stages import read_manifest
from common.errors import DataError
from common.learning.backend import machine as backend
from common.learning.experiments.jobs import append_progress
from common.learning.experiments.process import alone, find_split, read_job, run_process
from common.learning.judging.jobs import EvalNetJob, EvalNetResult, read_evalnet
from common.results.job import SplitKey

if TYPE_CHECKING:
    from common.learning.judging.data import JudgedRows


def run(job: EvalNetJob) -> None:
    """Trains and writes one EvalNet, unless it is complete."""
    if read_evalnet(job) is None:
        backend.prepare_devices(job.threads)
        job.paths.work.mkdir(parents=True, exist_ok=True)
        _train(job, job.paths.work / "progress.jsonl")


def _load(job: EvalNetJob, part: str, key: SplitKey, content: str) -> "JudgedRows":
    """Loads the data of a part, which must be those that the script saw."""
    from common.learning.judging.data import load_rows

    folder = job.folder(part)
    manifest = read_manifest(folder)
    if manifest is None or manifest.content_fingerprint != content:
        raise DataError(f"{folder}: was changed while the script was running; start the script again")
    frames = None if job.what.with_holes else find_split(job, key)
    return load_rows(folder, frames, len(job.classes), job.threads)


def _train(job: EvalNetJob, progress: Path) -> None:
    import keras

    from common.learning.judging.judge import EvalNetCard, save_evalnet
    from common.learning.judging.network import judging_form, plain_form
    from common.learning.judging.training import compile_evalnet, score_evalnet, train_evalnet
    from common.learning.network.networks import copy_weights

    policy = backend.choose_precision(job.precision)
    keras.config.set_dtype_policy(policy)
    backend.make_deterministic()
    start = time.monotonic()
    train = _load(job, "train", job.train, job.content[0])
    validate = _load(job, "val", job.validation, job.content[1])
    shape = job.size_wh, len(job.classes), job.alpha
    model = compile_evalnet(*shape, job.training, len(train))
    # The last bits depend on these too: a checkpoint from others is not resumed.
    identity = f"{job.identity} {policy} {backend.backend_name()} {job.threads}"
    state = train_evalnet(
        model,
        train,
        validate,
        job.training,
        job.paths.work / "checkpoint.npz",
        identity,
        lambda entry: append_progress(progress, entry),
    )
    keras.config.set_dtype_policy("float32")
    plain = plain_form(*shape)
    copy_weights(model, plain)
    append_progress(progress, {"doing": "scoring"})
    save_evalnet(job.paths.keras, plain, EvalNetCard(name=str(job.name), label_map=job.classes, size_wh=job.size_wh))
    result = EvalNetResult(
        model=str(job.name),
        identity=job.identity,
        scores=score_evalnet(judging_form(plain), validate, job.training.batch_size),
        best_epoch=state.best_epoch or 0,
        history=cast("list[dict[str, int | float]]", state.history),
        seconds=round(time.monotonic() - start, 1),
        precision=policy,
        model_bytes=job.paths.keras.stat().st_size,
        job=job,
        machine=backend.describe_machine(),
        versions=backend.describe(),
    )
    result.write(job.paths.result)
    append_progress(progress, {"done": _in_words(result)})


def _in_words(result: EvalNetResult) -> str:
    scores = result.scores
    return (
        f"best epoch {result.best_epoch + 1}, loss {scores.total_loss:.3f}, mean error of the IoU "
        f"{scores.iou_mae:.3f}, {result.seconds:.0f} s"
    )


def main(path: Path) -> None:
    """Runs the job of a file, unless another process runs it."""
    job = read_job(path, EvalNetJob)
    alone(path, lambda: run(job))


if __name__ == "__main__":
    run_process(main)

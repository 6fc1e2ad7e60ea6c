"""A training in a process of its own: `python -m common.learning.experiments.worker JOB.json`."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from common.dataset.prepared.copies import read_copies
from common.errors import DataError
from common.files.disk import atomic_path
from common.labels.cityscapes import IGNORE
from common.learning.backend import machine as backend
from common.learning.experiments.jobs import ProgressEntry, append_progress, missing_predictions, read_result
from common.learning.experiments.process import alone, find_split, read_job, run_process
from common.results.job import Consistency, Job, PseudoLabels, SplitKey
from common.results.result import COMPARED_SPLITS, Result, SplitScores

if TYPE_CHECKING:
    import keras

    from common.learning.training.batches import LoadedSplit
    from common.learning.training.checkpoint import TrainingState
    from common.learning.training.consistency import UnlabeledImages


def run(job: Job) -> None:
    """Trains, scores and writes what is missing of one job."""
    backend.prepare_devices(job.threads)
    job.paths.work.mkdir(parents=True, exist_ok=True)
    progress = job.paths.work / "progress.jsonl"
    progress.unlink(missing_ok=True)
    result = read_result(job)
    if result is None:
        result = _train(job, progress)
    _write_missing_predictions(job, result)


def load(job: Job, *keys: SplitKey, ignores: bool = False) -> "LoadedSplit":
    """Loads the sum of some splits, as if their files were in one folder; `ignores`: masks may hold `IGNORE`."""
    from common.learning.training.batches import load_samples

    samples = [sample for key in keys for sample in find_split(job, key).samples]
    samples.sort(key=lambda sample: sample.name)
    return load_samples(
        samples, job.network.size_wh, job.network.num_classes, job.threads, ignores or job.classes.ignores
    )


def _load_to_train(job: Job) -> "LoadedSplit":
    """Loads the training set; void is `IGNORE` in its masks, unless the recipe learns it as a class."""
    from common.learning.training.batches import with_copies

    split = load(job, *job.train)
    if (pseudo := job.pseudo) is not None:
        loaded = load(job, pseudo.split, ignores=pseudo.ignores)
        split = with_copies(split, loaded, pseudo, _copies(job, pseudo, loaded.names), job.name.of_run)
    if job.training.train_void:
        return split
    masks = np.where(np.isin(split.masks, job.classes.void_classes), np.uint8(IGNORE), split.masks)
    if (masks == IGNORE).all():
        folders = ", ".join(str(Path(job.base_dir) / key.name) for key in job.train)
        raise DataError(f"{folders}: the masks are all void; set TRAIN_VOID = True")
    return replace(split, masks=masks)


def _copies(job: Job, pseudo: PseudoLabels, names: Iterable[str]) -> Mapping[str, int]:
    """Tells how many noisy copies of each pair with a pseudo-label are trained on."""
    if pseudo.copies_by_frame:
        return read_copies(Path(job.base_dir) / pseudo.split.name)
    return dict.fromkeys(names, pseudo.noise.num_copies if pseudo.noise else 0)


def _train(job: Job, progress: Path) -> Result:
    """Trains, saves the model, scores the saved file and writes the result."""
    import keras

    policy = backend.choose_precision(job.precision)
    keras.config.set_dtype_policy(policy)
    backend.make_deterministic()
    start = time.monotonic()
    model, state, validate = _fit(job, policy, progress)
    keras.config.set_dtype_policy("float32")
    trained = time.monotonic()
    append_progress(progress, {"doing": "scoring"})
    _save(job, model)
    del model
    scores = _score(job, validate)
    result = Result(
        model=job.model,
        approach=job.name.approach,
        identity=job.identity,
        scores=scores,
        best_epoch=state.best_epoch or 0,
        history=cast("list[dict[str, int | float]]", state.history),
        seconds={"training": round(trained - start, 1), "scoring": round(time.monotonic() - trained, 1)},
        precision=policy,
        model_bytes=job.paths.keras.stat().st_size,
        peak_memory_mb=_peak_memory_mb(),
        job=job,
        machine=backend.describe_machine(),
        versions=backend.describe(),
        predictions=[],
    )
    result.write(job.paths.result)
    append_progress(progress, {"done": _in_words(result)})
    return result


def _fit(job: Job, policy: str, progress: Path) -> "tuple[keras.Model, TrainingState, LoadedSplit]":
    """Trains; returns the training form with the best weights, the state, and the images of val.

    The training images, about a gigabyte, are free afterwards, for scoring.
    """
    from common.learning.training.consistency import compile_from, train_consistently
    from common.learning.training.loop import TrainingData, TrainingFiles, compile_training, train

    def report(entry: ProgressEntry) -> None:
        append_progress(progress, entry)

    ignores = job.pseudo is not None and job.pseudo.ignores
    data = TrainingData(_load_to_train(job), load(job, job.validation), job.classes, ignores)
    # The last bits depend on these too: a checkpoint from others is not resumed.
    identity = f"{job.identity} {policy} {backend.backend_name()} {job.threads}"
    files = TrainingFiles(job.paths.work / "checkpoint.npz", identity, job.paths.events)
    network, settings = job.network, job.training
    if job.consistency is None:
        model = compile_training(network, settings, data)
        return model, train(model, data, settings, files, report, job.threads), data.validate
    unlabeled = _load_unlabeled(job, job.consistency)
    start = Path(job.base_dir) / job.consistency.start
    model = compile_from(start, job.consistency.start_digest, network, settings, data, len(unlabeled))
    state = train_consistently(model, data, unlabeled, settings, files, report, job.threads)
    return model, state, data.validate


def _load_unlabeled(job: Job, consistency: Consistency) -> "UnlabeledImages":
    """Loads the images that step 05 draws views of, without their masks."""
    from common.learning.training.consistency import UnlabeledImages

    split = load(job, consistency.unlabeled)
    return UnlabeledImages(
        split.names, split.images, consistency.noise, consistency.weight, job.training.seed, job.name.of_run
    )


def _save(job: Job, model: "keras.Model") -> None:
    """Saves the plain form of a trained network, with its card."""
    from common.learning.network.model_card import ModelCard, add_card
    from common.learning.network.networks import copy_weights, find_network

    plain = find_network(job.network).plain_form(job.network)
    copy_weights(model, plain)
    with atomic_path(job.paths.keras, durable=True) as temporary:
        plain.save(temporary)
        add_card(
            temporary,
            ModelCard(
                name=job.model,
                label_map=job.classes,
                size_wh=job.network.size_wh,
                preparation=job.preparation,
                recipe=job.recipe,
            ),
        )


def _in_words(result: Result) -> str:
    seconds = sum(result.seconds.values())
    return f"best epoch {result.best_epoch + 1}, mIoU_val {result.scores['val'].ranking_score:.3f}, {seconds:.0f} s"


def _peak_memory_mb() -> int | None:
    """Returns the most memory this process used so far, in MB; None where the system does not tell (Linux does)."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((round(int(line.split()[1]) / 1000) for line in lines if line.startswith("VmHWM:")), None)


def _load_model(job: Job) -> "keras.Model":
    """Loads the model file, so that scores and predictions are those of everybody who loads it."""
    from common.learning.network.model_card import load_model
    from common.learning.network.networks import class_index_model

    model, _ = load_model(job.paths.keras)
    return class_index_model(model, job.training.flip_tta)


def _score(job: Job, validate: "LoadedSplit") -> dict[str, SplitScores]:
    from common.learning.training.scoring import score

    model, scores = _load_model(job), {}
    for key in job.report_on:
        split = validate if key == job.validation else load(job, key)
        scores[key.name] = score(model, split, job.classes, key.name in COMPARED_SPLITS).of_split()
    return scores


def _write_missing_predictions(job: Job, result: Result) -> None:
    from common.learning.training.scoring import predict, write_predictions

    missing = missing_predictions(job, result)
    if not missing:
        return
    model = _load_model(job)
    keys = {key.name: key for key in job.report_on}
    for name in missing:
        split, folder = load(job, keys[name]), job.paths.predictions(name)
        write_predictions(predict(model, split.images), split.names, folder, job.classes)
        result = result.model_copy(update={"predictions": sorted({*result.predictions, name})})
        result.write(job.paths.result)


def main(path: Path) -> None:
    """Runs the job of a file, unless another process runs it."""
    job = read_job(path, Job)
    alone(path, lambda: run(job))


if __name__ == "__main__":
    run_process(main)

"""The EvalNets of steps 10, 12 and 14: which trainings there are, their ranking, and the best ones.

Sees the whole Config, and passes plain values on. Does not import Keras: that is for the processes.
"""

import logging
import shutil
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.config.config import Config
from common.config.settings import TrainingSettings
from common.dataset.prepared.folders import PreparedDataset
from common.dataset.prepared.stages import read_manifest
from common.errors import DataError
from common.files.disk import link_or_copy, write_text
from common.files.targets import unused_path
from common.labels.maps import study_label_map
from common.learning.experiments.jobs import weights_digest
from common.learning.experiments.processes import Work
from common.learning.judging.jobs import (
    KINDS,
    DataJob,
    EvalNetJob,
    EvalNetPaths,
    EvalNetResult,
    EvalNetsOfRun,
    PartOfData,
    check_size,
    find_evalnet,
    read_evalnet,
)
from common.methods.jobs import ModelFile
from common.results.job import SplitKey
from common.results.paths import ModelName

log = logging.getLogger(__name__)
_DATA_WORKER = "common.learning.judging.data_worker"
_WORKER = "common.learning.judging.worker"
# Networks of each approach whose labels are the validation data of step 10.
_VALIDATORS = 3
_FEWEST_WITH_HOLES = 2


def evalnet_chain(
    kind: str, run: int, config: Config, dataset: PreparedDataset, models: Sequence[Path]
) -> Iterator[list[Work]]:
    """Makes what is missing of the EvalNets of a run: their data, their trainings, their ranking.

    Args:
        kind: A key of `KINDS`: "miou", "miou_im" or "miou_aug_im".
        run: From 1.
        config: All choices.
        dataset: The prepared folders.
        models: The networks that label, by their index; for "miou" those of each approach of EVALNET_FROM, one after
            the other.

    Yields:
        Work that is done before the next is asked for.

    Raises:
        ConfigError: If the images are too small.
        DataError: If a model or a prepared folder cannot be used; says which step to run.
    """
    data = _data_job(kind, run, config, dataset, models)
    folder = EvalNetPaths(config.dataset.base_dir, data.name).work.with_name(f"{data.name.of_run}_data")
    if not _is_complete(data, dataset):
        yield [Work(f"data of {data.name.of_run}", folder, _DATA_WORKER, data)]
    shutil.rmtree(folder, ignore_errors=True)
    jobs = _training_jobs(data, config)
    _put_older_away(jobs)
    if work := _work(jobs):
        yield work
    _write_ranking(kind, [result for job in jobs if (result := read_evalnet(job))], config.study.top_ks)


def evalnets_to_do(kind: str, run: int, config: Config, dataset: PreparedDataset, models: Sequence[Path]) -> int:
    """Counts the trainings that are not done; for the arguments see `evalnet_chain`."""
    data = _data_job(kind, run, config, dataset, models)
    if not _is_complete(data, dataset):
        return config.methods.models_per_generation
    return sum(read_evalnet(job) is None for job in _training_jobs(data, config))


def ranked_evalnets(kind: str, run: int, config: Config, count: int) -> tuple[Path, ...]:
    """Finds the best EvalNets of a run.

    Raises:
        DataError: If there are not so many; says what to do.
    """
    paths = EvalNetPaths(config.dataset.base_dir, _name(kind, run, 0, config))
    links = tuple(paths.ranked(place) for place in range(1, count + 1))
    if missing := [link for link in links if not link.is_file()]:
        raise DataError(
            f"{missing[0]}: no such file; {KINDS[kind].step} needs the best {count} EvalNets of run {run}; start it "
            f"again with TOP_Ks and MODELS_PER_GENERATION of {count} or more"
        )
    return links


def _name(kind: str, run: int, index: int, config: Config) -> ModelName:
    approach = config.approach(f"evalnet_{kind}")
    return ModelName(dataset=config.dataset.name, approach=approach, run=run, index=index)


def _data_job(kind: str, run: int, config: Config, dataset: PreparedDataset, models: Sequence[Path]) -> DataJob:
    what, base_dir, methods = KINDS[kind], config.dataset.base_dir, config.methods
    check_size(config.dataset.size_wh)
    train, val = (dataset.split(name) for name in ("train_labeled", "val"))
    everyone = validators = tuple(range(len(models)))
    if not what.with_holes:
        of_approach = max(1, len(models) // len(methods.evalnet_from))
        validators = tuple(number for number in everyone if number % of_approach < _VALIDATORS)
    elif len(models) < _FEWEST_WITH_HOLES:
        raise DataError(
            f"{base_dir / 'models'}: {what.step} compares the labels of {_FEWEST_WITH_HOLES} networks or more, run "
            f"{run} has {len(models)}; train more with MODELS_PER_RUN"
        )
    loops = (methods.evalnet_loops_train, methods.evalnet_loops_val) if what.with_holes else (0, 0)
    label_map = config.dataset.label_map
    return DataJob(
        base_dir=str(base_dir),
        name=_name(kind, run, 0, config),
        kind=kind,
        size_wh=config.dataset.size_wh,
        seed_of_split=config.seed,
        label_map=None if label_map == study_label_map() else label_map,
        preparation=config.dataset.preparation,
        threads=config.machine.threads,
        train=SplitKey(train.name, train.fingerprint),
        validation=SplitKey(val.name, val.fingerprint),
        data=f"{config.approach(what.folder)}/run_{run}",
        series=f"{config.dataset.name}_evalnet_{kind}_{run}",
        labelers=tuple(
            ModelFile(path=path.relative_to(base_dir).as_posix(), digest=weights_digest(path)) for path in models
        ),
        parts={"train": PartOfData(everyone, loops[0]), "val": PartOfData(validators, loops[1])},
        ignore=methods.im_pixels == "ignore",
        block_input=methods.block_input,
    )


def _is_complete(data: DataJob, dataset: PreparedDataset) -> bool:
    return all(data.stage(part, dataset.split(data.split_key(part).name)).is_complete() for part in data.parts)


def _training_jobs(data: DataJob, config: Config) -> list[EvalNetJob]:
    """Describes the trainings of a run, whose data are complete."""
    content = _content(data, "train"), _content(data, "val")
    common = {name: getattr(data, name) for name in EvalNetsOfRun.model_fields}
    return [
        EvalNetJob(
            **common | {"name": _name(data.kind, data.name.run, index, config)},
            alpha=config.methods.evalnet_alpha,
            training=TrainingSettings(
                num_epochs=config.methods.evalnet_epochs,
                batch_size=config.methods.evalnet_batch_size,
                learning_rate=config.training.learning_rate,
                weight_decay=config.training.weight_decay,
                # The same for every recipe, like the seeds of the other networks.
                seed=zlib.crc32(f"{config.seed} {data.series}_{index}".encode()),
            ),
            precision=config.machine.precision,
            content=content,
        )
        for index in range(config.methods.models_per_generation)
    ]


def _content(data: DataJob, part: str) -> str:
    manifest = read_manifest(data.folder(part))
    return manifest.content_fingerprint if manifest else ""


def _work(jobs: Sequence[EvalNetJob]) -> list[Work]:
    """Lists the trainings that are not done, and removes what is left of the others under way."""
    pending = [job for job in jobs if read_evalnet(job) is None]
    for job in jobs:
        if job not in pending:
            shutil.rmtree(job.paths.work, ignore_errors=True)
    return [Work(str(job.name), job.paths.work, _WORKER, job, job.training.num_epochs) for job in pending]


def _put_older_away(jobs: Sequence[EvalNetJob]) -> None:
    """Moves all EvalNets of a run aside if one of them came from other settings or inputs; nothing is mixed."""
    results = [(job, find_evalnet(job.paths.result)) for job in jobs]
    if not any(result is not None and result.identity != job.identity for job, result in results):
        return
    paths = jobs[0].paths
    target = unused_path(paths.base_dir / "previous" / jobs[0].name.of_run)
    for path in [*paths.models.glob(f"{jobs[0].name.of_run}_*"), paths.table]:
        if path.is_file():
            place = target / path.relative_to(paths.base_dir)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
    log.warning(
        "settings or inputs have changed: the earlier EvalNets of %s are now in %s", jobs[0].name.of_run, target
    )


def _write_ranking(kind: str, results: Sequence[EvalNetResult], top_ks: int) -> None:
    """Writes the CSV file of a run and links its best EvalNets under their rank; removes other such links."""
    paths, what = results[0].job.paths, KINDS[kind]
    names = ("total_loss", "iou_loss", "detection_loss", "iou_mae", "detection_mae")
    header = ["modelname", *(name.replace("detection", what.confidence) for name in names)]
    rows = [[result.model, *(f"{getattr(result.scores, name):.6f}" for name in names)] for result in results]
    write_text(paths.table, "".join(";".join(row) + "\n" for row in [header, *rows]))
    ranked = sorted(results, key=lambda result: getattr(result.scores, what.ranked_by))
    kept = {paths.ranked(place): result.job.paths.keras for place, result in enumerate(ranked[:top_ks], start=1)}
    for link in paths.models.glob(f"{results[0].job.name.of_run}_topK_*.keras"):
        if link not in kept:
            link.unlink()
    for link, model in kept.items():
        if not (link.exists() and link.samefile(model)):
            link_or_copy(model, link)

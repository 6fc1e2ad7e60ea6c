"""An experiment of the study: runs of equal trainings that differ only in their seed, and in their training set.

Sees the whole Config, and passes plain values on. Does not import Keras: that is for the training processes. All that
is shown and written at the end is derived from the results, so that a stop at any moment loses nothing.
"""

import importlib.util
import logging
import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from common.config.config import Config
from common.config.keys import has_study_values
from common.config.settings import TrainingSettings
from common.dataset.prepared.folders import Split
from common.errors import ConfigError, DataError, TrainingError
from common.labels.maps import study_label_map
from common.learning.experiments.jobs import missing_predictions, read_result
from common.learning.experiments.measuring import find_rate
from common.learning.experiments.processes import Failure, Work, run_all_work
from common.results.comparison import closing_table
from common.results.cost import hours_in_words, image_passes
from common.results.job import Consistency, Job, PseudoLabels, SplitKey
from common.results.paths import ModelName, ModelPaths
from common.results.ranking import put_older_results_away, write_ranking
from common.results.result import Result
from common.results.tables import STUDY_FRAMES, STUDY_TEST_MIOU
from common.text import count

log = logging.getLogger(__name__)
_BACK_ENDS = ("tensorflow", "jax", "torch")
_WORKER = "common.learning.experiments.worker"
# A model of alpha 1 with its result; a prediction and its colours, in bytes per pixel, measured on drawn frames.
MODEL_MB = 3.4
_PREDICTION_BYTES = 0.27


@dataclass(frozen=True)
class Experiment:
    """What one numbered script trains. A training set is the sum of its splits.

    Attributes:
        name: The approach, as in file names.
        train: The training set of every run that is not in `train_of_run`.
        validate: The split that decides the best epoch and the ranking.
        report_on: The splits that are scored.
        part: Which series of models of the approach this is, as in file names; "" if there is only one.
        train_of_run: Training sets of runs that have their own, by the number of the run.
        pseudo: Pairs with labels that networks made, added to the training set.
        consistency: What step 05 does besides.
        width: Factor of ALPHA.
    """

    name: str
    train: tuple[Split, ...]
    validate: Split
    report_on: tuple[Split, ...]
    part: str = ""
    train_of_run: Mapping[int, tuple[Split, ...]] = field(default_factory=dict)
    pseudo: PseudoLabels | None = None
    consistency: Consistency | None = None
    width: float = 1.0

    def training_set(self, run: int) -> tuple[Split, ...]:
        """Returns the splits that a run is trained on."""
        return self.train_of_run.get(run, self.train)


def run_experiment(experiment: Experiment, config: Config, dry_run: bool = False) -> None:
    """Trains what is missing of an experiment, ranks the models and shows the table.

    Raises:
        TrainingError: If some trainings failed; the others are complete.
    """
    runs = [
        [training_job(experiment, config, run, index) for index in range(config.study.models_per_run)]
        for run in range(1, config.study.num_runs + 1)
    ]
    jobs = [job for run in runs for job in run]
    check_back_end()
    _announce(experiment, config, jobs, dry_run)
    if dry_run:
        return
    put_older_results_away(jobs)
    work = training_work(jobs)
    approach = jobs[0].name.approach
    failures = run_all_work(work, approach) if work else []
    finished = []
    for run in runs:
        results = [result for job in run if (result := read_result(job)) is not None]
        if len(results) == len(run):
            finished.append(results)
            write_ranking(results, config.dataset.base_dir, config.study.top_ks)
    if finished:
        _show_table(experiment, config, finished)
    if failures:
        raise TrainingError(failure_message(failures, len(work), sum(map(is_pending, jobs))))


def training_work(jobs: Sequence[Job]) -> list[Work]:
    """Lists the trainings that are still to be done, and removes what earlier ones left under way."""
    for job in (job for job in jobs if not is_pending(job)):
        shutil.rmtree(job.paths.work, ignore_errors=True)
    return [
        Work(job.model, job.paths.work, _WORKER, job, job.training.num_epochs if read_result(job) is None else 0)
        for job in jobs
        if is_pending(job)
    ]


def failure_message(failures: Sequence[Failure], total: int, unfinished: int, what: str = "trainings") -> str:
    """Says what failed, why, and how to go on; `total` were to do, `unfinished` are still."""
    logs = [f" (log: {failure.log})" if failure.log else "" for failure in failures]
    lines = "".join(f"\n    {one.name}: {one.reason}{log}" for one, log in zip(failures, logs, strict=True))
    not_started = f", {unfinished - len(failures)} were not started" if unfinished > len(failures) else ""
    return (
        f"{len(failures)} of {total} {what} failed{not_started}; what is finished is kept. When the reason "
        f"is fixed, start the step again, it continues with what is missing:{lines}"
    )


def check_back_end() -> None:
    """Refuses a back end that is not installed before anything is changed."""
    name = os.environ.get("KERAS_BACKEND", "tensorflow")
    if name not in _BACK_ENDS:
        raise ConfigError(f"KERAS_BACKEND = {name} (environment): expected one of {', '.join(_BACK_ENDS)}")
    if importlib.util.find_spec(name) is None:
        raise ConfigError(
            f"KERAS_BACKEND = {name} (environment): {name} is not installed; python -m pip install {name}"
        )


def training_job(experiment: Experiment, config: Config, run: int, index: int) -> Job:
    """Describes one training of an experiment."""
    names = ModelName(
        dataset=config.dataset.name,
        approach=config.approach(experiment.name),
        part=experiment.part,
        run=run,
        index=index,
    )
    # The same for every recipe: what is compared begins with equal weights.
    of_seed = names.model_copy(update={"approach": experiment.name})
    label_map = config.dataset.label_map
    return Job(
        base_dir=str(config.dataset.base_dir),
        name=names,
        network=replace(config.network, alpha=config.network.alpha * experiment.width),
        training=TrainingSettings(**vars(config.training), seed=zlib.crc32(f"{config.seed} {of_seed}".encode())),
        precision=config.machine.precision,
        seed_of_split=config.seed,
        train=tuple(map(split_key, experiment.training_set(run))),
        validate=split_key(experiment.validate),
        report_on=tuple(map(split_key, experiment.report_on)),
        save_predictions=config.study.save_predictions,
        threads=config.machine.threads,
        label_map=None if label_map == study_label_map() else label_map,
        preparation=config.dataset.preparation,
        truth=config.dataset.truth,
        recipe=config.recipe,
        variant=config.variant,
        pseudo=experiment.pseudo,
        consistency=experiment.consistency,
    )


def check_trained_on(result: Result, train: Sequence[Split], validate: Split, way_out: str) -> None:
    """Refuses a network that was trained on other folders than those that are there now.

    Raises:
        DataError: Names the model; `way_out` says how to train it again.
    """
    job = result.job
    if (*job.train, job.validation) != tuple(map(split_key, (*train, validate))):
        names = " and ".join(split.name for split in train)
        raise DataError(
            f"{job.model}: was trained on another {names} or {validate.name} than the one that is there now; {way_out}"
        )


def split_key(split: Split) -> SplitKey:
    """Names a split by its folder and content."""
    return SplitKey(split.name, split.fingerprint)


def is_pending(job: Job) -> bool:
    """Tells whether a training, or predictions that are asked for, are still to be done."""
    result = read_result(job)
    return result is None or bool(missing_predictions(job, result))


def _images_of_runs(experiment: Experiment, config: Config) -> list[int]:
    """Counts the training images of each run."""
    runs = range(1, config.study.num_runs + 1)
    return [sum(map(len, experiment.training_set(run))) for run in runs]


def _announce(experiment: Experiment, config: Config, jobs: Sequence[Job], dry_run: bool) -> None:
    recipe, plan = config.training, config.study
    of_runs = _images_of_runs(experiment, config)
    images, most = min(of_runs), max(of_runs)
    pending = sum(is_pending(job) for job in jobs)
    width, height = config.dataset.size_wh
    steps = recipe.num_epochs * recipe.steps_per_epoch(images)
    amount = count(images, "image") if images == most else f"{images:,} to {most:,} images"
    log.info(
        f"{jobs[0].name.approach}: {amount} of {width}x{height}, validated on {len(experiment.validate)}; "
        f"{count(plan.num_runs, 'run')} x {count(plan.models_per_run, 'model')} of "
        f"{count(recipe.num_epochs, 'epoch')}, {count(steps, 'step')} of {recipe.images_per_step(images)}, "
        f"by the recipe {config.recipe}"
    )
    if (label_map := config.dataset.label_map) != study_label_map():
        ignored = "; pixels of labels without a class do not count" if label_map.ignores else ""
        log.info("%s by LABEL_MAP%s", count(len(label_map), "class", "classes"), ignored)
    if images < recipe.batch_size and not recipe.num_steps:
        log.warning(
            "only %s for BATCH_SIZE = %d: an epoch is one step with all", count(images, "image"), recipe.batch_size
        )
    if images == 1 and recipe.mix != "none":
        log.warning("only one image: ONLINE_MIX has no other image to paste from")
    if not pending:
        log.info("%s done before, and nothing has changed", count(len(jobs), "training"))
    elif pending < len(jobs):
        log.info("%s done before, %d to do", count(len(jobs) - pending, "training"), pending)
    if pending:
        log.info("%s", _hours_message(experiment, config, jobs, dry_run))
    log.info("%s", disk_message(experiment, config, len(jobs), config.network.alpha))


def _hours_message(experiment: Experiment, config: Config, jobs: Sequence[Job], measure: bool) -> str:
    """Says how long the trainings that are to do will take; `measure`: by ten steps where no training was measured."""
    images = sum(map(len, experiment.training_set(1)))
    # Where a result is there, only predictions are to be written.
    passes = sum(image_passes(job, images) for job in jobs if read_result(job) is None)
    if not passes:
        return "only predictions are to be written"
    machine = config.machine
    rate = find_rate(jobs[0], measure, machine.gpus)
    if rate is None:
        return "no training was measured here yet; the progress bar tells the time that is left"
    # A cluster is not asked before there is work.
    at_a_time = machine.sharing.local_slots if machine.engine == "local" else machine.trainings_at_a_time or 1
    hours = rate.hours(passes, jobs[0].network.alpha) / at_a_time
    return f"about {hours_in_words(hours)} of training, by the rate of {rate.model}"


def disk_message(experiment: Experiment, config: Config, models: int, alpha: float) -> str:
    """Says which predictions are saved, and about how much disk space they and the models take."""
    width, height = config.dataset.size_wh
    saved = sum(len(split) for split in experiment.report_on if split.name in config.study.save_predictions)
    megabytes = models * (MODEL_MB * alpha**2 + saved * width * height * _PREDICTION_BYTES / 1e6)
    return (
        f"predictions saved: {', '.join(config.study.save_predictions) or 'none'}, {2 * saved * models:,} PNG files in "
        f"all; about {megabytes:,.0f} MB on disk with the models"
    )


def _show_table(experiment: Experiment, config: Config, finished: Sequence[list[Result]]) -> None:
    study_value = STUDY_TEST_MIOU.get(experiment.name) if _is_the_study(experiment, config) else None
    dataset = config.dataset
    first, *lines = closing_table(finished, dataset.base_dir, dataset.name, config.study, study_value)
    log.info("\n%s", first)
    for line in lines:
        log.info("%s", line)
    kinds = {(result.versions["backend"], result.precision) for results in finished for result in results}
    if len(kinds) > 1:
        log.warning("trained under different conditions: %s", "; ".join(sorted(map(" in ".join, kinds))))
    if study_value is None:
        log.info("(the study's numbers are not shown: settings or number of frames are not the study's)")
    paths = ModelPaths(dataset.base_dir, finished[0][0].job.name)
    log.info("models: %s   tables: %s", paths.keras.parent, dataset.base_dir / "csv")
    log.info('curves: tensorboard --logdir "%s"', paths.events.parent.parent)
    for split in config.study.save_predictions:
        log.info("pictures: %s", paths.predictions(split).parent.parent)


def _is_the_study(experiment: Experiment, config: Config) -> bool:
    return (
        config.approach(experiment.name) == experiment.name
        and has_study_values(config)
        and set(_images_of_runs(experiment, config)) == {STUDY_FRAMES.get(experiment.name)}
    )

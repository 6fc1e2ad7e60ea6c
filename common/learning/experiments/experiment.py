"""An experiment of the study: several runs of several equal trainings that differ in their seed alone.

Sees the whole Config, and hands plain values on. Does not import Keras: that is for the training processes. All that is
shown and written at the end is derived from the result JSONs, so that a stop at any moment loses nothing.
"""

import importlib.util
import logging
import os
import shutil
import zlib
from dataclasses import dataclass

from common.config.settings import NetworkSettings, TrainingSettings
from common.dataset.prepared.folders import Split
from common.errors import ConfigError, TrainingError
from common.labels.maps import study_label_map
from common.learning.experiments.jobs import missing_predictions, read_result
from common.learning.experiments.processes import run_jobs
from common.parallel import usable_cores
from common.results.comparison import closing_table
from common.results.job import Job
from common.results.paths import ModelName, ModelPaths
from common.results.ranking import put_older_results_away, write_ranking
from common.results.tables import STUDY_FRAMES, STUDY_TEST_MIOU

log = logging.getLogger(__name__)
_BACK_ENDS = ("tensorflow", "jax", "torch")
# A model of alpha 1 with its result JSON; a prediction and its colours, in bytes per pixel, measured on drawn frames.
_MODEL_MB = 3.4
_PREDICTION_BYTES = 0.27


@dataclass(frozen=True)
class Experiment:
    """What one numbered script trains.

    Attributes:
        name: The approach, as it stands in file names.
        train: The split to train on.
        validate: The split that decides the best epoch and the ranking.
        report_on: The splits that are scored.
    """

    name: str
    train: Split
    validate: Split
    report_on: tuple[Split, ...]


def run_experiment(experiment, config, dry_run=False):
    """Trains what is missing of an experiment, ranks the models and shows the table.

    Raises:
        TrainingError: If some trainings failed; the others are complete.
    """
    runs = [
        [_job(experiment, config, run, index) for index in range(config.study.models_per_run)]
        for run in range(1, config.study.num_runs + 1)
    ]
    jobs = [job for run in runs for job in run]
    _check_back_end()
    _announce(experiment, config, jobs)
    if dry_run:
        return
    put_older_results_away(jobs)
    pending = [job for job in jobs if _is_pending(job)]
    for job in (job for job in jobs if job not in pending):
        shutil.rmtree(job.paths.work, ignore_errors=True)
    failures = run_jobs(pending, config.machine.trainings_at_a_time, jobs[0].name.approach) if pending else []
    finished = [results for run in runs if None not in (results := [read_result(job) for job in run])]
    for results in finished:
        write_ranking(results, config.dataset.base_dir, config.study.top_ks)
    if finished:
        _show_table(experiment, config, finished)
    if failures:
        raise TrainingError(_failure_message(failures, pending))


def _failure_message(failures, pending):
    unfinished = sum(_is_pending(job) for job in pending)
    lines = "".join(f"\n    {failure.model}: {failure.reason} (log: {failure.log})" for failure in failures)
    not_started = f", {unfinished - len(failures)} were not started" if unfinished > len(failures) else ""
    return (
        f"{len(failures)} of {len(pending)} trainings failed{not_started}; what is finished is kept. When the reason "
        f"is mended, start the step again, it goes on with what is missing:{lines}"
    )


def _check_back_end():
    """Refuses a back end that is not there before anything is touched."""
    name = os.environ.get("KERAS_BACKEND", "tensorflow")
    if name not in _BACK_ENDS:
        raise ConfigError(f"KERAS_BACKEND = {name} (environment): expected one of {', '.join(_BACK_ENDS)}")
    if importlib.util.find_spec(name) is None:
        raise ConfigError(
            f"KERAS_BACKEND = {name} (environment): {name} is not installed; python -m pip install {name}"
        )


def _job(experiment, config, run, index):
    # The same for every recipe: what is compared begins with equal weights.
    seed = zlib.crc32(f"{config.seed} {config.dataset.name}_{experiment.name}_{run}_{index}".encode())
    label_map = config.dataset.label_map
    return Job(
        base_dir=str(config.dataset.base_dir),
        name=ModelName(dataset=config.dataset.name, approach=config.approach(experiment.name), run=run, index=index),
        network=NetworkSettings(
            height=config.dataset.image_height,
            width=config.dataset.image_width,
            channels=config.dataset.image_channels,
            num_classes=config.dataset.num_classes,
            alpha=config.network.alpha,
            activation=config.network.activation,
        ),
        training=TrainingSettings(**vars(config.training), seed=seed),
        precision=config.machine.precision,
        seed_of_split=config.seed,
        train=(experiment.train.name, experiment.train.fingerprint),
        validate=(experiment.validate.name, experiment.validate.fingerprint),
        report_on=tuple((split.name, split.fingerprint) for split in experiment.report_on),
        save_predictions=config.study.save_predictions,
        threads=max(1, usable_cores() // config.machine.trainings_at_a_time),
        label_map=None if label_map == study_label_map() else label_map,
        preparation=config.dataset.preparation,
        recipe=config.recipe,
        variant=config.variant,
    )


def _is_pending(job):
    result = read_result(job)
    return result is None or bool(missing_predictions(job, result))


def _announce(experiment, config, jobs):
    images, recipe, plan = len(experiment.train), config.training, config.study
    pending = sum(_is_pending(job) for job in jobs)
    width, height = config.dataset.size_wh
    steps = recipe.num_epochs * recipe.steps_per_epoch(images)
    log.info(
        f"{jobs[0].name.approach}: {images} images of {width}x{height}, validated on {len(experiment.validate)}; "
        f"{plan.num_runs} runs x {plan.models_per_run} models of {recipe.num_epochs} epochs, "
        f"{steps:,} steps of {recipe.images_per_step(images)}, by the recipe {config.recipe}"
    )
    if (label_map := config.dataset.label_map) != study_label_map():
        ignored = "; pixels of labels without a class do not count" if label_map.ignores else ""
        log.info("%d classes by LABEL_MAP%s", len(label_map), ignored)
    if images < recipe.batch_size and not recipe.num_steps:
        log.warning(
            "only %d images for BATCH_SIZE = %d: an epoch is one step with all of them", images, recipe.batch_size
        )
    if images == 1 and recipe.mix != "none":
        log.warning("only one image: ONLINE_MIX has no other to paste from")
    if not pending:
        log.info("all %d trainings are done and nothing has changed", len(jobs))
    elif pending < len(jobs):
        log.info("%d trainings are done, %d are to do", len(jobs) - pending, pending)
    saved = sum(len(split) for split in experiment.report_on if split.name in config.study.save_predictions)
    log.info(
        "predictions saved: %s, %s PNG files in all; about %s MB on disk with the models",
        ", ".join(config.study.save_predictions) or "none",
        f"{2 * saved * len(jobs):,}",
        f"{len(jobs) * (_MODEL_MB * config.network.alpha**2 + saved * width * height * _PREDICTION_BYTES / 1e6):,.0f}",
    )


def _show_table(experiment, config, finished):
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
    paths = ModelPaths(config.dataset.base_dir, finished[0][0].job.name)
    log.info("models: %s   tables: %s", paths.keras.parent, config.dataset.base_dir / "csv")
    log.info('curves: tensorboard --logdir "%s"', paths.events.parent)
    for split in config.study.save_predictions:
        log.info("pictures: %s", paths.predictions(split).parent)


def _is_the_study(experiment, config):
    return (
        config.approach(experiment.name) == experiment.name
        and config.has_study_values()
        and len(experiment.train) == STUDY_FRAMES.get(experiment.name)
    )
